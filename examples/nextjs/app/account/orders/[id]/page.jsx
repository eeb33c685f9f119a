import { notFound } from 'next/navigation';
import { AccountPage, Facts, requireUser } from '../../../../components/account.jsx';
import { getTexts } from '../../../../lib/locale.js';

/** @param {{ params: Promise<{ id: string }> }} props */
export default async function Order({ params }) {
  const { id } = await params;
  const text = await getTexts();
  const user = await requireUser();
  const order = text.orders.find((each) => each.id === id) ?? notFound();
  return (
    <AccountPage title={`${text.order} ${id}`}>
      <p>{order.what}</p>
      <Facts
        rows={[
          [text.total, order.total],
          [text.name, user.name],
        ]}
      />
    </AccountPage>
  );
}
