// Nodes that manage sessions on one store, for tests: each has a link of its own that can fail, a clock that only the
// test moves, and an origin of the strict kind: a refresh token that comes twice ends the session (RFC 9700 section
// 4.14.2).
// Invariant: nothing here waits for time to pass.
import { SessionCache } from 'sesame-edge';
import { MemoryStore, StoreUnavailableError } from 'sesame-edge/stores';
import { settleCryptoAtOnce } from '../simulation/crypto.js';
import { createClock, MINUTE, SECOND } from './clock.js';
import { settle } from './wait.js';

export const ME = '/api/v1/users/me';
export const THINGS = '/api/v1/things';
export const REFRESH = '/api/v1/auth/refresh';
export const LOGOUT = '/api/v1/auth/logout';
/** So long an access token lives. */
export const TOKEN_MS = 5 * MINUTE;

const SECRET = '0f'.repeat(16);

settleCryptoAtOnce();

/** @param {() => number} now */
export function createStrictOrigin(now) {
  /** @typedef {{ user: string, login: number, until: number }} Grant */
  /** @type {Map<string, Grant>} */
  const access = new Map();
  /** @type {Map<string, Grant>} */
  const refresh = new Map();
  /** @type {Map<string, number>} */
  const used = new Map();
  let count = 0;
  const origin = {
    /** @type {string[]} */
    calls: [],
    /** @type {string[]} */
    redeemed: [],
    /** @type {(path: string) => unknown} what happens before, and after, it does anything */
    before: () => {},
    /** @type {(path: string) => unknown} */
    after: () => {},
    /** Tokens that came more than once. */
    twice: () => origin.redeemed.filter((token, at) => origin.redeemed.indexOf(token) < at),
    /** Tokens that are still good. */
    live: () =>
      [...[...access].filter(([, { until }]) => until > now()), ...refresh].map(([each]) => each),
    fetch: async (/** @type {any} */ input, /** @type {RequestInit} */ init = {}) => {
      const url = new URL(input.url ?? input);
      const method = init.method ?? input.method ?? 'GET';
      const headers = new Headers(init.headers ?? input.headers ?? {});
      const body = init.body ?? (input.body && input);
      const text = body ? await new Response(body.body ?? body).text() : '';
      await origin.before(url.pathname);
      const response = answer(url.pathname, method, headers, text);
      origin.calls.push(`${method} ${url.pathname} ${response.status}`);
      await origin.after(url.pathname);
      return response;
    },
  };

  /** @param {string} user @param {number} login */
  function issue(user, login) {
    count += 1;
    access.set(`a${count}`, { user, login, until: now() + TOKEN_MS });
    refresh.set(`r${count}`, { user, login, until: Number.POSITIVE_INFINITY });
    const tokens = { access_token: `a${count}`, refresh_token: `r${count}` };
    return Response.json({ ...tokens, expires_in: TOKEN_MS / SECOND });
  }

  /** @param {number} ended */
  function endLogin(ended) {
    for (const tokens of [access, refresh]) {
      for (const [token, { login }] of tokens) if (login === ended) tokens.delete(token);
    }
  }

  /** @param {string} path @param {string} method @param {Headers} headers @param {string} text */
  function answer(path, method, headers, text) {
    if (path === '/api/v1/auth/login') {
      count += 1;
      return issue(JSON.parse(text || '{}').user ?? 'ada', count);
    }
    if (path === REFRESH) return redeem(JSON.parse(text).refresh_token);
    const grant = access.get((headers.get('authorization') ?? '').replace('Bearer ', ''));
    if (!grant || now() >= grant.until) return Response.json(null, { status: 401 });
    if (path === LOGOUT) endLogin(grant.login);
    return Response.json({ id: grant.user, method });
  }

  /** @param {string} token */
  function redeem(token) {
    origin.redeemed.push(token);
    const grant = refresh.get(token);
    const login = used.get(token);
    if (grant === undefined) {
      if (login !== undefined) endLogin(login);
      return Response.json({ error: 'invalid_grant' }, { status: 400 });
    }
    refresh.delete(token);
    used.set(token, grant.login);
    return issue(grant.user, grant.login);
  }

  return origin;
}

const READS = ['get', 'changes', 'epochs'];

/** @param {MemoryStore} store @param {import('./clock.js').Clock} clock @param {() => Promise<void>} thaw */
function linkTo(store, clock, thaw) {
  const link = {
    ...{
      isCut: false,
      refusesWrites: 0,
      delayMs: 0,
      writeDelayMs: 0,
      /** What is read of the log is on its way back for so long. */
      answerDelayMs: 0,
      store: /** @type {any} */ (null),
    },
    /** @type {string[]} */
    calls: [],
  };
  link.store = new Proxy(store, {
    get(target, name) {
      const found = /** @type {any} */ (target)[name];
      if (typeof found !== 'function') return found;
      if (name === 'close') return async () => {};
      if (name === 'subscribe') {
        return (/** @type {() => void} */ listener) =>
          target.subscribe(async () => link.isCut || listener());
      }
      return async (/** @type {unknown[]} */ ...args) => {
        await thaw();
        link.calls.push(String(name));
        const isWrite = !READS.includes(String(name));
        const isRefused = isWrite && link.refusesWrites > 0;
        if (isRefused) link.refusesWrites -= 1;
        if (link.isCut || isRefused) throw new StoreUnavailableError();
        const delay = isWrite ? link.writeDelayMs : link.delayMs;
        if (delay > 0) await clock.sleep(delay, new AbortController().signal);
        const result = await found.apply(target, args);
        const way = name === 'changes' ? link.answerDelayMs : 0;
        if (way > 0) await clock.sleep(way, new AbortController().signal);
        await thaw();
        return result;
      };
    },
  });
  return link;
}

/**
 * @param {number} count
 * @param {{ options?: object, managed?: object, storeOptions?: object }} [given]
 */
export async function startManagedNodes(
  count,
  { options = {}, managed = {}, storeOptions = {} } = {},
) {
  const clock = createClock();
  const store = new MemoryStore({ now: clock.now, ...storeOptions });
  const origin = createStrictOrigin(clock.now);
  /** @type {SessionCache[]} */
  const all = [];

  /** @param {object} [host] */
  function start(host = {}) {
    const node = {
      isStill: false,
      /** Before a call leaves. @type {(path: string) => unknown} */
      onSend: () => {},
      /** @type {(path: string) => void} */
      onAnswer: () => {},
    };
    const thaw = async () => {
      while (node.isStill) await clock.sleep(50, new AbortController().signal);
    };
    const link = linkTo(store, clock, thaw);
    const exchange = async (/** @type {any} */ input, /** @type {any} */ init) => {
      const { pathname } = new URL(input.url ?? input);
      await node.onSend(pathname);
      await thaw();
      const response = await origin.fetch(input, init);
      node.onAnswer(pathname);
      await thaw();
      return response;
    };
    const fetch = (/** @type {any} */ input, /** @type {any} */ init) => {
      const { signal } = init ?? {};
      const aborted = new Promise((_, reject) =>
        signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      );
      return Promise.race([exchange(input, init), aborted]);
    };
    const sleep = async (/** @type {number} */ ms, /** @type {AbortSignal} */ signal) => {
      await clock.sleep(ms, signal);
      await thaw();
    };
    const sessions = new SessionCache(
      { origin: 'http://origin', store: link.store, secret: SECRET, managed, ...options },
      /** @type {any} */ ({
        fetch,
        now: clock.now,
        monotonic: clock.now,
        sleep,
        warn: () => {},
        ...host,
      }),
    );
    all.push(sessions);
    return Object.assign(node, { link, sessions });
  }

  /** Time passes, from one who sleeps to the next. @param {number} ms */
  async function pass(ms) {
    for (const end = clock.now() + ms; clock.now() < end; ) {
      await settle();
      const [next = ms] = clock.pauses();
      clock.advance(Math.min(Math.max(1, next), end - clock.now()));
    }
    await settle();
  }

  /** Time passes until some work is done. @template T @param {Promise<T>} work */
  async function finish(work) {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    for (await settle(); !isDone; await settle()) {
      const [next = 500] = clock.pauses();
      clock.advance(Math.min(Math.max(1, next), 500));
    }
    return work;
  }

  /** @param {{ sessions: SessionCache }} node @param {string} path @param {string} [cookie] @param {RequestInit} [init] */
  const send = (node, path, cookie, init = {}) => {
    const headers = new Headers({ 'content-type': 'application/json' });
    if (cookie) headers.set('cookie', `__Host-session=${cookie}`);
    return node.sessions.handle(new Request(`http://edge.test${path}`, { ...init, headers }));
  };
  const nodes = Array.from({ length: count }, () => start());
  await settle();
  return {
    ...{ clock, store, origin, nodes, start, pass, finish, send },
    /** The status of a request. */
    status: async (
      /** @type {any} */ node,
      /** @type {string} */ path,
      /** @type {string} */ cookie,
    ) => (await finish(send(node, path, cookie))).status,
    /** Signs a user in, and gives the cookie. */
    login: async (/** @type {any} */ node, user = 'ada') => {
      const body = JSON.stringify({ user });
      const response = await finish(send(node, '/api/auth/login', '', { method: 'POST', body }));
      return /__Host-session=([^;]*)/.exec(response.headers.get('set-cookie') ?? '')?.[1] ?? '';
    },
    logout: async (/** @type {any} */ node, /** @type {string} */ cookie) =>
      (await finish(send(node, '/api/auth/logout', cookie, { method: 'POST' }))).status,
    /** Nothing of a node happens for that long. */
    standStill: (/** @type {{ isStill: boolean }} */ node, /** @type {number} */ ms) => {
      node.isStill = true;
      clock.sleep(ms, new AbortController().signal).then(() => {
        node.isStill = false;
      });
    },
    stop: () => {
      for (const sessions of all) sessions.dispose();
    },
  };
}
