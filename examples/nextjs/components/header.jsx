// What stands on top of every page.
import Link from 'next/link';
import { chooseLanguage } from '../lib/actions.js';
import { getTexts, sessionIfKnown } from '../lib/locale.js';
import { LogoutButton } from './logout-button.jsx';

export async function Header() {
  const text = await getTexts();
  return (
    <header>
      <a className="skip" href="#content">
        {text.skip}
      </a>
      <Link className="site" href="/">
        {text.site}
      </Link>
      <form action={chooseLanguage}>
        <button type="submit" name="lang" value={text.lang === 'ar' ? 'en' : 'ar'}>
          {text.otherLanguage}
        </button>
      </form>
      <WhoAmI />
    </header>
  );
}

async function WhoAmI() {
  const text = await getTexts();
  const { session, isKnown } = await sessionIfKnown();
  if (!isKnown) return <p role="status">{text.unknown}</p>;
  if (session === null) return <Link href="/login">{text.login}</Link>;
  return (
    <div className="who">
      <Link href="/account">
        <bdi data-user={session.user.email}>{session.user.name}</bdi>
      </Link>
      <LogoutButton label={text.logout} />
    </div>
  );
}
