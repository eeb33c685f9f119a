// Makes the package sesame-edge-debug in build/sesame-edge-debug (`npm run build:debug`): what sesame-edge ships, with
// a module that has names and DWARF, and scripts that are not minified. Its manifest is sesame-edge's with what
// packages/sesame-edge-debug/package.json says instead, so that version, entries and files never differ.
// Invariant: the sources and the directories that sesame-edge ships are only read.
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from './build.mjs';
import { assemble } from './lib/assemble.mjs';
import { listFiles, read } from './lib/files.mjs';
import { Failure, isMain, main, root } from './lib/run.mjs';
import { types } from './types.mjs';

const OWN = 'packages/sesame-edge-debug';
const OUT = 'build/sesame-edge-debug';

/** Needs the declarations in types/. @returns {Promise<string>} the package's directory, relative to the top */
export async function buildDebug() {
  if (!existsSync(path.join(root, 'types'))) throw new Failure('build-debug: npm run types first');
  await build('wasm-debug');
  const tree = path.join(root, OUT);
  rmSync(tree, { recursive: true, force: true });
  const manifest = {
    ...JSON.parse(read('package.json')),
    ...JSON.parse(read(`${OWN}/package.json`)),
  };
  for (const each of ['scripts', 'devDependencies']) delete manifest[each];
  for (const name of manifest.files) {
    cpSync(path.join(root, name), path.join(tree, name), {
      recursive: true,
      filter: (source) => path.basename(source) !== 'dist',
    });
  }
  cpSync(path.join(root, 'LICENSE'), path.join(tree, 'LICENSE'));
  cpSync(path.join(root, OWN, 'README.md'), path.join(tree, 'README.md'));
  writeFileSync(path.join(tree, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  renameImports(manifest.files, manifest.name);
  await assemble(path.join(root, 'build/wasm-debug'), tree, { minify: false });
  return OUT;
}

/**
 * What imports the package by its own name. The templates of `sesame-edge init` are text for somebody else's files.
 * @param {string[]} directories
 * @param {string} name
 */
function renameImports(directories, name) {
  for (const directory of directories.filter((each) => each !== 'bin')) {
    for (const file of listFiles(`${OUT}/${directory}`, /\.(js|ts)$/)) {
      const text = readFileSync(path.join(root, file), 'utf8');
      const renamed = text.replace(/(from |import\()(['"])sesame-edge(?=[/'"])/g, `$1$2${name}`);
      if (renamed !== text) writeFileSync(path.join(root, file), renamed);
    }
  }
}

if (isMain(import.meta)) {
  main(async () => {
    await build();
    types();
    console.log(`build-debug: ${await buildDebug()}`);
  });
}
