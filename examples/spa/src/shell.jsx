// What is around every page: the brand, the pages to go to, and who is signed in.

import { Link, NavLink, Outlet } from 'react-router';
import { Devices, useLogout, useSession } from '#session';
import { useLanguage } from './language.jsx';

export function Shell() {
  const { status, stale } = useSession();
  const { text } = useLanguage();
  return (
    <>
      <a className="skip" href="#main">
        {text.skip}
      </a>
      <Header />
      {status === 'authenticated' && stale && (
        <p className="notice" role="status">
          {text.stale}
        </p>
      )}
      <main id="main">
        <Outlet />
      </main>
    </>
  );
}

function Header() {
  const { user } = useSession();
  const { text, toggle } = useLanguage();
  const known = /** @type {const} */ (['home', 'news', 'account', 'profile', 'devices']);
  const pages = Devices === null ? known.slice(0, -1) : known;
  return (
    <header>
      <Link className="brand" to="/">
        <span className="mark" aria-hidden="true">
          م
        </span>
        {text.brand}
      </Link>
      {user && (
        <nav aria-label={text.pages}>
          {pages.map((page) => (
            <NavLink key={page} to={page === 'home' ? '/' : `/${page}`} end>
              {text[page]}
            </NavLink>
          ))}
        </nav>
      )}
      <div className="who">
        {user && <Who user={user} />}
        <button
          type="button"
          className="quiet"
          onClick={toggle}
          lang={text.lang === 'ar' ? 'en' : 'ar'}
        >
          {text.otherLanguage}
        </button>
      </div>
    </header>
  );
}

/** @param {{ user: any }} props */
function Who({ user }) {
  const { text } = useLanguage();
  const { logout, isPending, error } = useLogout();
  return (
    <>
      <span className="avatar" aria-hidden="true">
        {[...user.name][0]}
      </span>
      <bdi className="user-name">{user.name}</bdi>
      <Link to="/switch">{text.switchUser}</Link>
      <button
        type="button"
        className="quiet"
        disabled={isPending}
        onClick={() => logout().catch(() => {})}
      >
        {text.logout}
      </button>
      {error && (
        <span className="error" role="alert">
          {text.unreachable}
        </span>
      )}
    </>
  );
}
