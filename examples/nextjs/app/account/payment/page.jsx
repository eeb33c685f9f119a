import { AccountPage } from '../../../components/account.jsx';
import { getTexts } from '../../../lib/locale.js';

export default async function Payment() {
  const text = await getTexts();
  return (
    <AccountPage title={text.pages.payment}>
      <p className="card">{text.card}</p>
    </AccountPage>
  );
}
