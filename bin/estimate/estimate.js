// From a log to what Sesame would have saved: reads, orders, replays and sums up.
import { parseOptions } from '../../js_bindings/options/options.js';
import { EstimateError } from './estimate-error.js';
import { formatOf } from './formats.js';
import { InOrder } from './in-order.js';
import { openLog } from './log-input.js';
import { readLog } from './read-log.js';
import { credentialsFor, Replay } from './replay.js';
import { shortName } from './session-ids.js';
import { MAX_SESSIONS } from './session-table.js';
import { Visitors } from './visitors.js';

/** @typedef {ReturnType<typeof summary>} Estimate */

/**
 * @typedef {object} EstimateOptions
 * @property {string} file `-` for standard input
 * @property {import('./formats.js').Format} [format] found out unless given
 * @property {Record<string, unknown>} policy options of the package, under its own names
 * @property {number} latencyMs of requests of which the log does not say how long they took
 * @property {number} sessions how many rows
 * @property {string} [sessionField]
 * @property {string} [userField]
 * @property {string} [durationField]
 * @property {import('./log-entry.js').DurationUnit} [durationUnit]
 * @property {(progress: { bytesRead: number, bytesTotal: number | null, lines: number }) => void}
 *   [onProgress] called now and then
 */

/** Stands for the one session of a HAR file without credentials. */
const BROWSER = Object.freeze({ high: 0xb0b0b0b0, low: 1, text: 'b'.repeat(32) });

/**
 * @param {EstimateOptions} options
 * @returns {Promise<Estimate>}
 * @throws {EstimateError}
 * @throws {import('../../js_bindings/errors.js').ConfigError} the policy is wrong
 */
export async function estimate({ file, policy, latencyMs, sessions, onProgress, ...how }) {
  const { SessionCache } = await loadPackage();
  const given = /** @type {any} */ (policy);
  const options = parseOptions({ ...given, sessionPath: null, origin: 'http://origin.invalid' });
  const replays = [new Replay(SessionCache, given, options, latencyMs)];
  try {
    const input = await openLog(file);
    const format = how.format ?? formatOf(input.start, { ...how, options });
    if (format === null) throw new EstimateError('ERR_SESAME_LOG_EMPTY', 'the log is empty');
    // A HAR file without credentials is read as one session; whether it has any is known at its end.
    if (format === 'har') replays.push(new Replay(SessionCache, given, options, latencyMs));
    const counts = { read: 0, bad: 0, relevant: 0, local: 0 };
    const visitors = new Visitors();
    /** @type {InOrder<import('./replay.js').Event>} */
    const order = new InOrder();
    let hasCredentials = false;
    const run = async (/** @type {boolean} */ isEnd) => {
      for (let event = order.next(isEnd); event; event = order.next(isEnd)) {
        hasCredentials ||= !!(event.exchange?.cookie || event.exchange?.authorization);
        const working = replays[0].take(event);
        if (working) await working;
        if (format === 'har' && !hasCredentials) await replays[1].take(asBrowser(event, options));
      }
    };
    const reading = readLog(input.chunks, { ...how, format, options }, counts, visitors);
    for await (const events of reading) {
      for (const event of events) order.push(event);
      await run(false);
      onProgress?.({
        bytesRead: input.bytesRead(),
        bytesTotal: input.bytesTotal,
        lines: counts.read,
      });
    }
    await run(true);
    if (counts.read === 0) throw new EstimateError('ERR_SESAME_LOG_EMPTY', 'the log is empty');
    const isOneBrowser = format === 'har' && !hasCredentials && counts.relevant > 0;
    const replay = replays[isOneBrowser ? 1 : 0];
    await replay.end();
    const { distinction } = visitors;
    const identity = identityOf({ ...how, format, isOneBrowser, distinction, options });
    const lines = { ...counts, late: order.late };
    return summary(replay, { format, lines, identity, visitors, options, latencyMs, sessions });
  } finally {
    for (const replay of replays) replay.dispose();
  }
}

async function loadPackage() {
  try {
    return await import('../../js_bindings/index.node.js');
  } catch (error) {
    if (/** @type {any} */ (error).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const message = 'Sesame is not built: run `npm run build` first';
    throw new EstimateError('ERR_SESAME_NOT_BUILT', message);
  }
}

/**
 * @param {import('./replay.js').Event} event
 * @param {import('../../js_bindings/options/options.js').ParsedOptions} options
 */
function asBrowser(event, options) {
  const exchange = event.exchange && { ...event.exchange, ...credentialsFor(BROWSER, options) };
  return { ...event, id: BROWSER, exchange };
}

/**
 * @param {import('./log-entry.js').ReaderOptions & { format: import('./formats.js').Format,
 *   isOneBrowser: boolean, distinction: import('./visitors.js').Distinction }} how
 */
function identityOf({ format, isOneBrowser, sessionField, distinction, options }) {
  const cookie =
    options.cookie.length > 0 ? `a cookie named ${options.cookie.join(' or ')}, or ` : '';
  if (isOneBrowser) return 'the whole file (it has no credentials: its browser left them out)';
  if (format === 'har') return `${cookie}Authorization`;
  if (format === 'json' && sessionField !== undefined) return `the field ${sessionField}`;
  const others = 'the remote user, or else an address with its user agent';
  return distinction === 'session' ? `${cookie}${others}` : others;
}

/**
 * @param {Replay} replay
 * @param {{ format: import('./formats.js').Format, lines: import('./read-log.js').LogCounts &
 *   { late: number }, identity: string, visitors: Visitors,
 *   options: import('../../js_bindings/options/options.js').ParsedOptions, latencyMs: number,
 *   sessions: number }} given
 */
function summary(replay, { format, lines, identity, visitors, options, latencyMs, sessions }) {
  const { totals, table } = replay;
  const core = replay.statistics();
  const time = (/** @type {number} */ ms) => (Number.isNaN(ms) ? null : new Date(ms).toISOString());
  return {
    format,
    from: time(totals.firstMs),
    to: time(totals.lastMs),
    lines: { read: lines.read, bad: lines.bad, relevant: lines.relevant, late: lines.late },
    identity,
    policy: {
      path: options.documentPath,
      freshForMs: options.freshFor,
      keepForMs: options.keepFor,
      staleIfErrorMs: options.staleIfError,
      expiresInMs: options.expiresIn,
      idleForMs: options.idleFor,
      negativeForMs: options.negativeFor,
      obeyCacheControl: options.obeyCacheControl,
      memoryBytes: options.memory,
    },
    checks: {
      total: totals.checks,
      answered: totals.answered,
      fresh: core.fresh,
      stale: core.stale,
      negative: core.negative,
      joined: core.joined,
      missed: core.miss,
      passed: core.bypass,
      withQuery: totals.withQuery,
      servedWhereRefused: totals.servedWhereRefused,
      noStore: totals.noStore,
      unnamedCookies: totals.unnamedCookies,
      local: lines.local,
    },
    originCalls: {
      today: totals.checks,
      withSesame: core.originCalls,
      miss: core.originMiss,
      refresh: core.originRefresh,
      write: core.originWrite,
      passed: core.originBypass,
      other: core.originFresh + core.originLogin,
    },
    writes: { updates: totals.updates, identityChanges: totals.identityChanges },
    wait: {
      todayMs: rounded(totals.todayMs),
      withSesameMs: rounded(totals.waitMs),
      savedMs: rounded(totals.todayMs - totals.waitMs),
      assumedMs: latencyMs,
      checksAssumed: totals.withoutDuration,
    },
    evictions: core.evictions,
    sessions: {
      count: table.size,
      isMore: table.isFull,
      most: MAX_SESSIONS,
      distinction: visitors.distinction,
      arePrivate: visitors.arePrivate,
      rows: table.top(sessions).map(({ high, savedMs, ...row }) => ({
        session: shortName(high),
        ...row,
        savedMs: rounded(savedMs),
      })),
    },
  };
}

/** Sums of milliseconds, to the microsecond. @param {number} ms */
function rounded(ms) {
  return Math.round(ms * 1000) / 1000;
}
