// How long and how much the stores keep; the same in all, so that they promise the same.

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
