// The counters of a cache in Prometheus' text format 0.0.4, which OpenMetrics readers take as well (SPEC
// R70). A table of what there is and nothing more: client libraries of the field need Node, or a registry of
// their own, where this has to run in every host.

import { errorResponse, respond } from './responses.js';

/** @typedef {import('../sessions/statistics.js').Statistics} Statistics */

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** What checks ended in; each counts once. */
const OUTCOMES = /** @type {const} */ (['fresh', 'stale', 'miss', 'joined', 'negative', 'bypass']);

/** Why the origin was asked for a document. */
const CAUSES = /** @type {const} */ ({
  miss: 'originMiss',
  refresh: 'originRefresh',
  fresh: 'originFresh',
  bypass: 'originBypass',
  write: 'originWrite',
  login: 'originLogin',
});

/** @type {[keyof Statistics, string, string][]} the statistic, its metric, and what it says */
const COUNTERS = [
  ['checks', 'checks_total', 'Requests decided'],
  ['originCallsAvoided', 'origin_calls_avoided_total', 'Checks that cost no origin call'],
  ['originTokenRefresh', 'token_refreshes_total', 'Exchanges of tokens at the origin'],
  ['originFailures', 'origin_failures_total', 'Origin calls that failed'],
  [
    'documentsWithoutUser',
    'documents_without_user_total',
    'Documents without an identifier of their user',
  ],
  ['documentsMisfit', 'documents_misfit_total', 'Documents that did not fit the option schema'],
  ['originUnkeyedVary', 'unkeyed_vary_total', 'Answers that were not kept because of their Vary'],
  ['unavailable', 'unavailable_total', 'Checks answered 503'],
  ['sharedFills', 'shared_fills_total', 'Documents received from other nodes'],
  ['fillsRefused', 'fills_refused_total', 'Answers of the origin that were overtaken'],
  ['takeovers', 'takeovers_total', 'Origin calls whose holder ran past its time'],
  ['updates', 'updates_total', 'Writes that replaced or dropped a document'],
  ['revocations', 'revocations_total', 'Sessions and users revoked'],
  ['evictions', 'evictions_total', 'Entries that had to go for others'],
  [
    'connectionsClosed',
    'connections_closed_total',
    'Open connections that were closed with their session',
  ],
];

/** @type {[from: keyof Statistics, name: string, help: string, divisor?: number][]} */
const GAUGES = [
  ['entries', 'entries', 'Entries held'],
  ['bytes', 'memory_bytes', 'Memory in use'],
  ['managedSessions', 'managed_sessions', 'Sessions whose tokens are kept'],
  ['leases', 'leases', 'Origin calls under way, and answers that somebody still waits for'],
  ['connections', 'connections', 'WebSockets, event streams and other long answers that are open'],
  ['storeSilenceMs', 'store_silence_seconds', 'How long the store has not been heard', 1000],
  ['storeRefused', 'store_refused', 'Whether the store refuses to answer'],
];

/** @type {[keyof Statistics, string, string][]} */
const HISTOGRAMS = [
  ['checkTime', 'check_duration_seconds', 'How long checks took'],
  ['originTime', 'origin_duration_seconds', 'How long the origin took for documents'],
];

/**
 * The counters on `metricsPath`. They name nobody.
 * @param {Pick<import('../sessions/parts.js').Parts, 'options' | 'statistics' | 'host'>} parts
 * @returns {import('./context.js').Endpoint}
 */
export function metricsEndpoint({ options, statistics, host }) {
  return (request, { pathname }) => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (pathname !== options.metricsPath || !isRead) return null;
    const headers = new Headers({ 'content-type': METRICS_TYPE, 'cache-control': 'no-store' });
    /** @param {Statistics} counted */
    const answer = (counted) =>
      respond(request, new TextEncoder().encode(prometheusText(counted)), 200, headers, host);
    const { store } = options;
    if (!store?.sums) return answer(statistics());
    // Those of one worker, of whichever takes the next request, would fall.
    return store.sums().then(
      (sums) => answer(/** @type {Statistics | null} */ (sums) ?? statistics()),
      () => errorResponse(503, 'counters_unavailable', [['retry-after', '1']]),
    );
  };
}

/**
 * @param {Statistics & { workers?: number }} statistics `workers`: of so many caches together
 * @returns {string} `text/plain; version=0.0.4`
 */
export function prometheusText(statistics) {
  const { workers } = statistics;
  const families = [
    ...(workers === undefined
      ? []
      : [family('workers', 'gauge', 'Workers that all of this is the sum of', [['', workers]])]),
    ...COUNTERS.map(([from, name, help]) =>
      family(name, 'counter', help, [['', Number(statistics[from])]]),
    ),
    family(
      'check_outcomes_total',
      'counter',
      'Checks by what they ended in',
      OUTCOMES.map((outcome) => [`{outcome="${outcome}"}`, statistics[outcome]]),
    ),
    family(
      'bypass_total',
      'counter',
      'Requests passed to the origin because their credential is ambiguous, by reason',
      Object.entries(statistics.bypassReasons).map(([reason, count]) => [
        `{reason="${reason}"}`,
        count,
      ]),
    ),
    family(
      'origin_calls_total',
      'counter',
      'Origin calls for a document, by cause',
      Object.entries(CAUSES).map(([cause, from]) => [`{cause="${cause}"}`, statistics[from]]),
    ),
    family(
      'drops_total',
      'counter',
      'Sessions that were dropped or ended because of a request that went past, by its path',
      Object.entries(statistics.dropsByPath).map(([path, count]) => [
        `{path="${path.replace(/["\\\n]/g, '\\$&')}"}`,
        count,
      ]),
    ),
    ...GAUGES.map(([from, name, help, divisor = 1]) =>
      family(name, 'gauge', help, [['', Number(statistics[from]) / divisor]]),
    ),
    ...HISTOGRAMS.map(([from, name, help]) =>
      histogram(name, help, /** @type {any} */ (statistics[from])),
    ),
  ];
  return families.join('');
}

/**
 * @param {string} name
 * @param {'counter' | 'gauge' | 'histogram'} type
 * @param {string} help
 * @param {[string, number][]} samples what follows the name, and the value
 */
function family(name, type, help, samples) {
  const metric = `sesame_${name}`;
  const lines = samples.map(([labels, value]) => `${metric}${labels} ${value}\n`);
  return `# HELP ${metric} ${help}\n# TYPE ${metric} ${type}\n${lines.join('')}`;
}

/**
 * @param {string} name
 * @param {string} help
 * @param {import('../sessions/histogram.js').HistogramValue} value
 */
function histogram(name, help, { count, sumMs, buckets }) {
  /** @type {[string, number][]} */
  const upTo = buckets.map(({ leMs, count: so }) => [`_bucket{le="${leMs / 1000}"}`, so]);
  return family(name, 'histogram', help, [
    ...upTo,
    ['_bucket{le="+Inf"}', count],
    ['_sum', sumMs / 1000],
    ['_count', count],
  ]);
}
