// What of a request's headers says who makes it. Knows Next.js' ways with headers and cookies, and nothing of
// sessions.
//
// Invariant: a credential is read as the client has sent it, byte for byte, unless the application itself has set
// that cookie since; two cookies of a name stay two (SPEC R1).

/** Of the page that is asked for, or between Next.js and its client; the document is another resource. */
const OF_THE_PAGE = /^(accept$|rsc$|next-|x-nextjs-|x-middleware-|x-sesame-|sec-fetch-|content-)/;

/**
 * The headers with which to ask who somebody is.
 * @param {Headers} headers
 * @returns {Headers}
 */
export function identifyingHeaders(headers) {
  const result = new Headers(headers);
  for (const name of [...result.keys()]) if (OF_THE_PAGE.test(name)) result.delete(name);
  return result;
}

/**
 * The headers of the request that Next.js answers, with the cookies as they are now: an action may have set some,
 * and the page that is rendered after it is to know.
 * @param {typeof import('next/headers.js').headers} headers
 * @param {typeof import('next/headers.js').cookies} cookies
 * @returns {Promise<Headers>}
 */
export async function currentHeaders(headers, cookies) {
  const result = new Headers([...(await headers())]);
  const sent = result.get('cookie') ?? '';
  const before = new Map(pairsOf(sent).map(([name, raw]) => [name, decoded(raw)]));
  const now = new Map((await cookies()).getAll().map(({ name, value }) => [name, value]));
  /** @type {Map<string, string | null>} */
  const changes = new Map();
  for (const [name, value] of now) {
    // Next.js writes a cookie that it sets in this way.
    if (before.get(name) !== value) changes.set(name, encodeURIComponent(value));
  }
  for (const [name, value] of before) {
    if (!now.has(name) && value !== null) changes.set(name, null);
  }
  if (changes.size > 0) setCookieHeader(result, withCookies(sent, changes));
  return result;
}

/**
 * A request's headers after an answer has set cookies.
 * @param {Headers} headers
 * @param {string[]} lines `Set-Cookie` fields
 * @param {number} now milliseconds since the epoch
 */
export function afterSetCookies(headers, lines, now) {
  const result = new Headers(headers);
  /** @type {Map<string, string | null>} */
  const changes = new Map();
  for (const line of lines) {
    const [[name, value] = ['', '']] = pairsOf(line.split(';', 1)[0]);
    const maxAge = /;\s*max-age\s*=\s*(-?\d+)/i.exec(line)?.[1];
    const expires = /;\s*expires\s*=\s*([^;]+)/i.exec(line)?.[1];
    const isEnd = maxAge ? Number(maxAge) <= 0 : Date.parse(expires ?? '') <= now;
    if (name !== '') changes.set(name, isEnd ? null : value);
  }
  setCookieHeader(result, withCookies(result.get('cookie') ?? '', changes));
  return result;
}

/**
 * The same request under the address that the client has used. Next.js gives it the server's own, with which
 * an `Origin` cannot be compared (SPEC R42).
 * @param {Request} request
 * @returns {Request}
 */
export function withPublicHost(request) {
  const { headers } = request;
  const url = new URL(request.url);
  const protocol = first(headers.get('x-forwarded-proto')) ?? url.protocol.slice(0, -1);
  const host = first(headers.get('x-forwarded-host')) ?? headers.get('host');
  const address = `${protocol}://${host}`;
  if (!/^https?$/.test(protocol) || !URL.canParse(address)) return request;
  // One by one: a host without a port would leave the other's.
  const { hostname, port } = new URL(address);
  Object.assign(url, { protocol, hostname, port });
  return url.href === request.url ? request : new Request(url, request);
}

/** Of a list that each proxy on the way adds to, the client's. @param {string | null} list */
const first = (list) => list?.split(',', 1)[0].trim() || null;

/** @param {string} cookie of a `Cookie` field @returns {[name: string, raw: string][]} */
function pairsOf(cookie) {
  return cookie
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.includes('='))
    .map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    });
}

/** As Next.js reads it; null if it cannot, and leaves it out. @param {string} raw */
function decoded(raw) {
  try {
    return decodeURIComponent(raw);
  } catch {
    return null;
  }
}

/** @param {string} cookie @param {Map<string, string | null>} changes null: it is gone */
function withCookies(cookie, changes) {
  const kept = pairsOf(cookie).filter(([name]) => !changes.has(name));
  const set = [...changes].filter(([, value]) => value !== null);
  return [...kept, ...set].map(([name, value]) => `${name}=${value}`).join('; ');
}

/** @param {Headers} headers @param {string} cookie */
function setCookieHeader(headers, cookie) {
  if (cookie === '') headers.delete('cookie');
  else headers.set('cookie', cookie);
}
