// Which requests a page of another site may have made, and which methods change nothing whoever makes them.
// It must not know what is done about it.

/** Safe methods (RFC 9110 section 9.2.1) that are not refused. */
export const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

/** What browsers say of a page that is not another site's. */
const OWN = new Set(['same-origin', 'same-site', 'none']);

/** Whether a request opens a WebSocket, which any page may do with the site's cookies. @param {Request} request */
export function isWebSocket({ headers }) {
  return headers.get('upgrade')?.toLowerCase() === 'websocket';
}

/**
 * Whether a page of another site makes this request (SPEC R42). Browsers say so by themselves in
 * `Sec-Fetch-Site`, of which a value that is not known is another site's; older ones at least name the page's origin. What
 * is no browser names neither.
 * @param {Request} request
 */
export function isCrossSite({ headers, url }) {
  const site = headers.get('sec-fetch-site');
  if (site !== null) return !OWN.has(site);
  const origin = headers.get('origin');
  if (origin === null) return false;
  return !URL.canParse(origin) || new URL(origin).host !== new URL(url).host;
}
