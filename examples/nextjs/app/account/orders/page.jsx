import Link from 'next/link';
import { AccountPage } from '../../../components/account.jsx';
import { getTexts } from '../../../lib/locale.js';

export default async function Orders() {
  const text = await getTexts();
  return (
    <AccountPage title={text.pages.orders}>
      <ul className="card">
        {text.orders.map(({ id, what }) => (
          <li key={id}>
            <Link href={`/account/orders/${id}`} prefetch={false}>
              {text.order} {id}
            </Link>
            : {what}
          </li>
        ))}
      </ul>
    </AccountPage>
  );
}
