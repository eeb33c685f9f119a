// How much is measured: a run of some minutes, or one of less than one.

/** @typedef {typeof full} Mode */

const MB = 2 ** 20;

export const full = {
  sizes: [10_000, 100_000, 1_000_000],
  /** Where opening cookies is measured as well. */
  statelessAt: 100_000,
  checks: {
    rounds: 7,
    iterations: 100_000,
    /** Sizes at which peers that behave as another does are left out. @type {number[]} */
    lessAt: [],
    /** @type {import('./sections/checks.mjs').Plan[]} */
    plans: [
      { access: 'uniform', levels: ['lookup', 'body', 'response'] },
      { access: 'zipf', levels: ['lookup', 'body', 'response'] },
    ],
  },
  capacity: { probe: 16 * MB, isolate: 115 * MB, million: 1_000_000, kindsAt: 100_000 },
  pauses: { count: 1_000_000, repeats: 3 },
  hitsInBytes: { users: 1_000_000, memory: 32 * MB, requests: 5_000_000 },
  hitsByEntries: { memory: 4 * MB, rounds: 25 },
  snapshot: { count: 1_000_000, repeats: 3 },
  coldStarts: 11,
  sharing: { repeats: 3, atOnce: 60 },
  signOuts: {
    ...{ sockets: 1000, signOuts: 200, pages: 30 },
    bytes: { count: 2000, rounds: 3 },
    workerd: { count: 1000, seconds: 10 },
  },
  hosts: {
    ...{ sessions: 1000, memoryAt: 100_000, connections: [16, 1000] },
    ...{ seconds: 2, rounds: 3, warmUp: 2, keptSeconds: 10, isQuick: false },
  },
  serviceWorker: { rounds: 25, requests: 40, atOnce: 8, starts: 25 },
  workerd: {
    checks: { count: 100_000, iterations: 100_000, rounds: 9 },
    requests: { sessions: 1000, connections: 16, seconds: 2, rounds: 9 },
    heapAt: 100_000,
  },
};

/** @type {Mode} */
export const quick = {
  sizes: [10_000, 100_000],
  statelessAt: 10_000,
  checks: {
    rounds: 3,
    iterations: 12_000,
    lessAt: [100_000],
    plans: [{ access: 'uniform', levels: ['lookup', 'body'] }],
  },
  capacity: { probe: 6 * MB, isolate: 0, million: 0, kindsAt: 5_000 },
  pauses: { count: 100_000, repeats: 2 },
  hitsInBytes: { users: 50_000, memory: 1.6 * MB, requests: 150_000 },
  hitsByEntries: { memory: 2 * MB, rounds: 8 },
  snapshot: { count: 50_000, repeats: 2 },
  coldStarts: 2,
  sharing: { repeats: 1, atOnce: 20 },
  signOuts: {
    ...{ sockets: 200, signOuts: 30, pages: 5 },
    bytes: { count: 500, rounds: 3 },
    workerd: { count: 200, seconds: 3 },
  },
  hosts: {
    ...{ sessions: 100, memoryAt: 0, connections: [16] },
    ...{ seconds: 0.3, rounds: 2, warmUp: 0.3, keptSeconds: 2, isQuick: true },
  },
  serviceWorker: { rounds: 3, requests: 12, atOnce: 8, starts: 3 },
  workerd: {
    checks: { count: 10_000, iterations: 20_000, rounds: 3 },
    requests: { sessions: 100, connections: 16, seconds: 0.4, rounds: 3 },
    heapAt: 0,
  },
};
