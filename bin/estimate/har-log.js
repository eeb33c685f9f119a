// Entries of a HAR file (HTTP Archive 1.2, as browsers export it).
import { pathOf, textOf } from './log-entry.js';

const ANSWER_HEADERS = [
  ...['cache-control', 'content-type', 'date', 'etag', 'expires', 'location', 'pragma'],
  ...['retry-after', 'set-cookie', 'vary'],
];
const MAX_BODY_LENGTH = 256 * 1024;

/**
 * @param {import('./log-entry.js').ReaderOptions} how
 * @returns {import('./log-entry.js').ReadEntry}
 */
export function harReader({ options: { cookie: cookieNames, varyOn } }) {
  const further = ['accept', ...varyOn.filter((name) => name !== 'host' && !name.includes(':'))];
  return (text) => {
    const entry = parse(text);
    const { request, response } = entry ?? {};
    const timeMs = Date.parse(entry?.startedDateTime);
    if (!request || !response || Number.isNaN(timeMs)) return null;
    const found = typeof request.url === 'string' ? pathOf(request.url) : null;
    if (found === null || typeof request.method !== 'string') return 'other';
    const cookie = kept(header(request, 'cookie')) || cookiesOf(request);
    const authorization = kept(header(request, 'authorization'));
    const content = response.content ?? {};
    const body = content.encoding === 'base64' ? fromBase64(content.text) : content.text;
    return {
      timeMs,
      method: request.method.toUpperCase(),
      ...found,
      status: Number(response.status) || 0,
      // Nothing comes over a network in no time: it is what browsers write where they do not know.
      durationMs: entry.time > 0 ? Math.round(entry.time * 1000) / 1000 : null,
      bytes: typeof content.size === 'number' && content.size >= 0 ? content.size : null,
      session: credentialOf(cookie, authorization, cookieNames),
      user: null,
      address: null,
      agent: null,
      isLocal: isLocal(entry),
      exchange: {
        cookie,
        authorization,
        origin: header(request, 'origin'),
        further: further
          .map((name) => /** @type {[string, string]} */ ([name, header(request, name)]))
          .filter(([, value]) => value !== ''),
        answerHeaders: answerHeaders(response),
        answerBody: typeof body === 'string' && body.length <= MAX_BODY_LENGTH ? body : '',
      },
    };
  };
}

/**
 * Whether the browser had the answer without asking a server. Of a pair of entries that a service worker causes, the
 * page's is such a one; the other is the worker's own request.
 * @param {any} entry
 */
function isLocal({ response, time, cache, ...entry }) {
  if (entry._fromCache) return true; // Chrome
  if (entry._fetchedViaServiceWorker || response._fetchedViaServiceWorker) return true; // Chrome
  if (/cache|service worker/i.test(`${entry._fetchType}`)) return true; // Safari
  if (response.status === 304) return false; // a server was asked
  // Firefox: an entry of the cache, or a body that is there and has not come from anywhere.
  return (
    !!cache?.afterRequest || (time === 0 && response.bodySize === 0 && response.content?.size > 0)
  );
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

/** Nothing of a credential that was taken out of the file. @param {string} value */
function kept(value) {
  return textOf(value) ?? '';
}

/** @param {any} request */
function cookiesOf(request) {
  const list = Array.isArray(request.cookies) ? request.cookies : [];
  return list
    .filter((/** @type {any} */ each) => typeof each?.name === 'string')
    .map((/** @type {any} */ each) => `${each.name}=${each.value ?? 'redacted'}`)
    .join('; ');
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
