// What goes on behind answers, for whoever has to wait until it is done. Runs in Node, workerd and a browser.

export function createBackground() {
  /** @type {Set<Promise<unknown>>} */
  const works = new Set();
  return {
    /** A worker's `waitUntil`. @param {Promise<unknown>} work */
    waitUntil(work) {
      const quiet = Promise.resolve(work).catch(() => {});
      works.add(quiet);
      quiet.finally(() => works.delete(quiet));
    },
    /** Whether there is nothing more to do. */
    isIdle: () => works.size === 0,
    /** Resolves when there is nothing more to do. */
    async idle() {
      while (works.size > 0) await Promise.all(works);
    },
  };
}
