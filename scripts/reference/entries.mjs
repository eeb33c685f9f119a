// The entries of the package that users import, and the sources they are written in: what the reference is of.
// Knows package.json alone, so that a new entry is in the reference from its first day.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * @typedef {object} Entry
 * @property {string} name as it is imported: `sesame-edge/client`
 * @property {string} page of the reference, without its ending: `client`
 * @property {string} source relative to the top
 */

/** @returns {Entry[]} in the order of package.json */
export function findEntries() {
  const { name, exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return Object.entries(exports).flatMap(([key, { types }]) => {
    if (types === undefined) return []; // package.json itself
    const source = types.replace(/^\.\/types\//, '').replace(/\.d\.ts$/, '.js');
    const page = key === '.' ? name : key.slice(2).replaceAll('/', '-').replace(/\.js$/, '');
    return [{ name: path.posix.join(name, key), page, source }];
  });
}
