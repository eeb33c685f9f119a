// Proves that the packed package works for those who install it: its manifest (publint) and its types (Are the
// types wrong?) are right, an empty project that installs the tarball checks a session in this Node and in Node 24,
// and bundlers make of it what workerd and browsers load. The package is ESM alone: `require` of it is Node's own
// matter, from 20.19 on.
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
import { gzipSync } from 'node:zlib';
import { read } from './lib/files.mjs';
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

const PAGE = `
import { SessionCache } from 'sesame-edge';
await SessionCache.load();
globalThis.sessions = new SessionCache({ origin: location.origin });
`;

/** What whoever imports an entry has, or is workerd's. */
const NOT_OURS = [
  'node:*',
  'cloudflare:*',
  'workerd',
  'redis',
  'hono',
  'next/*',
  'react',
  '@remix-run/*',
  '@opentelemetry/*',
];

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

/** Nothing of the sources, nothing native, no map. @param {string} directory of the installed package */
function checkContent(directory) {
  const files = readdirSync(directory, { recursive: true }).map(String);
  const wrong = files.filter((name) =>
    /^(tests|wasm|build|scripts|bench|examples)\b|\.(map|node|so|a|o|cc|h)$/.test(name),
  );
  const mapped = files.filter(
    (name) =>
      /\.[cm]?[jt]s$/.test(name) &&
      /^\/\/# sourceMappingURL=/m.test(readFileSync(path.join(directory, name), 'utf8')),
  );
  const faults = [
    ...wrong.map((name) => `holds ${name}`),
    ...mapped.map((name) => `${name} names a map`),
  ];
  if (faults.length > 0) throw new Failure(faults.map((fault) => `package: ${fault}`).join('\n'));
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
  for (const program of [process.execPath, node24()]) {
    if (program === null) continue;
    console.log(`package: 100 checks, one call, in Node ${run(program, ['check.mjs'], project)}`);
  }
}

/** What each entry weighs where it runs; with the module where that is imported, in workerd. @param {string} project */
async function checkBundles(project) {
  const { build, stop } = await import('esbuild');
  const { exports } = JSON.parse(read('package.json'));
  /** @param {string} name @param {string} condition */
  const bundle = async (name, condition) => {
    const entry = path.join(project, 'entry.js');
    writeFileSync(entry, `export * from '${path.posix.join('sesame-edge', name)}';`);
    const { outputFiles } = await build({
      ...{ entryPoints: [entry], outdir: path.join(project, 'out'), bundle: true, write: false },
      ...{ format: 'esm', target: 'es2022', minify: true, conditions: [condition] },
      platform: condition === 'node' ? 'node' : 'neutral',
      ...{ external: NOT_OURS, loader: { '.wasm': 'copy' }, logLevel: 'error' },
    });
    const sizes = outputFiles.map(({ contents }) => gzipSync(contents).length);
    return sizes.reduce((sum, size) => sum + size, 0);
  };
  const rows = [];
  for (const name of Object.keys(exports).filter((each) => !each.endsWith('.json'))) {
    const isNode = ['./node', './express', './next', './serve', './redis'].includes(name);
    const isPage = ['./client', './react'].includes(name);
    const host = isNode ? 'node' : isPage ? 'browser' : 'workerd';
    const hosts = name === '.' ? ['workerd', 'browser', 'node'] : [host];
    for (const each of hosts)
      rows.push({ entry: name, host: each, gzip: await bundle(name, each) });
  }
  await stop();
  console.table(rows);
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

export async function testPackage() {
  const work = mkdtempSync(path.join(os.tmpdir(), 'sesame-package-'));
  try {
    run('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', work], root);
    const [name] = readdirSync(work);
    const tarball = path.join(work, name);
    await checkManifest(tarball);
    await checkTypes(tarball);
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
  } finally {
    rmSync(work, { recursive: true });
  }
}

if (isMain(import.meta)) main(testPackage);
