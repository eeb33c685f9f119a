// One page of the application, in one tab: on load it asks who is signed in, as pages do.
import { createClient } from 'sesame-edge/client';
import { texts } from './texts.js';

const query = new URLSearchParams(location.search);
const side = query.get('side');
const text = texts(query.get('lang') ?? 'en');
document.documentElement.lang = text.lang;
document.documentElement.dir = text.dir;
const nameElement = /** @type {HTMLElement} */ (document.querySelector('.name'));
/** @type {HTMLElement} */ (document.querySelector('.page')).textContent =
  text.pages[Number(query.get('page') ?? 0) % text.pages.length];

/** @param {any} user @param {boolean} [stale] */
function show(user, stale) {
  nameElement.textContent = user ? user.name + (stale ? ` (${text.stale})` : '') : text.signedOut;
}

/** @returns {Promise<{ user: any, stale: boolean }>} */
async function ask() {
  if (side === 'sesame') {
    const session = await client.getSession();
    return { user: session?.user ?? null, stale: session?.stale ?? false };
  }
  const response = await fetch('/plain/api/v1/users/me');
  if (response.status === 401) return { user: null, stale: false };
  if (!response.ok) throw new Error(String(response.status));
  return { user: await response.json(), stale: false };
}

const client = createClient({ logoutPath: '/api/v1/auth/logout' });
if (side === 'sesame') client.onSessionChange((session) => show(session?.user, session?.stale));
const start = performance.now();
ask()
  .then(({ user, stale }) => {
    show(user, stale);
    return user ? (stale ? 'stale' : 'ok') : 'signed-out';
  })
  .catch(() => {
    nameElement.textContent = text.unavailable;
    return 'failed';
  })
  .then((outcome) => {
    const message = { side, waitMs: performance.now() - start, outcome };
    parent.postMessage(message, location.origin);
  });
