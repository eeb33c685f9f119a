// Whether a message is the origin's: its signature, and its age.
import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * @param {string | null} header
 * @param {string} body
 * @param {string} secret
 * @param {number} now
 */
export function isFromOrigin(header, body, secret, now) {
  const parts = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header ?? '');
  if (!parts || Math.abs(now - Number(parts[1]) * 1000) > 5 * 60_000) return false;
  const mac = createHmac('sha256', secret).update(`${parts[1]}.${body}`).digest();
  return timingSafeEqual(mac, Buffer.from(parts[2], 'hex'));
}
