// Work at a store that is gone on with later, where the store does not answer. It must not know what the work is.

/** So much of it is under way at once. */
const AT_ONCE = 16;

/**
 * Does some at once, until all is done or some of it fails. What comes before that is taken from the list. Never rejects.
 * @template T
 * @param {T[]} list
 * @param {(each: T) => Promise<void>} work
 */
export async function workOff(list, work) {
  while (list.length > 0) {
    const some = list.slice(0, AT_ONCE);
    const results = await Promise.allSettled(some.map(work));
    if (results.some(({ status }) => status === 'rejected')) return;
    list.splice(0, some.length);
  }
}
