// What an operator sees: counters, histograms and log lines (R70, R71).
// Invariant: nothing that is seen names a user or a credential.
import assert from 'node:assert/strict';
import { READ } from '../../support/origin.js';
import { createGate } from '../../support/wait.js';
import { bearer, cookie, MARGIN, MINUTE } from '../context.js';
import { LOGOUT, MANAGED, post, REFRESH, signUsersIn, THINGS } from '../identity.js';
import { hostRule, rule } from '../suite.js';

/** @type {import('../suite.js').Feature[]} */
const counted = ['statistics'];

/** What each check counts as. */
const KINDS = ['fresh', 'stale', 'miss', 'joined', 'negative', 'bypass'];
const CAUSES = [
  'originMiss',
  'originRefresh',
  'originFresh',
  'originBypass',
  'originWrite',
  'originLogin',
];

/** @param {Record<string, any>} counters @param {string[]} names */
const sum = (counters, names) => names.reduce((total, name) => total + counters[name], 0);

/** @param {Record<string, any>} counters @param {string[]} names */
const pick = (counters, names) => Object.fromEntries(names.map((name) => [name, counters[name]]));

/** Checks of every kind, and origin calls of most. @param {import('../context.js').Cache} t */
async function everything(t) {
  const [one, other] = [bearer(t.user()), cookie(t.user())];
  t.origin.on(READ, { body: '{"id":1}' });
  await t.ask(other);
  for (let check = 0; check < 5; check += 1) await t.ask(one);
  await t.ask({});
  await t.ask({ authorization: 'Basic x' });
  t.origin.on(READ, { status: 401 });
  const refused = bearer(t.user());
  for (let check = 0; check < 3; check += 1) await t.ask(refused);
  t.origin.on(READ, { status: 500 });
  await t.ask(bearer(t.user()));
  t.origin.on(READ, { body: '{"id":1}' });
  await t.advance(30 * MINUTE + MARGIN);
  await t.ask(one);
  // The refresh behind it is counted when it begins, and its time when it has ended.
  await t.until(async () => {
    const { originCalls, originTime } = await t.statistics();
    return originCalls === 7 && originTime.count === originCalls;
  });
  await t.idle();
}

export const observability = [
  rule(
    'R70',
    'every check counts as one kind, and every origin call has a cause',
    async (t) => {
      await everything(t);
      const counters = await t.statistics();
      assert.deepEqual(pick(counters, ['checks', ...KINDS]), {
        checks: 13,
        fresh: 4,
        stale: 1,
        miss: 4,
        joined: 0,
        negative: 2,
        bypass: 2,
      });
      assert.equal(sum(counters, KINDS), counters.checks);
      assert.equal(counters.originCalls, t.origin.count());
      assert.equal(sum(counters, CAUSES), counters.originCalls);
      assert.deepEqual(pick(counters, CAUSES), {
        originMiss: 4,
        originRefresh: 1,
        originFresh: 0,
        originBypass: 2,
        originWrite: 0,
        originLogin: 0,
      });
      assert.equal(counters.originCallsAvoided, counters.checks - counters.originCalls);
    },
    { needs: counted },
  ),

  rule(
    'R70',
    'every counter exists from the start and is zero',
    async (t) => {
      const counters = await t.statistics();
      for (const name of [
        'checks',
        ...KINDS,
        'originCalls',
        ...CAUSES,
        'originTokenRefresh',
        'originCallsAvoided',
      ]) {
        assert.equal(counters[name], 0, name);
      }
      for (const name of ['fillsRefused', 'revocations', 'evictions', 'entries']) {
        assert.equal(counters[name], 0, name);
      }
      assert.ok(counters.bytes >= 0);
    },
    { needs: counted },
  ),

  rule(
    'R70',
    'followers, refused fills, revocations and fresh checks are counted',
    async (t) => {
      const gate = createGate();
      t.origin.on(READ, { body: '{"id":"a"}', after: gate.opened }, { body: '{"id":"a"}' });
      const credential = bearer(t.user());
      const asked = [1, 2, 3, 4].map(() => t.ask(credential));
      await t.soon(t.origin.called(READ));
      await t.turn();
      await t.api.revoke(credential);
      gate.open();
      await Promise.all(asked);
      const other = bearer(t.user());
      await t.ask(other);
      await t.api.getSession(other, { fresh: true });
      await t.api.revokeUser('a');
      const counters = await t.statistics();
      assert.deepEqual(
        pick(counters, ['checks', 'miss', 'joined', 'fillsRefused', 'revocations', 'originFresh']),
        // Of the fresh ones one asked what there was to revoke.
        { checks: 6, miss: 3, joined: 3, fillsRefused: 1, revocations: 2, originFresh: 2 },
      );
    },
    { needs: ['statistics', 'api', 'revoke'] },
  ),

  rule(
    'R70',
    'the gauges of entries and bytes follow what is held',
    async (t) => {
      const before = await t.statistics();
      t.origin.on(READ, ({ headers }) => ({
        body: JSON.stringify({ id: headers.authorization, text: 'x'.repeat(500) }),
      }));
      const credentials = Array.from({ length: 50 }, () => bearer(t.user()));
      for (const credential of credentials) await t.ask(credential);
      const after = await t.statistics();
      assert.equal(after.entries - before.entries, 50);
      assert.ok(after.bytes >= before.bytes, `${before.bytes} ${after.bytes}`);
      for (const credential of credentials) await t.api.revoke(credential);
      assert.equal((await t.statistics()).entries, before.entries);
    },
    { needs: ['statistics', 'api', 'revoke'] },
  ),

  rule(
    'R70',
    'evictions are counted, and cost an origin call only',
    async (t) => {
      t.origin.on(READ, ({ headers }) => ({
        body: JSON.stringify({ id: headers.authorization, text: 'x'.repeat(50_000) }),
      }));
      const credentials = Array.from({ length: 100 }, () => bearer(t.user()));
      for (const credential of credentials) assert.equal((await t.ask(credential))[0], 200);
      const { evictions, entries, bytes } = await t.statistics();
      assert.ok(evictions > 0 && entries < 100, `${evictions} evicted, ${entries} held`);
      assert.ok(bytes <= 4 * 1024 ** 2, `${bytes} bytes`);
      for (const credential of credentials.slice(0, 5))
        assert.equal((await t.ask(credential))[0], 200);
    },
    { options: { memory: '4MB' }, needs: counted },
  ),

  rule(
    'R70',
    'logins and token refreshes are origin calls with causes of their own',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      await t.ask(headers);
      await post(t, REFRESH, headers);
      await t.write(headers);
      const counters = await t.statistics();
      assert.deepEqual(
        pick(counters, ['originLogin', 'originTokenRefresh', 'originMiss', 'originCalls']),
        { originLogin: 1, originTokenRefresh: 1, originMiss: 0, originCalls: 1 },
      );
      assert.equal(sum(counters, KINDS), counters.checks);
    },
    { options: { managed: MANAGED }, needs: ['statistics', 'managed'] },
  ),

  rule(
    'R70',
    'the times of checks and of origin calls are histograms',
    async (t) => {
      await everything(t);
      const counters = await t.statistics();
      for (const [name, count] of /** @type {[string, number][]} */ ([
        ['checkTime', counters.checks],
        ['originTime', counters.originCalls],
      ])) {
        const histogram = counters[name];
        assert.equal(histogram.count, count, name);
        assert.ok(histogram.sumMs >= 0);
        let last = { leMs: 0, count: 0 };
        for (const bucket of histogram.buckets) {
          assert.ok(bucket.leMs > last.leMs && bucket.count >= last.count, name);
          last = bucket;
        }
        assert.ok(last.count <= histogram.count);
      }
    },
    { needs: counted },
  ),

  rule(
    'R70',
    'a check that waits for the origin is counted as long as the origin takes',
    async (t) => {
      const gate = createGate();
      t.origin.on(READ, { body: '{"id":1}', after: gate.opened });
      const asked = t.ask(bearer(t.user()));
      await t.soon(t.origin.called(READ));
      await t.advance(4000);
      gate.open();
      await asked;
      const { checkTime, originTime } = await t.statistics();
      for (const { count, sumMs } of [checkTime, originTime]) {
        assert.equal(count, 1);
        assert.ok(sumMs >= 4000 && sumMs < 7000, String(sumMs));
      }
    },
    { needs: counted },
  ),

  rule(
    'R70',
    'prometheusText() is valid and has the counters and histograms',
    async (t) => {
      await everything(t);
      const text = await t.prometheus();
      const { checks } = await t.statistics();
      const samples = text.split('\n').filter((line) => line && !line.startsWith('#'));
      for (const line of samples)
        assert.match(line, /^[a-zA-Z_:][\w:]*(\{[^}]*\})? -?[\d.eE+]+(Inf)?$/);
      assert.ok(text.includes('# TYPE'));
      assert.ok(samples.some((line) => line.endsWith(` ${checks}`)));
      assert.ok(samples.some((line) => /_bucket\{.*le="\+Inf"/.test(line)));
      assert.ok(text.endsWith('\n'));
    },
    { needs: ['statistics', 'prometheus'] },
  ),

  hostRule(
    'R70',
    'metricsPath answers the counters as Prometheus text, without an origin call',
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
      for (let round = 0; round < 3; round += 1) assert.equal((await t.ask(cookie(name)))[0], 200);
      assert.equal(checksIn(await scrape()), before + 3);
      assert.equal(await scrape('HEAD'), '');
      assert.equal(t.origin.calls().length, 1);
    },
    { metricsPath: '/-/metrics' },
  ),

  hostRule('R70', 'no path answers the counters unless metricsPath names it', async (t) => {
    for (const path of ['/metrics', '/null']) assert.equal((await t.fetch(path)).status, 404);
    assert.equal(t.origin.calls().length, 2);
  }),

  rule(
    'R71',
    'a log line is an object with an event, its time and its duration',
    async (t) => {
      const before = t.now();
      await everything(t);
      const lines = /** @type {any[]} */ (await t.logs());
      assert.ok(lines.length >= 13, `${lines.length} lines`);
      for (const line of lines) {
        assert.equal(typeof line.event, 'string');
        assert.ok(line.time >= before - MARGIN && line.time <= t.now() + MARGIN);
        assert.ok(line.durationMs >= 0);
        for (const value of Object.values(line))
          assert.ok(['string', 'number'].includes(typeof value));
      }
    },
    { needs: ['logs', 'alone'] },
  ),

  rule(
    'R71',
    'a log line has no credential and nothing of a document',
    async (t) => {
      const idp = signUsersIn(t);
      const name = `marked-${t.user()}`;
      const { headers, cookie: made } = await idp.login(name);
      await t.session(headers);
      await t.ask(headers, `${THINGS}?name=${name}`);
      await post(t, REFRESH, headers);
      await t.ask({ ...bearer(`${name}-token`) });
      await t.advance(61 * MINUTE);
      t.origin.on(READ, { body: `{"id":"${name}"` });
      await t.ask(headers);
      await post(t, LOGOUT, headers);
      const text = JSON.stringify(await t.logs());
      for (const secret of [name, made.value, ...idp.secrets])
        assert.ok(!text.includes(secret), text);
      assert.ok(text.length > 2);
    },
    { options: { managed: MANAGED }, needs: ['logs', 'managed'] },
  ),
];
