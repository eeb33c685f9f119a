// The origin in the simulation: users, sessions and tokens, and all the ways in which it fails. It is the
// authority: what it has answered is what the cache is judged by.

const LOGOUT = '/api/v1/auth/logout';
const FAILURES = ['500', '503', '429', 'network', 'hang', 'garbage', 'array', 'huge'];
const DOCUMENT = '/api/v1/users/me';
const REFRESH = '/api/v1/auth/refresh';
const CROWD_BYTES = 3000;
const FIRST_SESSIONS = 4;

/** @typedef {{ id: string, version: number }} User */

export class OriginModel {
  /** @type {User[]} */
  users = ['u1', 'u2'].map((id) => ({ id, version: 1 }));
  /** The user of each bearer token that is valid here. @type {Map<string, User>} */
  sessions = new Map();
  /** @type {Map<string, User>} */
  refreshTokens = new Map();
  /** The newest redemption of each. @type {Map<string, import('./world.js').Exchange>} */
  exchanges = new Map();
  /** When a token was last valid here. @type {Map<string, number>} */
  endedAt = new Map();
  /** The tokens of those who signed in at the origin itself. @type {string[]} */
  bearers = [];
  /** @type {Map<string, string>} */
  #owners = new Map();
  /** When each version of each user's document was superseded. @type {Map<string, number>} */
  #superseded = new Map();
  failing = false;
  lastFailureAt = Number.NEGATIVE_INFINITY;
  issued = 0;
  /** @type {string[]} what must not happen, as it was seen here */
  violations = [];

  /**
   * @param {import('./world.js').World} world
   * @param {import('./choices.js').Choices} choices
   */
  constructor(world, choices) {
    this.world = world;
    this.choices = choices;
    for (let count = 0; count < FIRST_SESSIONS; ++count) {
      this.signIn(this.users[count % this.users.length]);
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
    const token = (headers.get('authorization') ?? '').replace('Bearer ', '');
    const failure = this.failing && this.choices.oneIn(2) ? this.choices.pick(FAILURES) : null;
    // A write or an exchange may take effect although its answer is lost.
    const isLost = failure === 'network' || failure === 'hang';
    // A sign-out that is answered with a success has been one, whatever else the answer says (R82).
    const isSignOut = path === LOGOUT && failure !== null && !isLost && failureResponse(failure).ok;
    const takesEffect =
      failure === null || isSignOut || (isLost && method !== 'GET' && this.choices.oneIn(2));
    /** @type {[number, string, Record<string, string>?]} */
    let answer = [500, '{}'];
    if (takesEffect) answer = this.#answer(method, path, token, headers, init);
    if (failure === null) {
      const [status, body, more] = answer;
      const response = new Response(status === 304 ? null : body, {
        status,
        headers: { 'content-type': 'application/json', ...more },
      });
      reply.respond(response, `${status} ${status === 200 ? body : ''}`);
      return;
    }
    this.lastFailureAt = this.world.time;
    this.world.tell(`the origin fails: ${failure}`);
    // Only what Sesame asks on its own account has a time limit of its own; the rest the network ends.
    const isTimed = path === REFRESH || (path === DOCUMENT && method === 'GET');
    if (failure === 'network' || (failure === 'hang' && !isTimed)) reply.fail();
    else if (failure !== 'hang') reply.respond(failureResponse(failure), failure, 'lost');
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {string} token
   * @param {Headers} headers
   * @param {any} init
   * @returns {[number, string, Record<string, string>?]}
   */
  #answer(method, path, token, headers, init) {
    if (path === '/api/v1/auth/login') return this.#login();
    if (path === REFRESH) return this.#refresh(init);
    const user = this.sessions.get(token);
    if (!user) return [401, '{"error":"unauthorized"}'];
    if (path === LOGOUT) {
      this.end(token);
      return [200, '{}'];
    }
    if (method === 'PATCH') {
      const changed = this.users.find(({ id }) => path.endsWith(`/${id}`)) ?? user;
      this.change(changed);
      // Some back ends answer with the document, others with something else.
      return this.choices.oneIn(3) ? [200, '{"ok":true}'] : [200, documentOf(changed)];
    }
    const etag = `"${user.id}-${user.version}"`;
    if (headers.get('if-none-match') === etag) return [304, '', { etag }];
    return [200, documentOf(user), { etag }];
  }

  /** @returns {[number, string]} */
  #login() {
    return [200, this.#issue(this.choices.pick(this.users))];
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
    return JSON.stringify({ access_token: access, refresh_token: refresh, expires_in: 300 });
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

  /** @param {User} user @returns {string} the bearer token of a new session */
  signIn(user) {
    const token = `bearer-${this.bearers.length + 1}`;
    this.bearers.push(token);
    this.#owners.set(token, user.id);
    this.sessions.set(token, user);
    return token;
  }

  /** Whose a bearer token is, or was. @param {string} token */
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
