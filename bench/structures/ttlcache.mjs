// The same with a time to live instead of a recency list.
import { TTLCache } from '@isaacs/ttlcache';
import { parseCookie } from 'cookie';
import { tokenOf } from '../generator/headers.mjs';
import { mapLike } from './shared.mjs';

export const label = 'cookie + @isaacs/ttlcache + JSON.stringify';

/** @type {import('./index.mjs').Structure['create']} */
export async function create({ count }) {
  const cache = new TTLCache({ max: count, ttl: 3_600_000, noDisposeOnSet: true });
  return mapLike(
    {
      put: (token, text) => cache.set(token, JSON.parse(text)),
      find: (header) => cache.get(parseCookie(header).session ?? ''),
      text: (value) => JSON.stringify(value),
    },
    tokenOf,
  );
}
