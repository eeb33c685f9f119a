// The package for a browser's service worker: `install()` answers session checks on the device.
// It only wires events; who is asked for what is `routes.js`, what is answered `device-sessions.js`.

/**
 * The session cache in a browser's service worker, for an application that has a worker of its own. One that has none
 * copies the ready file, `sesame-edge/sesame-service-worker.js`.
 *
 * In the example, pages are those of a user who is signed in at the application's own origin, Ingrid.
 * `docs/service-worker.md` says what is kept where.
 * @module
 */

import { Announcer } from './announcer.js';
import { DeviceSessions } from './device-sessions.js';
import { loadModule } from './module.js';
import { databaseOf, parseWorkerOptions } from './options.js';
import { Routes } from './routes.js';
import { SealedStorage } from './sealed-storage.js';
import { addStaticRoutes } from './static-routes.js';

export { ConfigError, SesameError } from '../js_bindings/errors.js';

/** @typedef {import('./options.js').WorkerOptions} WorkerOptions */
/** @typedef {import('./options.js').OwnOptions} OwnOptions */

/**
 * Makes this service worker answer who the user is (SPEC R60-R64). To be called once, while the worker's
 * script runs for the first time; requests that are none of Sesame's go on to other listeners.
 * @param {WorkerOptions} [options]
 * @param {Partial<import('../js_bindings/host.js').Host>} [host] for tests: the clock, randomness, the
 *   log; `log` is also the way to opt in to log lines (SPEC R71)
 * @throws {import('../js_bindings/errors.js').ConfigError} `ERR_SESAME_CONFIG`, with everything that is wrong
 *
 * @example
 * import { install } from 'sesame-edge/service-worker';
 *
 * install({ documentPath: '/api/v1/users/me', freshFor: '10m' });
 * // GET /api/v1/users/me as ingrid => 200 {"id":"5d42f8b6-…","email":"ingrid@example.com",…}
 * // GET /api/auth/session as ingrid => 200 {"user":{"id":"5d42f8b6-…",…},"expiresAt":"…"}
 * // GET /api/auth/session => 200 null
 */
export function install(options = {}, host = {}) {
  const worker = /** @type {any} */ (globalThis);
  const storage = new SealedStorage(databaseOf(options));
  // The browser does it while the rest is made ready: whoever has asked waits for it.
  storage.open();
  const parsed = parseWorkerOptions(options, worker.location.origin);
  const routes = new Routes(parsed);
  const sessions = new DeviceSessions({
    loadModule,
    storage,
    announcer: new Announcer(parsed.channel, worker.clients),
    options: parsed,
    host,
  });

  worker.addEventListener('fetch', (/** @type {any} */ event) => {
    const kind = routes.kindOf(event.request);
    if (kind === 'other') return;
    // Browsers tell a page nothing of the progress of what goes through a worker: only what has to does.
    if (kind === 'unsafe' && !sessions.mayRefuse(event.request)) return;
    const waitUntil = (/** @type {Promise<unknown>} */ work) => extend(event, work);
    event.respondWith(sessions.answer(event.request, kind, waitUntil));
  });

  /** What pages ask of the worker beside requests. @type {Record<string, (about: unknown) => Promise<unknown>>} */
  const commands = {
    claim: () => worker.clients.claim(),
    forget: (about) => sessions.forget(about),
    drop: () => sessions.drop(),
    statistics: () => sessions.statistics(),
  };
  worker.addEventListener('message', (/** @type {any} */ event) => {
    const name = event.data?.sesame;
    const command = Object.hasOwn(commands, name) ? commands[name] : null;
    if (command)
      extend(
        event,
        command(event.data.about)
          .catch(() => null)
          .then((value) => event.ports[0]?.postMessage(value)),
      );
  });

  worker.addEventListener('activate', (/** @type {any} */ event) => {
    extend(event, sessions.activate());
  });
  if (parsed.staticRoutes) {
    worker.addEventListener('install', (/** @type {any} */ event) => {
      event.waitUntil(addStaticRoutes(event, parsed));
    });
  }
  if (!parsed.takeOver) return;
  worker.addEventListener('install', () => void worker.skipWaiting());
  worker.addEventListener('activate', (/** @type {any} */ event) => {
    event.waitUntil(worker.clients.claim());
  });
}

/**
 * Keeps the worker alive for work whose failure is nobody's. An event that has ended takes no more work:
 * then the browser decides how long it lives.
 * @param {{ waitUntil(work: Promise<unknown>): void }} event
 * @param {Promise<unknown>} work
 */
function extend(event, work) {
  const quiet = work.catch(() => {});
  try {
    event.waitUntil(quiet);
  } catch {}
}
