import { AccountPage, requireUser } from '../../../components/account.jsx';
import { getTexts } from '../../../lib/locale.js';

export default async function Help() {
  const text = await getTexts();
  const user = await requireUser();
  return (
    <AccountPage title={text.pages.help}>
      <p className="card">
        {text.helpText} <bdi>{user.email}</bdi>
      </p>
    </AccountPage>
  );
}
