#!/usr/bin/env node
// `npm` as the pages' commands find it, without a network. `npm install NAME…` puts there what npm would: the packed
// package for `sesame-edge`, and for every other name the files that a project here has installed, with all that they
// need, in the version of its lock file. So a page works only with what it installs itself.
// A name that package.json does not have is refused: nothing here tests it. All else is npm's own, offline.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

const {
  SESAME_PROJECT: root = '',
  SESAME_PACKED: packed = '',
  SESAME_NPM: npm = 'npm',
} = process.env;
const OWN = 'sesame-edge';
const FLAGS = new Set(['-D', '--save-dev', '-S', '--save']);

/** @param {string} file */
const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** @param {string} message @returns {never} */
function refuse(message) {
  console.error(`npm (without a network): ${message}`);
  process.exit(1);
}

/** Where npm would install: the nearest package.json's folder, or this one. */
function projectDirectory() {
  for (let at = process.cwd(); ; at = path.dirname(at)) {
    if (existsSync(path.join(at, 'package.json'))) return at;
    if (at === path.dirname(at)) return process.cwd();
  }
}

/** The places in node_modules of a package and of all that it needs. @param {string} name */
function closure(name) {
  const { packages } = readJson(path.join(root, 'package-lock.json'));
  const wanted = [`node_modules/${name}`];
  for (const place of wanted) {
    const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } =
      packages[place];
    const peers = Object.keys(peerDependencies ?? {}).filter(
      (peer) => !peerDependenciesMeta?.[peer]?.optional,
    );
    for (const needed of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) {
      const found = placeOf(needed, place, packages);
      if (found && !wanted.includes(found) && existsSync(path.join(root, found))) {
        wanted.push(found);
      }
    }
  }
  return wanted;
}

/** As Node looks for it. @param {string} name @param {string} from @param {Record<string, object>} packages */
function placeOf(name, from, packages) {
  for (let at = from; ; at = at.slice(0, at.lastIndexOf('/node_modules/'))) {
    const place = `${at}/node_modules/${name}`;
    if (packages[place]) return place;
    if (!at.includes('/node_modules/')) break;
  }
  return packages[`node_modules/${name}`] ? `node_modules/${name}` : null;
}

/** Links where that can be done: hundreds of megabytes need not be copied. @param {string} from @param {string} to */
function put(from, to) {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const target = path.join(to, entry.name);
    if (entry.isDirectory()) put(source, target);
    else if (existsSync(target)) continue;
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else {
      try {
        linkSync(source, target);
      } catch {
        copyFileSync(source, target); // on another file system
      }
    }
  }
}

/** @param {string} modules @param {string} place */
function linkPrograms(modules, place) {
  const { name, bin } = readJson(path.join(modules, place, 'package.json'));
  const programs = typeof bin === 'string' ? { [name.split('/').pop()]: bin } : (bin ?? {});
  for (const [program, file] of Object.entries(programs)) {
    const link = path.join(modules, '.bin', program);
    mkdirSync(path.dirname(link), { recursive: true });
    rmSync(link, { force: true });
    symlinkSync(path.join('..', place, file), link);
  }
}

/** @param {string[]} words */
function install(words) {
  const names = words.filter((word) => !word.startsWith('-'));
  const unknown = words.find((word) => word.startsWith('-') && !FLAGS.has(word));
  if (unknown) refuse(`the option ${unknown} is not understood here`);
  const manifest = readJson(path.join(root, 'package.json'));
  const tested = {
    ...manifest.dependencies,
    ...manifest.devDependencies,
    ...manifest.peerDependencies,
  };
  const project = projectDirectory();
  const file = path.join(project, 'package.json');
  const own = existsSync(file) ? readJson(file) : {};
  if (names.length === 0)
    names.push(...Object.keys({ ...own.dependencies, ...own.devDependencies }));
  const kind = words.some((word) => /^(-D|--save-dev)$/.test(word))
    ? 'devDependencies'
    : 'dependencies';
  const modules = path.join(project, 'node_modules');
  const places = new Set();
  for (const name of names) {
    if (name !== OWN && !Object.hasOwn(tested, name)) {
      refuse(`package.json does not have ${name}, so that nothing tests it`);
    }
    const version =
      name === OWN ? `^${readJson(path.join(packed, 'package.json')).version}` : tested[name];
    if (!own.dependencies?.[name] && !own.devDependencies?.[name]) {
      own[kind] = { ...own[kind], [name]: version };
    }
    if (name === OWN) put(packed, path.join(modules, OWN));
    else for (const place of closure(name)) places.add(place.slice('node_modules/'.length));
  }
  for (const place of places)
    put(path.join(root, 'node_modules', place), path.join(modules, place));
  const top = [...places].filter((place) => !place.includes('node_modules/'));
  for (const place of names.includes(OWN) ? [...top, OWN] : top) linkPrograms(modules, place);
  writeFileSync(file, `${JSON.stringify(own, null, 2)}\n`);
  console.log(`\nadded ${places.size + Number(names.includes(OWN))} packages`);
}

/** As with npm, a program that a project has is run; this package's own is had if it is not. @param {string[]} words */
function runProgram([name, ...words]) {
  if (name === OWN && !existsSync(path.join(projectDirectory(), 'node_modules/.bin', OWN))) {
    const program = path.join(packed, readJson(path.join(packed, 'package.json')).bin[OWN]);
    return exec(process.execPath, [program, ...words]);
  }
  return exec(npm.replace(/npm$/, 'npx'), [name, ...words]);
}

/** @param {string} program @param {string[]} words */
function exec(program, words) {
  const { status, signal } = spawnSync(program, words, { stdio: 'inherit' });
  process.exitCode = status ?? (signal ? 143 : 1);
}

const [command = '', ...words] = process.argv.slice(2);
// A signal for the whole group reaches the program itself, whose end is then waited for.
for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(name, () => {});
if (process.env.SESAME_AS === 'npx') runProgram([command, ...words]);
else if (['install', 'i', 'add'].includes(command)) install(words);
else exec(npm, [command, ...words]);
