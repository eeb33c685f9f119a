// Work that goes on behind an answer, and may fail. It must not know what it is.

/** @param {Promise<unknown>} work */
export function ignoreFailure(work) {
  work.catch(() => {});
}
