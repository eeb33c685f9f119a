// Makes of a built module what a package ships: js_bindings/dist with the module and its glue, edge_worker/dist and
// service_worker/dist with the workers around it, and beside each script its source map. It knows neither CMake nor
// which package it is for.
// Invariant: nothing but these three directories is written, and no map names a directory of this machine.
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { deflatedModule } from './deflated-module.mjs';
import { read, writeIfChanged } from './files.mjs';
import { root } from './run.mjs';
import { trimmedGlue } from './trimmed-glue.mjs';

// What tsc should know of the two files instead of reading minified code.
const glueTypes = `export default function createSesame(options: {
  instantiateWasm: (
    imports: WebAssembly.Imports,
    receive: (instance: WebAssembly.Instance) => void,
  ) => WebAssembly.Exports;
  locateFile?: (file: string) => string;
}): Promise<any>;
`;
const wasmTypes = `declare const module: WebAssembly.Module;
export default module;
`;

/** What of other packages is used here: a user of this one installs nothing beside it. For the type checker, they are theirs. */
const LIBRARIES = /** @type {const} */ ([
  { name: 'hashes', entry: 'js_bindings/util/hashes.js' },
  { name: 'node-messages', entry: 'adapters/node-messages.js' },
]);

/** Node's own modules are workerd's as well, under their full names. @type {import('esbuild').Plugin} */
const nodeModules = {
  name: 'node-modules',
  setup(builder) {
    const names = builtinModules.filter((name) => !name.startsWith('_')).join('|');
    builder.onResolve({ filter: new RegExp(`^(${names})$`) }, ({ path: name }) => ({
      path: `node:${name}`,
      external: true,
    }));
  },
};

/** Leaves the texts of other packages, which npm has, out of a map. @param {string} file relative to the top */
function leaveOutOthers(file) {
  const map = JSON.parse(read(file));
  map.sourcesContent = map.sourcesContent.map(
    (/** @type {string | null} */ text, /** @type {number} */ index) =>
      map.sources[index].includes('/node_modules/') ? null : text,
  );
  writeIfChanged(file, JSON.stringify(map));
}

/**
 * @param {string} directory the module's build directory
 * @param {string} tree where the package's sources are, and its `dist` directories go
 * @param {{ minify: boolean }} how
 */
export async function assemble(directory, tree, { minify }) {
  const dist = path.relative(root, path.join(tree, 'js_bindings/dist'));
  const glue = readFileSync(path.join(directory, 'sesame.mjs'), 'utf8');
  const { build: bundle, stop } = await import('esbuild');
  const { code, map } = await trimmedGlue(glue, { minify });
  writeIfChanged(`${dist}/sesame.js`, `${code}//# sourceMappingURL=sesame.js.map\n`);
  writeIfChanged(`${dist}/sesame.js.map`, map);
  writeIfChanged(`${dist}/sesame.d.ts`, glueTypes);
  for (const name of readdirSync(directory)) {
    if (!/^sesame\.wasm(\.map)?$/.test(name)) continue;
    writeIfChanged(`${dist}/${name}`, readFileSync(path.join(directory, name)));
  }
  writeIfChanged(`${dist}/sesame.d.wasm.ts`, wasmTypes);
  await bundle({
    absWorkingDir: tree,
    entryPoints: Object.fromEntries(LIBRARIES.map(({ name, entry }) => [name, entry])),
    outdir: 'js_bindings/dist',
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['node:*'],
    minify,
    legalComments: 'inline',
    sourcemap: true,
    logLevel: 'warning',
  });
  for (const { name, entry } of LIBRARIES) {
    leaveOutOthers(`${dist}/${name}.js.map`);
    const types = path.posix.relative('js_bindings/dist', entry);
    writeIfChanged(`${dist}/${name}.d.ts`, `export * from '${types}';\n`);
  }
  // The worker as `sesame-edge serve` runs it: a user of the package needs no bundler.
  await bundle({
    absWorkingDir: tree,
    entryPoints: ['edge_worker/serve-entry.js', 'edge_worker/serve-redis-entry.js'],
    outdir: 'edge_worker/dist',
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd'],
    minifyWhitespace: minify,
    sourcemap: true,
    external: ['cloudflare:*', 'node:*'],
    // Of the client, what speaks to a server; what its extras' commands look like nobody asks.
    alias: { redis: '@redis/client' },
    plugins: [nodeModules],
    // The client asks for Node's modules in Node's old way, which workerd has too.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire('/');",
    },
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    logLevel: 'warning',
  });
  // `serve --store` on Node, where the client of Redis need not be installed either.
  await bundle({
    absWorkingDir: tree,
    entryPoints: { 'serve-redis': 'edge_worker/serve/redis-entry.js' },
    outdir: 'edge_worker/dist',
    bundle: true,
    format: 'esm',
    target: 'es2022',
    platform: 'node',
    minify,
    sourcemap: true,
    legalComments: 'inline',
    alias: { redis: '@redis/client' },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  for (const name of readdirSync(path.join(tree, 'edge_worker/dist'))) {
    if (name.endsWith('.map'))
      leaveOutOthers(path.relative(root, path.join(tree, 'edge_worker/dist', name)));
  }
  // The service worker: one file with everything in it, to be imported and to be copied.
  for (const [entry, name, format] of /** @type {const} */ ([
    ['service_worker/index.js', 'index', 'esm'],
    ['service_worker/ready-file.js', 'sesame-service-worker', 'iife'],
  ])) {
    await bundle({
      absWorkingDir: tree,
      entryPoints: { [name]: entry },
      outdir: 'service_worker/dist',
      bundle: true,
      format,
      target: 'es2022',
      minify,
      sourcemap: true,
      plugins: [deflatedModule],
      define: { 'import.meta.url': 'self.location.href' }, // classic scripts have none
      logLevel: 'warning',
    });
  }
  await stop(); // its service would live as long as we do
}
