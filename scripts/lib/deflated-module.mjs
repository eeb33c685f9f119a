// How the service worker's script carries the WebAssembly module: deflated, then as base64. Base64 of the module itself
// compresses badly on its way (70 kB, where the module is 54): of a deflated one it has only to be taken back.
// `service_worker/module.js` inflates it. Zopfli looks for seconds for the shortest form, so what it has found is kept.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from './run.mjs';

const KEPT = path.join(root, 'build', 'deflated');

/** @type {import('esbuild').Plugin} */
export const deflatedModule = {
  name: 'deflated-module',
  setup(builder) {
    builder.onLoad({ filter: /\.wasm$/ }, async ({ path: file }) => ({
      contents: await deflated(readFileSync(file)),
      loader: 'base64',
    }));
  },
};

/** @param {Buffer} module */
async function deflated(module) {
  const kept = path.join(KEPT, createHash('sha256').update(module).digest('hex'));
  if (existsSync(kept)) return readFileSync(kept);
  // Whoever imports this file may be about to install it.
  const { default: zopfli } = await import('@gfx/zopfli');
  const found = await promisify(zopfli.zlib)(module, { numiterations: 15 });
  mkdirSync(KEPT, { recursive: true });
  writeFileSync(kept, found);
  return found;
}
