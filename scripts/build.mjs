// Builds one CMake preset: `build.mjs [preset]`, wasm-release unless told. Of wasm-release the result
// goes to js_bindings/dist, its glue minified, and the workers around it to edge_worker/dist and
// service_worker/dist: that is what the package ships.
import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { writeIfChanged } from './lib/files.mjs';
import { capture, Failure, isMain, main, root, run } from './lib/run.mjs';

const dist = 'js_bindings/dist';

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

/**
 * Configures a preset unless it is configured; ninja sees to the rest. A build directory that came with a copy of the
 * tree names the tree it came from, and would build its sources: it begins anew.
 * @param {string} preset
 * @param {string} [tree]
 */
export function configure(preset, tree = root) {
  const directory = path.join(tree, 'build', preset);
  if (!isOf(tree, directory)) rmSync(directory, { recursive: true, force: true });
  if (existsSync(path.join(directory, 'build.ninja'))) return;
  const result = capture('cmake', ['--preset', preset], { cwd: tree });
  if (!result.ok) throw new Failure(`build: cmake --preset ${preset} failed\n${result.all}`);
}

/** Whether a build directory was configured for a tree, and where it is now. @param {string} tree @param {string} directory */
function isOf(tree, directory) {
  const cache = path.join(directory, 'CMakeCache.txt');
  if (!existsSync(cache)) return false;
  const text = readFileSync(cache, 'utf8');
  const isAt = (/** @type {RegExp} */ line, /** @type {string} */ wanted) => {
    const found = line.exec(text)?.[1];
    return found !== undefined && existsSync(found) && realpathSync(found) === realpathSync(wanted);
  };
  return (
    isAt(/^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m, tree) &&
    isAt(/^CMAKE_CACHEFILE_DIR:INTERNAL=(.*)$/m, directory)
  );
}

/** @param {string} [preset] */
export async function build(preset = 'wasm-release') {
  const start = Date.now();
  console.log(`build: ${preset}`);
  configure(preset);
  run('cmake', ['--build', '--preset', preset, '--', '--quiet']);
  if (preset === 'wasm-release') await assemble(path.join(root, 'build', preset));
  const seconds = (Date.now() - start) / 1000;
  if (seconds > 2) console.log(`build: ${preset} took ${seconds.toFixed(0)} s`);
}

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

/** @param {string} directory the module's build directory */
async function assemble(directory) {
  const glue = readFileSync(path.join(directory, 'sesame.mjs'), 'utf8');
  const { build: bundle, stop, transform } = await import('esbuild');
  const minified = await transform(glue, { minify: true, format: 'esm', target: 'es2022' });
  writeIfChanged(`${dist}/sesame.js`, minified.code);
  writeIfChanged(`${dist}/sesame.d.ts`, glueTypes);
  writeIfChanged(`${dist}/sesame.wasm`, readFileSync(path.join(directory, 'sesame.wasm')));
  writeIfChanged(`${dist}/sesame.d.wasm.ts`, wasmTypes);
  // The worker as `sesame-edge serve` runs it: a user of the package needs no bundler.
  await bundle({
    absWorkingDir: root,
    entryPoints: ['edge_worker/serve-entry.js', 'edge_worker/serve-redis-entry.js'],
    outdir: 'edge_worker/dist',
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['workerd'],
    minifyWhitespace: true,
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
  // The service worker: one file with everything in it, to be imported and to be copied.
  for (const [entry, name, format] of /** @type {const} */ ([
    ['service_worker/index.js', 'index', 'esm'],
    ['service_worker/ready-file.js', 'sesame-service-worker', 'iife'],
  ])) {
    await bundle({
      absWorkingDir: root,
      entryPoints: { [name]: entry },
      outdir: 'service_worker/dist',
      bundle: true,
      format,
      target: 'es2022',
      minify: true,
      loader: { '.wasm': 'base64' },
      define: { 'import.meta.url': 'self.location.href' }, // classic scripts have none
      logLevel: 'warning',
    });
  }
  await stop(); // its service would live as long as we do
}

if (isMain(import.meta)) main(() => build(process.argv[2]));
