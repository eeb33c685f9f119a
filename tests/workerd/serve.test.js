// `sesame-edge serve` as a person runs it, on each runtime: the real program, real HTTP, the real workerd.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createOrigin } from '../../examples/origin/server.mjs';
import { PASSWORD } from '../../examples/origin/users.mjs';
import {
  assertNothingLeft,
  childrenOf,
  directoryOf,
  directoryServing,
  runCli,
  startCli,
} from '../support/cli.js';
import { freePort } from '../support/free-port.js';

const DOCUMENT = '/api/v1/users/me';
const HOUR_MS = 3_600_000;

const origin = createOrigin({ delayMs: 5 });
/** @type {string} */
let originUrl;
before(async () => {
  originUrl = await origin.listen();
});
after(() => origin.close());
beforeEach(() => origin.reset());

/** @returns {Promise<{ authorization: string }>} */
async function logIn(email = 'ingrid@example.com') {
  const body = JSON.stringify({ email, password: PASSWORD });
  const answer = await fetch(`${originUrl}/api/v1/auth/login`, { method: 'POST', body });
  const { access_token } = /** @type {any} */ (await answer.json());
  return { authorization: `Bearer ${access_token}` };
}

/**
 * The command, listening.
 * @param {string} runtime
 * @param {string[]} [args]
 * @param {Parameters<typeof startCli>[1]} [how]
 */
async function startServing(runtime, args = [], how) {
  const own = ['serve', '--runtime', runtime, '--origin', originUrl, '--port', '0'];
  const cli = startCli([...own, ...args], how);
  const [, url] = await cli.line('stdout', /^listening on (http:\S+)$/);
  return { ...cli, url, workerd: childrenOf(cli.pid)[0], directory: await directoryServing(url) };
}

/** Of the files of a workerd, those that everybody has. @param {string} name */
const isOfPackage = (name) => /\.(js|wasm)$/.test(name);

/** A response that goes on for an hour, once its first event is there. @param {string} url */
function openStream(url) {
  return new Promise((resolve, reject) => {
    const request = http.get(`${url}/events?every=${HOUR_MS}`, (response) => {
      response.on('error', () => {});
      response.once('data', () => resolve(request));
    });
    request.on('error', reject);
  });
}

for (const runtime of ['node', 'workerd']) {
  describe(`sesame-edge serve, on ${runtime}`, () => {
    /** @param {string[]} [args] @param {Parameters<typeof startCli>[1]} [how] */
    const startHere = (args, how) => startServing(runtime, args, how);

    test('R73: a back end that answers the path of the session itself is told of when it starts', async () => {
      const server = http.createServer((_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end('null');
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = /** @type {net.AddressInfo} */ (server.address());
      const own = [
        'serve',
        '--runtime',
        runtime,
        '--origin',
        `http://127.0.0.1:${port}`,
        '--port',
        '0',
      ];
      const cli = startCli(own);
      await cli.line('stderr', /\/api\/auth\/session itself.*sessionPath/);
      cli.child.kill();
      await cli.closed;
      server.closeAllConnections();
      server.close();
    });

    test('R5: 17 checks cost one origin call, and a line says so, once', async () => {
      const cli = await startHere();
      assert.match(cli.stdout[0], /^sesame-edge \d+\.\d+\.\d+ in front of http:/);
      const headers = await logIn();
      for (let checks = 0; checks < 17; checks += 1) {
        const answer = await fetch(cli.url + DOCUMENT, { headers });
        assert.equal(await answer.text(), JSON.stringify(origin.user('ingrid@example.com')));
      }
      assert.equal(origin.calls.get(`GET ${DOCUMENT}`), 1);
      cli.child.kill('SIGTERM');
      assert.deepEqual(await cli.closed, { code: 0, signal: null });
      const reports = cli.stdout.filter((line) => line.includes('checks'));
      assert.match(reports.at(-1) ?? '', /^\d\d:\d\d:\d\d checks 17 hits 16 origin calls 1$/);
      const seconds = reports.map((line) => line.slice(0, 8));
      // One a second, and the last as it ends.
      assert.ok(new Set(seconds).size >= seconds.length - 1, seconds.join());
      assert.deepEqual(cli.stderr, []);
    });

    test('listens on loopback unless told, and where it is told', async () => {
      const [loopback, everywhere] = await Promise.all([
        startHere(),
        startHere(['--host', '0.0.0.0']),
      ]);
      assert.match(loopback.url, /^http:\/\/127\.0\.0\.1:\d+$/);
      assert.match(everywhere.url, /^http:\/\/0\.0\.0\.0:\d+$/);
      const reach = async (/** @type {string} */ url) =>
        (await fetch(url.replace(/\/\/[^:]+/, '//127.0.0.2'))).status;
      assert.equal(await reach(everywhere.url), 200);
      await assert.rejects(reach(loopback.url), /fetch failed/);
      for (const cli of [loopback, everywhere]) {
        cli.child.kill('SIGTERM');
        assert.equal((await cli.closed).code, 0);
      }
    });

    test('its files are for this user alone, and its counters are not served', async () => {
      const cli = await startHere();
      assert.equal(statSync(cli.directory).mode & 0o777, 0o700);
      for (const name of readdirSync(cli.directory).filter((each) => !isOfPackage(each))) {
        assert.equal(statSync(path.join(cli.directory, name)).mode & 0o777, 0o600, name);
      }
      const answer = await fetch(`${cli.url}/stats`);
      assert.deepEqual([answer.status, await answer.json()], [404, { error: 'no such path' }]);
      assert.equal(origin.calls.get('GET /stats'), 1);
      cli.child.kill('SIGINT');
      await cli.closed;
      await assertNothingLeft(cli);
    });

    for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      test(`${signal} ends it with exit code 0, and nothing is left`, async () => {
        const cli = await startHere();
        const agent = new http.Agent({ keepAlive: true });
        await new Promise((resolve) => {
          http.get(cli.url, { agent }, (response) => response.resume().on('end', resolve));
        });
        cli.child.kill(signal);
        assert.deepEqual(await cli.closed, { code: 0, signal: null });
        await assertNothingLeft(cli);
        assert.equal(cli.stdout.at(-1), 'stopped');
        agent.destroy();
      });
    }

    test('Ctrl-C, which reaches the whole process group, ends it the same way', async () => {
      const cli = await startHere([], { detached: true });
      process.kill(-cli.pid, 'SIGINT');
      assert.deepEqual(await cli.closed, { code: 0, signal: null });
      await assertNothingLeft(cli);
      assert.deepEqual(cli.stderr, []);
    });

    test('an open stream is waited for, but not for ever', async () => {
      const cli = await startHere();
      const stream = await openStream(cli.url);
      const ended = new Promise((resolve) => stream.once('close', resolve));
      cli.child.kill('SIGTERM');
      assert.deepEqual(await cli.closed, { code: 0, signal: null });
      await assertNothingLeft(cli);
      await ended;
    });

    test('a second signal ends it at once: an open stream is not waited for', async () => {
      const cli = await startHere();
      const stream = await openStream(cli.url);
      stream.on('error', () => {});
      const start = performance.now();
      // What comes twice at once is one signal, as npm passes it on; what comes later is a second.
      cli.child.kill('SIGINT');
      const again = setInterval(() => cli.child.kill('SIGINT'), 100);
      stream.once('close', () => clearInterval(again)); // it has been heard
      assert.equal((await cli.closed).code, 1);
      assert.ok(performance.now() - start > 500);
      await assertNothingLeft(cli);
    });

    test('a taken port is one line and exit code 1', async () => {
      const taken = net.createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = /** @type {net.AddressInfo} */ (taken.address());
      const args = ['serve', '--runtime', runtime, '--origin', originUrl, '--port', String(port)];
      const { code, stdout, stderr } = await runCli(args);
      taken.close();
      const line = `sesame-edge: 127.0.0.1:${port} is taken by another program`;
      assert.deepEqual({ code, stdout, stderr }, { code: 1, stdout: [], stderr: [line] });
    });

    test("an address that is not this machine's is one line and exit code 1", async () => {
      const args = [
        'serve',
        '--runtime',
        runtime,
        '--origin',
        originUrl,
        '--host',
        '192.0.2.1',
        '--port',
        '8787',
      ];
      const { code, stderr } = await runCli(args);
      assert.equal(code, 1);
      assert.deepEqual(stderr, ['sesame-edge: 192.0.2.1:8787 is not an address of this machine']);
    });

    test('R13: an origin out of reach is reported, and no reason to stop', async () => {
      const gone = `http://127.0.0.1:${await freePort()}`;
      const cli = await startHere(['--origin', gone]);
      await cli.line('stderr', /cannot be reached/);
      assert.deepEqual(cli.stderr, [
        `sesame-edge: origin ${gone} cannot be reached (ECONNREFUSED); serving all the same`,
      ]);
      const answer = await fetch(cli.url + DOCUMENT, { headers: { authorization: 'Bearer abc' } });
      assert.equal(answer.status, 503);
      assert.ok(Number(answer.headers.get('retry-after')) > 0);
      cli.child.kill('SIGTERM');
      assert.equal((await cli.closed).code, 0);
    });

    test('an origin that never answers is reported too, and does not hold up the end', async () => {
      // A server that accepts a connection and says nothing: no TLS with it.
      const silent = net.createServer().listen(0, '127.0.0.1');
      await once(silent, 'listening');
      const { port } = /** @type {net.AddressInfo} */ (silent.address());
      const args = ['--origin', `https://127.0.0.1:${port}`];
      const [patient, hasty] = await Promise.all([startHere(args), startHere(args)]);
      hasty.child.kill('SIGTERM');
      assert.equal((await hasty.closed).code, 0);
      assert.deepEqual([hasty.stderr, patient.stderr], [[], []]);
      await patient.line('stderr', /cannot be reached \(no answer within 2 s\)/);
      patient.child.kill('SIGTERM');
      assert.equal((await patient.closed).code, 0);
      silent.close();
    });

    test('options come from the file; what a flag says wins', async () => {
      const directory = await mkdtemp(path.join(tmpdir(), 'serve-test-'));
      const config = path.join(directory, 'sesame.json');
      const given = { origin: 'http://origin.invalid', sessionPath: '/whoami' };
      await writeFile(config, JSON.stringify(given));
      const cli = await startHere(['--config', config]);
      const answer = await fetch(`${cli.url}/whoami`, { headers: await logIn() });
      assert.deepEqual((await answer.json()).user, origin.user('ingrid@example.com'));
      cli.child.kill('SIGTERM');
      await cli.closed;
      await rm(directory, { recursive: true });
    });

    test('ends when nobody reads its lines any more', async () => {
      const cli = await startHere();
      cli.child.stdout.destroy();
      await fetch(cli.url + DOCUMENT, { headers: await logIn() });
      assert.equal((await cli.closed).code, 0);
      await assertNothingLeft(cli);
    });
  });
}

describe('sesame-edge serve --runtime workerd', () => {
  test('Ctrl-C that workerd hears first is no crash', async () => {
    const cli = await startServing('workerd');
    process.kill(cli.workerd, 'SIGINT');
    await wait(50);
    cli.child.kill('SIGINT');
    assert.deepEqual(await cli.closed, { code: 0, signal: null });
    assert.deepEqual(cli.stderr, []);
  });

  test('a signal while it starts ends it too', async () => {
    const cli = startCli(['serve', '--runtime', 'workerd', '--origin', originUrl, '--port', '0']);
    const isStarting = () =>
      childrenOf(cli.pid).find((pid) => /sesame-edge-/.test(directoryOf(pid)));
    const deadline = performance.now() + 10_000;
    while (!isStarting() && performance.now() < deadline) await wait(1);
    const workerd = Number(isStarting());
    const directory = directoryOf(workerd);
    cli.child.kill('SIGTERM');
    assert.deepEqual(await cli.closed, { code: 0, signal: null });
    await assertNothingLeft({ pid: cli.pid, workerd, directory });
  });

  test('says so, with exit code 1, if workerd ends by itself', async () => {
    const cli = await startServing('workerd');
    process.kill(cli.workerd, 'SIGKILL');
    assert.equal((await cli.closed).code, 1);
    assert.deepEqual(cli.stderr, ['sesame-edge: workerd ended by itself (SIGKILL)']);
    await assertNothingLeft(cli);
  });
});
