// The path where Prometheus scrapes.
import assert from 'node:assert/strict';
import { ask, cookie, httpCase } from '../support/http-case.js';

export const scraping = [
  httpCase(
    'R70: metricsPath answers the counters, and asks nobody',
    async (t) => {
      const checksIn = (/** @type {string} */ text) =>
        Number(/^sesame_checks_total (\d+)$/m.exec(text)?.[1]);
      const scrape = async (method = 'GET') => {
        const response = await t.fetch('/-/metrics', { method });
        assert.equal(response.status, 200);
        assert.equal(response.headers.get('cache-control'), 'no-store');
        assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
        return response.text();
      };
      const before = checksIn(await scrape());
      const name = t.user();
      for (let round = 0; round < 3; round += 1) await ask(t, cookie(name));
      assert.equal(checksIn(await scrape()), before + 3);
      assert.equal(await scrape('HEAD'), '');
      assert.equal(t.origin.calls().length, 1);
    },
    { metricsPath: '/-/metrics' },
  ),

  httpCase('metricsPath is nowhere unless it is named', async (t) => {
    for (const path of ['/metrics', '/null']) assert.equal((await t.fetch(path)).status, 404);
    assert.equal(t.origin.calls().length, 2);
  }),
];
