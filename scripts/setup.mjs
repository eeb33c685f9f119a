// Makes this machine able to build and test: Debian packages, then npm's. Plain Node, since it runs
// before anything is installed. `setup.mjs build` installs only what the WebAssembly module needs.
// Says nothing and takes no time when nothing is missing.
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
import { capture, Failure, isMain, main, onPath, root, run } from './lib/run.mjs';

/** Debian's package, and the program that serves as well, wherever it came from. */
const forBuild = [
  { name: 'cmake', program: 'cmake' },
  { name: 'ninja-build', program: 'ninja' },
  { name: 'emscripten', program: 'em++' },
  { name: 'nlohmann-json3-dev' },
];
/** What clang's sanitizers and libFuzzer need; named after clang's version. */
const clangRuntime = 'libclang-rt-*-dev';
const forTest = [
  ...forBuild,
  { name: 'g++', program: 'g++' },
  { name: 'clang', program: 'clang++' },
  { name: 'clang-format', program: 'clang-format' },
  { name: 'clang-tidy', program: 'clang-tidy' },
  { name: clangRuntime },
  { name: 'libcatch2-dev' },
  { name: 'chromium', program: 'chromium' },
  { name: 'curl', program: 'curl' },
  // The server's program is in this package; `redis-server` would start a service beside it.
  { name: 'redis-tools', program: 'redis-server', elsewhere: 'redis-server 7' },
];
/** Installed, it would start a service: its program is unpacked beside what is built, and nothing more. */
function setupNginx() {
  const directory = path.join(root, 'build/nginx');
  if (onPath('nginx') || existsSync(path.join(directory, 'usr/sbin/nginx'))) return;
  if (!isDebian) throw new Failure('setup: not Debian; please install nginx');
  console.log('setup: unpacking nginx …');
  unpackPackage('nginx', directory);
}

/** @param {{ name: string, program?: string, elsewhere?: string }[]} needs */
function setupPrograms(needs) {
  const wanted = needs.filter(({ program }) => !program || !onPath(program));
  if (!isDebian) {
    const programs = wanted
      .filter(({ program }) => program)
      .map(({ name, elsewhere }) => elsewhere ?? name);
    if (programs.length === 0) return; // libraries cannot be asked for here: CMake will tell
    const libraries = 'and, if not there, the libraries nlohmann_json 3.11 and Catch2 3';
    throw new Failure(`setup: not Debian; please install ${programs.join(', ')}, ${libraries}`);
  }
  const missing = missingPackages(
    wanted.map(({ name }) => name),
    (name, version) => name !== 'libcatch2-dev' || /^(\d+:)?3\./.test(version),
  );
  if (missing.length === 0) return;
  requireRoot(missing.map((name) => (name === clangRuntime ? clangRuntimePackage() : name)));
  console.log(`setup: installing ${missing.join(', ')} …`);
  installPackages(missing.filter((name) => name !== clangRuntime));
  // Only now is there a clang, or a list of packages, to tell its version.
  if (missing.includes(clangRuntime)) installPackages([clangRuntimePackage()]);
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

/** @param {string} [scope] */
export function setup(scope) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) throw new Failure(`setup: Node 20 or newer is needed, this is ${major}`);
  if (scope !== undefined && scope !== 'build') {
    throw new Failure(`setup: unknown scope '${scope}'; use 'build' or nothing`);
  }
  const start = Date.now();
  setupPrograms(scope === 'build' ? forBuild : forTest);
  if (scope !== 'build') setupNginx();
  setupModules('');
  if (scope !== 'build') setupModules('scripts/reference');
  const seconds = (Date.now() - start) / 1000;
  if (seconds > 2) console.log(`setup: done in ${seconds.toFixed(0)} s`);
}

if (isMain(import.meta)) main(() => setup(process.argv[2]));
