// What several nodes share their sessions through: names and values are hashes and sealed bytes to it, events
// are in one order, and whatever compares and writes does so in one step.
// Invariant: a record never stands beside a newer end of its session, in whatever order the two arrive; that a session has
// ended is told from that nothing is known of it, for as long as its credential could live (SPEC R31).
import { SesameError } from '../errors.js';
import { LATE_MS } from './limits.js';

/**
 * A point in the store's own order of events.
 * @typedef {object} Position
 * @property {string} history names the store's data: one that has come back empty has another
 * @property {string} at the newest event that was in effect
 * @property {number} time the store's clock, in milliseconds
 */

/**
 * What has happened. `key` is the session's, or for `revoke` and `invalidate` the user's; `writer` names the node that
 * has written it.
 * @typedef {object} StoreEvent
 * @property {string} at its place in the store's order: numbers with hyphens between them
 * @property {'end' | 'forget' | 'ask' | 'revoke' | 'invalidate'} kind of a session, the first three; of a user, the
 *   others
 * @property {string} key a hash, in hexadecimal digits
 * @property {string} writer chosen by the node at its start
 * @property {number} [before] of a `revoke` that was published later than it was called: when it was called, on the
 *   store's clock in milliseconds. Sessions from after it live on. 0, or none: it was published at once
 * @property {number} [time] of a `revoke`, when it was published, on the store's clock in milliseconds; none: it is not known
 */

/**
 * The newest events of a user.
 * @typedef {object} Epochs
 * @property {string} revokedAt when every session was ended, in the store's order; empty: never
 * @property {number} [revokedTime] when that was, on the store's clock in milliseconds; none: it is not known
 * @property {string} changedAt when the document was dropped, in the store's order; empty: never
 * @property {number} [revokedBefore] the newest `before` of those that were published late; 0, or none: never
 */

/**
 * What has happened since.
 * @typedef {object} Changes
 * @property {StoreEvent[]} events in their order
 * @property {Position} position after them
 * @property {boolean} more whether there are more: to be asked for from `position`
 */

/**
 * What has happened, as it is told to whoever listens.
 * @typedef {object} Pushed
 * @property {string} from the place behind which `events` is all that happened: whoever has not read so far has missed something
 * @property {StoreEvent[]} events in their order
 * @property {Position} position after them
 */

/**
 * Under which conditions a record is put.
 * @typedef {object} PutOptions
 * @property {Position} since from before what is put was asked for
 * @property {number} ttlMs how long it is kept, in milliseconds
 * @property {string} [lock] the token of the lock of the same name: whoever has lost it changes nothing
 * @property {Uint8Array<ArrayBuffer> | null} [replaces] what has to stand there, byte for byte, as `get` gave it; null:
 *   nothing, or what was dropped. Then neither `since`'s age nor its place counts, only its history
 */

/**
 * What a store says of an ended session, to whoever asks for its record.
 * @typedef {'ended'} Ended
 */

/**
 * What a cache asks of a store: for those who write one. Names and keys are hashes, values are sealed bytes (SPEC R2).
 * What compares and writes does so in one step. Every method rejects with a `StoreUnavailableError` if the store
 * cannot be reached in time. What is in it that no cache has written is skipped as another's (SPEC R34): it keeps no
 * method from its answer, and nothing is read that is larger than a cache writes.
 * @typedef {object} SharedStore
 * @property {(name: string) => Promise<Uint8Array<ArrayBuffer> | Ended | null>} get `'ended'`: by `end`, less than its
 *   `ttlMs` ago; null: nothing is known of the session
 * @property {(name: string, value: Uint8Array<ArrayBuffer>, options: PutOptions) => Promise<boolean>} putIfNewer
 *   false, and nothing is stored, if the session has been ended or forgotten since, if there is a record from
 *   after `since`, if that is so long ago that it cannot be told, if the lock is lost, or if anything but what it
 *   `replaces` stands there. What is put with `replaces` is read by every node at once
 * @property {(name: string, key: string, writer: string, ttlMs?: number) => Promise<Position>} end ends a session: what was
 *   put before is gone, and nothing is put any more. `get` says so for `ttlMs`, which is how long the credential could
 *   live; 31 days unless given
 * @property {(name: string, key: string, writer: string) => Promise<Position>} forget drops the record of a session whose
 *   credential may stand for somebody else now, and refuses what is still under way. An ended session stays ended
 * @property {(kind: 'revoke' | 'invalidate', user: string, writer: string, calledAt?: number) => Promise<Position>}
 *   userEvent ends every session of a user, or drops the documents of all (SPEC R23). `calledAt`: when that was, on the
 *   store's clock; what comes later than `LATE_MS` after it ends nothing that began since
 * @property {(key: string, writer: string) => Promise<Position>} ask appends an event of the kind `ask`: whoever holds
 *   the session of this key leaves it in the store
 * @property {(user: string) => Promise<Epochs>} epochs the newest events of a user
 * @property {(since: Position | null) => Promise<Changes | null>} changes what happened after `since`, in order, or in all
 *   its history if its `at` is '0'; without it only where the log is. null: it cannot be told any more
 * @property {(listener: (isAwaited?: boolean) => void | Promise<void>) => Promise<() => Promise<void>>} [subscribe] calls when
 *   there may be changes. That a call is lost costs time, never truth. A store that waits until a node has heard calls with
 *   true: what is given back then resolves when all is in effect that had happened, and rejects if that is not known
 * @property {(since: Position, listener: (pushed: Pushed) => void | Promise<void>, forMs: number) => Promise<void>} [listen]
 *   what `subscribe` is where nothing lives longer than a request: calls with what happens after `since`, at once, for so
 *   many milliseconds or less. Resolves when that is over and what the listener has given back is; rejects where it cannot
 *   listen. What is lost costs time, never truth
 * @property {(name: string, ttlMs: number, token?: string) => Promise<string | null>} acquire a lock, or with a
 *   token hold it for longer; null: another has it
 * @property {(name: string, token: string) => Promise<void>} release gives it back, if it is still held
 * @property {() => Promise<void>} close gives back what it holds; every later call rejects, or does nothing
 * @property {(counters: () => object) => void} [report] is given the counters of the cache that uses it, as `statistics()` gives
 *   them
 * @property {() => Promise<{ workers: number } | null>} [sums] the same of all caches on one address together, and `workers`, how many they are; null: there are none
 * @property {boolean} [cannotLock] `acquire` promises nothing
 * @property {number} [propagationMs] how long what is written may take to be read everywhere; default none
 */

/**
 * The store cannot be reached, or does not answer in time: `cause` says why. Code `ERR_SESAME_STORE_UNAVAILABLE`.
 * Sessions go on without it (SPEC R33); a cache rejects with it only where a change could not be published yet.
 *
 * @example
 * import { StoreUnavailableError } from 'sesame-edge/stores';
 *
 * const error = new StoreUnavailableError({ cause: new Error('time-out') });
 * error.code; // => 'ERR_SESAME_STORE_UNAVAILABLE'
 */
export class StoreUnavailableError extends SesameError {
  /** @param {ErrorOptions} [options] `cause` */
  constructor(options) {
    const refusal = refusalIn(options?.cause);
    const what = refusal === null ? 'cannot be reached' : `refuses: ${refusal}`;
    super('ERR_SESAME_STORE_UNAVAILABLE', `The shared store ${what}`, options);
    this.name = 'StoreUnavailableError';
  }
}

/** What a server says that could answer and will not, and what that means. @type {[RegExp, string][]} */
const REFUSALS = [
  [/\bWRONGPASS\b|invalid password|invalid username-password/i, 'wrong password (WRONGPASS)'],
  [/\bNOAUTH\b|Authentication required/i, 'no password given (NOAUTH)'],
  [/\bNOPERM\b/, 'missing permission (NOPERM)'],
  [/\bREADONLY\b/, 'read-only (READONLY)'],
  [/\bOOM\b/, 'full (OOM)'],
  [/\bMISCONF\b/, 'cannot save to its disk (MISCONF)'],
  [/\bVERSION\b|unknown command/i, 'wrong version, Redis 7 or newer is needed (VERSION)'],
];

/**
 * Why a store refuses, by name; the words are the same for the same cause, and hold no address and no password.
 * @param {any} error and what has caused it
 * @returns {string | null} null: it does not refuse, it cannot be reached
 */
export function refusalIn(error) {
  for (let depth = 0; error && depth < 5; depth += 1) {
    const text = `${error.message ?? error}`;
    const found = REFUSALS.find(([pattern]) => pattern.test(text));
    if (found) return found[1];
    error = error.cause;
  }
  return null;
}

/**
 * Which of two events came first: negative, zero or positive. The empty one is before all. An event is named
 * by numbers with hyphens between them, as Redis names the entries of a stream.
 * @param {string} a
 * @param {string} b
 */
export function compareAt(a, b) {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** @param {string} at */
function partsOf(at) {
  return at.split('-').map(Number);
}

/** The place before the first event of a history, in every store. */
export const START = '0';

/** Nothing has happened to a user. @type {Epochs & { revokedBefore: number }} */
export const NO_EPOCHS = Object.freeze({ revokedAt: '', changedAt: '', revokedBefore: 0 });

/**
 * When a revocation was called, if it has been held up since.
 * @param {number} calledAt on the store's clock
 * @param {number} now
 */
export function lateFrom(calledAt, now) {
  return calledAt > 0 && now - calledAt >= LATE_MS ? calledAt : 0;
}

/**
 * What an event changes of its user's epochs.
 * @param {'revoke' | 'invalidate'} kind
 * @param {string} at its place
 * @param {number} time of the store's clock
 * @param {number} before 0: it was published at once
 * @param {Epochs} epochs
 * @returns {Partial<Epochs>}
 */
export function changeOf(kind, at, time, before, { revokedBefore = 0 }) {
  if (kind === 'invalidate') return { changedAt: at };
  if (before > 0) return { revokedBefore: Math.max(revokedBefore, before) };
  return { revokedAt: at, revokedTime: time };
}

/**
 * When every session of a user was ended the last time, on the store's clock.
 * @param {Epochs} epochs
 * @returns {number} 0: never
 */
export function lastEndOf({ revokedTime = 0, revokedBefore = 0 }) {
  return Math.max(revokedTime, revokedBefore);
}

/**
 * Whether every session of a user was ended that is of this place in the store's order, and was born then. A node that had
 * not heard of the end yet may have begun one since.
 * @param {Epochs} epochs
 * @param {string} at
 * @param {number} bornAt on the store's clock
 */
export function isRevoked(epochs, at, bornAt) {
  const { revokedAt, revokedTime = Number.POSITIVE_INFINITY, revokedBefore = 0 } = epochs;
  if (bornAt <= revokedBefore) return true;
  return compareAt(revokedAt, at) > 0 && bornAt <= revokedTime;
}
