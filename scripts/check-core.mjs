// Proves what wasm/core promises: each file compiles alone, with g++ and with clang++, with every
// warning an error and nothing but itself and nlohmann_json to include; it includes nothing of
// Emscripten or of the layers above; it reads no clock, no randomness and no file, and prints nothing. The rooms
// (directories) are in an order: a file includes its own room and the rooms below it.
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { digest, listFiles, passedBefore, read } from './lib/files.mjs';
import { capture, captureAsync, Failure, isMain, main, parallel, root } from './lib/run.mjs';

const core = 'wasm/core';
const build = 'build/check-core';
const flags = ['-std=c++20', '-Wall', '-Wextra', '-Wpedantic', '-Werror', '-fno-exceptions'];

/** The rooms of the core, and which others each may include. A room that is not listed here fails. */
const rooms = new Map([
  ['base', []],
  ['json', ['base']],
  ['http', ['base', 'json']],
  ['codec', ['base', 'json']],
  ['store', ['base', 'json', 'codec']],
  ['snapshot', ['base', 'json', 'codec', 'store']],
  ['session', ['base', 'json', 'http', 'codec', 'store', 'snapshot']],
]);

/** Standard headers that can neither read the world nor write to it. */
const allowed = new Set(
  `algorithm array bit bitset cassert charconv climits cmath compare concepts cstddef cstdint
   cstring deque functional initializer_list iterator limits list map memory new numeric optional
   set span string string_view system_error tuple type_traits unordered_map unordered_set utility
   variant vector nlohmann/json.hpp`.split(/\s+/),
);

/** What no object file of the core may call, as nm prints it. */
const forbidden = new RegExp(
  `^(?:${[
    'std::.*(?:chrono|random_device|thread|filesystem|locale|fstream|ios_base|c(?:out|err|in|log)\\b).*',
    'times?|clock|clock_\\w+|gettimeofday|timespec_get|ftime|(?:local|gm|mk)time\\w*',
    's?rand|rand_r|[a-z]rand48|s?random|getrandom|getentropy|arc4random\\w*',
    'f?open\\w*|fdopen|f?read|f?write|close|socket|connect|system|popen|exec\\w+|fork|getenv',
    '(?:__)?v?f?printf(?:_chk)?|f?puts|f?putc|putchar|perror|nanosleep|u?sleep|pthread_\\w+',
    '_*(?:emscripten|embind|emval)_\\w+',
  ].join('|')})(?:@.*)?$`,
);

/** What needs no symbol to read a clock, or to differ from one build to the next. */
const forbiddenWords = /\b(?:_*asm_*|_*rdtscp?|\w*readcyclecounter|__(?:DATE|TIME(?:STAMP)?)__)\b/;

/**
 * Whether a file of the core may include a header of the core, which is named with its room.
 * @param {string} file
 * @param {string} name
 */
function mayInclude(file, name) {
  const [room] = path.relative(core, file).split('/');
  const [other] = name.split('/');
  return room === other || rooms.get(room)?.includes(other) === true;
}

/** @param {string} file */
function sourceFaults(file) {
  const faults = [];
  const room = path.dirname(path.relative(core, file));
  if (!rooms.has(room)) faults.push(`${file} is in no room: ${[...rooms.keys()].join(', ')}`);
  const word = forbiddenWords.exec(read(file).replace(/\/\/.*$/gm, ''))?.[0];
  if (word) faults.push(`${file} uses ${word}`);
  for (const [, opener, name] of read(file).matchAll(/^\s*#\s*include\s*([<"])([^>"]+)[>"]/gm)) {
    const own = opener === '"' && existsSync(path.join(root, core, name));
    const inside = own && path.normalize(name) === name && name.includes('/');
    if (inside && !mayInclude(file, name)) {
      faults.push(`${file} includes ${name}, which is in a room above or beside its own`);
    } else if (!inside && !(opener === '<' && allowed.has(name))) {
      faults.push(`${file} includes ${name}`);
    }
  }
  return faults;
}

/** A directory that holds nlohmann's headers and no others, as an argument. */
function jsonInclude() {
  for (const preset of ['wasm-release', 'native-debug', 'native-asan']) {
    const directory = path.join(root, 'build', preset, 'json_include');
    if (existsSync(directory)) return realpathSync(directory);
  }
  throw new Failure('check-core: run npm run build first');
}

/**
 * Compiles one file, and reads what it includes and what it calls.
 * @param {string} compiler
 * @param {string} file
 * @param {string} json
 */
async function compile(compiler, file, json) {
  const include = [`-I${core}`, '-isystem', json];
  // A header is compiled through a file that includes it and nothing else.
  const header = file.endsWith('.h');
  const what = header ? ['-xc++', '-'] : [file];
  const input = header ? `#include "${path.relative(core, file)}"\n` : '';
  const object = `${build}/${compiler}/${path.basename(file)}.o`;
  const words = [...flags, ...include, '-c', ...what];

  const compiled = await captureAsync(compiler, [...words, '-o', object], { input });
  if (!compiled.ok) return [`${file} with ${compiler}:\n${compiled.all}`];

  const faults = [];
  const list = await captureAsync(compiler, [...words, '-MM'], { input });
  for (const included of list.all.replace(/^[^:]*:|\\\n/g, ' ').split(/\s+/)) {
    const outside = path.relative(path.join(root, core), path.resolve(root, included));
    if (included !== '-' && included !== '' && outside.startsWith('..')) {
      faults.push(`${file} reaches ${included}`);
    }
  }
  const symbols = capture('nm', ['--demangle', '--undefined-only', object]).stdout;
  for (const [, symbol] of symbols.matchAll(/^\s*U (.*)$/gm)) {
    if (forbidden.test(symbol)) faults.push(`${file} calls ${symbol}`);
  }
  return faults;
}

export async function checkCore() {
  const files = listFiles(core, /\.(cc|h)$/);
  if (files.length === 0) throw new Failure(`check-core: ${core} is empty`);
  const compilers = ['g++', 'clang++'];
  const versions = compilers.map((compiler) => capture(compiler, ['--version']).stdout);
  const key = digest([...files, 'scripts/check-core.mjs'], ...versions);
  const passed = passedBefore('check-core');

  if (!passed.has(key)) {
    const json = jsonInclude();
    for (const compiler of compilers) {
      mkdirSync(path.join(root, build, compiler), { recursive: true });
    }
    const jobs = compilers.flatMap((compiler) => files.map((file) => ({ compiler, file })));
    const faults = await parallel(jobs, ({ compiler, file }) => compile(compiler, file, json));
    const all = [...files.flatMap(sourceFaults), ...new Set(faults.flat())];
    if (all.length > 0) throw new Failure(all.map((fault) => `check-core: ${fault}`).join('\n'));
    passed.add(key);
  }
  passed.save();
  console.log(`check-core: ${files.length} files stand alone under ${compilers.join(' and ')}`);
}

if (isMain(import.meta)) main(checkCore);
