// Whether the path that is decided about is the path that is sent on (rule R41). A proxy in front and the origin behind
// read the target of a request as it stands; URL parsers change some: what they would change is refused.
// It must not know what any path means.

/** A segment that a URL parser takes away, as written or percent-encoded, or a character that it replaces or drops. */
const CHANGED_BY_PARSERS = /[\\\t\n\r]|\/(?:\.|%2e){1,2}(?=[/?#]|$)/i;

/** `uri-host [":" port]` (RFC 9110 section 7.2). Anything else would put its own path before the request's. */
const HOST = /^[\w.~!$&'()*+,;=:[\]%-]*$/;

/**
 * Whether a target in origin form (RFC 9112 section 3.2.1) means the same to every reader.
 * @param {string | undefined} target a path with its query, as the client has sent it
 */
export function isPlainTarget(target) {
  return target?.startsWith('/') === true && !CHANGED_BY_PARSERS.test(pathOf(target));
}

/** @param {string | null | undefined} host a `Host` field; absent: there is none to judge */
export function isPlainHost(host) {
  return host === null || host === undefined || HOST.test(host);
}

/**
 * The same of a request whose host gives its URL as the client has sent it (workerd does; where `Request` has parsed it,
 * there is nothing left to find).
 * @param {Request} request
 */
export function hasPlainTarget({ url, headers }) {
  const authority = url.indexOf('//') + 2;
  const path = url.slice(authority).search(/[/?#\\]/);
  return isPlainHost(headers.get('host')) && path > 0 && isPlainTarget(url.slice(authority + path));
}

/** @param {string} target */
function pathOf(target) {
  const end = target.search(/[?#]/);
  return end < 0 ? target : target.slice(0, end);
}
