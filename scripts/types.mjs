// Checks the JSDoc types of all JavaScript, and writes the package's .d.ts files to types/.
import { rmSync } from 'node:fs';
import path from 'node:path';
import { isMain, main, root, run } from './lib/run.mjs';

export function types() {
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  // First: the package's own name leads to them, and older ones would not know what is new.
  rmSync(path.join(root, 'types'), { recursive: true, force: true });
  run(process.execPath, [tsc, '--project', 'tsconfig.json']);
  run(process.execPath, [tsc, '--project', 'tsconfig.examples.json']);
  run(process.execPath, [tsc, '--project', 'tsconfig.types.json']);
}

if (isMain(import.meta)) main(types);
