// Nodes of one application on one store, each with options of its own, in front of an origin that a test can read.
// It must not know which store that is. Invariants: time is the machine's plus what a test has moved it by, on all nodes;
// no node outlives the tests of its file, whatever fails.
import { after } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { createMovingClock, storeOn } from '../support/moving-clock.js';

export const ORIGIN = 'http://origin.test';
export const [OLD, NEW] = ['0'.repeat(32), 'f4c1d6e05b2a4f7e9d3c8b1a60257e9f'];

const USERS = /** @type {Record<string, object>} */ ({
  ada: { id: 'id-ada', name: 'Ada' },
  bob: { id: 'id-bob', name: 'Bob' },
});

/**
 * An origin: it knows the cookies and bearers `ada` and `bob`, and gives a login tokens that are used up one by one.
 * Nothing that Sesame ends is ended there.
 */
function createOrigin() {
  /** @type {string[]} */
  const calls = [];
  let issued = 0;
  /** @type {Set<string>} */
  const redeemed = new Set();
  const tokens = (/** @type {string} */ who, expires = 900) => {
    issued += 1;
    return {
      access_token: `${who}.${issued}`,
      refresh_token: `r-${who}.${issued}`,
      expires_in: expires,
    };
  };
  return {
    calls,
    /** How often a refresh token was redeemed that was used up already. */
    replays: 0,
    /** How long access tokens live, in seconds. */
    expires: 900,
    /** @param {string | Request} input @param {RequestInit} [init] */
    async fetch(input, init = {}) {
      const request = new Request(input, init);
      const { pathname } = new URL(request.url);
      calls.push(`${request.method} ${pathname}`);
      if (pathname.endsWith('/auth/login')) {
        return Response.json(tokens((await request.json()).who, this.expires));
      }
      if (pathname.endsWith('/auth/refresh')) {
        const { refresh_token: token } = await request.json();
        if (redeemed.has(token)) this.replays += 1;
        if (redeemed.has(token)) return Response.json({ error: 'invalid_grant' }, { status: 400 });
        redeemed.add(token);
        return Response.json(tokens(token.slice(2).split('.')[0], this.expires));
      }
      const given = `${request.headers.get('authorization')} ${request.headers.get('cookie')}`;
      const who = /(?:Bearer |session=)(ada|bob)/.exec(given)?.[1];
      return who ? Response.json(USERS[who]) : Response.json({}, { status: 401 });
    },
  };
}

/** The nodes of every cluster. @type {Set<SessionCache>} */
const running = new Set();
after(() => {
  for (const sessions of running) sessions.dispose();
});

/**
 * @param {() => any} makeStore a client of the one store
 * @param {object} [common] options of every node
 */
export function createCluster(makeStore, common = {}) {
  const origin = createOrigin();
  const clock = createMovingClock();
  /** @type {Set<SessionCache>} */
  const nodes = new Set();
  /** @param {SessionCache} sessions */
  const stop = (sessions) => {
    nodes.delete(sessions);
    running.delete(sessions);
    sessions.dispose();
  };
  return {
    origin,
    clock,
    /** @param {object} [options] @param {any} [host] */
    start(options = {}, host = {}) {
      const store = storeOn(makeStore(), clock.lead);
      const sessions = new SessionCache(
        /** @type {any} */ ({ origin: ORIGIN, secret: NEW, store, ...common, ...options }),
        {
          fetch: (/** @type {any} */ input, /** @type {any} */ init) => origin.fetch(input, init),
          now: clock.now,
          monotonic: clock.now,
          sleep: clock.sleep,
          ...host,
        },
      );
      nodes.add(sessions);
      running.add(sessions);
      return sessions;
    },
    stop,
    end() {
      for (const sessions of nodes) stop(sessions);
    },
  };
}

/** @param {SessionCache} sessions @param {string} path @param {Record<string, string>} headers @param {object} [body] */
export function send(sessions, path, headers, body) {
  const init = body && { method: 'POST', body: JSON.stringify(body) };
  const type = body && { 'content-type': 'application/json' };
  return sessions.handle(
    new Request(`https://site.test${path}`, { headers: { ...headers, ...type }, ...init }),
  );
}

/** A login in managed mode. @param {SessionCache} sessions @param {string} who @returns {Promise<string>} its cookie */
export async function login(sessions, who) {
  const response = await send(sessions, '/api/auth/login', {}, { who });
  return `${response.headers.get('set-cookie')}`.split(';')[0];
}

/** Whose session a request's headers prove. @param {SessionCache} sessions @param {Record<string, string>} headers */
export async function whoIs(sessions, headers) {
  const session = await sessions.getSession({ headers });
  return session?.user.id ?? null;
}
