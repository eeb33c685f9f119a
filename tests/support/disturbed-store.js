// A store as one node reaches it, over a link that a test disturbs. Runs in Node and in workerd.
// It must not know which store that is. Invariant: undisturbed, it is the store itself.
import { StoreUnavailableError } from 'sesame-edge/stores';

/**
 * @typedef {object} Disturbance
 * @property {boolean} [isCut] every call fails
 * @property {boolean} [refusesWrites] so does every call that changes something
 * @property {boolean} [losesAnswers] calls are carried out, and fail
 * @property {number} [failsPutAfter] after so many replacements of a record, one fails
 * @property {number} [userEventMs] an event of a user takes so long
 * @property {boolean} [missesLog] the log does not go back to where it was read last
 * @property {number} [emptied] how often the store has come back empty: each time is another place
 */

const READS = ['get', 'changes', 'epochs'];

/**
 * @param {(place: string) => any} storeAt a store that shares nothing with those at other places
 * @param {string} place
 * @returns {{ store: any, disturb: (how: Disturbance) => void }}
 */
export function disturbed(storeAt, place) {
  /** @type {Disturbance} */
  let how = {};
  let replaced = 0;
  /** @type {Map<number, any>} */
  const stores = new Map();
  const current = () => {
    const { emptied = 0 } = how;
    if (!stores.has(emptied)) stores.set(emptied, storeAt(emptied ? `${place}-${emptied}` : place));
    return stores.get(emptied);
  };

  /** @param {string} name @param {any[]} args */
  async function call(name, args) {
    const isWrite = !READS.includes(name);
    if (how.isCut || (isWrite && how.refusesWrites)) throw new StoreUnavailableError();
    if (name === 'putIfNewer' && args[2].replaces !== undefined) {
      replaced += 1;
      if (replaced - 1 === how.failsPutAfter) throw new StoreUnavailableError();
    }
    if (name === 'changes' && args[0] !== null && how.missesLog) {
      how = { ...how, missesLog: false };
      return null;
    }
    if (name === 'userEvent' && how.userEventMs) {
      await new Promise((resolve) => setTimeout(resolve, how.userEventMs));
    }
    const result = await current()[name](...args);
    if (how.losesAnswers) throw new StoreUnavailableError();
    return result;
  }

  const store = new Proxy(
    {},
    {
      get(_, /** @type {string} */ name) {
        const found = current()[name];
        if (typeof found !== 'function') return found;
        if (name === 'subscribe') {
          return (/** @type {(isAwaited?: boolean) => any} */ listener) =>
            current().subscribe(async (/** @type {boolean | undefined} */ isAwaited) => {
              if (!how.isCut) await listener(isAwaited);
              else if (isAwaited) throw new StoreUnavailableError();
            });
        }
        if (name === 'close') {
          return async () => {
            for (const each of stores.values()) await each.close();
          };
        }
        return (/** @type {any[]} */ ...args) => call(name, args);
      },
    },
  );
  return {
    store,
    disturb(next) {
      how = next;
      replaced = 0;
    },
  };
}
