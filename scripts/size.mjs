// Prints what is fetched or started, packed as it travels (gzip), and fails above its limit: the module, its glue, the
// ready-made service worker, and each entry of package.json as a bundler makes it of it, without the module. Source maps
// are fetched by debuggers alone and do not count.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundleEntries } from './lib/bundle-entries.mjs';
import { Failure, isMain, main, root } from './lib/run.mjs';

/** @typedef {{ what: string, bytes?: number, gzip: number, limit: number }} Row */

/** Of files as they are. */
const FILES = [
  { file: 'js_bindings/dist/sesame.wasm', limit: 58_000 },
  { file: 'js_bindings/dist/sesame.js', limit: 4420 },
  { file: 'service_worker/dist/sesame-service-worker.js', limit: 108_100 },
];

/** Of bundles: `entry, host`. An entry that is not here has no limit yet, which is a fault. */
// With what hears identity providers: 6 kB in each entry of a server, 2 of which verify signatures (jose: 6.9); and with what
// verifies tokens and asks about them: 4 kB. Three presets for those are in each entry, 0.3 kB; 0.3 what says how wrong
// wiring is mended. Where connections end with their session, 4 kB, in Node; in the others 0.7, with which the core tells of it.
// Lists of devices 4 kB, and what tells browsers 1.5; the page's side of both 1.2.
// What Durable Objects push: 0.2 kB, and 0.6 of the worker's.
// Open connections as small objects and columns: 1.2 kB, for less than half of their memory.
const ENTRIES = new Map(
  Object.entries({
    'sesame-edge, workerd': 94_900,
    'sesame-edge, browser': 89_300,
    'sesame-edge, node': 96_700,
    'sesame-edge/worker, workerd': 97_400,
    'sesame-edge/serve, node': 113_900, // the adapter for Node with it, and the workers' store
    'sesame-edge/redis, node': 4400,
    'sesame-edge/cluster, node': 4400,
    'sesame-edge/durable-object, workerd': 2300,
    'sesame-edge/stores, workerd': 4200,
    // These two have the module in them.
    'sesame-edge/service-worker, browser': 107_900,
    'sesame-edge/sesame-service-worker.js, browser': 107_900,
    'sesame-edge/client, browser': 4400,
    'sesame-edge/react, browser': 6300,
    'sesame-edge/node, node': 7_400, // the library for its messages with it, and 0.8 kB that follow frames
    'sesame-edge/express, node': 900,
    'sesame-edge/fastify, node': 1_100,
    'sesame-edge/sveltekit, workerd': 1_300,
    'sesame-edge/tanstack-start, workerd': 1_300,
    'sesame-edge/react-router, workerd': 1_300,
    'sesame-edge/hono, workerd': 1_140,
    'sesame-edge/next, node': 98_700,
    'sesame-edge/opentelemetry, workerd': 2000,
  }),
);

/** @returns {Row[]} */
function weighFiles() {
  return FILES.map(({ file, limit }) => {
    if (!existsSync(path.join(root, file))) throw new Failure(`size: no ${file}: npm run build`);
    const content = readFileSync(path.join(root, file));
    const gzip = gzipSync(content, { level: 9 }).length;
    return { what: file, bytes: content.length, gzip, limit };
  });
}

/** @returns {Promise<Row[]>} */
async function weighEntries() {
  const project = path.join(root, 'build'); // inside the package: its own name leads to it
  mkdirSync(project, { recursive: true });
  const weights = await bundleEntries((entry) => path.posix.join('sesame-edge', entry), project);
  return weights.map(({ entry, host, gzip }) => {
    const what = `${path.posix.join('sesame-edge', entry)}, ${host}`;
    return { what, gzip, limit: ENTRIES.get(what) ?? 0 };
  });
}

export async function size() {
  const rows = [...weighFiles(), ...(await weighEntries())];
  console.table(rows);
  const over = rows.filter(({ gzip, limit }) => gzip > limit);
  if (over.length > 0) {
    const lines = over.map(({ what, gzip, limit }) => `${what}: ${gzip} bytes, limit ${limit}`);
    throw new Failure(`size: over the limit:\n${lines.join('\n')}`);
  }
}

if (isMain(import.meta)) main(size);
