// Builds one CMake preset: `build.mjs [preset]`, wasm-release unless told. Of wasm-release the result goes to
// js_bindings/dist, its glue minified, and the workers around it to edge_worker/dist and service_worker/dist: that is
// what the package ships (lib/assemble.mjs).
import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { assemble } from './lib/assemble.mjs';
import { capture, Failure, isMain, main, root, run } from './lib/run.mjs';

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
  if (preset === 'wasm-release')
    await assemble(path.join(root, 'build', preset), root, { minify: true });
  const seconds = (Date.now() - start) / 1000;
  if (seconds > 2) console.log(`build: ${preset} took ${seconds.toFixed(0)} s`);
}

if (isMain(import.meta)) main(() => build(process.argv[2]));
