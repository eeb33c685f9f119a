// What can be said of blocks that are not whole programs: that configurations are read by what reads them, and
// that scripts fit the package's types, so that no page names an option, a function or an entry that is not there.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runInNewContext } from 'node:vm';
import { SessionCache } from 'sesame-edge';
import { parse as parseYaml } from 'yaml';
import { readPage, SCRIPTS } from './read-page.js';
import { root } from './workplace.js';

/**
 * @param {string} language
 * @param {string} text
 * @returns {any} what it says
 * @throws if it is not in that language, or holds options that the cache refuses
 */
export function checkData(language, text) {
  const value = readData(language, text);
  const isOptions = typeof value === 'object' && value !== null && 'origin' in value;
  if (isOptions) new SessionCache(value).dispose();
  return value;
}

/** @param {string} language @param {string} text */
function readData(language, text) {
  if (language === 'json') return JSON.parse(text);
  if (language === 'jsonc') return runInNewContext(`(${text}\n)`); // comments and commas are JavaScript's
  return parseYaml(text);
}

/**
 * A fragment with what it takes for granted before it: one of `tests/docs/preludes`.
 * @param {{ text: string, prelude: string | null }} fragment
 */
export function programOf({ text, prelude }) {
  const file = path.join(root, 'tests/docs/preludes', `${prelude}.mjs`);
  return `${readFileSync(file, 'utf8')}\n${text}\n`;
}

/** What a fragment may leave out, and how it differs from a file of a project. By TypeScript's numbers. */
const LEFT_OUT = new Set([
  ...[2300, 2451], // two ways to do the same, one below the other
  ...[7016, 2882], // a library without types; a stylesheet
]);

/** The names that fragments use as if they had been declared before; any other has to be. */
const AT_HAND = `
import type * as sesameEdge from 'sesame-edge';
declare global {
  var SESAME: Parameters<typeof import('sesame-edge/service-worker').install>[0];
  const SessionCache: typeof sesameEdge.SessionCache;
  const sessions: sesameEdge.SessionCache;
  const request: Request;
  const origin: string;
  const secret: string;
  const http: typeof import('node:http');
  const app: ReturnType<typeof import('express')>;
  const importScripts: (...urls: string[]) => void;
  const show: (value: unknown) => void;
}
`;

/**
 * Checks every script of every page against the package's types, in one run of the compiler.
 * @param {{ name: string, markdown: string }[]} pages
 * @param {string} packed where the package is
 * @returns {{ checked: number, faults: string[] }}
 */
export function checkScripts(pages, packed) {
  const directory = path.join(root, 'build/docs-types');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(path.join(directory, 'node_modules'), { recursive: true });
  symlinkSync(packed, path.join(directory, 'node_modules/sesame-edge'));
  writeFileSync(path.join(directory, 'at-hand.d.ts'), `${everyEntry()}${AT_HAND}`);
  writeFileSync(path.join(directory, 'package.json'), '{"private":true,"type":"module"}');
  writeFileSync(path.join(directory, 'tsconfig.json'), JSON.stringify(CONFIG));
  /** @type {Map<string, { name: string, line: number }>} */
  const files = new Map();
  for (const { name, markdown } of pages) {
    for (const step of readPage(markdown).steps) {
      const isScript = step.kind === 'fragment' || step.kind === 'file';
      if (!isScript || !SCRIPTS.has(step.language)) continue;
      const file = path.join(name.replace(/\W+/g, '-'), String(step.line), nameOf(step));
      files.set(file, { name, line: step.line });
      mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
      // Lines stay where they are, and it is a module whatever it holds.
      writeFileSync(path.join(directory, file), `${step.text}\nexport {};\n`);
    }
  }
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  const words = [tsc, '--project', directory, '--pretty', 'false'];
  const { stdout, status } = spawnSync(process.execPath, words, {
    cwd: directory,
    encoding: 'utf8',
  });
  const faults = [];
  for (const line of stdout.split('\n')) {
    const [, file = '', row = '', code = '', message = ''] =
      /^(.+?)\((\d+),\d+\): error TS(\d+): (.*)$/.exec(line) ?? [];
    const at = files.get(file);
    // Another file of the page; or a framework's, whose own build reads the page's files.
    const isElsewhere =
      code === '2307' && (/'(\.|@\/|[$#])/.test(message) || isFrameworks(message));
    const isNodes = /'ReadableStream</.test(message); // Node's types have one of their own
    if (!at) {
      if (/error TS/.test(line)) faults.push(line);
    } else if (!LEFT_OUT.has(Number(code)) && !isElsewhere && !isNodes) {
      faults.push(`${at.name}:${at.line + Number(row)}: ${message}`);
    }
  }
  if (status !== 0 && stdout === '') faults.push('the compiler could not run');
  return { checked: files.size, faults };
}

const { dependencies: frameworks } = JSON.parse(
  readFileSync(path.join(root, 'tests/frameworks/npm/package.json'), 'utf8'),
);

/** Whether what cannot be found is a package of `tests/frameworks/npm`. @param {string} message */
function isFrameworks(message) {
  return Object.keys(frameworks).some((name) => RegExp(`'${name}[/']`).test(message));
}

/** Imports of all that the package has, so that each of its declarations is read. */
function everyEntry() {
  const { exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return Object.keys(exports)
    .filter((entry) => exports[entry].types)
    .map((entry) => `import type {} from '${path.posix.join('sesame-edge', entry)}';\n`)
    .join('');
}

/** @param {any} step */
function nameOf({ kind, name, language }) {
  if (kind === 'file') return path.basename(name);
  const endings = new Map([
    ['javascript', 'js'],
    ['typescript', 'ts'],
  ]);
  return `fragment.${endings.get(language) ?? language}`;
}

const CONFIG = {
  compilerOptions: {
    ...{ target: 'es2022', lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'] },
    ...{ module: 'esnext', moduleResolution: 'bundler', jsx: 'react-jsx', types: ['node'] },
    ...{ allowJs: true, checkJs: true, noEmit: true, skipLibCheck: true, strict: false },
    ...{ allowArbitraryExtensions: true, preserveSymlinks: true },
  },
  include: ['**/*'],
};
