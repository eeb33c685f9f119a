// How links fail where that is measured.

/** A fault lasts for less. */
export const MAX_FAULT_MS = 600;
