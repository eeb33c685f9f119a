// A back end that rotates refresh tokens and is strict about it: one that comes a second time ends every token of its
// login (RFC 9700, section 4.14.2). It can be told to fail, to be slow, or to act and lose its answer.
// It must not know Sesame. Invariant: what it notes of a redemption is noted when it acts, answered or not.
import { once } from 'node:events';
import http from 'node:http';
import { text } from 'node:stream/consumers';

export const ME = '/api/v1/users/me';
export const POSTS = '/api/v1/posts';
const LOGIN = '/api/v1/auth/login';
const REFRESH = '/api/v1/auth/refresh';
const LOGOUT = '/api/v1/auth/logout';

/**
 * @typedef {object} Redemption
 * @property {string} user
 * @property {string} token the refresh token
 * @property {string} node that redeemed it
 * @property {number} at
 * @property {boolean} isFirst
 * @property {boolean} isLost its answer never reached the node
 */

/**
 * @param {object} given
 * @param {() => number} given.now milliseconds
 * @param {number} given.accessForMs how long an access token is good
 */
export async function startOrigin({ now, accessForMs }) {
  /** @type {Map<string, { user: string, login: number, until: number }>} */
  const access = new Map();
  /** @type {Map<string, { user: string, login: number }>} */
  const refresh = new Map();
  /** @type {Map<string, { user: string, login: number }>} */
  const used = new Map();
  /** @type {Map<string, number>} */
  const versions = new Map();
  const ended = new Set();
  let [count, logins] = [0, 0];
  const origin = {
    url: '',
    calls: 0,
    documents: 0,
    mode: /** @type {'healthy' | 'failing' | 'losing' | 'slow'} */ ('healthy'),
    redemptions: /** @type {Redemption[]} */ ([]),
    /** @param {string} bearer */
    end: (bearer) => void ended.add(bearer),
    stop,
  };

  /** @param {string} user @param {number} login */
  function issue(user, login) {
    count += 1;
    access.set(`access-${count}`, { user, login, until: now() + accessForMs });
    refresh.set(`refresh-${count}`, { user, login });
    const tokens = { access_token: `access-${count}`, refresh_token: `refresh-${count}` };
    return { status: 200, body: { ...tokens, expires_in: accessForMs / 1000 } };
  }

  /** @param {number} login */
  function endLogin(login) {
    for (const tokens of [access, refresh]) {
      for (const [token, its] of tokens) if (its.login === login) tokens.delete(token);
    }
  }

  /** @param {string} token @param {string} node @param {http.ServerResponse} response */
  function redeem(token, node, response) {
    const found = refresh.get(token) ?? used.get(token);
    const isFirst = refresh.has(token);
    if (found) {
      const redemption = { user: found.user, token, node, at: now(), isFirst, isLost: false };
      origin.redemptions.push(redemption);
      response.on('close', () => {
        redemption.isLost = !response.writableFinished;
      });
    }
    if (!found) return { status: 400, body: { error: 'invalid_grant' } };
    if (!isFirst) {
      endLogin(found.login);
      return { status: 400, body: { error: 'invalid_grant' } };
    }
    refresh.delete(token);
    used.set(token, found);
    return issue(found.user, found.login);
  }

  /** @param {string} bearer */
  function userOf(bearer) {
    const held = access.get(bearer);
    if (held) return held.until > now() ? held.user : null;
    return bearer.startsWith('plain-') && !ended.has(bearer) ? bearer.split('-')[1] : null;
  }

  /** @param {http.IncomingMessage} request @param {string} body @param {http.ServerResponse} response */
  function act(request, body, response) {
    const { method, url = '' } = request;
    if (url === LOGIN) {
      logins += 1;
      return issue(JSON.parse(body).user, logins);
    }
    if (url === REFRESH) {
      return redeem(JSON.parse(body).refresh_token, `${request.headers['x-node']}`, response);
    }
    const bearer = `${request.headers.authorization ?? ''}`.replace('Bearer ', '');
    const user = userOf(bearer);
    if (user === null) return { status: 401, body: { error: 'unauthorized' } };
    if (url === LOGOUT) {
      const held = access.get(bearer);
      if (held) endLogin(held.login);
      else ended.add(bearer);
      return { status: 200, body: {} };
    }
    if (url === ME && method === 'PUT') versions.set(user, JSON.parse(body).version);
    if (url === ME) origin.documents += 1;
    return {
      status: 200,
      body: { id: user, name: `name of ${user}`, version: versions.get(user) ?? 0 },
    };
  }

  const server = http.createServer(async (request, response) => {
    const body = await text(request).catch(() => '');
    origin.calls += 1;
    const { mode } = origin;
    if (mode === 'slow')
      await new Promise((resolve) => setTimeout(resolve, 100 + (count % 20) * 100));
    const answer =
      mode === 'failing'
        ? { status: 503, body: { error: 'unavailable' } }
        : act(request, body, response);
    if (mode === 'losing') return void response.destroy();
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  origin.url = `http://127.0.0.1:${port}`;

  async function stop() {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
  return origin;
}
