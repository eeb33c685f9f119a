// Bundles each entry of the package for each host that it is for, minified, and says what the scripts weigh. It judges
// nothing: limits are size.mjs's.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { read } from './files.mjs';

/** What whoever imports an entry has, or is workerd's. */
const NOT_OURS = [
  'node:*',
  'cloudflare:*',
  'workerd',
  'redis',
  'hono',
  'next/*',
  'react',
  '@remix-run/*',
  '@opentelemetry/*',
];

/** @typedef {'node' | 'browser' | 'workerd'} Host */
/** @typedef {{ entry: string, host: Host, gzip: number }} Weight */

const FOR_NODE = [
  './vite',
  './node',
  './express',
  './fastify',
  './next',
  './serve',
  './redis',
  './cluster',
];
const FOR_BROWSERS = ['./client', './react', './service-worker', './sesame-service-worker.js'];

/** @param {string} entry @returns {Host[]} */
function hostsOf(entry) {
  if (entry === '.') return ['workerd', 'browser', 'node'];
  if (FOR_NODE.includes(entry)) return ['node'];
  return FOR_BROWSERS.includes(entry) ? ['browser'] : ['workerd'];
}

/** @param {number[]} sizes */
const sum = (sizes) => sizes.reduce((all, size) => all + size, 0);

/**
 * @param {(entry: string) => string} importOf what an entry is imported as
 * @param {string} project where it is imported
 * @returns {Promise<Weight[]>} without the module, whose weight is its own
 */
export async function bundleEntries(importOf, project) {
  const { build, stop } = await import('esbuild');
  const { exports } = JSON.parse(read('package.json'));
  const work = mkdtempSync(path.join(project, 'sesame-entries-'));
  /** @type {Weight[]} */
  const weights = [];
  try {
    for (const entry of Object.keys(exports).filter((each) => !each.endsWith('.json'))) {
      for (const host of hostsOf(entry)) {
        const file = path.join(work, 'entry.js');
        writeFileSync(file, `export * from '${importOf(entry)}';`);
        const { outputFiles } = await build({
          ...{ entryPoints: [file], outdir: path.join(work, 'out'), bundle: true, write: false },
          ...{ format: 'esm', target: 'es2022', minify: true, conditions: [host] },
          platform: host === 'node' ? 'node' : 'neutral',
          ...{ external: NOT_OURS, loader: { '.wasm': 'copy' }, logLevel: 'error' },
          tsconfigRaw: {}, // ours would lead some entries elsewhere than package.json does
        });
        const scripts = outputFiles.filter((output) => !output.path.endsWith('.wasm'));
        const sizes = scripts.map(({ contents }) => gzipSync(contents, { level: 9 }).length);
        weights.push({ entry, host, gzip: sum(sizes) });
      }
    }
  } finally {
    await stop();
    rmSync(work, { recursive: true });
  }
  return weights;
}
