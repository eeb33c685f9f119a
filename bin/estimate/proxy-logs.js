// Lines of proxies and load balancers that have a format of their own: AWS' load balancers, HAProxy and Envoy (Istio).
import { addressesIn, bareAddress, clientAmong, clientOf } from './addresses.js';
import { cookieFinder, durationOf, requestOf, textOf } from './log-entry.js';
import { clfTime, timeOf } from './times.js';

const QUOTED = '"([^"\\\\]*(?:\\\\.[^"\\\\]*)*)"';

/** The Application Load Balancer begins with a scheme; what is else the same is the Classic Load Balancer's. */
const ALB = new RegExp(
  `^(?:(?:https?|h2|grpcs?|wss?) )?(\\S+Z) \\S+ (\\S+) \\S+ (\\S+) (\\S+) (\\S+) (\\d{3}|-) (?:\\d{3}|-) ` +
    `\\d+ (\\d+) ${QUOTED} ${QUOTED}(.*)$`,
);
/** The time at which the request came stands behind; the first one is the answer's. */
const CREATED = / (\d{4}-\d\d-\d\dT[\d:.]+Z) /;

/** @returns {import('./log-entry.js').ReadEntry} */
export function albReader() {
  return (line) => {
    const match = ALB.exec(line);
    const timeMs = timeOf(match && (CREATED.exec(match[10])?.[1] ?? match[1]));
    if (match === null || timeMs === null) return null;
    const [, , client, taken, waited, answered, status, bytes, request, agent] = match;
    const found = requestOf(request);
    if (found === null || status === '-') return 'other';
    const parts = [taken, waited, answered].map((part) => durationOf(part, 's')); // -1: it came to nothing
    return {
      timeMs,
      ...found,
      status: Number(status),
      durationMs: parts.includes(null) ? null : durationOf(`${taken},${waited},${answered}`, 's'),
      bytes: Number(bytes),
      user: null,
      address: bareAddress(client),
      agent: textOf(agent),
      exchange: null,
    };
  };
}

/** `option httplog`, with or without what syslog puts in front; captured headers are in braces. */
const HAPROXY =
  /(?:^|\s)(\S+):\d+ \[([^\]]+)\] \S+ \S+ [-+\d/]*?\/\+?(-?\d+) (\d{3}) \+?(\d+) (\S+) \S+ \S{4} [+\d/]+ \d+\/\d+ ((?:\{[^}]*\} ){0,2})"([^"]*)"/;

/**
 * @param {import('./log-entry.js').ReaderOptions} how
 * @returns {import('./log-entry.js').ReadEntry}
 */
export function haproxyReader({ options }) {
  const cookieIn = cookieFinder(options.cookie);
  return (line) => {
    const match = HAPROXY.exec(line);
    if (match === null) return null;
    const [, client, time, took, status, bytes, cookie, captured, request] = match;
    const timeMs = clfTime(time);
    if (Number.isNaN(timeMs)) return null;
    const found = requestOf(request);
    if (found === null) return 'other';
    return {
      timeMs,
      ...found,
      status: Number(status),
      durationMs: durationOf(took, 'ms'),
      bytes: Number(bytes),
      session: cookieIn(cookie) ?? undefined,
      user: null,
      address: clientOf(
        bareAddress(client),
        clientAmong(addressesIn(captured.replace(/[{}]/g, ' '))),
      ),
      agent: textOf(captured.trim()), // it is among them, if it was captured
      exchange: null,
    };
  };
}

/** Envoy's default format; Istio's has details in front of the numbers, and the peer's address near the end. */
const ENVOY = new RegExp(
  `^\\[(\\S+)\\] ${QUOTED} (\\d+) .*?\\d+ (\\d+) (\\d+) (?:\\d+|-) ${QUOTED} ${QUOTED} ${QUOTED} ${QUOTED} ` +
    `${QUOTED}(?: \\S+ \\S+ \\S+ (\\S+))?`,
);

/** @returns {import('./log-entry.js').ReadEntry} */
export function envoyReader() {
  return (line) => {
    const match = ENVOY.exec(line);
    const timeMs = timeOf(match?.[1]);
    if (match === null || timeMs === null) return null;
    const [, , request, status, bytes, took, forwarded, agent, , , , peer] = match;
    const found = requestOf(request);
    if (found === null) return 'other';
    return {
      timeMs,
      ...found,
      status: Number(status),
      durationMs: durationOf(took, 'ms'),
      bytes: Number(bytes),
      user: null,
      address: clientOf(textOf(bareAddress(peer ?? '')), clientAmong(addressesIn(forwarded))),
      agent: textOf(agent),
      exchange: null,
    };
  };
}
