import { AccountPage, Facts, requireUser } from '../../components/account.jsx';
import { getTexts } from '../../lib/locale.js';

export default async function Overview() {
  const text = await getTexts();
  const user = await requireUser();
  return (
    <AccountPage title={text.pages.overview}>
      <Facts
        rows={[
          [text.since, user.created_at.slice(0, 10)],
          [text.pages.orders, text.orders.length],
          [text.pages.inbox, text.messages.length],
        ]}
      />
    </AccountPage>
  );
}
