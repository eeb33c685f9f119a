// The origin fails, in every way that it can: nobody is signed out by it (SPEC R13).
import assert from 'node:assert/strict';
import { SECOND } from '../support/clock.js';
import {
  ask,
  assertPrivate,
  attempt,
  bearer,
  clockCase,
  cookie,
  httpCase,
} from '../support/http-case.js';
import { DOCUMENT, READ, SESSION } from '../support/origin.js';
import { until } from '../support/wait.js';

/** @typedef {import('../support/origin.js').Behaviour} Behaviour */
async function* cutShort() {
  yield '{"id":';
  throw new Error('the origin breaks off');
}

/** @type {Record<string, Behaviour>} */
const FAILURES = {
  ...Object.fromEntries(
    [408, 425, 429, 500, 502, 503, 504, 599].map((status) => [status, { status }]),
  ),
  'a connection that goes away': { fault: 'reset' },
  'a document cut short': { body: cutShort(), headers: { 'content-length': '100' } },
  'a document cut short, its length not announced': { body: cutShort() },
  'text that is no JSON': { body: '<html>' },
  'a list': { body: '[{"id":1}]' },
  null: { body: 'null' },
  'a string': { body: '"id"' },
  nothing: { status: 204 },
  'an empty body': { body: '' },
  'a byte-order mark': { body: '\ufeff{"id":1}' },
  'bad UTF-8': { body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]) },
  'a document over the limit': { body: `{"id":"${'x'.repeat(300_000)}"}` },
  'not modified, unasked': { status: 304 },
};

/** Some carry a body that can be sent once. @param {Behaviour} behaviour @returns {Behaviour} */
const afresh = ({ ...behaviour }) =>
  'body' in behaviour && typeof behaviour.body === 'object' && !(behaviour.body instanceof Buffer)
    ? { ...behaviour, body: cutShort() }
    : behaviour;

export const failures = [
  ...Object.entries(FAILURES).map(([kind, behaviour]) =>
    httpCase(
      `R13: cold, ${kind}: 503 with Retry-After, and nothing negative is kept`,
      async (t) => {
        const credential = cookie(t.user());
        t.origin.on(READ, () => afresh(behaviour));
        for (const path of [DOCUMENT, SESSION]) {
          const response = await t.fetch(path, { headers: credential });
          assert.deepEqual(
            [response.status, await response.json()],
            [503, { error: 'origin_unavailable' }],
          );
          assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
          assert.equal(response.headers.get('content-type'), 'application/json');
          assert.deepEqual(response.headers.getSetCookie(), []);
          assertPrivate(response);
        }
        const { originFailures, unavailable, entries } = await t.stats();
        assert.deepEqual([originFailures, unavailable], [2, 2]);
        if (t.kind === 'node') assert.equal(entries, 0);
        t.origin.on(READ, { body: '{"id":1}' });
        assert.deepEqual(await ask(t, credential), ['origin', '{"id":1}']);
      },
    ),
  ),

  ...Object.entries(FAILURES).map(([kind, behaviour]) =>
    httpCase(
      `R13: held, ${kind}: what staleIfError allows is served`,
      async (t) => {
        const credential = cookie(t.user());
        t.origin.on(READ, { body: '{"id":1}' }, () => afresh(behaviour));
        await ask(t, credential);
        assert.deepEqual(await ask(t, credential), ['stale', '{"id":1}']);
        assert.deepEqual(await ask(t, credential), ['stale', '{"id":1}']);
        // workerd itself sends a GET once more if a connection that it kept turns out to be gone.
        if (behaviour.fault !== 'reset') assert.equal(t.origin.count(), 3);
      },
      { freshFor: 0, keepFor: 0 },
    ),
  ),

  httpCase(
    'R13: staleIfError 0 allows nothing past keepFor',
    async (t) => {
      const credential = cookie(t.user());
      t.origin.on(READ, { body: '{"id":1}' }, { status: 500 });
      await ask(t, credential);
      assert.equal((await attempt(t, credential))[0], 503);
    },
    { freshFor: 0, keepFor: 0, staleIfError: 0 },
  ),

  httpCase(
    'R13: an origin that never answers is a failure after originTimeout',
    async (t) => {
      const credential = cookie(t.user());
      t.origin.on(READ, { fault: 'hang' });
      const asked = attempt(t, credential);
      await t.origin.called(READ);
      t.clock?.advance(50);
      assert.equal((await asked)[0], 503);
    },
    { originTimeout: 50, leaseFor: 5000 },
  ),

  httpCase(
    'R13: so is one that stops in the middle of its answer',
    async (t) => {
      const credential = cookie(t.user());
      const raw = (/** @type {any} */ _request, /** @type {any} */ response) =>
        response.write('{"id"');
      t.origin.on(READ, { raw });
      const asked = attempt(t, credential);
      await t.origin.called(READ);
      if (t.clock) await until(() => t.clock?.pauses().length);
      t.clock?.advance(50);
      assert.equal((await asked)[0], 503);
    },
    { originTimeout: 50, leaseFor: 5000 },
  ),

  httpCase("R13: the origin's own Retry-After is handed on", async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { status: 503, headers: { 'retry-after': '120' } });
    const response = await t.fetch(DOCUMENT, { headers: credential });
    assert.equal(response.headers.get('retry-after'), '120');
  }),

  httpCase("R13: 429's own Retry-After is obeyed: the origin is left alone", async (t) => {
    const credential = bearer(t.user());
    t.origin.on(READ, { status: 429, headers: { 'retry-after': '70' } }, { body: '{"id":1}' });
    for (let time = 0; time < 3; time += 1) {
      const response = await t.fetch(DOCUMENT, { headers: credential });
      assert.equal(response.status, 503);
      const retryAfter = Number(response.headers.get('retry-after'));
      assert.ok(retryAfter > 60 && retryAfter <= 70, String(retryAfter));
    }
    assert.equal(t.origin.count(), 1);
    assert.equal((await ask(t, bearer(t.user())))[0], 'origin');
  }),

  clockCase("R13: 429's Retry-After may be a date, and ends", async (t) => {
    const credential = bearer(t.user());
    const date = new Date(t.clock.now() + 70 * SECOND).toUTCString();
    t.origin.on(READ, { status: 429, headers: { 'retry-after': date } }, { body: '{"id":1}' });
    assert.equal((await attempt(t, credential))[0], 503);
    t.clock.advance(70 * SECOND - 1);
    assert.equal((await attempt(t, credential))[0], 503);
    t.clock.advance(1);
    assert.deepEqual(await ask(t, credential), ['origin', '{"id":1}']);
  }),

  clockCase(
    'R13: a refresh that fails is tried again, but not by everybody at once',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { body: '{"id":1}' }, { status: 500 });
      await ask(t, credential);
      await ask(t, credential);
      await t.origin.called(READ, 2);
      await until(async () => (await t.stats()).originFailures === 1);
      for (let check = 0; check < 10; check += 1)
        assert.equal((await ask(t, credential))[0], 'stale');
      assert.equal(t.origin.count(), 2);
      t.clock.advance(SECOND);
      assert.equal((await ask(t, credential))[0], 'stale');
      await t.origin.called(READ, 3);
    },
    { freshFor: 0 },
  ),

  httpCase(
    'R13: with the origin gone, warm users are answered and cold ones get 503',
    async (t) => {
      const [warm, cold] = [bearer(t.user()), bearer(t.user())];
      await ask(t, warm);
      await t.origin.stop();
      try {
        assert.equal((await ask(t, warm))[0], 'fresh');
        for (const path of [DOCUMENT, SESSION, '/elsewhere']) {
          const response = await t.fetch(path, { headers: cold });
          assert.deepEqual(
            [response.status, await response.json()],
            [503, { error: 'origin_unavailable' }],
          );
          assert.ok(Number(response.headers.get('retry-after')) >= 1);
          assert.deepEqual(response.headers.getSetCookie(), []);
        }
      } finally {
        await t.origin.restart();
      }
      assert.equal((await ask(t, cold))[0], 'origin');
      assert.equal((await ask(t, warm))[0], 'fresh');
    },
  ),
];
