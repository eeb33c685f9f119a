// What a local server can run on. Each is loaded only when it is chosen: none needs what another does.

/** @typedef {'node' | 'workerd'} Runtime */
/** @typedef {(start: import('./running.js').Start) => Promise<import('./running.js').Running>} StartOn */

/** On several cores, in Node. @type {(start: import('./running.js').Start, count: number) => Promise<import('./running.js').Running>} */
export const startOnWorkers = async (start, count) =>
  (await import('./on-workers.js')).startOnWorkers(start, count);

/** @type {Record<Runtime, StartOn>} the default first */
export const RUNTIMES = {
  node: async (start) => (await import('./on-node.js')).startOnNode(start),
  workerd: async (start) => (await import('./on-workerd.js')).startOnWorkerd(start),
};
