// What a response does to the session cookies of a request: sets, renews, replaces or deletes them (RFC 6265 section
// 5.2). It must not know what that means for a session.
// Invariant: what is not a whole `Set-Cookie` field of a session cookie changes nothing.

/** What session libraries put behind a cookie's name to number its pieces (rule R1). */
const CHUNK = /^(\.|__?|C)\d{1,2}$/;

/**
 * What a response does to the session cookies of a request.
 * @typedef {object} SessionCookies
 * @property {string[]} sent every cookie of the request, as `name=value`
 * @property {string[]} set the session cookies that the response sets to a value, as `name=value`; the chunks of one
 *   together
 * @property {boolean} isChanged it sets one to something else than the request sent, or deletes one
 * @property {boolean} isDeleted there is none any more
 * @property {string} successor the request's session cookies as they are after the response, as a `Cookie` header
 *   field; empty: there are none, or they are what they were
 * @property {number} endsAtMs when those end that it has set, changed or not; 0: it sets none, or does not say
 */

/**
 * Whether a cookie is a session cookie, or a numbered piece of one.
 * @param {string} name
 * @param {readonly string[]} names
 */
export function isSessionCookie(name, names) {
  return names.includes(name) || isChunk(name, names);
}

/** @param {string} name @param {readonly string[]} names */
function isChunk(name, names) {
  return names.some((each) => name.startsWith(each) && CHUNK.test(name.slice(each.length)));
}

/**
 * Takes out of a response's headers what would delete one of these cookies.
 * @param {Headers | null} headers changed in place
 * @param {readonly string[]} names
 * @param {number} now
 */
export function removeCookieEnds(headers, names, now) {
  removeLines(headers, (line) => {
    const end = isSessionCookie(nameOf(line), names) ? endOf(line, now) : null;
    return end !== null && end <= now;
  });
}

/**
 * Takes out of a response's headers what would set or delete one of these cookies.
 * @param {Headers} headers changed in place
 * @param {readonly string[]} names
 */
export function removeSessionCookies(headers, names) {
  removeLines(headers, (line) => isSessionCookie(nameOf(line), names));
}

/**
 * @param {Headers | null} headers changed in place
 * @param {(line: string) => boolean} isUnwanted of a `Set-Cookie` field
 */
function removeLines(headers, isUnwanted) {
  const lines = headers?.getSetCookie() ?? [];
  const others = lines.filter((line) => !isUnwanted(line));
  if (headers === null || others.length === lines.length) return;
  headers.delete('set-cookie');
  for (const line of others) headers.append('set-cookie', line);
}

/**
 * @param {Headers} requestHeaders
 * @param {Headers} responseHeaders
 * @param {readonly string[]} names
 * @param {number} now
 * @returns {SessionCookies}
 */
export function sessionCookies(requestHeaders, responseHeaders, names, now) {
  const sent = pairsOf(requestHeaders);
  const before = sent.filter((pair) => isSessionCookie(nameOf(pair), names));
  const after = new Map(before.map((pair) => [nameOf(pair), pair]));
  /** @type {Map<string, string>} */
  const set = new Map();
  let isChanged = false;
  let hasDeleted = false;
  let endsAtMs = 0;
  for (const line of responseHeaders.getSetCookie()) {
    const pair = line.split(';', 1)[0].trim();
    const name = nameOf(pair);
    if (!pair.includes('=') || !isSessionCookie(name, names)) continue;
    const end = endOf(line, now);
    const isEnd = end !== null && end <= now;
    const hasValue = pair.slice(pair.indexOf('=') + 1) !== '';
    isChanged ||= isEnd || !sent.includes(pair);
    hasDeleted ||= isEnd;
    set.delete(name);
    if (isEnd || !hasValue) {
      after.delete(name);
      continue;
    }
    set.set(name, pair);
    after.set(name, pair);
    if (end !== null) endsAtMs = endsAtMs === 0 ? end : Math.min(endsAtMs, end);
  }
  const left = [...after.values()].join('; ');
  return {
    sent,
    set: joinedChunks([...set.values()], names),
    isChanged,
    isDeleted: hasDeleted && set.size === 0,
    successor: left === [...new Set(before)].join('; ') ? '' : left,
    endsAtMs: set.size === 0 ? 0 : endsAtMs,
  };
}

/**
 * The request's headers as a browser would send them after a response that has set these cookies.
 * @param {Headers} original
 * @param {readonly string[]} lines `Set-Cookie` fields
 * @param {number} now
 */
export function afterSetCookies(original, lines, now) {
  const after = new Map(pairsOf(original).map((pair) => [nameOf(pair), pair]));
  for (const line of lines) {
    const pair = line.split(';', 1)[0].trim();
    const end = endOf(line, now);
    if (!pair.includes('=')) continue;
    if (end !== null && end <= now) after.delete(nameOf(pair));
    else after.set(nameOf(pair), pair);
  }
  const headers = new Headers(original);
  if (after.size > 0) headers.set('cookie', [...after.values()].join('; '));
  else headers.delete('cookie');
  return headers;
}

/**
 * @param {string[]} pairs
 * @param {readonly string[]} names
 */
function joinedChunks(pairs, names) {
  const chunks = pairs.filter((pair) => !names.includes(nameOf(pair)));
  const whole = pairs.filter((pair) => names.includes(nameOf(pair)));
  return chunks.length > 0 ? [...whole, chunks.join('; ')] : whole;
}

/** The cookies of a request, as `name=value`. @param {Headers} headers */
export function pairsOf(headers) {
  const pairs = (headers.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair !== '');
}

/** @param {string} pair of a `Cookie` field, or a `Set-Cookie` field */
export function nameOf(pair) {
  return pair.split('=', 1)[0].trim();
}

/**
 * When a cookie ends, or null if its field does not say. `Max-Age` counts before `Expires`.
 * @param {string} line a `Set-Cookie` field
 * @param {number} now
 */
function endOf(line, now) {
  const maxAge = /;\s*max-age\s*=\s*(-?\d+)/i.exec(line);
  if (maxAge) return now + Math.min(Number(maxAge[1]) * 1000, Number.MAX_SAFE_INTEGER / 2);
  const expires = /;\s*expires\s*=\s*([^;]+)/i.exec(line);
  const end = expires ? Date.parse(expires[1]) : Number.NaN;
  return Number.isNaN(end) ? null : end;
}
