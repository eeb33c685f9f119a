// What the stand-ins have in common: a server with routes, users, sessions, cookies, tokens, and a clock that a test moves.
// It knows no back end and nothing of Sesame. A stand-in answers as its published documentation and code say; it is no
// proof that the back end itself does.
import { createHmac, randomBytes } from 'node:crypto';
import { listen } from '../lib/listen.js';

/** @import http from 'node:http' */

/**
 * @typedef {object} Asked
 * @property {string} method
 * @property {string} path
 * @property {URLSearchParams} query
 * @property {http.IncomingHttpHeaders} headers
 * @property {Record<string, string>} cookies
 * @property {Record<string, any>} fields of the body, be it a form or JSON
 * @property {string} [id] what stands in the path for `:id`
 */

/**
 * @typedef {object} Answer
 * @property {number} [status]
 * @property {Record<string, string | undefined>} [headers]
 * @property {string[]} [cookies] lines of `Set-Cookie`
 * @property {unknown} [json]
 * @property {string} [text]
 */

/** @typedef {(asked: Asked) => Answer} Route */

/**
 * @param {Record<string, Route>} routes by `METHOD /path`, of which a segment may be `:id`
 * @param {(answer: Answer, asked: Asked) => Answer} [finish] what every answer has
 */
export function startSite(routes, finish = (answer) => answer) {
  const table = Object.entries(routes).map(([request, route]) => {
    const [method, pattern] = request.split(' ');
    return { method, path: RegExp(`^${pattern.replace(':id', '(?<id>[^/]+)')}$`), route };
  });
  return listen(async (incoming, outgoing) => {
    const asked = await read(incoming);
    const found = table.find(
      ({ method, path }) => method === asked.method && path.test(asked.path),
    );
    asked.id = found?.path.exec(asked.path)?.groups?.id;
    const answer = finish(found ? found.route(asked) : { status: 404 }, asked);
    const { status = 200, headers = {}, cookies = [], json, text } = answer;
    for (const [name, value] of Object.entries(headers)) {
      if (value !== undefined) outgoing.setHeader(name, value);
    }
    if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies);
    if (json !== undefined) outgoing.setHeader('content-type', 'application/json');
    outgoing.writeHead(status).end(json === undefined ? text : JSON.stringify(json));
  });
}

/** @param {http.IncomingMessage} incoming @returns {Promise<Asked>} */
async function read(incoming) {
  const { pathname, searchParams } = new URL(`${incoming.url}`, 'http://host');
  const text = Buffer.concat(await incoming.toArray()).toString();
  const isForm = /urlencoded/.test(incoming.headers['content-type'] ?? '');
  const fields = isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text || '{}');
  const pairs = (incoming.headers.cookie ?? '').split('; ').filter(Boolean);
  const cookies = pairs.map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  const { method = 'GET', headers } = incoming;
  return {
    ...{ method, path: pathname, query: searchParams, headers, fields },
    cookies: Object.fromEntries(cookies),
  };
}

/** The token of `Authorization: Bearer`. @param {Asked} asked */
export const bearerOf = ({ headers }) => /^bearer (.+)$/i.exec(headers.authorization ?? '')?.[1];

export const randomText = () => randomBytes(24).toString('base64url');

/** A clock that a test moves. */
export function createClock() {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    advance: (/** @type {number} */ milliseconds) => {
      ahead += milliseconds;
    },
  };
}

/** @typedef {ReturnType<typeof createClock>} Clock */

/** A session of the server's. @typedef {{ id: string, user: string, usedAt: number, data: Record<string, any> }} Session */

/**
 * Sessions that end when they are idle.
 * @param {Clock} clock
 * @param {number} [idleMs]
 */
export function createSessions(clock, idleMs = Number.POSITIVE_INFINITY) {
  /** @type {Map<string, Session>} */
  const sessions = new Map();
  return {
    /** @param {string} user '': of nobody yet */
    begin(user = '') {
      const session = { id: randomText(), user, usedAt: clock.now(), data: {} };
      sessions.set(session.id, session);
      return session;
    },
    /** To find it is to use it. @param {string | undefined} id */
    find(id) {
      const session = sessions.get(id ?? '');
      if (session === undefined || clock.now() - session.usedAt > idleMs) return undefined;
      session.usedAt = clock.now();
      return session;
    },
    end: (/** @type {string | undefined} */ id) => sessions.delete(id ?? ''),
    /** @param {string} user @param {string} [except] the identifier of one that stays */
    endAllOf(user, except) {
      for (const { id, user: owner } of sessions.values()) {
        if (owner === user && id !== except) sessions.delete(id);
      }
    },
  };
}

const encoded = (/** @type {unknown} */ part) =>
  Buffer.from(JSON.stringify(part)).toString('base64url');

/** @param {string} text */
const signed = (text) => createHmac('sha256', 'for a test').update(text).digest('base64url');

/** A JSON Web Token (RFC 7519). @param {Record<string, unknown>} claims */
export function tokenOf(claims) {
  const text = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
  return `${text}.${signed(text)}`;
}

/**
 * What a token claims; undefined if it is none, or its time is over.
 * @param {string | undefined} token
 * @param {Clock} clock
 * @returns {Record<string, any> | undefined}
 */
export function claimsOf(token, clock) {
  const [header, payload, signature] = (token ?? '').split('.');
  if (signature === undefined || signature !== signed(`${header}.${payload}`)) return undefined;
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return claims.exp * 1000 > clock.now() ? claims : undefined;
}
