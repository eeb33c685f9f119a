// Proves what js_bindings promises. Its rooms (directories) are in an order: a file imports its own room and the rooms
// below it, for its types too. No file imports itself through others. One file changes sessions and publishes that. No
// counter falls (R70).
import path from 'node:path';
import { listFiles, read } from './lib/files.mjs';
import { Failure, isMain, main } from './lib/run.mjs';

const shell = 'js_bindings';

/** The rooms of the shell, and which others each may import. A room that is not listed here fails. */
const rooms = new Map([
  ['base', []], // errors.js and host.js
  ['util', ['dist']],
  ['dialects', ['base', 'util']],
  ['core', ['base', 'util']],
  ['stores', ['base', 'util']],
  ['origin', ['base', 'util']],
  ['options', ['base', 'util', 'dialects', 'stores', 'origin']], // varyOn names what reaches the origin
  ['shared', ['base', 'util', 'core', 'stores', 'origin', 'options']],
  ['sessions', ['base', 'util', 'dialects', 'core', 'stores', 'options', 'origin', 'shared']],
  [
    'http',
    ['base', 'util', 'dialects', 'core', 'stores', 'options', 'origin', 'shared', 'sessions'],
  ],
  ['dist', []], // what the build makes of the module
  [
    'top',
    ['base', 'util', 'dialects', 'core', 'options', 'origin', 'shared', 'sessions', 'http', 'dist'],
  ],
]);

/** Files that are in no directory, and not at the top. */
const baseFiles = ['errors.js', 'host.js'];

/** Everything that is made of the shell: no import circle runs through it either. */
const around = ['adapters', 'bin', 'edge_worker', 'service_worker'];

const core = `${shell}/core/abi.js`;
const changes = `${shell}/sessions/session-changes.js`;
const publisher = `${shell}/shared/publisher.js`;

/** What counts in JavaScript. */
const counters = [
  `${shell}/dialects/effects.js`,
  `${shell}/sessions/histogram.js`,
  `${shell}/sessions/statistics.js`,
  'service_worker/running-statistics.js',
];

/** @param {string} file */
function roomOf(file) {
  const [first, ...inside] = path.relative(shell, file).split('/');
  if (inside.length > 0) return first;
  return baseFiles.includes(first) ? 'base' : 'top';
}

/**
 * The files that a file imports, in its code and in the types of its comments.
 * @param {string} file
 */
function importsOf(file) {
  const found = read(file).matchAll(/\b(?:from|import\s*\(|import)\s*'(\.[^']+)'/g);
  return [...new Set([...found].map(([, name]) => path.join(path.dirname(file), name)))];
}

/** @param {string} file */
function codeOf(file) {
  return read(file)
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|\s)\/\/.*$/gm, '');
}

/** @param {string[]} files */
function roomFaults(files) {
  return files.flatMap((file) => {
    const room = roomOf(file);
    if (!rooms.has(room)) return [`${file} is in no room: ${[...rooms.keys()].join(', ')}`];
    return importsOf(file).flatMap((other) => {
      if (!other.startsWith(`${shell}/`)) return [`${file} imports ${other}, which is above all`];
      const below = roomOf(other);
      if (room === below || rooms.get(room)?.includes(below)) return [];
      return [`${file} imports ${other}, which is in a room above or beside its own`];
    });
  });
}

/** @param {string[]} files */
function circleFaults(files) {
  const faults = new Set();
  const done = new Set();
  /** @type {string[]} */
  const way = [];
  /** @param {string} file */
  const visit = (file) => {
    const start = way.indexOf(file);
    if (start >= 0) faults.add(`an import circle: ${[...way.slice(start), file].join(' > ')}`);
    if (start >= 0 || done.has(file) || !files.includes(file)) return;
    way.push(file);
    for (const other of importsOf(file)) visit(other);
    way.pop();
    done.add(file);
  };
  for (const file of files) visit(file);
  return [...faults];
}

/** @param {string[]} files */
function changeFaults(files) {
  const methods = [...read(core).matchAll(/^ {2}((?:revoke|forget|invalidate)\w*)\(/gm)];
  if (methods.length === 0) throw new Failure(`check-shell: ${core} changes no session`);
  const names = methods.map(([, name]) => name).join('|');
  /** What is written, which files may write it, and what it is. @type {[RegExp, string[], string][]} */
  const single = [
    [new RegExp(`(?<!^ {2})\\b(?:${names})\\b`, 'm'), [core, changes], 'changes a session'],
    [/\bpublisher\b/i, [changes, publisher, `${shell}/shared/documents.js`], 'publishes a change'],
    [/\bstore\??\.(?:end|forget|userEvent)\(/, [publisher], 'publishes a change'],
  ];
  return files.flatMap((file) =>
    single
      .filter(([pattern, allowed]) => !allowed.includes(file) && pattern.test(codeOf(file)))
      .map(([, , what]) => `${file} ${what}: SessionChanges does that, and all that belongs to it`),
  );
}

function counterFaults() {
  const metrics = read('wasm/core/session/metrics.h').matchAll(/std::uint64_t (\w+) = 0;/g);
  const names = [...[...metrics].map(([, name]) => name), 'evictions_?'].join('|');
  const place = '[\\w.()>-]*';
  const falls = new RegExp(
    `--\\s*${place}\\b(?:${names})\\b|(?:\\.|->|\\b)(?:${names})\\s*(?:--|-=)`,
  );
  const native = listFiles('wasm', /\.(cc|h)$/).filter((file) => falls.test(codeOf(file)));
  const scripts = counters.filter((file) => /--|-=/.test(codeOf(file)));
  return [...native, ...scripts].map((file) => `${file} lets a counter fall (R70)`);
}

export function checkShell() {
  const inside = listFiles(shell, /\.js$/);
  const all = [...inside, ...around.flatMap((directory) => listFiles(directory, /\.js$/))];
  const sessions = all.filter((file) => !/^(?:adapters|bin)\//.test(file));
  const faults = [
    ...roomFaults(inside),
    ...circleFaults(all),
    ...changeFaults(sessions),
    ...counterFaults(),
  ];
  if (faults.length > 0)
    throw new Failure(faults.map((fault) => `check-shell: ${fault}`).join('\n'));
  console.log(
    `check-shell: ${inside.length} files in ${rooms.size} rooms, no circle among ${all.length}`,
  );
}

if (isMain(import.meta)) main(checkShell);
