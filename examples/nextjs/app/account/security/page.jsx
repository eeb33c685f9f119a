import { AccountPage, Facts, requireUser } from '../../../components/account.jsx';
import { getTexts } from '../../../lib/locale.js';

export default async function Security() {
  const text = await getTexts();
  const user = await requireUser();
  return (
    <AccountPage title={text.pages.security}>
      <Facts
        rows={[
          [text.verified, user.email_verified ? text.yes : text.no],
          [text.twoFactor, user.two_factor ? text.yes : text.no],
        ]}
      />
    </AccountPage>
  );
}
