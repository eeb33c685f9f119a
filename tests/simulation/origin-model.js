// The origin in the simulation: users, sessions and tokens, and all the ways in which it fails. It is the
// authority: what it has answered is what the cache is judged by.

const FAILURES = ['500', '503', '429', 'network', 'hang', 'garbage', 'array', 'huge'];
const DOCUMENT = '/api/v1/users/me';
const CREDENTIALS = ['alpha', 'beta', 'gamma', 'delta'];

/** @typedef {{ id: string, version: number }} User */

export class OriginModel {
  /** @type {User[]} */
  users = ['u1', 'u2'].map((id) => ({ id, version: 1 }));
  /** The user of each bearer token that is valid here. @type {Map<string, User>} */
  sessions = new Map();
  /** @type {Map<string, { user: User, used: boolean }>} */
  refreshTokens = new Map();
  /** When a token was last valid here. @type {Map<string, number>} */
  endedAt = new Map();
  calls = { document: 0, update: 0, refresh: 0, login: 0, logout: 0 };
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
    CREDENTIALS.forEach((token, index) => {
      this.sessions.set(token, this.users[index % this.users.length]);
    });
    world.origin = (path, init, reply) => this.#receive(path, init, reply);
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
    const takesEffect = failure === null || (isLost && method !== 'GET' && this.choices.oneIn(2));
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
    const isTimed = path === '/api/v1/auth/refresh' || (path === DOCUMENT && method === 'GET');
    if (failure === 'network' || (failure === 'hang' && !isTimed)) reply.fail();
    else if (failure !== 'hang') reply.respond(failureResponse(failure), failure);
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
    if (path === '/api/v1/auth/refresh') return this.#refresh(init);
    const user = this.sessions.get(token);
    if (method === 'GET') ++this.calls.document;
    if (!user) return [401, '{"error":"unauthorized"}'];
    if (path === '/api/v1/auth/logout') {
      ++this.calls.logout;
      this.end(token);
      return [200, '{}'];
    }
    if (method === 'PATCH') {
      ++this.calls.update;
      ++user.version;
      // Some back ends answer with the document, others with something else.
      return this.choices.oneIn(3) ? [200, '{"ok":true}'] : [200, documentOf(user)];
    }
    const etag = `"${user.id}-${user.version}"`;
    if (headers.get('if-none-match') === etag) return [304, '', { etag }];
    return [200, documentOf(user), { etag }];
  }

  /** @returns {[number, string]} */
  #login() {
    ++this.calls.login;
    return [200, this.#issue(this.choices.pick(this.users))];
  }

  /**
   * @param {any} init
   * @returns {[number, string]}
   */
  #refresh(init) {
    ++this.calls.refresh;
    const { refresh_token: name } = JSON.parse(init.body);
    const grant = this.refreshTokens.get(name);
    if (!grant) return [400, '{"error":"invalid_grant"}'];
    if (grant.used) this.violations.push(`R24: ${name} was redeemed twice`);
    grant.used = true;
    return [200, this.#issue(grant.user)];
  }

  /** @param {User} user */
  #issue(user) {
    const number = ++this.issued;
    const access = `access-${number}`;
    const refresh = `refresh-${number}`;
    this.sessions.set(access, user);
    this.refreshTokens.set(refresh, { user, used: false });
    return JSON.stringify({ access_token: access, refresh_token: refresh, expires_in: 300 });
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

export { CREDENTIALS };
