// What a cache is made of, as a type: what its maker gives to those who answer requests with it. Nothing runs here.

/**
 * What a cache is made of, for those who answer requests with it.
 * @typedef {object} Parts
 * @property {import('../core/abi.js').Core} core
 * @property {import('./session-changes.js').SessionChanges} changes
 * @property {import('./engine.js').Engine} engine
 * @property {import('./managed.js').ManagedSessions | null} managed
 * @property {import('../shared/documents.js').SharedSessions | null} shared
 * @property {import('./snapshots.js').Snapshots} snapshots
 * @property {import('../options/options.js').ParsedOptions} options
 * @property {import('../host.js').Host} host
 * @property {import('../dialects/effects.js').DropCounts} drops
 * @property {import('./wiring.js').Wiring} wiring
 * @property {import('./devices.js').Devices | null} devices
 * @property {import('./watched-sessions.js').WatchedSessions | null} watched null: no browser is told of anything
 * @property {import('./connection-ends.js').ConnectionEnds | null} ends null: this host closes nothing
 * @property {import('./last-changes.js').LastChanges | null} lastChanges
 * @property {() => import('./statistics.js').Statistics} statistics
 * @property {(request: import('../origin/vary.js').Varying) => import('../core/abi.js').RequestHead} headOf
 * @property {(request: import('../origin/vary.js').Varying, options: { signal?: AbortSignal, fresh?: boolean,
 *   dropsCookies?: boolean, waitUntil: (work: Promise<unknown>) => void }) => import('./document-request.js').DocumentRequest} documentRequest
 */

export {};
