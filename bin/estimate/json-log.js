// Lines of JSON, an object each, with the names that nginx, Caddy, Traefik, Vercel, Envoy, pino and others
// give to fields.
import { durationOf, pathOf } from './log-entry.js';

const TIMES = 'time ts timestamp @timestamp time_iso8601 StartUTC msec start_time proxy.timestamp';
const METHODS =
  'method request_method request.method RequestMethod proxy.method req.method httpRequest.requestMethod';
const TARGETS =
  'request_uri uri url path request.uri RequestPath proxy.path req.url httpRequest.requestUrl';
const STATUSES =
  'status statusCode status_code DownstreamStatus proxy.statusCode response_code res.statusCode ' +
  'httpRequest.status';
const ADDRESSES =
  'remote_addr remote_ip ip client_ip clientIp request.client_ip request.remote_ip ClientHost ' +
  'proxy.clientIp req.remoteAddress httpRequest.remoteIp';
const AGENTS =
  'http_user_agent user_agent userAgent request.headers.User-Agent request_User-Agent ' +
  'proxy.userAgent req.headers.user-agent httpRequest.userAgent';
const USERS = 'remote_user user_id ClientUsername';
const BYTES = 'body_bytes_sent bytes_sent bytes size DownstreamContentSize responseSize';
/** @type {[string, import('./log-entry.js').DurationUnit][]} */
const DURATIONS = [
  ['request_time', 's'],
  ['Duration', 'ns'],
  ['duration_ms', 'ms'],
  ['durationMs', 'ms'],
  ['responseTime', 'ms'],
  ['response_time_ms', 'ms'],
  ['upstream_response_time', 's'],
  ['httpRequest.latency', 's'],
  ['duration', 's'],
];

/** @typedef {(record: Record<string, any>) => unknown} Get undefined: not there */

/**
 * @param {{ sessionField?: string, userField?: string, durationField?: string,
 *   durationUnit?: import('./log-entry.js').DurationUnit }} options
 * @returns {import('./log-entry.js').ReadEntry}
 */
export function jsonReader({ sessionField, userField, durationField, durationUnit }) {
  const [time, method, target, status] = [TIMES, METHODS, TARGETS, STATUSES].map(firstOf);
  const [address, agent, bytes] = [ADDRESSES, AGENTS, BYTES].map(firstOf);
  const user = firstOf(userField ?? USERS);
  const session = sessionField === undefined ? null : firstOf(sessionField);
  const duration = durationReader(durationField, durationUnit);
  return (line) => {
    const record = objectIn(line);
    if (record === null) return null;
    const timeMs = timeOf(time(record));
    if (timeMs === null) return null;
    let givenMethod = method(record);
    let givenTarget = target(record);
    if (givenMethod === undefined && typeof record.request === 'string') {
      [, givenMethod, givenTarget = ''] = /^(\S+) (\S+)/.exec(record.request) ?? [];
    }
    const code = Number(status(record) ?? Number.NaN);
    if (typeof givenMethod !== 'string' || !Number.isInteger(code)) return 'other';
    const found = pathOf(`${givenTarget}`);
    if (found === null) return 'other';
    const size = Number(bytes(record) ?? Number.NaN);
    const known = textOf(user(record));
    return {
      timeMs,
      method: givenMethod.toUpperCase(),
      path: found.path,
      hasQuery: found.hasQuery,
      status: code,
      durationMs: duration(record),
      bytes: size >= 0 ? size : null,
      session: session ? named(textOf(session(record))) : sessionOf(known, address, agent, record),
      user: known,
      exchange: null,
    };
  };
}

/** @param {string | null} text */
const named = (text) => (text === null ? null : `field\n${text}`);

/**
 * @param {string | null} user
 * @param {Get} address
 * @param {Get} agent
 * @param {Record<string, any>} record
 */
function sessionOf(user, address, agent, record) {
  if (user !== null) return `user\n${user}`;
  return `address\n${address(record) ?? ''}\n${agent(record) ?? ''}`;
}

/** @param {string} line @returns {Record<string, any> | null} */
function objectIn(line) {
  try {
    const value = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * The field of that name; `a.b` also means `b` in `a`.
 * @param {Record<string, any>} record
 * @param {string} name
 * @returns {unknown}
 */
function at(record, name) {
  const own = record[name];
  if (own !== undefined && Object.hasOwn(record, name)) return Array.isArray(own) ? own[0] : own;
  const dot = name.indexOf('.');
  const inner = dot < 0 ? undefined : record[name.slice(0, dot)];
  // Caddy and Vercel have some values as lists.
  return typeof inner === 'object' && inner !== null ? at(inner, name.slice(dot + 1)) : undefined;
}

/**
 * The first of some fields that is there. A log's lines are alike: the one that was there last is tried first.
 * @param {string} names with spaces between them
 * @returns {Get}
 */
function firstOf(names) {
  const list = names.split(' ').filter(Boolean);
  let last = list[0];
  return (record) => {
    const value = at(record, last);
    if (value !== undefined && value !== null) return value;
    for (const name of list) {
      const found = at(record, name);
      if (found === undefined || found === null) continue;
      last = name;
      return found;
    }
    return undefined;
  };
}

/** @param {unknown} value @returns {string | null} */
function textOf(value) {
  const text = typeof value === 'string' || typeof value === 'number' ? `${value}` : '';
  return text === '' || text === '-' ? null : text;
}

/**
 * @param {string | undefined} field
 * @param {import('./log-entry.js').DurationUnit | undefined} unit
 * @returns {(record: Record<string, any>) => number | null}
 */
function durationReader(field, unit) {
  const fields = field === undefined ? DURATIONS : [[field, unitOf(field)]];
  const list = /** @type {typeof DURATIONS} */ (fields);
  let last = list[0];
  /** @param {Record<string, any>} record @param {typeof last} each */
  const read = (record, [name, itsUnit]) => {
    const value = at(record, name);
    const isInSeconds = typeof value === 'string' && /^[\d.]+s$/.test(value);
    return durationOf(isInSeconds ? value.slice(0, -1) : value, unit ?? itsUnit);
  };
  return (record) => {
    const value = read(record, last);
    if (value !== null) return value;
    for (const each of list) {
      const found = read(record, each);
      if (found === null) continue;
      last = each;
      return found;
    }
    return null;
  };
}

/** @param {string} field @returns {import('./log-entry.js').DurationUnit} */
function unitOf(field) {
  return (
    DURATIONS.find(([name]) => name === field)?.[1] ?? (/ms$|millis/i.test(field) ? 'ms' : 's')
  );
}

/** Later than this in seconds is later than the year 5000: it is milliseconds. */
const MAX_SECONDS = 1e11;

/** @param {unknown} value @returns {number | null} */
function timeOf(value) {
  if (value === undefined || value === '') return null;
  const number = Number(value);
  const timeMs = Number.isNaN(number)
    ? Date.parse(`${value}`)
    : Math.round(number > MAX_SECONDS ? number : number * 1000);
  return Number.isFinite(timeMs) ? timeMs : null;
}
