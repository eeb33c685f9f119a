// The hand-tuned Map with one more turn of the screw: the bytes go to a buffer that the next check
// overwrites, as Sesame's do.
import { flat, tokenOf } from '../generator/headers.mjs';
import { tokenIn } from './map-tuned.mjs';
import { encoder, mapLike } from './shared.mjs';

export const label = 'hand-tuned, into a reused buffer';

/** @type {import('./index.mjs').Structure['create']} */
export async function create() {
  const map = new Map();
  const pool = new Uint8Array(1 << 18);
  return mapLike(
    {
      put: (token, text) => map.set(token, flat(text)),
      find: (header) => map.get(tokenIn(header)),
      text: (value) => value,
      bytes: (text) => pool.subarray(0, encoder.encodeInto(text, pool).written),
    },
    tokenOf,
  );
}
