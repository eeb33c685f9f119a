// How the service worker's script carries the WebAssembly module: deflated, then as base64. Base64 of the module itself
// compresses badly on its way (70 kB, where the module is 54): of a deflated one it has only to be taken back.
// `service_worker/module.js` inflates it.
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';

/** @type {import('esbuild').Plugin} */
export const deflatedModule = {
  name: 'deflated-module',
  setup(builder) {
    builder.onLoad({ filter: /\.wasm$/ }, ({ path: file }) => ({
      contents: deflateSync(readFileSync(file), { level: 9 }),
      loader: 'base64',
    }));
  },
};
