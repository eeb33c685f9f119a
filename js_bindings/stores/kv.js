// Sessions shared through Cloudflare KV, which is read close to every user but takes up to a minute to show
// everywhere what was written, and cannot compare.
// - With a `truth` beside it, KV carries the values, and the truth says which of them count: it has their
//   digests, the ends, the log and the locks. All that another store promises holds.
// - Alone it promises less: a sign-out is known elsewhere after its propagation only, two nodes may ask the
//   origin at once, and of two writes at the same time either may stand. Ends are kept for far longer than
//   propagation takes, so that a late write does not undo them.

import { KvAlone } from './kv-alone.js';
import { KvBesideTruth } from './kv-beside-truth.js';

/** @import { SharedStore } from './store.js' */

/**
 * The options of a store in KV.
 * @typedef {object} KvOptions
 * @property {import('./store.js').SharedStore} [truth] says which of the values count, and has the ends, the log and
 *   the locks, such as `durableObject(env.SESAME_STORE)`; default: none, and less is promised
 * @property {string} [prefix] of all keys; default `sesame2`. Applications that share a namespace differ in it
 * @property {number} [timeoutMs] after which a call counts as failed, in milliseconds; default 1 second
 * @property {() => number} [now] for tests: the clock, in milliseconds since the Unix epoch
 */

/**
 * A binding of KV, such as Cloudflare's `KVNamespace`.
 * @typedef {{ getWithMetadata(...args: never[]): unknown, put(...args: never[]): unknown,
 *   list(...args: never[]): unknown }} KvBinding
 */

/**
 * A store in Cloudflare KV. With a `truth` beside it, all that another store promises holds (SPEC R30-R33). Alone it
 * promises less: a sign-out is known elsewhere after a minute or more, so `revocationBound` has to be longer than that.
 * @param {KvBinding} namespace the binding
 * @param {KvOptions} [options]
 * @returns {SharedStore} whose methods reject with `ERR_SESAME_STORE_UNAVAILABLE` if it does not answer in time
 *
 * @example
 * import { SessionCache } from 'sesame-edge';
 * import { durableObject, kv } from 'sesame-edge/stores';
 *
 * const store = kv(env.SESSIONS, { truth: durableObject(env.SESAME_STORE) });
 * const sessions = new SessionCache({ origin: 'https://api.example.com', secret, store });
 * const { user } = await sessions.getSession(request);
 * user.name; // => 'Ingrid Sørensen'
 *
 * @example
 * import { SessionCache } from 'sesame-edge';
 * import { kv } from 'sesame-edge/stores';
 *
 * const alone = { origin: 'https://api.example.com', secret, store: kv(env.SESSIONS) };
 * new SessionCache({ ...alone, revocationBound: '2m' }).has(''); // => false
 * try {
 *   new SessionCache(alone);
 * } catch (error) {
 *   error.faults[0].option; // => 'revocationBound'
 * }
 */
export function kv(namespace, { truth, ...options } = {}) {
  return truth ? new KvBesideTruth(namespace, truth, options) : new KvAlone(namespace, options);
}
