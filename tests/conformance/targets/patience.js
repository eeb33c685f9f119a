// How long, on the wall, a target waits for a store that works, on a machine that has much else to do. It must not know
// which store that is. Invariant: no case is about a store that is slow: those are in tests/stores.

/** After which a store's answer counts as failed. */
export const STORE_TIMEOUT_MS = 10_000;

/** How long what should happen at once may take. */
export const STORE_SOON_MS = 15_000;
