// How long and how much the stores keep; the same in all, so that they promise the same.

/** Of all names, unless another is given. The number is that of the format: no other is read. */
export const PREFIX = 'sesame2';

/** How long an end stands in the way of what was under way: far longer than any fill may take. */
export const FENCE_MS = 60_000;

/** Events that are kept; a node that has missed more trusts nothing it holds. */
export const MAX_EVENTS = 10_000;

/** A node reads no more events than this at once. */
export const EVENTS_AT_ONCE = 1000;

/** What happened to a user is remembered for longer than any session lives by default. */
export const EPOCHS_MS = 31 * 24 * 3_600_000;

/** After this long a store counts as out of reach. */
export const TIMEOUT_MS = 1000;

/** Of records, the primary process of several workers keeps about so much, unless another number is given (bytes). */
export const MAX_RECORDS_BYTES = 512 * 1024 * 1024;

/** Larger records are neither written nor read (as bytes). */
export const MAX_VALUE_BYTES = 8 * 1024 * 1024;

/** No more of the log than this is read at once, nor of one of its entries more than a cache writes. */
export const MAX_LOG_BYTES = 1024 * 1024;
export const MAX_FIELD_BYTES = 512;

/**
 * A revocation that the store receives so long after it was called, in milliseconds, was held up, or sent again: it ends
 * nothing that began since the call. One that comes sooner ends all from before it came.
 */
export const LATE_MS = 100;

/** So many nodes listen to one Durable Object at once; what is over it reads the log. */
export const MAX_LISTENERS = 1000;

/**
 * Cloudflare ends what goes on behind an answer after 30 seconds: whoever listens behind one does so for less, in
 * milliseconds. A further request that comes when there is little time left listens on.
 */
export const LISTEN_MS = 25_000;
export const LISTEN_ON_AFTER_MS = 20_000;
