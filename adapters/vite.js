// A plugin for Vite: the service worker's file in what is built, and from the development server. It imports nothing of Vite.
// Invariant: the address that pages register never changes (a browser looks there for a newer worker), and what it imports
// is named by its content, so that it may be kept for ever.

/**
 * A plugin for Vite that brings the service worker's file along: nothing is copied by hand, and an update of the package
 * reaches browsers with the next build.
 * @module
 */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const SOURCE = new URL('../service_worker/dist/sesame-service-worker.js', import.meta.url);
const HASH_LENGTH = 8;

/**
 * What the plugin may be told.
 * @typedef {object} ServiceWorkerPluginOptions
 * @property {string} [file] where pages register the worker, below Vite's `base`; default `sesame-service-worker.js`
 * @property {Record<string, unknown>} [options] of the worker, as `install()` of `sesame-edge/service-worker` takes them: what
 *   JSON can hold. Default: none
 */

/**
 * What is used of Vite's plugin interface.
 * @typedef {object} ServiceWorkerPlugin
 * @property {string} name by which Vite's messages know it
 * @property {(config: { base: string }) => void} configResolved hears where the application is served from
 * @property {(server: { middlewares: { use(handler: Middleware): unknown } }) => void} configureServer serves both files in
 *   development
 * @property {() => Promise<void>} generateBundle writes both files
 */

/**
 * What answers a request of the development server, or hands it on.
 * @typedef {(request: { url?: string }, response: { setHeader(name: string, value: string): unknown, end(text: string): unknown },
 *   next: (error?: unknown) => void) => void} Middleware
 */

/**
 * Two files in the application's own folder: the one that pages register, which is short and is to be looked at each time,
 * and the worker, whose name has a digest of its content and which may be kept for ever.
 * @param {ServiceWorkerPluginOptions} [options]
 * @returns {ServiceWorkerPlugin} for `plugins` of Vite's configuration
 *
 * @example
 * // vite.config.js
 * import { sesameServiceWorker } from 'sesame-edge/vite';
 *
 * const plugin = sesameServiceWorker({ options: { freshFor: '10m' } });
 * plugin.name; // => 'sesame-edge:service-worker'
 */
export function sesameServiceWorker({ file = 'sesame-service-worker.js', options = {} } = {}) {
  let base = '/';
  const files = async () => {
    const worker = await readFile(SOURCE, 'utf8');
    const digest = createHash('sha256').update(worker).digest('hex').slice(0, HASH_LENGTH);
    const name = file.replace(/(\.\w+)?$/, `-${digest}$1`);
    // Relative to the script itself, wherever the application is served from.
    const from = `./${name.replace(/^.*\//, '')}`;
    const entry = `self.SESAME = ${JSON.stringify(options)};\nimportScripts(${JSON.stringify(from)});\n`;
    return new Map([
      [file, entry],
      [name, worker],
    ]);
  };
  return {
    name: 'sesame-edge:service-worker',

    configResolved(config) {
      ({ base } = config);
    },

    configureServer({ middlewares }) {
      middlewares.use(async (request, response, next) => {
        try {
          const { pathname } = new URL(request.url ?? '/', 'http://host');
          const start = base.startsWith('/') ? base : '/';
          const content = (await files()).get(pathname.slice(start.length));
          if (!pathname.startsWith(start) || content === undefined) return next();
          response.setHeader('content-type', 'text/javascript');
          response.setHeader('cache-control', 'no-cache');
          response.end(content);
        } catch (error) {
          next(error);
        }
      });
    },

    async generateBundle() {
      // biome-ignore lint/complexity/noUselessThisAlias: with a type of its own
      const context = /** @type {any} */ (this);
      for (const [fileName, source] of await files()) {
        context.emitFile({ type: 'asset', fileName, source });
      }
    },
  };
}
