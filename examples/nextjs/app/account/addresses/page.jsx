import { AccountPage, Facts, requireUser } from '../../../components/account.jsx';
import { getTexts } from '../../../lib/locale.js';

export default async function Addresses() {
  const text = await getTexts();
  const user = await requireUser();
  return (
    <AccountPage title={text.pages.addresses}>
      <Facts
        rows={[
          [text.address, user.name],
          [text.timezone, user.preferences.timezone],
          [text.phone, user.phone ?? text.no],
        ]}
      />
    </AccountPage>
  );
}
