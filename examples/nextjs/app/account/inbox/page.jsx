import { AccountPage } from '../../../components/account.jsx';
import { getTexts } from '../../../lib/locale.js';

export default async function Inbox() {
  const text = await getTexts();
  return (
    <AccountPage title={text.pages.inbox}>
      <ol className="card">
        {text.messages.map((message) => (
          <li key={message}>{message}</li>
        ))}
      </ol>
    </AccountPage>
  );
}
