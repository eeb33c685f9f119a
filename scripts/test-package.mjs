// Proves that the packed package works for those who install it: its manifest (publint) and its types (Are the
// types wrong?) are right, an empty project that installs the tarball checks a session in this Node and in Node 24,
// and bundlers make of it what workerd and browsers load. The package is ESM alone: `require` of it is Node's own
// matter, from 20.19 on. The same of the package with the debug module.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildDebug } from './build-debug.mjs';
import { bundleEntries } from './lib/bundle-entries.mjs';
import { capture, Failure, isMain, main, root } from './lib/run.mjs';

/** What a user of the installed package does first; the origin is asked once. */
const SESSION_CHECK = `
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { SessionCache } from 'sesame-edge';

let calls = 0;
const origin = http.createServer((_request, response) => {
  calls += 1;
  response.setHeader('content-type', 'application/json').end('{"id":"1","name":"Ada"}');
});
await once(origin.listen(0, '127.0.0.1'), 'listening');
const { address, port } = origin.address();
const sessions = new SessionCache({ origin: 'http://' + address + ':' + port });
const request = { headers: { cookie: 'session=ada' } };
for (let round = 0; round < 100; round += 1) {
  assert.equal((await sessions.getSession(request)).user.name, 'Ada');
}
assert.equal(calls, 1);
sessions.dispose();
origin.close().closeAllConnections();
console.log(process.version);
`;

/** `serve` on Node, with nothing beside the package. */
const SERVE_CHECK = `
import assert from 'node:assert/strict';
import { serve } from 'sesame-edge/serve';

const server = await serve({ origin: 'http://' + 'localhost:9' }); // where nobody is
const answer = await fetch(server.url + '/api/auth/session');
assert.deepEqual([answer.status, await answer.json()], [200, null]);
await server.close();
console.log(process.version);
`;

/** Has the module read where there is nothing, and prints what the host says of it. */
const TRAP = `
import { readFileSync } from 'node:fs';
const directory = new URL('node_modules/sesame-edge-debug/js_bindings/', import.meta.url);
const { instantiate } = await import(new URL('core/abi.js', directory));
const { default: createModule } = await import(new URL('dist/sesame.js', directory));
const bytes = readFileSync(new URL('dist/sesame.wasm', directory));
const { exports } = instantiate(new WebAssembly.Module(bytes), createModule);
// In a cache of zeros every call ends soon; which end in a function of the core is the compiler's to decide.
const ZEROS = 0xfff00;
for (const [name, call] of Object.entries(exports)) {
  if (!/^sesame_/.test(name)) continue;
  try {
    call(ZEROS, 0, 0, 0);
  } catch (error) {
    console.log(error.stack);
  }
}
`;

const PAGE = `
import { SessionCache } from 'sesame-edge';
await SessionCache.load();
globalThis.sessions = new SessionCache({ origin: location.origin });
`;

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 */
function run(command, args, cwd) {
  const result = capture(command, args, { cwd });
  if (!result.ok) throw new Failure(`package: ${command} ${args[0]} failed\n${result.all}`);
  return result.stdout.trim();
}

const npmInstall = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

/** What projects have that install the package, whether they use it with that or not. */
const PROJECTS = [
  { next: '14', react: '18', 'react-dom': '18' },
  { next: '15', react: '19', 'react-dom': '19' },
  { redis: '4', hono: '3' },
  { redis: '5', hono: '4' },
  { '@tanstack/react-query': '4', react: '17' },
];

/** An optional peer that is there in another version than Sesame works with breaks no install. @param {string} work @param {string} tarball */
function checkPeers(work, tarball) {
  for (const [index, others] of PROJECTS.entries()) {
    const project = path.join(work, `peers-${index}`);
    mkdirSync(project);
    const dependencies = { ...others, 'sesame-edge': `file:${tarball}` };
    writeFileSync(
      path.join(project, 'package.json'),
      JSON.stringify({ private: true, dependencies }),
    );
    run('npm', [...npmInstall, '--package-lock-only'], project);
    const names = Object.entries(others).map(([name, version]) => `${name}@${version}`);
    console.log(`package: installs beside ${names.join(', ')}`);
  }
}

/** @param {string} tarball */
async function checkManifest(tarball) {
  const { publint } = await import('publint');
  const { formatMessage } = await import('publint/utils');
  const data = new Uint8Array(readFileSync(tarball));
  const { messages, pkg } = await publint({ pack: { tarball: data.buffer } });
  const said = messages.map((message) => formatMessage(message, pkg, { color: false }));
  if (said.length > 0) throw new Failure(`package: publint says\n${said.join('\n')}`);
  console.log('package: publint has nothing to say');
}

/** @param {string} tarball */
async function checkTypes(tarball) {
  const { checkPackage, createPackageFromTarballData } = await import('@arethetypeswrong/core');
  const result = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  if (result.types === false) throw new Failure('package: it has no types');
  const isForEsm = (/** @type {any} */ { resolutionKind = 'bundler' }) =>
    resolutionKind === 'bundler' || resolutionKind === 'node16-esm';
  const problems = result.problems.filter(isForEsm);
  if (problems.length > 0) {
    throw new Failure(`package: the types are wrong\n${JSON.stringify(problems, null, 2)}`);
  }
  console.log('package: the types are right for ESM, in Node and in bundlers');
}

/**
 * Nothing of the sources, nothing native; a map only beside what was made of sources, and each script's own.
 * @param {string} directory of the installed package
 */
function checkContent(directory) {
  const files = readdirSync(directory, { recursive: true }).map(String);
  const wrong = files.filter((name) =>
    /^(tests|wasm|build|scripts|bench|examples|packages)\b|\.(node|so|a|o|cc|h)$/.test(name),
  );
  const scripts = files.filter((name) => /\.[cm]?js$/.test(name));
  const textOf = (/** @type {string} */ name) => readFileSync(path.join(directory, name), 'utf8');
  const mapOf = (/** @type {string} */ name) => {
    const named = /^\/\/# sourceMappingURL=(.+)$/m.exec(textOf(name))?.[1];
    return named === undefined ? null : path.posix.join(path.posix.dirname(name), named);
  };
  const made = scripts.filter((name) => path.basename(path.dirname(name)) === 'dist');
  const maps = new Set(made.map(mapOf));
  const faults = [
    ...wrong.map((name) => `holds ${name}`),
    ...made.filter((name) => mapOf(name) !== `${name}.map`).map((name) => `${name} has no map`),
    ...files
      .filter((name) => name.endsWith('.map') && !maps.has(name))
      .map((name) => `${name} is nobody's map`),
    ...[...maps].flatMap((name) => {
      if (name === null) return [];
      return files.includes(name) ? mapFaults(name, textOf(name)) : [`lacks ${name}`];
    }),
    ...scripts
      .filter((name) => !made.includes(name) && mapOf(name) !== null)
      .map((name) => `${name} names a map`),
  ];
  if (made.length < 5) faults.push(`holds ${made.length} scripts in dist`);
  if (faults.length > 0) throw new Failure(faults.map((fault) => `package: ${fault}`).join('\n'));
}

/** It leads to sources, has our own in it, and names no directory of this machine. @param {string} name @param {string} text */
function mapFaults(name, text) {
  const { sources, sourcesContent, mappings } = JSON.parse(text);
  const lost = sources.filter(
    (/** @type {string} */ source, /** @type {number} */ index) =>
      !sourcesContent[index] && !source.includes('/node_modules/'),
  );
  return [
    ...(sources.length === 0 || mappings === '' ? [`${name} leads nowhere`] : []),
    ...lost.map((/** @type {string} */ source) => `${name} lacks the text of ${source}`),
    ...(text.includes(root) ? [`${name} names ${root}`] : []),
  ];
}

/** The program of Node 24, kept in build/ once it is there. @returns {string | null} null: npm has none for here */
function node24() {
  const name = `node-${process.platform}-${process.arch}`;
  if (process.platform !== 'linux' && process.platform !== 'darwin') return null;
  const directory = path.join(root, 'build/node-24');
  const program = path.join(directory, 'node_modules', name, 'bin/node');
  if (!existsSync(program)) {
    mkdirSync(directory, { recursive: true });
    writeFileSync(path.join(directory, 'package.json'), '{"private":true}');
    run('npm', [...npmInstall, `${name}@24`], directory);
  }
  return program;
}

/** @param {string} project */
function checkSessions(project) {
  writeFileSync(path.join(project, 'check.mjs'), SESSION_CHECK);
  writeFileSync(path.join(project, 'serve.mjs'), SERVE_CHECK);
  for (const program of [process.execPath, node24()]) {
    if (program === null) continue;
    console.log(`package: 100 checks, one call, in Node ${run(program, ['check.mjs'], project)}`);
    console.log(`package: serve answers in Node ${run(program, ['serve.mjs'], project)}`);
  }
}

/** Every entry can be bundled by who has installed it, for each host. @param {string} project */
async function checkBundles(project) {
  const sizes = await bundleEntries((name) => path.posix.join('sesame-edge', name), project);
  console.log(`package: esbuild bundles ${sizes.length} entries`);
}

/** @param {string} project */
async function checkVite(project) {
  const { build } = await import('vite');
  writeFileSync(path.join(project, 'index.html'), '<script type="module" src="/page.js"></script>');
  writeFileSync(path.join(project, 'page.js'), PAGE);
  await build({ root: project, configFile: false, logLevel: 'error', build: { target: 'es2022' } });
  const assets = readdirSync(path.join(project, 'dist/assets'));
  if (!assets.some((name) => name.endsWith('.wasm')))
    throw new Failure('package: Vite lost the module');
  console.log(`package: Vite made ${assets.length} files of it`);
}

/** sesame-edge-debug is loaded by its own name, and in the other's place; it says where it fails. @param {string} work */
async function checkDebugPackage(work) {
  const made = path.join(root, await buildDebug());
  const out = path.join(work, 'debug');
  mkdirSync(out);
  run('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', out], made);
  const tarball = path.join(out, readdirSync(out)[0]);
  const project = path.join(work, 'debug-project');
  mkdirSync(project);
  writeFileSync(path.join(project, 'package.json'), '{"private":true,"type":"module"}');
  run('npm', [...npmInstall, tarball, `sesame-edge@file:${tarball}`], project);
  const installed = path.join(project, 'node_modules/sesame-edge-debug');
  checkContent(installed);
  for (const name of ['sesame-edge-debug', 'sesame-edge']) {
    writeFileSync(
      path.join(project, 'check.mjs'),
      SESSION_CHECK.replace("'sesame-edge'", `'${name}'`),
    );
    console.log(
      `package: the debug module as ${name}: ${run(process.execPath, ['check.mjs'], project)}`,
    );
  }
  const ours = moduleOf(root);
  const debug = moduleOf(installed);
  if (exportsOf(debug) !== exportsOf(ours)) {
    throw new Failure("package: the debug module's exports are not the module's");
  }
  for (const section of ['name', '.debug_info', '.debug_line']) {
    const sizes = [debug, ours].map(
      (each) => WebAssembly.Module.customSections(each, section).length,
    );
    if (sizes.join() !== '1,0') throw new Failure(`package: ${section} is in the wrong module`);
  }
  writeFileSync(path.join(project, 'trap.mjs'), TRAP);
  const stack = run(process.execPath, ['trap.mjs'], project);
  if (!stack.includes('sesame::')) {
    throw new Failure(`package: a stack of the debug module names no function:\n${stack}`);
  }
}

/** @param {string} directory of a package */
const moduleOf = (directory) =>
  new WebAssembly.Module(readFileSync(path.join(directory, 'js_bindings/dist/sesame.wasm')));

/** @param {WebAssembly.Module} module */
const exportsOf = (module) =>
  WebAssembly.Module.exports(module)
    .map(({ name, kind }) => `${kind} ${name}`)
    .sort()
    .join();

export async function testPackage() {
  const work = mkdtempSync(path.join(os.tmpdir(), 'sesame-package-'));
  try {
    run('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', work], root);
    const [name] = readdirSync(work);
    const tarball = path.join(work, name);
    await checkManifest(tarball);
    await checkTypes(tarball);
    checkPeers(work, tarball);
    const project = path.join(work, 'project');
    mkdirSync(project);
    writeFileSync(path.join(project, 'package.json'), '{"private":true,"type":"module"}');
    run('npm', [...npmInstall, tarball], project);
    const installed = readdirSync(path.join(project, 'node_modules')).filter((n) => n[0] !== '.');
    if (installed.join() !== 'sesame-edge')
      throw new Failure(`package: brings ${installed.join()}`);
    checkContent(path.join(project, 'node_modules/sesame-edge'));
    checkSessions(project);
    await checkBundles(project);
    await checkVite(project);
    await checkDebugPackage(work);
  } finally {
    rmSync(work, { recursive: true });
  }
}

if (isMain(import.meta)) main(testPackage);
