// Lines of JSON, an object each, with the names that nginx, Caddy, Traefik, Envoy, Vercel, Cloudflare, pino, ECS and
// others give to fields.
import { isIP } from 'node:net';
import { isRecord } from '../../js_bindings/util/is-record.js';
import { addressesIn, bareAddress, clientAmong, clientOf } from './addresses.js';
import { cookieFinder, durationOf, pathOf, textOf } from './log-entry.js';
import { timeOf } from './times.js';
import { w3cEntry } from './w3c-log.js';

// When the request came, before when the line was written.
const TIMES =
  'proxy.timestamp StartUTC StartLocal EdgeStartTimestamp start_time startTime msec time ts timestamp @timestamp ' +
  'time_iso8601 timestamp_iso8601 time_local requestTime datetime date_time Datetime EdgeEndTimestamp';
const METHODS =
  'proxy.method method request_method request.method RequestMethod ClientRequestMethod requestMethod httpMethod ' +
  'http_method req.method httpRequest.requestMethod http.request.method';
const TARGETS =
  'proxy.path request_uri uri url path request.uri RequestPath ClientRequestURI ClientRequestPath requestUri ' +
  'request_path requestPath req.url httpRequest.requestUrl url.original url.path';
const QUERIES = 'args query_string queryString url.query';
const STATUSES =
  'proxy.statusCode status statusCode status_code DownstreamStatus EdgeResponseStatus response_code responseCode ' +
  'responseStatusCode res.statusCode httpRequest.status http.response.status_code';
const ADDRESSES =
  'proxy.clientIp remote_addr remote_ip ip client_ip clientIp ClientIP request.client_ip request.remote_ip ' +
  'ClientHost ClientAddr downstream_remote_address req.remoteAddress httpRequest.remoteIp source.ip client.ip';
const FORWARDED =
  'http_x_forwarded_for x_forwarded_for x-forwarded-for X-Forwarded-For xForwardedFor xff ' +
  'request_X-Forwarded-For request.headers.X-Forwarded-For req.headers.x-forwarded-for ' +
  'headers.x-forwarded-for http_cf_connecting_ip http_true_client_ip http_x_real_ip x_real_ip ' +
  'request.headers.Cf-Connecting-Ip request.headers.X-Real-Ip';
const AGENTS =
  'proxy.userAgent http_user_agent user_agent userAgent user-agent request.headers.User-Agent ' +
  'request_User-Agent ClientRequestUserAgent req.headers.user-agent httpRequest.userAgent user_agent.original';
const USERS = 'remote_user user_id ClientUsername user.id';
const COOKIES =
  'http_cookie cookie cookies request_Cookie request.headers.Cookie req.headers.cookie headers.cookie ' +
  'RequestHeaders.cookie';
const BYTES =
  'body_bytes_sent bytes_sent bytes size DownstreamContentSize EdgeResponseBodyBytes EdgeResponseBytes ' +
  'responseSize httpRequest.responseSize http.response.body.bytes';
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
  ['EdgeTimeToFirstByteMs', 'ms'],
  ['OriginResponseDurationMs', 'ms'],
  ['OriginResponseTime', 'ns'],
  ['event.duration', 'ns'],
  ['duration', 'ms'], // Envoy, Istio, Rails
];
/** The one log whose `duration` is in seconds is Caddy's, whose `request` is an object. */
const CADDY_DURATION = 'duration';

/** Names that an address may have, and those of the other end of the connection. */
const MAY_BE_CLIENT = /ip|addr|client|remote|source|src|peer|visitor|forwarded|host/i;
const IS_NO_CLIENT =
  /server|local|upstream|backend|dest|dst|target|origin|edge|listen|gateway|node|pod|proxy/i;
/** In so many lines an address is looked for under any name. */
const MAX_SEARCHES = 100;

/** Vercel has a line for each message of a function, with the request in all of them. So many requests are known. */
const MAX_REQUESTS = 8192;

/** @typedef {Record<string, any>} Log */

/**
 * @param {import('./log-entry.js').ReaderOptions} how
 * @returns {import('./log-entry.js').ReadEntry}
 */
export function jsonReader(how) {
  const { sessionField, userField, durationField, durationUnit, options } = how;
  const time = firstOf(TIMES, timeOf);
  const [method, target] = [METHODS, TARGETS].map((names) => firstOf(names, nonEmpty));
  const [status, bytes] = [STATUSES, BYTES].map((names) => firstOf(names, numberOf));
  const query = firstOf(QUERIES, textOf);
  const agent = firstOf(AGENTS, textOf);
  const user = firstOf(userField ?? USERS, textOf);
  const session = sessionField === undefined ? cookieReader(options.cookie) : null;
  const field = sessionField === undefined ? null : firstOf(sessionField, textOf);
  const address = addressReader();
  const duration = durationReader(durationField, durationUnit);
  const isRepeated = repeatedRequests();
  const w3c = w3cEntry(how);
  return (line) => {
    const log = objectIn(line);
    if (log === null) return null;
    if (log['cs-method'] !== undefined)
      return w3c((name) => (log[name] === undefined ? undefined : `${log[name]}`));
    const timeMs = time(log);
    if (timeMs === null) return null;
    let givenMethod = method(log);
    let givenTarget = target(log);
    if (givenMethod === null && typeof log.request === 'string') {
      [, givenMethod = null, givenTarget = ''] = /^(\S+) (\S+)/.exec(log.request) ?? [];
    }
    const code = status(log);
    // Vercel: -1 is no answer to a request, but a page made anew in the background.
    if (givenMethod === null || code === null || code < 0) return 'other';
    const found = pathOf(`${givenTarget}`);
    if (found === null) return 'other';
    const request = { method: givenMethod.toUpperCase(), path: found.path };
    if (how.isRelevant?.(request) === false || isRepeated(log)) return 'other';
    const named = field?.(log);
    return {
      timeMs,
      ...request,
      hasQuery: found.hasQuery || query(log) !== null,
      status: code,
      durationMs: duration(log),
      bytes: bytes(log),
      session: field === null ? session?.(log) : named && `field\n${named}`,
      user: user(log),
      address: address(log),
      agent: agent(log),
      exchange: null,
    };
  };
}

/** @param {string} line @returns {Log | null} */
function objectIn(line) {
  try {
    const value = JSON.parse(line);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/** @param {unknown} value @returns {string | null} */
function nonEmpty(value) {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** @param {unknown} value @returns {number | null} */
function numberOf(value) {
  const number = typeof value === 'number' || nonEmpty(value) !== null ? Number(value) : Number.NaN;
  return Number.isInteger(number) ? number : null;
}

/**
 * How to get the field of a name; `a.b` also means `b` in `a`. Of a list, the first: Caddy and Vercel have some values
 * so.
 * @param {string} name
 * @returns {(log: Log) => unknown} undefined: it is not there
 */
function getter(name) {
  const dot = name.indexOf('.');
  const outer = name.slice(0, Math.max(0, dot));
  const inner = dot < 0 ? null : getter(name.slice(dot + 1));
  return (log) => {
    const own = log[name];
    if (own !== undefined && Object.hasOwn(log, name)) return Array.isArray(own) ? own[0] : own;
    const object = inner && log[outer];
    return typeof object === 'object' && object !== null ? inner?.(object) : undefined;
  };
}

/**
 * The first of some fields that says something.
 * @template T
 * @param {string} names with spaces between them
 * @param {(value: unknown) => T | null} read null: it says nothing
 * @returns {(log: Log) => T | null}
 */
function firstOf(names, read) {
  const getters = names.split(' ').filter(Boolean).map(getter);
  return (log) => {
    for (const get of getters) {
      const value = get(log);
      const found = value === undefined ? null : read(value);
      if (found !== null) return found;
    }
    return null;
  };
}

/** @returns {(log: Log) => string | null} the client's address */
function addressReader() {
  const direct = firstOf(ADDRESSES, (value) => textOf(value) && bareAddress(`${value}`));
  const forwarded = firstOf(FORWARDED, (value) =>
    typeof value === 'string' ? clientAmong(addressesIn(value)) : null,
  );
  const other = otherAddress();
  return (log) => clientOf(direct(log), forwarded(log)) ?? other(log);
}

/** @returns {(log: Log) => string | null} an address under a name that is not among the usual ones */
function otherAddress() {
  /** @type {ReturnType<typeof firstOf<string>> | null} */
  let known = null;
  let searches = 0;
  const read = (/** @type {unknown} */ value) =>
    typeof value === 'string' ? clientAmong(addressesIn(value)) : null;
  return (log) => {
    if (known === null && searches < MAX_SEARCHES) {
      ++searches;
      const name = addressName(log, '');
      if (name !== null) known = firstOf(name, read);
    }
    return known?.(log) ?? null;
  };
}

/**
 * @param {Log} log
 * @param {string} prefix
 * @returns {string | null}
 */
function addressName(log, prefix) {
  for (const [key, value] of Object.entries(log)) {
    const name = prefix + key;
    if (IS_NO_CLIENT.test(name) || name.includes(' ')) continue;
    if (typeof value === 'object' && value !== null) {
      const inner = Array.isArray(value) ? null : addressName(value, `${name}.`);
      if (inner !== null) return inner;
    } else if (MAY_BE_CLIENT.test(name) && isIP(bareAddress(`${value}`)) !== 0) return name;
  }
  return null;
}

/** @param {readonly string[]} names @returns {(log: Log) => string | undefined} */
function cookieReader(names) {
  const cookieIn = cookieFinder(names);
  const all = firstOf(COOKIES, (value) => (typeof value === 'string' ? cookieIn(value) : null));
  // nginx's `$cookie_session`, and objects of cookies.
  const apart = names.map((name) =>
    firstOf(`cookie_${name} cookies.${name} Cookies.${name}`, textOf),
  );
  return (log) => {
    for (const [i, read] of apart.entries()) {
      const value = read(log);
      if (value !== null) return `${names[i]}=${value}`;
    }
    return all(log) ?? undefined;
  };
}

/** @returns {(log: Log) => boolean} */
function repeatedRequests() {
  /** @type {Set<string>} */
  const known = new Set();
  return ({ proxy, requestId }) => {
    if (typeof proxy?.method !== 'string' || typeof requestId !== 'string') return false;
    if (known.has(requestId)) return true;
    if (known.size >= MAX_REQUESTS) known.clear();
    known.add(requestId);
    return false;
  };
}

/**
 * @param {string | undefined} field
 * @param {import('./log-entry.js').DurationUnit | undefined} unit
 * @returns {(log: Log) => number | null}
 */
function durationReader(field, unit) {
  const fields = /** @type {typeof DURATIONS} */ (field ? [[field, unitOf(field)]] : DURATIONS);
  const list = fields.map(([name, itsUnit]) => ({ name, itsUnit, get: getter(name) }));
  return (log) => {
    for (const { name, itsUnit, get } of list) {
      const isCaddy = name === CADDY_DURATION && typeof log.request === 'object';
      const found = durationOf(get(log), unit ?? (isCaddy ? 's' : itsUnit));
      if (found !== null) return found;
    }
    return field === undefined ? betweenTimes(log) : null;
  };
}

/** @param {string} field @returns {import('./log-entry.js').DurationUnit} */
function unitOf(field) {
  return (
    DURATIONS.find(([name]) => name === field)?.[1] ?? (/ms$|millis/i.test(field) ? 'ms' : 's')
  );
}

/** Cloudflare, with the fields that are usual. To the second, it does not say. @param {Log} log */
function betweenTimes({ EdgeStartTimestamp: start, EdgeEndTimestamp: end }) {
  if (typeof start !== 'number' || typeof end !== 'number' || start < 1e17) return null;
  return end > start ? Math.round((end - start) / 1000) / 1000 : null;
}
