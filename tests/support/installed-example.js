// An example as somebody has it who copied it and installed the package: in `build/examples`, with the packed
// package in its `node_modules`. What else it imports is found further up, where this project has it, or is the example
// origin beside it.
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** What an example's own tools make, and is not to be copied. */
const MADE = new Set(['node_modules', 'dist', '.next']);

/**
 * @param {string} name of a folder in `examples`
 * @returns {Promise<string>} where it is
 */
export async function installExample(name) {
  const directory = path.join(root, 'build/examples', name);
  await rm(directory, { recursive: true, force: true });
  await cp(path.join(root, 'examples', name), directory, {
    recursive: true,
    filter: (source) => !MADE.has(path.basename(source)),
  });
  const origin = path.join(directory, '../origin');
  await cp(path.join(root, 'examples/origin'), origin, { recursive: true });
  await unpackPackage(path.join(directory, 'node_modules/sesame-edge'));
  return directory;
}

/** Puts there what `npm install` would. @param {string} directory */
export async function unpackPackage(directory) {
  const work = await mkdtemp(path.join(os.tmpdir(), 'sesame-example-'));
  try {
    const pack = ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', work];
    await run('npm', pack, { cwd: root });
    const [tarball] = await readdir(work);
    await mkdir(directory, { recursive: true });
    const words = ['-xzf', path.join(work, tarball), '-C', directory, '--strip-components=1'];
    await run('tar', words);
  } finally {
    await rm(work, { recursive: true });
  }
}
