// A cache in OpenTelemetry: its counters as metrics, and its checks and calls of the origin as histograms and
// spans. All comes from `statistics()` and from the lines of the log, which hold no credential, no user and no
// part of a document (SPEC R70, R71); so nothing here can tell one.

/**
 * A cache in OpenTelemetry: its counters as metrics, its checks and its calls of the origin as histograms and spans.
 * Needs `@opentelemetry/api` installed beside the package, and the SDK that the application has.
 *
 * In the example, `sessions` is a `SessionCache`, and `request` has the headers of a user who is signed in.
 * @module
 */

import { metrics, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';

/** @import { LogEntry } from '../js_bindings/host.js' */
/** @typedef {LogEntry & { event: Exclude<LogEntry['event'], 'vary' | 'store' | 'wiring'> }} TimedEntry what took time */
/** @import { Statistics } from '../js_bindings/sessions/statistics.js' */
/** @import { Attributes } from '@opentelemetry/api' */

/**
 * The part of a `SessionCache` that is needed.
 * @typedef {object} Observed
 * @property {() => Statistics} statistics the counters
 * @property {(observer: (entry: LogEntry) => void) => () => void} observe calls with every line of the log, until what
 *   it returns is called
 */

/**
 * Where metrics and spans go.
 * @typedef {object} Providers
 * @property {import('@opentelemetry/api').MeterProvider} [meterProvider] default: the process' own
 * @property {import('@opentelemetry/api').TracerProvider} [tracerProvider] default: the process' own
 */

const SCOPE = 'sesame-edge';

/** @type {(name: keyof Statistics) => [keyof Statistics, Attributes]} */
const outcome = (name) => [name, { 'sesame.check.outcome': name }];
/** @type {(from: keyof Statistics, name: string) => [keyof Statistics, Attributes]} */
const cause = (from, name) => [from, { 'sesame.origin.cause': name }];

/**
 * Behind name, unit and description: the statistics that a metric is made of, each with its attributes.
 * @type {[string, string, string, ...[from: keyof Statistics, attributes?: Attributes][]][]}
 */
const COUNTERS = [
  [
    ...['sesame.checks', '{check}', 'Requests decided, by what they ended in'],
    ...['fresh', 'stale', 'miss', 'joined', 'negative', 'bypass'].map((n) =>
      outcome(/** @type {any} */ (n)),
    ),
  ],
  [
    ...['sesame.origin.calls', '{call}', 'Origin calls for a document, by cause'],
    ...[
      cause('originMiss', 'miss'),
      cause('originRefresh', 'refresh'),
      cause('originFresh', 'fresh'),
    ],
    ...[
      cause('originBypass', 'bypass'),
      cause('originWrite', 'write'),
      cause('originLogin', 'login'),
    ],
  ],
  [
    'sesame.origin.avoided_calls',
    '{call}',
    'Checks that cost no origin call',
    ['originCallsAvoided'],
  ],
  ['sesame.origin.failures', '{call}', 'Origin calls that failed', ['originFailures']],
  ['sesame.token.refreshes', '{exchange}', 'Exchanges of tokens', ['originTokenRefresh']],
  ['sesame.unavailable', '{check}', 'Checks answered 503', ['unavailable']],
  ['sesame.fill.shared', '{document}', 'Documents had from other nodes', ['sharedFills']],
  [
    'sesame.fill.refused',
    '{answer}',
    'Answers of the origin that were overtaken',
    ['fillsRefused'],
  ],
  [
    'sesame.documents.without_user',
    '{document}',
    'Documents without an identifier of their user',
    ['documentsWithoutUser'],
  ],
  [
    'sesame.documents.misfit',
    '{document}',
    'Documents that did not fit the option schema',
    ['documentsMisfit'],
  ],
  [
    'sesame.origin.unkeyed_vary',
    '{answer}',
    'Answers of the origin that were not kept because of their Vary',
    ['originUnkeyedVary'],
  ],
  ['sesame.fill.takeovers', '{call}', 'Calls whose holder ran past its time', ['takeovers']],
  ['sesame.updates', '{write}', 'Writes that replaced or dropped a document', ['updates']],
  ['sesame.revocations', '{revocation}', 'Sessions and users revoked', ['revocations']],
  ['sesame.cache.evictions', '{entry}', 'Entries that had to go for others', ['evictions']],
  [
    'sesame.connections.closed',
    '{connection}',
    'Open connections that were closed with their session',
    ['connectionsClosed'],
  ],
].map((row) => /** @type {any} */ (row));

/** @type {typeof COUNTERS} */
const LEVELS = [
  ['sesame.cache.entries', '{entry}', 'Entries held', ['entries']],
  ['sesame.cache.memory', 'By', 'Memory in use', ['bytes']],
  ['sesame.managed.sessions', '{session}', 'Sessions whose tokens are kept', ['managedSessions']],
  ['sesame.fill.leases', '{lease}', 'Origin calls under way, or still waited for', ['leases']],
  [
    'sesame.connections',
    '{connection}',
    'WebSockets, event streams and other long answers that are open',
    ['connections'],
  ],
];

/** In seconds: as the semantic conventions have it for HTTP, and below it for what is answered from memory. */
const CHECK_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Reports on a cache until the returned function is called: do so before `dispose()`. Metrics are named `sesame.…`,
 * with OpenTelemetry's units; a call of the origin is a client span with `http.response.status_code`, a check a span
 * `sesame.check`. None of them names a user or a credential (SPEC R70).
 * @param {Observed} cache a `SessionCache`
 * @param {Providers} [providers] default: those that are registered in the process
 * @returns {() => void} ends it
 *
 * @example
 * import {
 *   BasicTracerProvider,
 *   InMemorySpanExporter,
 *   SimpleSpanProcessor,
 * } from '@opentelemetry/sdk-trace-base';
 * import { instrument } from 'sesame-edge/opentelemetry';
 *
 * const exporter = new InMemorySpanExporter(); // in production, one that sends
 * const tracerProvider = new BasicTracerProvider({
 *   spanProcessors: [new SimpleSpanProcessor(exporter)],
 * });
 * const stop = instrument(sessions, { tracerProvider });
 * await sessions.getSession(request);
 * await sessions.getSession(request);
 * stop();
 *
 * exporter.getFinishedSpans().map(({ name }) => name); // => [ 'GET', 'sesame.check', 'sesame.check' ]
 */
export function instrument(cache, { meterProvider = metrics, tracerProvider = trace } = {}) {
  const meter = meterProvider.getMeter(SCOPE);
  const endCounters = observeStatistics(meter, cache);
  const record = createHistograms(meter);
  const tracer = tracerProvider.getTracer(SCOPE);
  const endEvents = cache.observe((entry) => {
    if (!Object.hasOwn(SPANS, entry.event)) return; // it took no time; a metric has it
    record(/** @type {TimedEntry} */ (entry));
    addSpan(tracer, /** @type {TimedEntry} */ (entry));
  });
  return () => {
    endCounters();
    endEvents();
  };
}

/**
 * @param {import('@opentelemetry/api').Meter} meter
 * @param {Observed} cache
 */
function observeStatistics(meter, cache) {
  const instruments = [
    ...COUNTERS.map(([name, unit, description, ...samples]) => ({
      instrument: meter.createObservableCounter(name, { unit, description }),
      samples,
    })),
    ...LEVELS.map(([name, unit, description, ...samples]) => ({
      instrument: meter.createObservableUpDownCounter(name, { unit, description }),
      samples,
    })),
  ];
  const silence = meter.createObservableGauge('sesame.store.silence', {
    unit: 's',
    description: 'How long the store has not been heard',
  });
  const refused = meter.createObservableGauge('sesame.store.refused', {
    unit: '{refusal}',
    description: 'Whether the store refuses to answer',
  });
  const drops = meter.createObservableCounter('sesame.drops', {
    unit: '{session}',
    description: 'Sessions dropped or ended because of a request that went past, by its path',
  });
  const bypass = meter.createObservableCounter('sesame.bypass', {
    unit: '{check}',
    description: 'Requests passed to the origin because their credential is ambiguous',
  });
  /** @type {import('@opentelemetry/api').BatchObservableCallback} */
  const observe = (result) => {
    const statistics = cache.statistics();
    result.observe(silence, statistics.storeSilenceMs / 1000);
    result.observe(refused, statistics.storeRefused);
    for (const [path, count] of Object.entries(statistics.dropsByPath)) {
      result.observe(drops, count, { 'sesame.drop.path': path });
    }
    for (const [reason, count] of Object.entries(statistics.bypassReasons)) {
      result.observe(bypass, count, { 'sesame.bypass.reason': reason });
    }
    for (const { instrument, samples } of instruments) {
      for (const [from, attributes] of samples) {
        result.observe(instrument, Number(statistics[from]), attributes);
      }
    }
  };
  const observed = [silence, refused, drops, bypass];
  const all = [...instruments.map(({ instrument }) => instrument), ...observed];
  meter.addBatchObservableCallback(observe, all);
  return () => meter.removeBatchObservableCallback(observe, all);
}

/**
 * @param {import('@opentelemetry/api').Meter} meter
 * @returns {(entry: TimedEntry) => void}
 */
function createHistograms(meter) {
  const create = (/** @type {string} */ name, /** @type {string} */ description) =>
    meter.createHistogram(name, {
      ...{ unit: 's', description },
      advice: { explicitBucketBoundaries: CHECK_BUCKETS },
    });
  const histograms = {
    check: create('sesame.check.duration', 'How long checks took'),
    origin: create('sesame.origin.duration', 'How long the origin took for documents'),
    refresh: create('sesame.token.refresh.duration', 'How long exchanges of tokens took'),
  };
  return (entry) => histograms[entry.event].record(entry.durationMs / 1000, attributesOf(entry));
}

/** @type {Record<TimedEntry['event'], { name: string, kind: SpanKind }>} */
const SPANS = {
  check: { name: 'sesame.check', kind: SpanKind.INTERNAL },
  origin: { name: 'GET', kind: SpanKind.CLIENT },
  refresh: { name: 'POST', kind: SpanKind.CLIENT },
};

/**
 * A span of what has just ended, in the trace of whoever it happened for.
 * @param {import('@opentelemetry/api').Tracer} tracer
 * @param {TimedEntry} entry
 */
function addSpan(tracer, entry) {
  const { name, kind } = SPANS[entry.event];
  const span = tracer.startSpan(name, {
    ...{ kind, startTime: new Date(entry.time) },
    attributes: attributesOf(entry),
  });
  if (hasFailed(entry)) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(new Date(entry.time + entry.durationMs));
}

/** @param {TimedEntry} entry */
const hasFailed = ({ event, kind, status = 0 }) =>
  event === 'check' ? kind === 'unavailable' : status === 0 || status >= 400;

/** @param {TimedEntry} entry @returns {Attributes} */
function attributesOf({ event, source, kind, status = 0 }) {
  if (event === 'check') return { 'sesame.check.source': source, 'sesame.check.kind': kind };
  const method = event === 'origin' ? 'GET' : 'POST';
  if (status === 0) return { 'http.request.method': method, 'error.type': 'no_answer' };
  return {
    ...{ 'http.request.method': method, 'http.response.status_code': status },
    ...(status >= 400 && { 'error.type': String(status) }),
  };
}
