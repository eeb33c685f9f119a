// Sesame's service worker in the real Chromium. Each cache is a site of its own in one profile; a request is one
// that a page makes which the worker controls.
// On a device the cookie jar as a whole is the credential. A case that sends a cookie has the jar filled with it
// first, past the worker, as a login elsewhere does: the marker cookie changes with the session's. A case that
// sends none has the page send none (`credentials: 'omit'`). A bearer token is sent as the page's own header.
import { createHash } from 'node:crypto';
import { openDevice } from '../browser/device.js';
import { openProfile } from '../browser/profile.js';
import { startSites } from '../browser/site.js';
import { sesameDialect } from './sesame-dialect.js';

const MARKER = 'who';

/** @type {import('./target.js').Adapter} */
export const serviceWorkerTarget = {
  name: 'service worker',
  lacks: {
    managed: 'tokens are kept where no script of a page can be',
    webhook: 'the origin cannot call a browser',
    websocket: 'no service worker sees a WebSocket',
    browserCache: 'it is for where there is no service worker',
    prometheus: 'no collector reaches a browser: the page sends the counters',
    nodes: 'devices share no store',
    revoke: 'browsers are told of no revocation: docs/service-worker.md says what instead',
    cookies: 'a worker sees no cookies: the device’s jar as a whole is the credential',
    wire: 'Set-Cookie, hop-by-hop fields and redirects are the browser’s: no script sees them',
    between: 'what is none of the session’s goes past the worker',
  },
  dialect: sesameDialect,
  soonMs: 30_000,
  open: () => openBrowser({ worker: 'sesame-worker.js', page: 'sesame-page.js' }),
};

/**
 * @param {{ worker: string, page: string }} entries the scripts of each site, beside `browser/site.js`
 * @returns {Promise<import('./target.js').OpenTarget>}
 */
export async function openBrowser(entries) {
  const [sites, profile] = await Promise.all([startSites(entries), openProfile()]);
  let caches = 0;
  return {
    async start({ origin, options }) {
      const logoutPath = '/api/v1/auth/logout';
      // The default of a device is 24 hours (docs/service-worker.md).
      const given = { logoutPath, markerCookie: MARKER, staleIfError: '5m', ...options };
      const site = sites.add(`cache-${++caches}`, { origin, options: given });
      const device = await openDevice({ profile, site, client: { logoutPath } });
      const { tab } = device;
      let jar = '';
      /** @type {Promise<unknown>} */
      let filling = Promise.resolve();

      /** @param {string | undefined} cookie the field of a request */
      async function fill(cookie) {
        if (cookie !== undefined && cookie !== jar) {
          const lines = jarLines(jar, cookie);
          jar = cookie;
          filling = filling.then(() => tab.setCookies(lines));
        }
        await filling;
      }

      return {
        url: site.url,
        now: device.now,
        advance: device.advance,
        async fetch(path, { headers = {}, ...init } = {}) {
          const { cookie, ...rest } = lowerCase(headers);
          await fill(cookie);
          return tab.fetch(
            path,
            { headers: rest, ...init },
            cookie === undefined ? 'omit' : 'same-origin',
          );
        },
        api: {
          async getSession({ cookie, ...headers }, how) {
            await fill(cookie);
            return tab.call('getSession', [how], headers);
          },
          async updateUser({ cookie, ...headers }, changes) {
            await fill(cookie);
            return tab.call('updateUser', [changes], headers);
          },
        },
        statistics: () => tab.call('statistics', []),
        logs: () => tab.command('logs'),
        idle: () => tab.command('idle'),
        browser: device.browser,
        close: device.close,
      };
    },
    async close() {
      await profile.close();
      await sites.close();
    },
  };
}

/**
 * What turns one jar into another. A login that the worker does not see gives the marker a new value.
 * @param {string} before
 * @param {string} after
 */
function jarLines(before, after) {
  const [old, next] = [before, after].map(cookiesIn);
  const session = next.get('session') ?? '';
  const value = createHash('sha256').update(session).digest('hex').slice(0, 16);
  if (session !== '') next.set(MARKER, value);
  if (old.has('session')) old.set(MARKER, '');
  const ended = [...old.keys()].filter((name) => !next.has(name));
  return [
    ...ended.map((name) => `${name}=; Path=/; Max-Age=0`),
    ...[...next].map(([name, each]) => `${name}=${each}; Path=/`),
  ];
}

/** @param {string} field */
function cookiesIn(field) {
  const pairs = field.split(';').map((pair) => pair.trim().split('='));
  return new Map(pairs.map(([name, ...value]) => /** @type {const} */ ([name, value.join('=')])));
}

/** @param {Record<string, any>} headers @returns {Record<string, any>} */
const lowerCase = (headers) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

export default serviceWorkerTarget;
