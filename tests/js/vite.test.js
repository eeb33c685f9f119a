// The plugin for Vite: what is built, and what the development server answers.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { sesameServiceWorker } from 'sesame-edge/vite';
import { build, createServer } from 'vite';

const WORKER = new URL('../../service_worker/dist/sesame-service-worker.js', import.meta.url);

/** @param {import('node:test').TestContext} t */
async function application(t) {
  const root = await mkdtemp(path.join(tmpdir(), 'sesame-vite-'));
  t.after(() => rm(root, { recursive: true }));
  await writeFile(path.join(root, 'index.html'), '<!doctype html><title>t</title>');
  return root;
}

test('a build has the worker where pages register it, and its code under a name of its content', async (t) => {
  const root = await application(t);
  const plugins = [sesameServiceWorker({ options: { freshFor: '10m' } })];
  await build({ root, plugins, configFile: false, logLevel: 'silent', base: '/app/' });
  const names = (await readdir(path.join(root, 'dist'))).sort();
  assert.equal(names.length, 3);
  const [, versioned, entry] = names;
  assert.match(versioned, /^sesame-service-worker-[0-9a-f]{8}\.js$/);
  assert.equal(entry, 'sesame-service-worker.js');
  assert.equal(
    await readFile(path.join(root, 'dist', entry), 'utf8'),
    `self.SESAME = {"freshFor":"10m"};\nimportScripts("./${versioned}");\n`,
  );
  const code = await readFile(path.join(root, 'dist', versioned), 'utf8');
  assert.equal(code, await readFile(WORKER, 'utf8'));
});

test('the development server answers both files below the base, and nothing else of it', async (t) => {
  const root = await application(t);
  const server = await createServer({
    ...{ root, configFile: false, logLevel: 'silent', base: '/app/' },
    plugins: [sesameServiceWorker({ file: 'sw.js' })],
    server: { port: 0, host: '127.0.0.1', ws: false, watch: null },
  });
  await server.listen();
  t.after(() => server.close());
  const address = server.httpServer?.address();
  const { port } = /** @type {import('node:net').AddressInfo} */ (address);
  const site = `http://127.0.0.1:${port}/app/`;
  const entry = await fetch(`${site}sw.js`);
  assert.equal(entry.headers.get('content-type'), 'text/javascript');
  const [, versioned] =
    /importScripts\("\.\/(sw-[0-9a-f]{8}\.js)"\)/.exec(await entry.text()) ?? [];
  assert.ok(versioned);
  const worker = await fetch(new URL(versioned, entry.url));
  assert.equal(await worker.text(), await readFile(WORKER, 'utf8'));
  assert.match(await (await fetch(`${site}other.js`)).text(), /<!doctype html>|^$/i);
});
