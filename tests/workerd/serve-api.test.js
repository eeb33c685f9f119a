// `serve()` as a program uses it, on each runtime, and the configuration that it writes for the real workerd.
import assert from 'node:assert/strict';
import { lstat, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { workerdConfig } from '../../edge_worker/serve/capnp.js';
import { serve } from '../../edge_worker/serve/serve.js';
import { findWorkerd, startWorkerd } from '../../edge_worker/serve/workerd-process.js';
import { createOrigin } from '../../examples/origin/server.mjs';
import { PASSWORD } from '../../examples/origin/users.mjs';
import {
  assertNothingLeft,
  childrenOf,
  directoryServing,
  isAlive,
  runCli,
  startCli,
} from '../support/cli.js';

const DOCUMENT = '/api/v1/users/me';
const RUNTIMES = /** @type {const} */ (['node', 'workerd']);

const origin = createOrigin({ delayMs: 5 });
/** @type {string} */
let originUrl;
before(async () => {
  originUrl = await origin.listen();
});
after(() => origin.close());

/** @returns {Promise<{ authorization: string }>} */
async function logIn() {
  const body = JSON.stringify({ email: 'amina@example.com', password: PASSWORD });
  const answer = await fetch(`${originUrl}/api/v1/auth/login`, { method: 'POST', body });
  const { access_token } = /** @type {any} */ (await answer.json());
  return { authorization: `Bearer ${access_token}` };
}

for (const runtime of RUNTIMES) {
  describe(`serve(), on ${runtime}`, () => {
    test("R70: its counters are those of the isolate that serves, and of each server's own", async () => {
      const servers = await Promise.all([
        serve({ runtime, origin: originUrl }),
        serve({ runtime, origin: originUrl }),
      ]);
      const [one, other] = servers;
      assert.equal(await one.stats(), null);
      const headers = await logIn();
      for (let checks = 0; checks < 3; checks += 1) {
        assert.equal((await fetch(one.url + DOCUMENT, { headers })).status, 200);
      }
      const counters = await one.stats();
      assert.deepEqual(
        [counters?.checks, counters?.fresh, counters?.originCalls, counters?.originCallsAvoided],
        [3, 2, 1, 2],
      );
      assert.equal(await other.stats(), null);
      await Promise.all(servers.map((server) => server.close()));
      const isGone = servers.map(({ pid }) => pid === process.pid || !isAlive(pid));
      assert.deepEqual(isGone, [true, true]);
      for (const { url } of servers) await assert.rejects(fetch(url), /fetch failed/);
      assert.deepEqual(await one.ended, { code: 0, signal: null });
    });

    test('R72: `sesame-edge inspect` asks it, over a socket that only its own user may open', async () => {
      const server = await serve({ runtime, origin: originUrl });
      const { authorization } = await logIn();
      const header = `Authorization: ${authorization}`;
      const ask = () =>
        runCli(['inspect', '--port', `${server.port}`, '--header', header, '--json']);
      const before = JSON.parse((await ask()).stdout.join('\n'));
      await (await fetch(server.url + DOCUMENT, { headers: { authorization } })).text();
      await (await fetch(server.url + DOCUMENT, { headers: { cookie: 'sid=1' } })).text();
      const after = JSON.parse((await ask()).stdout.join('\n'));
      assert.deepEqual(
        [before.answer, after.answer, after.readFrom],
        ['asks', 'fresh', 'Authorization'],
      );
      const { stdout } = await runCli(['inspect', '--port', `${server.port}`]);
      assert.match(stdout.join('\n'), /2 checks, 2 origin calls[\s\S]* cookies sid,/);
      const { mode } = await lstat(path.join(await directoryServing(server.url), 'control.sock'));
      assert.equal(mode & 0o777, 0o600);
      await server.close();
    });

    test('refuses wrong options with every fault, before anything starts', async () => {
      const options = { freshFor: 'soon', keepFor: '1s', leaseFor: '1s' };
      await assert.rejects(serve({ runtime, origin: originUrl, options }), (error) => {
        const { code, faults } = /** @type {any} */ (error);
        assert.equal(code, 'ERR_SESAME_CONFIG');
        const named = faults.map((/** @type {{ option: string }} */ { option }) => option);
        assert.deepEqual(named.sort(), ['freshFor', 'keepFor', 'leaseFor']);
        return true;
      });
      assert.deepEqual(childrenOf(process.pid), []);
    });

    test('a program that ends without close() leaves nothing', async () => {
      const module = new URL('../../edge_worker/serve/serve.js', import.meta.url).href;
      const program = path.join(await mkdtemp(path.join(tmpdir(), 'serve-test-')), 'careless.mjs');
      await writeFile(
        program,
        `import { serve } from ${JSON.stringify(module)};
      const server = await serve({ runtime: '${runtime}', origin: 'http://127.0.0.1:9' });
      process.once('SIGUSR2', () => { throw new Error('careless'); });
      console.log(server.url);
      await new Promise(() => {});`,
      );
      const cli = startCli([], { program });
      const [, url] = await cli.line('stdout', /^(http:\S+)$/);
      const directory = await directoryServing(url);
      const [workerd] = childrenOf(cli.pid);
      cli.child.kill('SIGUSR2');
      assert.equal((await cli.closed).code, 1);
      await rm(path.dirname(program), { recursive: true });
      await assertNothingLeft({ pid: cli.pid, workerd, directory });
    });

    test('a start that is called off leaves nothing', async () => {
      const signal = AbortSignal.abort(new Error('called off'));
      await assert.rejects(serve({ runtime, origin: originUrl, signal }), /called off/);
      assert.deepEqual(childrenOf(process.pid), []);
    });
  });
}

test('a runtime that is none is refused', async () => {
  const runtime = /** @type {any} */ ('toString');
  await assert.rejects(serve({ runtime, origin: originUrl }), (error) => {
    assert.match(/** @type {Error} */ (error).message, /runtime must be node or workerd/);
    return true;
  });
});

test("any text in an option reaches the worker as it is, and the binary's newest date works", async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'sesame-edge-text-'));
  const options = { text: ' "\\\n\t\u0000\u0001\u007f\u2028 é مرحبا 🔑 $x # , ) = ' };
  await writeFile(
    path.join(directory, 'echo.js'),
    'export default { fetch: (request, env) => Response.json(env.SESAME) };\n' +
      'export const control = { fetch: () => new Response() };',
  );
  const { binary, compatibilityDate } = findWorkerd();
  const server = { address: '127.0.0.1:0', controlPath: path.join(directory, 'control.sock') };
  const config = workerdConfig({ ...server, modules: ['echo.js'], compatibilityDate, options });
  await writeFile(path.join(directory, 'config.capnp'), config);
  /** @type {string[]} */
  const lines = [];
  const onLine = (/** @type {string} */ line) => void lines.push(line);
  const { address } = server;
  const workerd = await startWorkerd({ binary, directory, address, onLine, signal: undefined });
  assert.deepEqual(await (await fetch(`http://127.0.0.1:${workerd.port}`)).json(), options);
  await workerd.stop(1000);
  assert.deepEqual(lines, []);
  await rm(directory, { recursive: true });
});
