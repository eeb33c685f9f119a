// Bundles a worker of the tests as a user's own tools would.
import { copyFile, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';

const WASM = fileURLToPath(new URL('../../js_bindings/dist/sesame.wasm', import.meta.url));

/** node-redis asks for Node's modules by their old names, and in Node's old way, which workerd has too. */
const NODE_MODULES = Object.fromEntries(builtinModules.map((name) => [name, `node:${name}`]));

const OLD_WAY = "import { createRequire } from 'node:module'; const require = createRequire('/');";

/** The module stays a file of its own: workerd compiles it. @type {import('esbuild').Plugin} */
const wasmBeside = {
  name: 'wasm-beside',
  setup(builder) {
    builder.onResolve({ filter: /\.wasm$/ }, () => ({ path: './sesame.wasm', external: true }));
  },
};

/**
 * Leaves `entry.js` and `sesame.wasm` in a directory.
 * @param {string} entry
 * @param {string} directory
 * @param {{ usesNode?: boolean }} [how] whether packages in it are Node's
 */
export async function bundleWorker(entry, directory, { usesNode = false } = {}) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    outfile: path.join(directory, 'entry.js'),
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd'],
    external: ['cloudflare:*', 'node:*'],
    ...(usesNode && { alias: NODE_MODULES, banner: { js: OLD_WAY } }),
    plugins: [wasmBeside],
    write: false,
    logLevel: 'warning',
  });
  await stop(); // its service would live as long as we do
  await writeFile(path.join(directory, 'entry.js'), outputFiles[0].contents);
  await copyFile(WASM, path.join(directory, 'sesame.wasm'));
}
