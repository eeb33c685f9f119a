// What operators see: OpenTelemetry's real SDK, the path for Prometheus, and the dashboard that reads it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { SessionCache } from 'sesame-edge';
import { instrument } from 'sesame-edge/opentelemetry';
import { MINUTE, SECOND } from '../support/clock.js';
import { attempt, bearer, cookie } from '../support/http-case.js';
import { documentOf, READ } from '../support/origin.js';
import { createNodeTarget } from '../support/targets.js';
import { until } from '../support/wait.js';

/** @typedef {Awaited<ReturnType<typeof createNodeTarget>>} NodeTarget */

function createSdk() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const spans = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(spans)],
  });
  return {
    meterProvider,
    tracerProvider,
    spans: () => spans.getFinishedSpans(),
    /** The newest value of each metric and set of attributes. */
    async read() {
      exporter.reset();
      await reader.forceFlush();
      const found = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
      return found.flatMap(({ metrics }) => metrics);
    },
    stop: () => Promise.all([meterProvider.shutdown(), tracerProvider.shutdown()]),
  };
}

/** A check of every kind. @param {NodeTarget} t */
async function useAll(t) {
  const ada = cookie('secret-ada');
  for (let round = 0; round < 4; round += 1) await attempt(t, ada);
  t.clock?.advance(31 * MINUTE);
  await attempt(t, ada);
  await until(async () => (await t.stats()).leases === 0);
  await attempt(t, {});
  t.origin.on(READ, { status: 401 }, { status: 500 });
  await attempt(t, bearer('secret-eve'));
  await attempt(t, bearer('secret-eve'));
  await attempt(t, bearer('secret-mia'));
  await t.sessions.revoke({ headers: ada });
}

describe('sesame-edge/opentelemetry', () => {
  test('R70: every counter is a metric, with its unit, and equal to the statistics', async (context) => {
    const t = await createNodeTarget();
    context.after(() => t.close());
    const sdk = createSdk();
    context.after(() => sdk.stop());
    const stop = instrument(t.sessions, sdk);
    await useAll(t);
    const metrics = await sdk.read();
    const statistics = /** @type {any} */ (await t.stats());
    /** @type {(name: string) => Record<string, unknown>} */
    const valuesOf = (name) => {
      const points = metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
      return Object.fromEntries(
        points.map(({ attributes, value }) => [Object.values(attributes).join() || 'all', value]),
      );
    };
    const { fresh, stale, miss, joined, negative, bypass } = statistics;
    assert.deepEqual(valuesOf('sesame.checks'), { fresh, stale, miss, joined, negative, bypass });
    assert.deepEqual([fresh, stale, miss, negative, bypass], [3, 1, 3, 1, 1]);
    const calls = valuesOf('sesame.origin.calls');
    const sum = Object.values(calls).reduce(
      (/** @type {number} */ all, value) => all + Number(value),
      0,
    );
    assert.deepEqual([sum, calls.miss, calls.refresh, calls.bypass], [t.origin.count(), 3, 1, 1]);
    for (const [name, from] of [
      ['sesame.origin.avoided_calls', 'originCallsAvoided'],
      ['sesame.origin.failures', 'originFailures'],
      ['sesame.revocations', 'revocations'],
      ['sesame.unavailable', 'unavailable'],
      ['sesame.cache.memory', 'bytes'],
      ['sesame.cache.entries', 'entries'],
    ]) {
      assert.deepEqual(valuesOf(name), { all: statistics[from] }, name);
    }
    assert.ok(statistics.originCallsAvoided >= 4 && statistics.revocations === 1);
    const units = Object.fromEntries(metrics.map(({ descriptor: d }) => [d.name, d.unit]));
    assert.equal(units['sesame.cache.memory'], 'By');
    assert.equal(units['sesame.check.duration'], 's');
    for (const [name, unit] of Object.entries(units)) {
      assert.match(name, /^sesame(\.[a-z_]+)+$/);
      assert.match(unit, /^(By|s|\{[a-z]+\})$/);
    }
    const durations = metrics.find(({ descriptor }) => descriptor.name === 'sesame.check.duration');
    const counts = (durations?.dataPoints ?? []).map(
      ({ value }) => /** @type {any} */ (value).count,
    );
    assert.equal(
      counts.reduce((all, count) => all + count, 0),
      statistics.checks,
    );
    stop();
  });

  test('spans have the times of what they tell of, and failures their status', async (context) => {
    const t = await createNodeTarget();
    context.after(() => t.close());
    const sdk = createSdk();
    context.after(() => sdk.stop());
    const stop = instrument(t.sessions, sdk);
    const start = /** @type {import('../support/clock.js').Clock} */ (t.clock).now();
    t.origin.on(READ, () => {
      t.clock?.advance(SECOND);
      return { body: documentOf('ada') };
    });
    await attempt(t, cookie('ada'));
    t.origin.on(READ, { fault: 'reset' });
    await attempt(t, cookie('mia'));
    const spans = sdk.spans().map((span) => ({
      ...{ name: span.name, kind: span.kind, status: span.status.code },
      start: span.startTime[0] * 1000 - start,
      seconds: span.duration[0],
      attributes: span.attributes,
    }));
    const get = { name: 'GET', kind: 2 };
    const check = { name: 'sesame.check', kind: 0 };
    const method = { 'http.request.method': 'GET' };
    const said = (/** @type {string} */ source, /** @type {string} */ kind) => ({
      attributes: { 'sesame.check.source': source, 'sesame.check.kind': kind },
    });
    assert.deepEqual(spans, [
      {
        ...{ ...get, status: 0, start: 0, seconds: 1 },
        attributes: { ...method, 'http.response.status_code': 200 },
      },
      { ...check, status: 0, start: 0, seconds: 1, ...said('origin', 'document') },
      {
        ...{ ...get, status: 2, start: SECOND, seconds: 0 },
        attributes: { ...method, 'error.type': 'no_answer' },
      },
      { ...check, status: 2, start: SECOND, seconds: 0, ...said('origin', 'unavailable') },
    ]);
    stop();
    await attempt(t, cookie('ada'));
    assert.equal(sdk.spans().length, 4); // nothing after it was stopped
  });

  test('R71: no credential, no user and nothing of a document is told', async (context) => {
    /** @type {unknown[]} */
    const lines = [];
    /** @type {string[]} */
    const warnings = [];
    const log = (/** @type {unknown} */ entry) => void lines.push(entry);
    const warn = (/** @type {string} */ line) => void warnings.push(line);
    const t = await createNodeTarget({ metricsPath: '/metrics' }, { log, warn });
    context.after(() => t.close());
    const sdk = createSdk();
    context.after(() => sdk.stop());
    const stop = instrument(t.sessions, sdk);
    await useAll(t);
    const spans = sdk.spans().map(({ name, attributes, events }) => ({ name, attributes, events }));
    const [, text] = await attempt(t, cookie('secret-ada'), { path: '/metrics' });
    const all = JSON.stringify([lines, warnings, await sdk.read(), spans, text]);
    assert.ok(warnings.length > 0 && spans.length > 10);
    assert.equal(lines.length, spans.length + warnings.length);
    assert.doesNotMatch(all, /secret|id-/);
    stop();
  });

  test('without an SDK nothing happens, and a cache that is not observed is as before', async (context) => {
    const t = await createNodeTarget();
    context.after(() => t.close());
    instrument(t.sessions)();
    const stop = instrument(t.sessions);
    await useAll(t);
    stop();
  });
});

test('R70: the counter of origin calls avoided never falls', async (context) => {
  const t = await createNodeTarget();
  context.after(() => t.close());
  for (let round = 0; round < 2; round += 1) await attempt(t, cookie('ada'));
  assert.equal((await t.stats()).originCallsAvoided, 1);
  t.origin.on('PATCH /api/v1/users/me', { status: 204 });
  await attempt(t, cookie('mia'), { method: 'PATCH', body: '{}' });
  const { originWrite, originCallsAvoided } = await t.stats();
  assert.deepEqual([originWrite, originCallsAvoided], [1, 1]);
});

test('R70: docs/operating.md names every metric that there is, every attribute, and no other', async (context) => {
  const t = await createNodeTarget();
  context.after(() => t.close());
  const sdk = createSdk();
  context.after(() => sdk.stop());
  /** The names that instruments are made with: some tell nothing before something happens. @type {string[]} */
  const made = [];
  const meterProvider = {
    getMeter: (/** @type {string} */ scope) =>
      new Proxy(sdk.meterProvider.getMeter(scope), {
        get(meter, method) {
          const found = /** @type {any} */ (meter)[method];
          return (/** @type {any[]} */ ...args) => {
            if (String(method).startsWith('create')) made.push(args[0]);
            return found.apply(meter, args);
          };
        },
      }),
  };
  const stop = instrument(t.sessions, { ...sdk, meterProvider });
  await useAll(t);
  const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');

  const families = t.sessions.prometheusText().match(/(?<=^# TYPE )\w+/gm) ?? [];
  const named = new Set(page.match(/\bsesame_[a-z_]+/g));
  const ofSeveral = 'sesame_workers'; // `serve` with several workers has it: `serve-workers.test.js`
  assert.deepEqual([...named].sort(), [...families, ofSeveral].sort());

  const points = (await sdk.read()).flatMap(({ dataPoints }) =>
    dataPoints.map(({ attributes }) => ({ attributes })),
  );
  const spans = sdk.spans();
  const attributes = [...points, ...spans].flatMap(({ attributes: its }) => Object.keys(its));
  const all = [...made, ...attributes, ...spans.map(({ name }) => name)];
  const own = all.filter((name) => name.startsWith('sesame.'));
  const dotted = new Set(page.match(/(?<=`)sesame(\.[a-z_]+)+(?=`)/g));
  assert.deepEqual([...dotted].sort(), [...new Set(own)].sort());
  for (const name of all.filter((each) => /^(http|error)\./.test(each))) {
    assert.ok(page.includes(`\`${name}\``), name);
  }
  stop();
});

describe('the dashboard', () => {
  test('reads only what there is in the text for Prometheus', () => {
    const sessions = new SessionCache({ origin: 'http://origin.test' });
    const text = sessions.prometheusText();
    sessions.dispose();
    const there = new Set([...text.matchAll(/^(sesame_\w+)/gm)].map(([, name]) => name));
    const dashboard = readFileSync(
      new URL('../../docs/grafana-dashboard.json', import.meta.url),
      'utf8',
    );
    const { panels } = JSON.parse(dashboard);
    const read = new Set(dashboard.match(/\bsesame_\w+/g));
    assert.deepEqual(
      [...read].filter((name) => !there.has(name)),
      [],
    );
    // And nothing that there is has been forgotten.
    const families = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
    assert.deepEqual(
      families.filter((name) => !dashboard.includes(name)),
      [],
    );
    assert.equal(
      new Set(panels.map((/** @type {{ id: number }} */ { id }) => id)).size,
      panels.length,
    );
  });
});
