// What of a request, beside its credential, the origin's document depends on (option `varyOn`, rule R4): the tenant
// of a key. Also what an origin's `Vary` says about that.
// Invariant: the tenant says of a request exactly what the origin is told of it, so that no two requests that the
// origin could answer differently, by what `varyOn` names, have one key.

export const HOST = 'host';
export const COOKIE_PREFIX = 'cookie:';

/** What carries the client's host on to an origin, which has a host of its own. */
const FORWARDED_HOST = 'x-forwarded-host';

/** What servers take for the host that a client has asked for, whoever sets it. */
export const FORWARDED_HOSTS = Object.freeze([
  ...[FORWARDED_HOST, 'forwarded', 'x-forwarded-server', 'x-host', 'x-original-host'],
]);

/**
 * A request, as far as this file looks at it.
 * @typedef {object} Varying
 * @property {Headers} headers
 * @property {string} [url] absolute, or a path (Node's `IncomingMessage`)
 */

/**
 * The tenant of a request's keys: for each name its value, length-prefixed, or a mark that the request has none.
 * @param {readonly string[]} varyOn as parsed
 * @param {Varying} request
 */
export function tenantOf(varyOn, request) {
  let tenant = '';
  for (const name of varyOn) {
    const value = partOf(name, request);
    tenant += value === null ? `${name}-` : `${name}=${value.length}:${value}`;
  }
  return tenant;
}

/** @param {string} name @param {Varying} request @returns {string | null} */
function partOf(name, request) {
  if (name === HOST) return hostOf(request)?.toLowerCase() ?? null;
  if (!name.startsWith(COOKIE_PREFIX)) return request.headers.get(name);
  const wanted = name.slice(COOKIE_PREFIX.length);
  const pairs = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  const values = pairs.filter((pair) => pair.split('=', 1)[0].trim() === wanted);
  // Readers of a cookie that is there twice differ in which they take: all of them count.
  return values.length === 0 ? null : values.join(';');
}

/**
 * The host that the client asked for: what a proxy in front says it was, else the request's own.
 * @param {Varying} request
 */
export function hostOf({ headers, url }) {
  const forwarded = headers.get(FORWARDED_HOST);
  if (forwarded !== null) return forwarded;
  const isAbsolute = url !== undefined && /^https?:\/\//.test(url);
  return isAbsolute ? new URL(url).host : headers.get(HOST);
}

/**
 * The headers of a request as the origin is told of it in a fill: where the document depends on the host, they name it.
 * A client that asks the origin by its own host (a service worker's page) has it named by its host's fetch.
 * @param {readonly string[]} varyOn
 * @param {Varying} request
 * @param {string} origin
 */
export function withHost(varyOn, request, origin) {
  const { headers, url = '' } = request;
  if (!varyOn.includes(HOST) || headers.has(FORWARDED_HOST)) return headers;
  const host = hostOf(request);
  if (host === null || url.startsWith(`${origin}/`)) return headers;
  const result = new Headers(headers);
  result.set(FORWARDED_HOST, host);
  return result;
}

/**
 * What `varyOn` names of a request and nothing else: for what the origin is asked on behalf of its session.
 * @param {readonly string[]} varyOn
 * @param {Varying} request
 * @param {string} origin
 */
export function varyingHeaders(varyOn, request, origin) {
  const result = new Headers();
  const all = withHost(varyOn, request, origin);
  const names = headersIn(varyOn);
  if (varyOn.includes(HOST)) names.push(FORWARDED_HOST);
  for (const name of names) {
    const value = all.get(name);
    if (value !== null) result.set(name, value);
  }
  const cookies = varyOn
    .filter((name) => name.startsWith(COOKIE_PREFIX))
    .map((name) => partOf(name, request))
    .filter((value) => value !== null);
  if (cookies.length > 0) result.set('cookie', cookies.join('; '));
  return result;
}

/** Headers of a request that an origin that is asked for a document may look at, as it was asked by its credential. */
const HARMLESS =
  /^(accept|accept-encoding|origin|cookie|authorization|access-control-request-[\w-]+)$/;

/**
 * The names in an answer's `Vary` that its key does not have: the answer may be another for another request with the
 * same key. `*` is one of them.
 * @param {Headers} headers of the origin's answer
 * @param {readonly string[]} varyOn
 * @returns {string[]} in lower case
 */
export function unkeyedVary(headers, varyOn) {
  const vary = headers.get('vary');
  if (vary === null) return [];
  const names = vary.split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== '' && !isKeyed(name, varyOn));
}

/** @param {string} name @param {readonly string[]} varyOn */
function isKeyed(name, varyOn) {
  if (HARMLESS.test(name) || varyOn.includes(name)) return true;
  return name === FORWARDED_HOST && varyOn.includes(HOST);
}

/**
 * The headers among `varyOn`, for a `Vary` of our own: caches behind Sesame have to tell the answers apart as well.
 * @param {readonly string[]} varyOn
 */
export function headersIn(varyOn) {
  return varyOn.filter((name) => name !== HOST && !name.startsWith(COOKIE_PREFIX));
}

/**
 * Whether a request takes JSON (RFC 9110 section 12.5.1): the document is asked for, and kept, as that alone.
 * @param {string | null} accept
 */
export function takesJson(accept) {
  if (!accept || accept === '*/*' || accept === 'application/json') return true;
  return qualityOfJson(accept) > 0;
}

/** By the most precise range that fits; a range without a weight has 1. @param {string} accept */
function qualityOfJson(accept) {
  const ranges = new Map(
    accept.split(',').map((range) => {
      const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => /^q\s*=/.test(parameter));
      return [type, weight === undefined ? 1 : Number(weight.replace(/^q\s*=\s*/, ''))];
    }),
  );
  for (const type of ['application/json', 'application/*', '*/*']) {
    const quality = ranges.get(type);
    if (quality !== undefined) return quality;
  }
  return 0;
}
