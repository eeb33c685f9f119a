// Finds the project's own files without asking git, which need not be installed, and remembers
// which of them a slow check has already passed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './run.mjs';

const notOurs = new Set(['node_modules', '.git', '.next', 'build', 'dist', 'types']);

/**
 * Paths under a directory, relative to the top, in a fixed order; empty if there is no directory.
 * @param {string} directory
 * @param {RegExp} [wanted] matched against the relative path
 * @returns {string[]}
 */
export function listFiles(directory, wanted = /./) {
  const absolute = path.join(root, directory);
  if (!existsSync(absolute)) return [];
  return readdirSync(absolute, { withFileTypes: true })
    .flatMap((entry) => {
      const name = path.join(directory, entry.name);
      if (entry.isDirectory()) return notOurs.has(entry.name) ? [] : listFiles(name, wanted);
      return wanted.test(name) ? [name] : [];
    })
    .sort();
}

/** @param {string} name relative to the top */
export function read(name) {
  return readFileSync(path.join(root, name), 'utf8');
}

/**
 * Writes a file, and its directory, only if that changes it.
 * @param {string} name relative to the top
 * @param {string | Uint8Array} content
 */
export function writeIfChanged(name, content) {
  const absolute = path.join(root, name);
  if (existsSync(absolute) && readFileSync(absolute).equals(Buffer.from(content))) return false;
  mkdirSync(path.dirname(absolute), { recursive: true });
  writeFileSync(absolute, content);
  return true;
}

/**
 * A digest of texts and of files' contents.
 * @param {string[]} names relative to the top
 * @param {...string} texts
 */
export function digest(names, ...texts) {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text}\0`);
  for (const name of names) hash.update(`${name}\0`).update(readFileSync(path.join(root, name)));
  return hash.digest('hex');
}

/**
 * Remembers digests that passed, in one file of the build directory.
 * @param {string} name of the check
 */
export function passedBefore(name) {
  const file = `build/stamps/${name}.json`;
  const known = new Set(existsSync(path.join(root, file)) ? JSON.parse(read(file)) : []);
  /** @type {Set<string>} */
  const current = new Set();
  return {
    /** @param {string} key */
    has(key) {
      if (known.has(key)) current.add(key);
      return known.has(key);
    },
    /** @param {string} key */
    add: (key) => current.add(key),
    save: () => writeIfChanged(file, JSON.stringify([...current])),
  };
}
