// Bundles the workers of the benchmark as a user's bundler does: with the condition `workerd`, and the
// module as a file beside them.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The package is this checkout, and a file for Node is the one for workerd. */
const asPackage = {
  name: 'sesame-edge',
  /** @param {any} build */
  setup(build) {
    const file = path.join(root, 'js_bindings/index.workerd.js');
    build.onResolve({ filter: /^sesame-edge$|\/index\.node\.js$/ }, () => ({ path: file }));
  },
};

/**
 * @param {string[]} entries names of files beside this one
 * @param {string} directory where the bundles go
 * @returns {Promise<string[]>} the names of the WebAssembly modules
 */
export async function bundle(entries, directory) {
  const { build } = await import('esbuild');
  const { metafile } = await build({
    entryPoints: entries.map((name) => fileURLToPath(new URL(name, import.meta.url))),
    outdir: directory,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd'],
    loader: { '.wasm': 'copy' },
    external: ['node:*'],
    plugins: [asPackage],
    metafile: true,
    logLevel: 'error',
  });
  const files = Object.keys(metafile.outputs).map((file) => path.basename(file));
  return files.filter((name) => name.endsWith('.wasm'));
}
