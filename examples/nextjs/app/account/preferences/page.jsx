import { AccountPage, Facts, requireUser } from '../../../components/account.jsx';
import { getTexts } from '../../../lib/locale.js';

export default async function Preferences() {
  const text = await getTexts();
  const user = await requireUser();
  return (
    <AccountPage title={text.pages.preferences}>
      <Facts
        rows={[
          [text.language, user.preferences.language],
          [text.theme, user.preferences.theme],
          [text.byEmail, user.preferences.notifications.email ? text.yes : text.no],
        ]}
      />
    </AccountPage>
  );
}
