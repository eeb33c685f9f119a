import Link from 'next/link';
import { getTexts } from '../lib/locale.js';
import { getServerSession } from '../lib/sesame.js';

export default async function Home() {
  const text = await getTexts();
  const session = await getServerSession();
  return (
    <>
      <title>{text.site}</title>
      <h1>{text.site}</h1>
      <p>{text.lead}</p>
      {session === null ? (
        <p>
          {text.visitor} <Link href="/login">{text.login}</Link>
        </p>
      ) : (
        <p>
          {text.hello} <bdi>{session.user.name}</bdi>. <Link href="/account">{text.account}</Link>
        </p>
      )}
    </>
  );
}
