// Sesame's service worker as the suite runs it: what a site writes, with the suite's clock.
import { install } from 'sesame-edge/service-worker';
import { takeControl } from './worker-control.js';

/** @type {unknown[]} */
const lines = [];
const { clock, ready } = takeControl({ logs: () => lines });

// The worker begins with its module: by then the time is known.
const { compile } = WebAssembly;
WebAssembly.compile = (bytes) => ready.then(() => compile(bytes));

install(/** @type {any} */ (globalThis).OPTIONS, {
  now: clock.now,
  sleep: clock.sleep,
  log: (line) => void lines.push(line),
});
