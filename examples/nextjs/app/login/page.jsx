import { redirect } from 'next/navigation';
import { LoginForm } from '../../components/login-form.jsx';
import { getTexts } from '../../lib/locale.js';
import { getServerSession } from '../../lib/sesame.js';

/** @param {{ searchParams: Promise<{ next?: string }> }} props */
export default async function Login({ searchParams }) {
  const { next } = await searchParams;
  const text = await getTexts();
  const path = pathWithin(next);
  if (await getServerSession()) redirect(path);
  return (
    <>
      <title>{text.login}</title>
      <h1>{text.login}</h1>
      <LoginForm next={path} text={text} />
    </>
  );
}

/** A page of this site, whoever has written the link. @param {unknown} next */
function pathWithin(next) {
  const here = 'http://here';
  if (typeof next !== 'string' || !URL.canParse(next, here)) return '/account';
  const { origin, pathname, search } = new URL(next, here);
  return origin === here ? pathname + search : '/account';
}
