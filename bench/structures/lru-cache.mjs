// The usual way: `cookie` reads the header, `lru-cache` holds the parsed document, JSON.stringify
// writes it. It is given no time to live, which would make it slower and larger.
import { parseCookie } from 'cookie';
import { LRUCache } from 'lru-cache';
import { tokenOf } from '../generator/headers.mjs';
import { mapLike } from './shared.mjs';

export const label = 'cookie + lru-cache + JSON.stringify';

/** @type {import('./index.mjs').Structure['create']} */
export async function create({ count }) {
  const cache = new LRUCache({ max: count });
  return mapLike(
    {
      put: (token, text) => cache.set(token, JSON.parse(text)),
      find: (header) => cache.get(parseCookie(header).session ?? ''),
      text: (value) => JSON.stringify(value),
    },
    tokenOf,
  );
}
