// Makes this machine able to build and test: Debian packages, then npm's. Plain Node, since it runs before anything
// is installed. `setup.mjs js stores` installs only what these parts of the test need (lib/parts.mjs), without words
// what all need. Says nothing and takes no time when nothing is missing. Elsewhere than on Debian it installs none of
// the system's packages: it says what is missing.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  installPackages,
  isDebian,
  missingPackages,
  requireRoot,
  unpackPackage,
} from './lib/debian.mjs';
import { digest } from './lib/files.mjs';
import { CLANG_RUNTIME, NEEDS, needsOf, PARTS } from './lib/parts.mjs';
import { capture, Failure, isMain, main, onPath, root, run } from './lib/run.mjs';

/** @param {import('./lib/parts.mjs').Requirement} requirement */
function isThere({ name, program, unpackedInto }) {
  if (program && onPath(program)) return true;
  if (!unpackedInto) return false;
  return ['usr/sbin', 'usr/bin'].some((directory) =>
    existsSync(path.join(root, unpackedInto, directory, program ?? name)),
  );
}

/** @param {import('./lib/parts.mjs').Requirement[]} requirements */
function setupPrograms(requirements) {
  const wanted = requirements.filter((each) => !isThere(each));
  if (!isDebian) return sayWhatIsMissing(wanted);
  setupPackages(wanted.filter(({ unpackedInto }) => !unpackedInto));
  for (const { name, unpackedInto, libraries = [] } of wanted) {
    if (!unpackedInto) continue;
    console.log(`setup: unpacking ${name} …`);
    for (const each of [...libraries, name]) unpackPackage(each, path.join(root, unpackedInto));
  }
}

/** @param {import('./lib/parts.mjs').Requirement[]} wanted */
function setupPackages(wanted) {
  if (wanted.length === 0) return;
  const missing = missingPackages(
    wanted.map(({ name }) => name),
    (name, version) => name !== 'libcatch2-dev' || /^(\d+:)?3\./.test(version),
  );
  if (missing.length === 0) return;
  requireRoot(missing.map((name) => (name === CLANG_RUNTIME ? clangRuntimePackage() : name)));
  console.log(`setup: installing ${missing.join(', ')} …`);
  installPackages(missing.filter((name) => name !== CLANG_RUNTIME));
  // Only now is there a clang, or a list of packages, to tell its version.
  if (missing.includes(CLANG_RUNTIME)) installPackages([clangRuntimePackage()]);
}

/** Libraries cannot be asked for here: CMake will. @param {import('./lib/parts.mjs').Requirement[]} wanted */
function sayWhatIsMissing(wanted) {
  if (!wanted.some(({ program }) => program)) return;
  const lines = wanted
    .filter(({ name }) => name !== CLANG_RUNTIME) // elsewhere it is part of clang
    .map(({ name, program, elsewhere }) => {
      const state = program ? `no program '${program}' on the path` : 'unless it is there';
      return `  ${elsewhere ?? name} (${state})`;
    });
  throw new Failure(`setup: this is not Debian. Please install:\n${lines.join('\n')}`);
}

function clangRuntimePackage() {
  const installed = capture('clang', ['-dumpversion']).stdout;
  const offered = /Depends: clang-(\d+)/.exec(
    capture('apt-cache', ['depends', 'clang']).stdout,
  )?.[1];
  return `libclang-rt-${Number.parseInt(installed, 10) || offered || 14}-dev`;
}

/** @param {string} project the directory of a package.json and its lock file, relative to the top */
function setupModules(project) {
  const stamp = path.join(root, project, 'node_modules/.sesame-lock');
  const lock = path.join(project, 'package-lock.json');
  const wanted = digest([lock], process.platform, process.arch);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log(`setup: installing npm packages${project && ` of ${project}`} …`);
  // Each platform's programs come as packages of their own: no install script has to run.
  const words = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  run('npm', [...words, '--prefix', path.join(root, project)]);
  writeFileSync(stamp, wanted);
}

/**
 * Installs what something else than a part of the test needs.
 * @param {string[]} needs keys of NEEDS
 */
export function setupNeeds(needs) {
  setupPrograms(needs.flatMap((need) => NEEDS[need]));
}

/** @param {string[]} [parts] of the test, whose needs are seen to; by default all that `npm test` runs */
export function setup(parts = Object.keys(PARTS)) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) throw new Failure(`setup: Node 20 or newer is needed, this is ${major}`);
  const unknown = parts.find((name) => !Object.hasOwn(PARTS, name));
  if (unknown !== undefined) {
    const names = Object.keys(PARTS).join(', ');
    throw new Failure(`setup: there is no part '${unknown}'; there are ${names}`);
  }
  const start = Date.now();
  const { needs, requirements } = needsOf(parts);
  setupPrograms(requirements);
  setupModules('');
  if (needs.has('typedoc')) setupModules('scripts/reference');
  if (needs.has('frameworks')) setupModules('tests/frameworks/npm');
  if (needs.has('backEnds')) setupModules('tests/backends/npm');
  const seconds = (Date.now() - start) / 1000;
  if (seconds > 2) console.log(`setup: done in ${seconds.toFixed(0)} s`);
}

if (isMain(import.meta)) {
  const words = process.argv.slice(2);
  main(() => setup(words.length > 0 ? words : undefined));
}
