// `sesame-edge serve --store redis://… --port … --port …`: several nodes, in one process on Node, or each a workerd of its
// own.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startCli } from '../support/cli.js';
import { byDefault, createOrigin, DOCUMENT } from '../support/origin.js';
import { startRedis } from '../support/redis-server.js';
import { until } from '../support/wait.js';

/** @param {string[]} lines */
const urlsIn = (lines) => lines.flatMap((line) => /^listening on (\S+)/.exec(line)?.slice(1) ?? []);

for (const runtime of ['node', 'workerd']) {
  describe(`sesame-edge serve --store, on ${runtime}`, () => {
    /** @type {Awaited<ReturnType<typeof startRedis>>} */
    let redis;
    /** @type {Awaited<ReturnType<typeof createOrigin>>} */
    let origin;
    before(async () => {
      redis = await startRedis();
      origin = await createOrigin();
    });
    after(async () => {
      await redis.stop();
      await origin.stop();
    });

    test('R30, R31: what one node knows the others know, and what it ends has ended', async () => {
      const where = ['--origin', origin.url, '--store', redis.url];
      const words = ['serve', '--runtime', runtime, ...where];
      const cli = startCli([...words, '--port', '0', '--port', '0', '--port', '0']);
      try {
        await cli.line('stdout', /in front of/);
        await until(() => urlsIn(cli.stdout).length === 3, 'three nodes listen');
        const urls = urlsIn(cli.stdout);
        const headers = { authorization: 'Bearer ada' };
        const ask = async (/** @type {string} */ url) => {
          const response = await fetch(url + DOCUMENT, { headers });
          return [response.status, await response.text()];
        };
        const first = await ask(urls[0]);
        assert.equal(first[0], 200);
        for (const url of urls) assert.deepEqual(await ask(url), first);
        assert.equal(origin.count(), 1);
        // The origin says no to one node, which asks it after a logout: that is everybody's no.
        origin.on('POST /api/logout', { status: 204 });
        origin.on(`GET ${DOCUMENT}`, { status: 401 });
        await fetch(`${urls[1]}/api/logout`, { method: 'POST', headers });
        for (const url of urls) {
          await until(async () => (await ask(url))[0] === 401, 'the others know');
        }
      } finally {
        cli.child.kill('SIGTERM');
        await cli.closed;
      }
    });

    test('R31: a sign-out is pushed to the other nodes, of which none reads so soon', async () => {
      const directory = await mkdtemp(path.join(tmpdir(), 'sesame-edge-push-'));
      const config = path.join(directory, 'sesame.json');
      await writeFile(config, JSON.stringify({ origin: origin.url, revocationBound: '1h' }));
      const words = ['serve', '--runtime', runtime, '--config', config, '--store', redis.url];
      const cli = startCli([...words, '--port', '0', '--port', '0', '--port', '0']);
      try {
        await cli.line('stdout', /in front of/);
        await until(() => urlsIn(cli.stdout).length === 3, 'three nodes listen');
        const urls = urlsIn(cli.stdout);
        /** @type {Set<string | undefined>} */
        const signedOut = new Set();
        origin.on(`GET ${DOCUMENT}`, (call) =>
          signedOut.has(call.headers.authorization) ? { status: 401 } : byDefault(call),
        );
        origin.on('POST /api/logout', (call) => {
          signedOut.add(call.headers.authorization);
          return { status: 204 };
        });
        for (const [index, url] of urls.entries()) {
          const headers = { authorization: `Bearer grace-${index}` };
          const ask = async (/** @type {string} */ where) => {
            const response = await fetch(where + DOCUMENT, { headers });
            await response.text();
            return response.status;
          };
          for (let round = 0; round < 3; round += 1) {
            for (const each of urls) assert.equal(await ask(each), 200);
          }
          await fetch(`${url}/api/logout`, { method: 'POST', headers });
          const from = performance.now();
          for (const each of urls) {
            await until(async () => (await ask(each)) === 401, 'the others know');
          }
          // In workerd they hear what they have missed when they listen on, after twenty seconds.
          assert.ok(performance.now() - from < 10_000);
        }
      } finally {
        cli.child.kill('SIGTERM');
        await cli.closed;
        await rm(directory, { recursive: true, force: true });
      }
    });
  });
}
