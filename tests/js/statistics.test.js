// The counters (SPEC R70): they add up, and agree with what the origin saw.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SessionCache } from 'sesame-edge';
import { createClock, MINUTE } from '../support/clock.js';
import { createFakeOrigin } from '../support/fake-origin.js';
import { settle } from '../support/wait.js';

const ORIGIN = 'http://origin.test';
const DOCUMENT_URL = `${ORIGIN}/api/v1/users/me`;

const users = fc.constantFrom('ada', 'grace', 'edsger');
const statuses = fc.constantFrom(200, 200, 200, 401, 404, 429, 500);
const requests = fc.oneof(
  users.map((name) => ({ cookie: `session=${name}` })),
  users.map((name) => ({ authorization: `Bearer ${name}` })),
  fc.constant({}),
  fc.constant({ cookie: 'session=a; session=b' }),
  fc.constant({ cookie: 'x'.repeat(20_000) }),
);

const steps = fc.oneof(
  fc.record({
    does: fc.constant('check'),
    headers: requests,
    times: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ does: fc.constant('fresh'), headers: requests, times: fc.constant(1) }),
  fc.record({
    does: fc.constant('handle'),
    headers: requests,
    times: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ does: fc.constant('revoke'), headers: requests, times: fc.constant(1) }),
  fc.record({ does: fc.constant('wait'), minutes: fc.constantFrom(1, 29, 31, 61, 70) }),
  fc.record({ does: fc.constant('answer'), status: statuses }),
);

describe('statistics', () => {
  test('R70: checks are the sum of their outcomes, and origin calls are those made', async () => {
    const property = fc.asyncProperty(fc.array(steps, { maxLength: 30 }), async (program) => {
      let status = 200;
      const origin = createFakeOrigin(() => new Response('{"id":1}', { status }));
      const { now, sleep, advance } = createClock();
      const sessions = new SessionCache({ origin: ORIGIN }, { fetch: origin.fetch, now, sleep });
      let asked = 0;
      for (const step of /** @type {any[]} */ (program)) {
        const { does, headers, times } = step;
        if (does === 'wait') advance(step.minutes * MINUTE);
        else if (does === 'answer') status = step.status;
        else if (does === 'revoke') sessions.revoke({ headers });
        else {
          asked += times;
          const ask = () =>
            does === 'handle'
              ? sessions.handle(new Request(DOCUMENT_URL, { headers }))
              : sessions.getSession({ headers }, { fresh: does === 'fresh' });
          await Promise.allSettled(Array.from({ length: times }, ask));
        }
        await settle();
      }
      const { checks, fresh, stale, miss, joined, negative, bypass, ...others } =
        sessions.statistics();
      sessions.dispose();
      assert.equal(checks, asked);
      assert.equal(fresh + stale + miss + joined + negative + bypass, checks);
      assert.equal(others.originCalls, origin.calls.length);
      // A check whose lease has not ended may still cost a call.
      const mayAsk = others.originCalls + others.leases;
      assert.equal(others.originCallsAvoided, Math.max(0, checks - mayAsk));
      assert.ok(others.bytes <= 64 * 1024 ** 2);
      assert.equal(others.checkTime.count, checks);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test('R3: no two credentials ever get each other’s document', async () => {
    const octets = fc.string({
      unit: fc.constantFrom(..."ab01AB-._~+/!#$%&'()*:<>?@[]^`{|}"),
      minLength: 1,
      maxLength: 40,
    });
    // Most of them begin alike.
    const tokens = fc.stringMatching(/^(aaaaaaaa)?[ab]{1,8}(A-)?={0,2}$/);
    const credentials = fc.uniqueArray(
      fc.oneof(
        octets.map((value) => ({ cookie: `session=${value}` })),
        tokens.map((value) => ({ cookie: `session=${value}` })),
        tokens.map((value) => ({ authorization: `Bearer ${value}` })),
      ),
      { selector: (headers) => JSON.stringify(headers), minLength: 2, maxLength: 40 },
    );
    const property = fc.asyncProperty(credentials, async (all) => {
      const origin = createFakeOrigin((headers) =>
        Response.json({ id: [headers.get('cookie'), headers.get('authorization')] }),
      );
      const sessions = new SessionCache({ origin: ORIGIN }, { fetch: origin.fetch });
      for (const _ of ['asked', 'held']) {
        const answers = all.map((headers) => sessions.getSession({ headers }));
        for (const [index, session] of (await Promise.all(answers)).entries()) {
          const { cookie = null, authorization = null } = /** @type {any} */ (all[index]);
          assert.deepEqual(session?.user.id, [cookie, authorization]);
        }
      }
      sessions.dispose();
      assert.equal(origin.calls.length, all.length);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  test('R70: Prometheus gets the same numbers, each metric once and with its type', async () => {
    const origin = createFakeOrigin();
    const { now, sleep } = createClock();
    const sessions = new SessionCache({ origin: ORIGIN }, { fetch: origin.fetch, now, sleep });
    const ask = (/** @type {Record<string, string>} */ headers, fresh = false) =>
      sessions.getSession({ headers }, { fresh });
    await ask({ cookie: 'session=ada' });
    await ask({ cookie: 'session=ada' });
    await ask({ cookie: 'session=ada' }, true);
    await ask({});
    sessions.revokeUser('id-ada');

    const text = sessions.prometheusText();
    const samples = new Map(
      text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => /** @type {[string, string]} */ (line.split(' '))),
    );
    const { entries, bytes } = sessions.statistics();
    const expected = {
      sesame_checks_total: 4,
      'sesame_check_outcomes_total{outcome="fresh"}': 1,
      'sesame_check_outcomes_total{outcome="miss"}': 2,
      'sesame_check_outcomes_total{outcome="bypass"}': 1,
      'sesame_origin_calls_total{cause="miss"}': 1,
      'sesame_origin_calls_total{cause="fresh"}': 1,
      sesame_revocations_total: 1,
      sesame_entries: entries,
      sesame_memory_bytes: bytes,
      'sesame_check_duration_seconds_bucket{le="0.001"}': 4,
      'sesame_check_duration_seconds_bucket{le="+Inf"}': 4,
      sesame_origin_duration_seconds_count: 2,
    };
    for (const [name, value] of Object.entries(expected)) {
      assert.equal(samples.get(name), String(value), name);
    }
    const types = text.match(/^# TYPE .*$/gm) ?? [];
    assert.equal(new Set(types.map((line) => line.split(' ')[2])).size, types.length);
    for (const name of samples.keys()) {
      const family = name.replace(/\{.*/, '').replace(/_(bucket|sum|count)$/, '');
      assert.ok(
        types.some((line) => line.startsWith(`# TYPE ${family} `)),
        name,
      );
    }
    sessions.dispose();
  });
});
