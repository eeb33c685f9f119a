import { AccountPage, requireUser } from '../../../components/account.jsx';
import { ProfileForm } from '../../../components/profile-form.jsx';
import { getTexts } from '../../../lib/locale.js';

export default async function Profile() {
  const text = await getTexts();
  const { name, phone } = await requireUser();
  return (
    <AccountPage title={text.pages.profile}>
      <ProfileForm name={name} phone={phone} text={text} />
    </AccountPage>
  );
}
