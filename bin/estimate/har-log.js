// Entries of a HAR file (HTTP Archive 1.2, as browsers export it).
import { pathOf } from './log-entry.js';

const ANSWER_HEADERS = ['cache-control', 'etag', 'retry-after', 'set-cookie'];
const MAX_BODY_LENGTH = 256 * 1024;

/**
 * @param {readonly string[]} cookieNames those that prove a session
 * @returns {import('./log-entry.js').ReadEntry}
 */
export function harReader(cookieNames) {
  return (text) => {
    const entry = parse(text);
    const { request, response } = entry ?? {};
    const timeMs = Date.parse(entry?.startedDateTime);
    if (!request || !response || Number.isNaN(timeMs)) return null;
    const found = typeof request.url === 'string' ? pathOf(request.url) : null;
    if (found === null || typeof request.method !== 'string') return 'other';
    if (entry._fromCache) return 'other'; // Chrome: it never left the browser
    const cookie = header(request, 'cookie') || cookiesOf(request);
    const authorization = header(request, 'authorization');
    const { content = {} } = response;
    const body = content.encoding === 'base64' ? fromBase64(content.text) : content.text;
    return {
      timeMs,
      method: request.method.toUpperCase(),
      ...found,
      status: Number(response.status) || 0,
      durationMs: entry.time >= 0 ? Math.round(entry.time * 1000) / 1000 : null,
      bytes: content.size >= 0 ? Number(content.size) : null,
      session: credentialOf(cookie, authorization, cookieNames),
      user: null,
      exchange: {
        cookie,
        authorization,
        origin: header(request, 'origin'),
        answerHeaders: answerHeaders(response),
        answerBody: typeof body === 'string' && body.length <= MAX_BODY_LENGTH ? body : '',
      },
    };
  };
}

/**
 * What sessions are told apart by. Which of it counts is the core's to say.
 * @param {string} cookie
 * @param {string} authorization
 * @param {readonly string[]} names
 */
function credentialOf(cookie, authorization, names) {
  const pairs = cookie.split(';').map((pair) => pair.trim());
  const proving = pairs.filter((pair) => names.includes(pair.split('=')[0]));
  const parts = [...proving, ...(authorization === '' ? [] : [authorization])];
  return parts.length === 0 ? null : `credential\n${parts.join('\n')}`;
}

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {any} message @returns {[string, string][]} */
function headersOf(message) {
  const list = Array.isArray(message.headers) ? message.headers : [];
  return list
    .filter((/** @type {any} */ each) => typeof each?.name === 'string')
    .map((/** @type {any} */ each) => [each.name.toLowerCase(), `${each.value ?? ''}`]);
}

/** @param {any} request @param {string} name */
function header(request, name) {
  const values = headersOf(request).filter(([each]) => each === name);
  return values.map(([, value]) => value).join('; ');
}

/** @param {any} request */
function cookiesOf(request) {
  const list = Array.isArray(request.cookies) ? request.cookies : [];
  return list.map((/** @type {any} */ each) => `${each?.name}=${each?.value}`).join('; ');
}

/**
 * Chrome joins several `Set-Cookie` with a line feed.
 * @param {any} response
 * @returns {[string, string][]}
 */
function answerHeaders(response) {
  return headersOf(response)
    .filter(([name]) => ANSWER_HEADERS.includes(name))
    .flatMap(([name, value]) =>
      value.split('\n').map((line) => /** @type {[string, string]} */ ([name, line.trim()])),
    );
}

/** @param {unknown} text */
function fromBase64(text) {
  return typeof text === 'string' ? Buffer.from(text, 'base64').toString() : '';
}
