#!/usr/bin/env node
// An example origin: the back end of a small site, as it was before Sesame stood in front of it.
// It has its own users, sessions and pages, on `node:http` alone, and a `GET /api/v1/users/me`
// that takes 250 ms, as one does that asks a database and two other services.
//
// It must not know Sesame. Invariant: every request that arrives is counted, under its method and
// path, before anything else happens to it.
//
//   node examples/origin/server.mjs --port 4000 [--delay MS] [--token-life MS]
import http from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Sessions } from './sessions.mjs';
import { applyChange, createUsers, PASSWORD } from './users.mjs';

const MAX_JSON_BYTES = 64 * 1024;

/**
 * @typedef {import('./users.mjs').User} User
 * @typedef {{ delayMs: number, tokenLifeMs: number }} Settings
 * @typedef {{ request: http.IncomingMessage, response: http.ServerResponse, url: URL }} Exchange
 * @typedef {(exchange: Exchange) => void | Promise<void>} Handler
 */

/**
 * @param {Partial<Settings> & { now?: () => number }} [options]
 */
export function createOrigin({ delayMs = 250, tokenLifeMs = 15 * 60_000, now = Date.now } = {}) {
  /** May be changed while it runs. @type {Settings} */
  const settings = { delayMs, tokenLifeMs };
  /** @type {Map<string, number>} `GET /api/v1/users/me` to the number of such calls */
  const calls = new Map();
  const sessions = new Sessions();
  let users = createUsers();

  const userById = (/** @type {string | null} */ id) => users.find((user) => user.id === id);

  /** @param {Exchange} exchange @returns {string | null} */
  const sessionOf = ({ request }) => sessions.find(credentialOf(request.headers), now());

  /** @type {Record<string, Handler>} */
  const routes = {
    'GET /': page,
    'GET /api/v1/posts': ({ response }) => sendJson(response, 200, POSTS, POSTS_HEADERS),
    'GET /events': events,
    'POST /upload': upload,
    'POST /api/v1/auth/login': login,
    'POST /api/v1/auth/refresh': refresh,
    'POST /api/v1/auth/logout': logout,
    'GET /api/v1/users/me': readUser,
    'PUT /api/v1/users/me': changeUser,
    'PATCH /api/v1/users/me': changeUser,
  };

  /** @type {Handler} */
  async function login({ request, response, url }) {
    const body = await readJson(request);
    const user = users.find((candidate) => candidate.email === body?.email);
    if (user === undefined || body?.password !== PASSWORD) {
      return sendError(response, 401, 'wrong e-mail or password');
    }
    if (url.searchParams.get('mode') !== 'cookie') {
      return sendJson(response, 200, sessions.openWithTokens(user.id, settings.tokenLifeMs, now()));
    }
    const cookie = sessions.openWithCookie(user.id, now());
    sendJson(response, 200, user, {
      'set-cookie': `session=${cookie}; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000`,
    });
  }

  /** @type {Handler} */
  async function refresh({ request, response }) {
    const body = await readJson(request);
    const tokens = sessions.refresh(body?.refresh_token, settings.tokenLifeMs, now());
    if (tokens === null) return sendError(response, 401, 'refresh token unknown or already used');
    sendJson(response, 200, tokens);
  }

  /** @type {Handler} */
  function logout(exchange) {
    const session = sessionOf(exchange);
    if (session !== null) sessions.end(session);
    const headers = { 'set-cookie': 'session=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0' };
    exchange.response.writeHead(204, headers).end();
  }

  /** @type {Handler} */
  async function readUser(exchange) {
    await wait(settings.delayMs);
    const user = userById(sessions.userOf(sessionOf(exchange) ?? ''));
    if (user === undefined) return sendUnauthorized(exchange.response);
    sendJson(exchange.response, 200, user);
  }

  /** @type {Handler} */
  async function changeUser(exchange) {
    const change = await readJson(exchange.request);
    await wait(settings.delayMs);
    const user = userById(sessions.userOf(sessionOf(exchange) ?? ''));
    if (user === undefined) return sendUnauthorized(exchange.response);
    const changed = applyChange(user, change, now());
    if (changed === null) return sendError(exchange.response, 422, 'not a profile change');
    users = users.map((other) => (other.id === changed.id ? changed : other));
    sendJson(exchange.response, 200, changed);
  }

  const server = http.createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://origin');
    const route = `${request.method} ${url.pathname}`;
    calls.set(route, (calls.get(route) ?? 0) + 1);
    // HEAD is answered as GET is; node:http leaves the body out (RFC 9110 section 9.3.2).
    const handler = routes[route.replace(/^HEAD /, 'GET ')] ?? pageOrNothing;
    Promise.resolve(handler({ request, response, url })).catch(() => response.destroy());
  });

  return {
    server,
    settings,
    calls,
    /** @param {string} email @returns {User | undefined} what the origin knows, past all HTTP */
    user: (email) => users.find((user) => user.email === email),
    /**
     * @param {number} [port] 0 for any free one
     * @param {string} [host]
     * @returns {Promise<string>} its URL
     */
    listen: (port = 0, host = '127.0.0.1') =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          const address = /** @type {import('node:net').AddressInfo} */ (server.address());
          resolve(`http://${host.includes(':') ? `[${host}]` : host}:${address.port}`);
        });
      }),
    /** Ends every connection too, open streams included. @returns {Promise<void>} */
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    /** Ends every session, as an administrator would. */
    endSessions: () => sessions.clear(),
    /** Users, sessions and counters as at the start; settings stay. */
    reset: () => {
      calls.clear();
      sessions.clear();
      users = createUsers();
    },
  };
}

const POSTS_HEADERS = { 'cache-control': 'public, max-age=60' };
const POSTS = [
  { id: 1, title: 'Opening hours', published_at: '2025-09-01T08:00:00Z' },
  { id: 2, title: 'مواعيد العمل', published_at: '2025-09-02T08:00:00Z' },
  { id: 3, title: 'What the cave holds', published_at: '2025-09-03T08:00:00Z' },
];

/** @type {Handler} */
function pageOrNothing(exchange) {
  const isPage = exchange.request.method === 'GET' && exchange.url.pathname.startsWith('/app/');
  if (isPage) return page(exchange);
  sendError(exchange.response, 404, 'no such path');
}

/** @type {Handler} */
function page({ response }) {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
  response.end(
    '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Example</title>\n' +
      '<h1>Example · مثال</h1>\n<p>Each load of a page asks who is signed in.</p>\n',
  );
}

/** Server-sent events: `?count=` of them, one each `?every=` milliseconds. @type {Handler} */
async function events({ response, url }) {
  const count = Math.min(Number(url.searchParams.get('count') ?? 10), 1000);
  const every = Math.max(Number(url.searchParams.get('every') ?? 250), 1);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (let index = 1; index <= count && !gone.signal.aborted; index += 1) {
    response.write(`id: ${index}\nevent: tick\ndata: {"n":${index}}\n\n`);
    if (index < count) await wait(every, undefined, gone).catch(() => {});
  }
  response.end();
}

/** Sends a body back as it arrives, whatever its size. @type {Handler} */
function upload({ request, response }) {
  const type = request.headers['content-type'] ?? 'application/octet-stream';
  response.writeHead(200, { 'content-type': type });
  request.pipe(response);
}

/**
 * @param {http.IncomingHttpHeaders} headers
 * @returns {{ bearer: string | null, cookie: string | null }}
 */
function credentialOf(headers) {
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? null;
  const cookie = /(?:^|; *)session=([^;]*)/.exec(headers.cookie ?? '')?.[1] ?? null;
  return { bearer, cookie };
}

/**
 * @param {http.IncomingMessage} request
 * @returns {Promise<any>} the parsed body, or null if it is not JSON or too long
 */
async function readJson(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= MAX_JSON_BYTES) chunks.push(chunk);
  }
  try {
    return bytes <= MAX_JSON_BYTES ? JSON.parse(Buffer.concat(chunks).toString()) : null;
  } catch {
    return null;
  }
}

/**
 * @param {http.ServerResponse} response @param {number} status @param {unknown} value
 * @param {Record<string, string>} [headers]
 */
function sendJson(response, status, value, headers = {}) {
  const body = Buffer.from(JSON.stringify(value));
  const type = { 'content-type': 'application/json', 'content-length': body.length };
  response.writeHead(status, { ...type, ...headers }).end(body);
}

/** @param {http.ServerResponse} response @param {number} status @param {string} error */
function sendError(response, status, error, headers = {}) {
  sendJson(response, status, { error }, headers);
}

/** @param {http.ServerResponse} response */
function sendUnauthorized(response) {
  sendError(response, 401, 'not signed in', { 'www-authenticate': 'Bearer' });
}

async function main() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4000' },
      host: { type: 'string', default: '127.0.0.1' },
      delay: { type: 'string', default: '250' },
      'token-life': { type: 'string', default: '900000' },
    },
  });
  const origin = createOrigin({
    delayMs: Number(values.delay),
    tokenLifeMs: Number(values['token-life']),
  });
  console.log(`example origin on ${await origin.listen(Number(values.port), values.host)}`);
  const emails = createUsers().map((user) => user.email);
  console.log(`users: ${emails.join(' ')}\npassword of each: ${PASSWORD}`);
  const stop = () => void origin.close().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
