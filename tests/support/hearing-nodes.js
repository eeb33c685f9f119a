// Nodes that hear the sign-outs of an identity provider, without a network and with a clock that only a test moves.
// It must not know which messages count.
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { MemoryStore, StoreUnavailableError } from 'sesame-edge/stores';
import { createClock } from './clock.js';
import { createFakeOrigin } from './fake-origin.js';
import { CLIENT_ID, createIdentityProvider } from './identity-provider.js';
import { rest } from './wait.js';

const SITE = 'https://shop.test';
export const ORIGIN = 'http://origin.test';

/** @type {SessionCache[]} */
const started = [];
after(() => Promise.all(started.map((sessions) => sessions.dispose())));

/** The document of `USER-SESSION`, which a cookie or a bearer names. @param {Headers} headers */
export function documentOf(headers) {
  const credential = headers.get('cookie')?.split('=')[1] ?? headers.get('authorization') ?? '';
  const [id, sid] = credential.replace(/^Bearer /, '').split('-');
  if (!id) return new Response(null, { status: 401 });
  return Response.json({ id, ...(sid && { session: { id: `${id}-${sid}` } }) });
}

/**
 * Nodes with one provider.
 * @param {{ options?: object, count?: number, hasStore?: boolean, answer?: typeof documentOf, alg?: string, path?: string }} [given]
 */
export async function startNodesHearing({
  options,
  count = 1,
  hasStore = count > 1,
  answer = documentOf,
  alg,
  path,
} = {}) {
  const clock = createClock();
  const { now, sleep } = clock;
  const origin = createFakeOrigin(answer);
  const provider = await createIdentityProvider({ now, alg });
  const store = new MemoryStore({ now });
  /** @type {string[]} */
  const warnings = [];
  /** @type {string[]} */
  const elsewhere = [];
  const fetch = async (/** @type {any} */ url, /** @type {any} */ init) => {
    if (String(url).startsWith(`${ORIGIN}/`)) return origin.fetch(url, init);
    if (String(url).startsWith(`${provider.issuer}/`)) return provider.answer(String(url));
    elsewhere.push(String(url));
    return new Response(null, { status: 404 });
  };
  const link = { refusesWrites: false, refusesEpochs: false };
  const reached = new Proxy(store, {
    get(target, name) {
      const found = /** @type {any} */ (target)[name];
      if (name === 'close' || typeof found !== 'function') return found;
      return async (/** @type {any[]} */ ...args) => {
        const isRefused =
          (link.refusesWrites && name === 'userEvent') || (link.refusesEpochs && name === 'epochs');
        if (isRefused) throw new StoreUnavailableError();
        return found.apply(target, args);
      };
    },
  });
  const startNode = (/** @type {object} */ more = {}) => {
    const sessions = new SessionCache(
      {
        ...{ origin: ORIGIN, backchannelLogout: { issuer: provider.issuer, audience: CLIENT_ID } },
        ...(hasStore && { store: reached, secret: '0'.repeat(32) }),
        ...{ ...options, ...more },
      },
      /** @type {any} */ ({
        ...{ fetch, now, sleep, monotonic: now },
        warn: (/** @type {string} */ line) => warnings.push(line),
      }),
    );
    started.push(sessions);
    return sessions;
  };
  const nodes = Array.from({ length: count }, () => startNode());
  /** Time goes by until something has ended. @template T @param {Promise<T>} work */
  const finish = async (work) => {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    done.catch(() => {});
    while (!isDone) {
      await rest();
      clock.advance(10);
    }
    return done;
  };
  const [first] = nodes;
  const post = async (/** @type {BodyInit} */ body, sessions = first, headers = {}) => {
    const response = await finish(
      sessions.handle(
        new Request(SITE + (path ?? '/api/auth/backchannel-logout'), {
          method: 'POST',
          headers,
          body,
        }),
      ),
    );
    const text = await response.text();
    assert.match(response.headers.get('cache-control') ?? '', /no-store/);
    return { status: response.status, ...(text && JSON.parse(text)) };
  };
  const send = (/** @type {string} */ token, sessions = first) =>
    post(new URLSearchParams({ logout_token: token }), sessions);
  const who = async (/** @type {Record<string, string>} */ headers, sessions = first) =>
    (await finish(sessions.getSession({ headers })))?.user.id ?? null;
  return {
    ...{ clock, origin, provider, nodes, first, warnings, elsewhere, link, startNode },
    ...{ finish, post, send, who },
  };
}
