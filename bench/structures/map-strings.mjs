// A Map of documents as text: no bound, no expiry, nothing to stringify.
import { parseCookie } from 'cookie';
import { flat, tokenOf } from '../generator/headers.mjs';
import { mapLike } from './shared.mjs';

export const label = 'cookie + Map of ready strings';

/** @type {import('./index.mjs').Structure['create']} */
export async function create() {
  const map = new Map();
  return mapLike(
    {
      put: (token, text) => map.set(token, flat(text)),
      find: (header) => map.get(parseCookie(header).session ?? ''),
      text: (value) => value,
    },
    tokenOf,
  );
}
