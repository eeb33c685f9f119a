// The service worker as a file to copy: it takes its options from the script that imports it.

/**
 * The service worker as one file, to be copied to where the application's own files are
 * (`node_modules/sesame-edge/service_worker/dist/sesame-service-worker.js`), and registered by `register()` of
 * `sesame-edge/client`. It exports nothing. Its options, `WorkerOptions` of `sesame-edge/service-worker`, are what
 * `self.SESAME` is in a script that imports it; without such a script the defaults hold.
 *
 * In the example, pages are those of a user who is signed in at the application's own origin, Ingrid.
 *
 * @example
 * self.SESAME = { documentPath: '/api/v1/users/me', freshFor: '10m' };
 * importScripts('/sesame-service-worker.js');
 * // GET /api/auth/session as ingrid => 200 {"user":{"id":"5d42f8b6-…",…},"expiresAt":"…"}
 *
 * @module
 */

import { install } from './index.js';

install({ staticRoutes: true, .../** @type {any} */ (globalThis).SESAME });
