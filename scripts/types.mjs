// Checks the JSDoc types of all JavaScript, and the samples of tests/types; writes the package's .d.ts files to types/.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { checkTypes } from './check-types.mjs';
import { isMain, main, root, run } from './lib/run.mjs';

export function types() {
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  // Anew, and first: what imports the package by its own name is checked against them, tests among it.
  rmSync(path.join(root, 'types'), { recursive: true, force: true });
  for (const project of ['tsconfig.types.json', 'tsconfig.json', 'tsconfig.examples.json']) {
    run(process.execPath, [tsc, '--project', project]);
  }
  checkTypes();
}

if (isMain(import.meta)) main(types);
