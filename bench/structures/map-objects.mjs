// A Map of parsed documents: no bound, no expiry.
import { parseCookie } from 'cookie';
import { tokenOf } from '../generator/headers.mjs';
import { mapLike } from './shared.mjs';

export const label = 'cookie + Map of objects + JSON.stringify';

/** @type {import('./index.mjs').Structure['create']} */
export async function create() {
  const map = new Map();
  return mapLike(
    {
      put: (token, text) => map.set(token, JSON.parse(text)),
      find: (header) => map.get(parseCookie(header).session ?? ''),
      text: (value) => JSON.stringify(value),
    },
    tokenOf,
  );
}
