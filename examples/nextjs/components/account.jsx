// What the pages of the account have in common. Each part asks for itself who is signed in: that is one read of
// the session for the whole page.
import { redirect } from 'next/navigation';
import { getTexts } from '../lib/locale.js';
import { getServerSession } from '../lib/sesame.js';
import { NavLink } from './nav-link.jsx';

/** The user of a page that is only for those who are signed in, whatever stands before it. */
export async function requireUser() {
  const session = await getServerSession();
  return session?.user ?? redirect('/login');
}

const PAGES = /** @type {const} */ ([
  ['overview', '/account'],
  ...[
    'orders',
    'inbox',
    'addresses',
    'payment',
    'security',
    'devices',
    'preferences',
    'profile',
    'help',
  ].map((name) => [name, `/account/${name}`]),
]);

export async function AccountNav() {
  const text = await getTexts();
  const { pages } = /** @type {{ pages: Record<string, string> }} */ (text);
  return (
    <nav aria-label={text.account}>
      <ul>
        {PAGES.map(([name, path]) => (
          <li key={name}>
            <NavLink href={path}>{pages[name]}</NavLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** @param {{ title: string, children: import('react').ReactNode }} props */
export async function AccountPage({ title, children }) {
  const user = await requireUser();
  return (
    <>
      <title>{title}</title>
      <h1>{title}</h1>
      <p className="soft">
        <bdi>{user.name}</bdi> · <bdi>{user.email}</bdi>
      </p>
      {children}
    </>
  );
}

/** @param {{ rows: [term: string, value: import('react').ReactNode][] }} props */
export function Facts({ rows }) {
  return (
    <dl className="card">
      {rows.map(([term, value]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>
            <bdi>{value}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  );
}
