// The origin in the simulation: users, sessions and tokens, and all the ways in which it fails. It is the
// authority: what it has answered is what the cache is judged by.

const LOGOUT = '/api/v1/auth/logout';
const FAILURES = ['500', '503', '429', 'network', 'hang', 'garbage', 'array', 'huge'];
const DOCUMENT = '/api/v1/users/me';
const REFRESH = '/api/v1/auth/refresh';
const CROWD_BYTES = 3000;
const FIRST_SESSIONS = 4;
const FIRST_SITES = 3;
/** Says that a request has been carried out, and of a sign-in: what has become of its session. */
export const DONE = 'x-done';
export const PLACE = 'x-session';

/** @typedef {{ status: number, location?: string }} Style */
/** How back ends answer who signs in, signs out, and has written something: each of these has done it. */
const WELCOMES = [{ status: 200 }, { status: 204 }, { status: 302, location: '/' }];
const FAREWELLS = [
  ...[{ status: 200 }, { status: 204 }, { status: 302, location: '/login' }],
  ...[{ status: 302, location: '/' }, { status: 401 }, { status: 404 }, { status: 410 }],
];
/** A page, and where those are sent on who are signed in; neither does anything. */
const PAGE = /^\/(login|account\/login|session|logout|register)$/;
const SIGN_IN = /^\/(login|users\/sign_in|session)$/;
const SIGN_OUT = /^\/(logout|users\/sign_out|session)$/;
/** Of what a site's own session asks, so often another id is given to it. */
const ROTATED_ONE_IN = 12;
const SENT_TO_SIGN_IN_ONE_IN = 8;

/** @typedef {{ id: string, version: number }} User */

export class OriginModel {
  /** @type {User[]} */
  users;
  /** The user of each bearer token that is valid here. @type {Map<string, User>} */
  sessions = new Map();
  /** @type {Map<string, User>} */
  refreshTokens = new Map();
  /** With which session somebody has done something last: often the same does something next. */
  recent = '';
  /** The newest redemption of each. @type {Map<string, import('./world.js').Exchange>} */
  exchanges = new Map();
  /** When a token was last valid here. @type {Map<string, number>} */
  endedAt = new Map();
  /** The tokens of those who signed in at the origin itself. @type {string[]} */
  bearers = [];
  /** How many sessions of each user have begun. @type {Map<string, number>} */
  #signIns = new Map();
  /** The sessions of the site itself, which are cookies, whether or not somebody is signed in. @type {string[]} */
  sites = [];
  /** What the document's answers say of keeping them. */
  cacheControl = '';
  /** What is to be done when an answer that ends a session has been heard. @type {(name: string) => void} */
  hasEnded = () => {};
  /** And when one that gives a session another id has. @type {(name: string, successor: string) => void} */
  hasSucceeded = () => {};
  /** A session stands for somebody again. @type {(name: string) => void} */
  hasBegun = () => {};
  /** A session stands for another user than before. @type {(name: string, before: string) => void} */
  hasMoved = () => {};
  /** @type {Map<string, string>} */
  #owners = new Map();
  /** When each version of each user's document was superseded. @type {Map<string, number>} */
  #superseded = new Map();
  /** How long the access tokens of managed sessions last. */
  accessFor = 300_000;
  failing = false;
  lastFailureAt = Number.NEGATIVE_INFINITY;
  issued = 0;
  /** @type {string[]} what must not happen, as it was seen here */
  violations = [];

  /**
   * @param {import('./world.js').World} world
   * @param {import('./choices.js').Choices} choices
   * @param {string[]} [users] their identifiers
   */
  constructor(world, choices, users = ['u1', 'u2']) {
    this.users = users.map((id) => ({ id, version: 1 }));
    this.world = world;
    this.choices = choices;
    for (let count = 0; count < FIRST_SESSIONS; ++count) {
      this.signIn(this.users[count % this.users.length]);
    }
    for (let count = 0; count < FIRST_SITES; ++count) {
      this.giveTo(this.comeBy(), this.users[count % this.users.length]);
    }
    world.origin = {
      sent: (path, init, exchange) => this.#sent(path, init, exchange),
      receive: (path, init, reply) => this.#receive(path, init, reply),
    };
  }

  /**
   * Sees a call leave. Those of the crowd are answered at once: they are there to fill the memory.
   * @param {string} path
   * @param {any} init
   * @param {import('./world.js').Exchange} exchange
   * @returns {Response | null}
   */
  #sent(path, init, exchange) {
    if (path === REFRESH) this.#judgeExchange(init, exchange);
    const name = /^Bearer (crowd-\d+)$/.exec(new Headers(init.headers).get('authorization') ?? '');
    return name && Response.json({ id: name[1], version: 1, fill: 'x'.repeat(CROWD_BYTES) });
  }

  /**
   * One redemption at a time, and none after one whose answer came (R24). One whose end nobody saw has to
   * be tried again, or its session would be lost.
   * @param {any} init
   * @param {import('./world.js').Exchange} exchange
   */
  #judgeExchange(init, exchange) {
    const { refresh_token: name } = JSON.parse(init.body);
    const before = this.exchanges.get(name);
    if (before && before.state !== 'lost') {
      this.violations.push(`R24: ${name} is redeemed again while one is ${before.state}`);
    }
    this.exchanges.set(name, exchange);
  }

  /**
   * @param {string} path
   * @param {any} init
   * @param {import('./world.js').Reply} reply
   */
  #receive(path, init, reply) {
    const method = init.method ?? 'GET';
    const headers = new Headers(init.headers);
    const token = credentialOf(headers);
    const failure = this.failing && this.choices.oneIn(2) ? this.choices.pick(FAILURES) : null;
    // A write or an exchange may take effect although its answer is lost.
    const isLost = failure === 'network' || failure === 'hang';
    // A sign-out that is answered with a success has been one, whatever else the answer says (R82).
    const isSignOut = path === LOGOUT && failure !== null && !isLost && failureResponse(failure).ok;
    const takesEffect =
      failure === null || isSignOut || (isLost && method !== 'GET' && this.choices.oneIn(2));
    /** @type {Answer} */
    let answer = [500, '{}'];
    if (takesEffect) answer = this.#answer(method, path, token, headers, init);
    if (failure === null) {
      const [status, body, more, effect] = answer;
      const response = new Response(status === 304 || status === 204 ? null : body, {
        status,
        headers: { 'content-type': 'application/json', ...more },
      });
      reply.respond(response, `${status} ${status === 200 ? body : ''}`, 'answered', effect);
      return;
    }
    this.lastFailureAt = this.world.time;
    this.world.tell(`the origin fails: ${failure}`);
    // Only what Sesame asks on its own account has a time limit of its own; the rest the network ends.
    // What passes uncached (R53) is the client's own request, which asks for no JSON.
    const isOwn = path === DOCUMENT && method === 'GET' && headers.has('accept');
    const isTimed = path === REFRESH || isOwn;
    if (failure === 'network' || (failure === 'hang' && !isTimed)) reply.fail();
    else if (failure !== 'hang') reply.respond(failureResponse(failure), failure, 'lost');
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {string} token
   * @param {Headers} headers
   * @param {any} init
   * @returns {Answer}
   */
  #answer(method, path, token, headers, init) {
    if (path === '/api/v1/auth/login') return this.#login();
    if (path === REFRESH) return this.#refresh(init);
    if (SIGN_IN.test(path) && method === 'POST') return this.#signInOnSite(token);
    if (SIGN_OUT.test(path) && token.startsWith('site-')) return this.#signOutOnSite(method, token);
    if (PAGE.test(path)) return this.#page(path, token);
    const user = this.sessions.get(token);
    if (!user) return [401, '{"error":"unauthorized"}'];
    if (path === LOGOUT) {
      this.end(token);
      return [200, '{}'];
    }
    if (method === 'PATCH') {
      const changed = this.users.find(({ id }) => path.endsWith(`/${id}`)) ?? user;
      if (this.choices.oneIn(SENT_TO_SIGN_IN_ONE_IN)) {
        return [302, '', { location: '/login' }, { unchanged: token }];
      }
      this.change(changed);
      if (path === DOCUMENT && this.choices.oneIn(SENT_TO_SIGN_IN_ONE_IN)) {
        return [303, '', { location: '/', [DONE]: `${user.id} ${user.version}` }];
      }
      // Some back ends answer with the document, others with something else.
      return this.choices.oneIn(3) ? [200, '{"ok":true}'] : [200, documentOf(changed)];
    }
    if (path !== DOCUMENT) return [200, documentOf(user)];
    if (token.startsWith('site-') && this.choices.oneIn(ROTATED_ONE_IN)) {
      const successor = this.choices.oneIn(2) ? this.#move(token) : null;
      const cookie = successor === null ? this.#lastOf(token) : `session=${successor}`;
      const after = () => {
        if (!this.endedAt.has(token)) return;
        if (successor === null) this.hasEnded(token);
        else this.hasSucceeded(token, successor);
      };
      const effect = { after };
      return [200, documentOf(user), { 'set-cookie': cookie }, effect];
    }
    /** @type {Record<string, string>} */
    const more = this.cacheControl === '' ? {} : { 'cache-control': this.cacheControl };
    const etag = `"${user.id}-${user.version}"`;
    if (headers.get('if-none-match') === etag) return [304, '', { etag, ...more }];
    return [200, documentOf(user), { etag, ...more }];
  }

  /** @param {string} name of the session that the request came with, if any @returns {Answer} */
  #signInOnSite(name) {
    const user = this.choices.pick(this.users);
    const { status, location } = this.choices.pick(WELCOMES);
    const more = { [DONE]: '1', ...(location === undefined ? {} : { location }) };
    if (!name.startsWith('site-')) {
      const fresh = this.comeBy();
      this.giveTo(fresh, user);
      return [status, '{}', { ...more, 'set-cookie': `session=${fresh}; Path=/`, [PLACE]: 'new' }];
    }
    if (this.choices.oneIn(3)) {
      this.giveTo(name, user);
      const fresh = this.#move(name);
      return [status, '{}', { ...more, 'set-cookie': `session=${fresh}`, [PLACE]: 'moved' }];
    }
    this.giveTo(name, user);
    return [status, '{}', { ...more, [PLACE]: 'kept' }];
  }

  /** @param {string} method @param {string} name @returns {Answer} */
  #signOutOnSite(method, name) {
    const { status, location } = this.choices.pick(FAREWELLS);
    const isSeen = method !== 'GET' || (status >= 300 && status < 400);
    // Some end their cookie, with whatever value; a mere visit that says nothing else has to (R83).
    const clears = isSeen
      ? this.choices.pick(['', 'session=', this.#clearingOf(name)])
      : 'session=';
    this.end(name);
    if (!this.endedAt.has(name)) this.endedAt.set(name, this.world.time);
    const more = { [DONE]: '1', ...(location === undefined ? {} : { location }) };
    /** @type {Record<string, string>} */
    const cookie = clears === '' ? {} : { 'set-cookie': `${clears}; Max-Age=0; Path=/` };
    return [status, '{}', { ...more, ...cookie }];
  }

  /** @param {string} path @param {string} token @returns {Answer} */
  #page(path, token) {
    // It clears the cookie of a browser that comes with a token of something else.
    const clears = token.startsWith('bearer-') && this.choices.oneIn(2);
    if (clears) return [200, '{}', { 'set-cookie': 'session=; Max-Age=0' }];
    return [this.choices.pick([200, 404]), `{"page":"${path}"}`, {}, { unchanged: token }];
  }

  /** @param {string} name */
  #clearingOf(name) {
    return `session=${name}`;
  }

  /** The session ends with this answer, whose cookie has the value that it had. @param {string} name */
  #lastOf(name) {
    this.end(name);
    return `${this.#clearingOf(name)}; Max-Age=0`;
  }

  /** The session goes on under another id. @param {string} name */
  #move(name) {
    const user = /** @type {User} */ (this.sessions.get(name));
    const fresh = this.comeBy();
    this.giveTo(fresh, user);
    this.end(name);
    return fresh;
  }

  /** @returns {[number, string]} */
  #login() {
    const user = this.choices.pick(this.users);
    this.#countSignIn(user);
    return [200, this.#issue(user)];
  }

  /**
   * @param {any} init
   * @returns {[number, string]}
   */
  #refresh(init) {
    const { refresh_token: name } = JSON.parse(init.body);
    const user = this.refreshTokens.get(name);
    return user ? [200, this.#issue(user)] : [400, '{"error":"invalid_grant"}'];
  }

  /** @param {User} user */
  #issue(user) {
    const number = ++this.issued;
    const access = `access-${number}`;
    const refresh = `refresh-${number}`;
    this.sessions.set(access, user);
    this.refreshTokens.set(refresh, user);
    return JSON.stringify({
      access_token: access,
      refresh_token: refresh,
      expires_in: this.accessFor / 1000,
    });
  }

  /** @param {User} user */
  change(user) {
    this.#superseded.set(`${user.id} ${user.version}`, this.world.time);
    ++user.version;
  }

  /** @param {string} userId @param {number} version */
  supersededAt(userId, version) {
    return this.#superseded.get(`${userId} ${version}`) ?? Number.POSITIVE_INFINITY;
  }

  /** @param {string} userId */
  versionOf(userId) {
    return this.users.find(({ id }) => id === userId)?.version ?? 0;
  }

  /** @param {User} user */
  #countSignIn({ id }) {
    this.#signIns.set(id, this.signInsOf(id) + 1);
  }

  /** How many sessions of a user have ever begun, of bearer tokens and managed ones. @param {string} userId */
  signInsOf(userId) {
    return this.#signIns.get(userId) ?? 0;
  }

  /** @param {User} user @returns {string} the bearer token of a new session */
  signIn(user) {
    const token = `bearer-${this.bearers.length + 1}`;
    this.#countSignIn(user);
    this.bearers.push(token);
    this.#owners.set(token, user.id);
    this.sessions.set(token, user);
    return token;
  }

  /** A session of the site that nobody is signed in with. @returns {string} */
  comeBy() {
    const name = `site-${this.sites.length + 1}`;
    this.sites.push(name);
    this.endedAt.set(name, this.world.time);
    return name;
  }

  /** A session of the site stands for a user from now on. @param {string} name @param {User} user */
  giveTo(name, user) {
    const before = this.#owners.get(name);
    if (before !== undefined && before !== user.id) this.hasMoved(name, before);
    this.#owners.set(name, user.id);
    this.sessions.set(name, user);
    this.endedAt.delete(name);
    this.hasBegun(name);
  }

  /** All that a request may come with, but for managed sessions. */
  get names() {
    return [...this.bearers, ...this.sites];
  }

  /** Whose a credential is, or was. @param {string} token */
  ownerOf(token) {
    return /** @type {string} */ (this.#owners.get(token));
  }

  /** @param {string} userId */
  endUser(userId) {
    for (const [token, { id }] of this.sessions) if (id === userId) this.end(token);
  }

  /** @param {string} token */
  end(token) {
    if (this.sessions.delete(token)) this.endedAt.set(token, this.world.time);
  }
}

/** What a request comes with. @param {Headers} headers */
export function credentialOf(headers) {
  const token = headers.get('authorization')?.replace('Bearer ', '');
  return token ?? /^session=([^;]*)$/.exec(headers.get('cookie') ?? '')?.[1] ?? '';
}

/**
 * A status, a body, header fields, and what follows from the answer.
 * @typedef {[number, string, Record<string, string>?, Pick<import('./world.js').Point, 'after' | 'unchanged'>?]} Answer
 */

/** @param {User} user */
function documentOf({ id, version }) {
  return JSON.stringify({ id, name: `name of ${id}`, version });
}

/** @param {string} failure */
function failureResponse(failure) {
  switch (failure) {
    case 'garbage':
      return new Response('{"id":', { status: 200 });
    case 'array':
      return new Response('[1]', { status: 200 });
    case 'huge':
      return new Response(JSON.stringify({ id: 'u1', fill: 'x'.repeat(8192) }), { status: 200 });
    case '429':
      return new Response('{}', { status: 429, headers: { 'retry-after': '2' } });
    default:
      return new Response('{}', { status: Number(failure) });
  }
}
