// `sesame-edge serve --store redis://… --port … --port …`: several nodes, in one process on Node, or each a workerd of its
// own.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startCli } from '../support/cli.js';
import { createOrigin, DOCUMENT } from '../support/origin.js';
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
  });
}
