// Prints what the module and its glue weigh over the wire, and fails above their limits.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Failure, isMain, main, root } from './lib/run.mjs';

const limits = [
  { file: 'js_bindings/dist/sesame.wasm', limit: 55_000 },
  { file: 'js_bindings/dist/sesame.js', limit: 12_000 },
];

export function size() {
  const rows = limits.map(({ file, limit }) => {
    if (!existsSync(path.join(root, file))) throw new Failure(`size: no ${file}: npm run build`);
    const content = readFileSync(path.join(root, file));
    return { file, bytes: content.length, gzip: gzipSync(content, { level: 9 }).length, limit };
  });
  console.table(rows);
  const over = rows.filter(({ gzip, limit }) => gzip > limit).map(({ file }) => file);
  if (over.length > 0) throw new Failure(`size: over the limit: ${over.join(', ')}`);
}

if (isMain(import.meta)) main(size);
