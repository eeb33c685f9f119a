// Proves that no public signature has the type `any`, which would let every mistake of a user pass. It reads the
// declarations in types/ as text, and knows no more of TypeScript than what a declaration begins with.
// Invariant: what an entry exports is judged, with every declaration of another file that it names by `import('…')`.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { read } from './lib/files.mjs';
import { Failure, isMain, main, root } from './lib/run.mjs';

/** Where a declaration begins, and what it declares. */
const DECLARATION =
  /^export (?:declare )?(?:abstract )?(?:function|class|const|let|type|interface) (\w+)/;
const REEXPORT = /^export (?:type )?\{([^}]*)\} from '([^']+)'/;
const IMPORTED = /import\(['"](\.[^'"]+)['"]\)\.(\w+)/g;
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/.*$/gm;

/** @param {string} file @param {string} target as an import names it */
const beside = (file, target) => path.join(path.dirname(file), target.replace(/\.js$/, '.d.ts'));

/** The declarations of a file, by their names. @param {string} file @returns {Map<string, string>} */
function declarationsOf(file) {
  const found = new Map();
  let name = '';
  for (const line of read(file).replace(COMMENT, '').split('\n')) {
    name = DECLARATION.exec(line)?.[1] ?? (/^\S/.test(line) && !/^[}\])]/.test(line) ? '' : name);
    if (name !== '') found.set(name, `${found.get(name) ?? ''}${line}\n`);
  }
  return found;
}

/** What an entry exports from other files. @param {string} file @returns {[file: string, name: string][]} */
function reexportsOf(file) {
  const text = read(file).replace(COMMENT, '');
  return text.split('\n').flatMap((line) => {
    const [, names = '', target = ''] = REEXPORT.exec(line) ?? [];
    const list = names.split(',').map(
      (each) =>
        each
          .replace(/\btype\b/, '')
          .trim()
          .split(' ')[0],
    );
    return list
      .filter(Boolean)
      .map((name) => /** @type {[string, string]} */ ([beside(file, target), name]));
  });
}

/** @returns {string[]} the declaration file of each entry of package.json */
function entries() {
  const { exports } = JSON.parse(read('package.json'));
  return Object.values(exports).flatMap(({ types }) => types ?? []);
}

/** @returns {string[]} `FILE: NAME`, for each public declaration that has the type `any` */
export function publicAnys() {
  /** @type {[string, string][]} */
  const open = entries().flatMap((entry) => {
    const own = [...declarationsOf(entry).keys()];
    return [
      ...own.map((name) => /** @type {[string, string]} */ ([entry, name])),
      ...reexportsOf(entry),
    ];
  });
  const seen = new Set();
  const faults = [];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [file, name] = next;
    if (seen.has(`${file} ${name}`) || !existsSync(path.join(root, file))) continue;
    seen.add(`${file} ${name}`);
    const text = declarationsOf(file).get(name) ?? '';
    if (/\bany\b/.test(text)) faults.push(`${file}: ${name}`);
    for (const [, target, named] of text.matchAll(IMPORTED))
      open.push([beside(file, target), named]);
  }
  return faults.sort();
}

export function checkTypes() {
  const faults = publicAnys();
  if (faults.length > 0) throw new Failure(`the type any is public in ${faults.join(', ')}`);
}

if (isMain(import.meta)) main(checkTypes);
