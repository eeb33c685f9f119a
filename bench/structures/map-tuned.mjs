// What a hand does that tunes for this one job: no cookie parser, no objects. No bound, no expiry, and
// raw tokens are kept.
import { flat, tokenOf } from '../generator/headers.mjs';
import { COOKIE, mapLike } from './shared.mjs';

export const label = 'hand-tuned: indexOf + Map of ready strings';

const PREFIX = `${COOKIE}=`;

/** @param {string} header */
export function tokenIn(header) {
  const at = header.indexOf(PREFIX);
  if (at < 0) return '';
  const end = header.indexOf(';', at);
  return header.slice(at + PREFIX.length, end < 0 ? header.length : end);
}

/** @type {import('./index.mjs').Structure['create']} */
export async function create() {
  const map = new Map();
  return mapLike(
    {
      put: (token, text) => map.set(token, flat(text)),
      find: (header) => map.get(tokenIn(header)),
      text: (value) => value,
    },
    tokenOf,
  );
}
