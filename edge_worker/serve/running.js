// What a runtime of a local server is started with, and what it gives: types alone.

/**
 * @typedef {object} Start
 * @property {string} host
 * @property {number} port
 * @property {Record<string, unknown>} options the cache's
 * @property {string | undefined} storeUrl
 * @property {(line: string) => void} warn
 * @property {AbortSignal | undefined} signal
 */

/**
 * @typedef {object} Running
 * @property {string} url
 * @property {number} port
 * @property {number} pid
 * @property {() => Promise<import('./report.js').Counters | null>} stats
 * @property {Promise<import('./workerd-process.js').End>} ended resolves when nothing is served any more
 * @property {(graceMs: number) => Promise<void>} stop takes no more connections, and lets open requests finish for a while
 * @property {() => void} kill what is open ends at once
 */

export {};
