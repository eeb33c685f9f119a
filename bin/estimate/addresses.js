// Whose request it was, as far as addresses say: logs name the client, the proxies between, or both.
import { isIP } from 'node:net';

/** Of private networks, this machine and carriers' own: a proxy's, or a client's behind one. */
const PRIVATE =
  /^(?:10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1$|f[cd][\da-f]{2}:|fe80:)/i;

/** @param {string} address */
export function isPrivate(address) {
  return PRIVATE.test(address);
}

/**
 * An address without what may stand around it: quotes, brackets, a port, and `for=` (RFC 7239).
 * @param {string} text
 */
export function bareAddress(text) {
  const inner = text.replace(/^for=/i, '').replace(/^["'([]+|["')]+$/g, '');
  const host = /^([^\]]*)\](?::\d+)?$/.exec(inner)?.[1] ?? inner;
  const address = /^(\d+(?:\.\d+){3}):\d+$/.exec(host)?.[1] ?? host;
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/**
 * The addresses in a list such as `X-Forwarded-For`, in its order.
 * @param {string} text
 */
export function addressesIn(text) {
  const parts = text.split(/[\s,;|]+/).map(bareAddress);
  return parts.filter((part) => isIP(part) !== 0);
}

/**
 * The client's among the addresses of one request: proxies have private ones, and stand behind it.
 * @param {string[]} addresses
 * @returns {string | null}
 */
export function clientAmong(addresses) {
  return addresses.find((address) => !isPrivate(address)) ?? addresses[0] ?? null;
}

/**
 * @param {string | null} direct who sent the request to whoever has written the log
 * @param {string | null} forwarded whom that one has named
 * @returns {string | null}
 */
export function clientOf(direct, forwarded) {
  if (direct === null || forwarded === null) return forwarded ?? direct;
  return isPrivate(forwarded) && !isPrivate(direct) ? direct : forwarded;
}
