// What the command line of `estimate` asks for, as data. Invariant: it is either understood whole or refused
// with every fault found, a line each.
import { parseArgs } from 'node:util';
import { PRESETS } from '../../js_bindings/dialects/presets/preset.js';
import { FORMAT_NAMES } from './formats.js';
import { DURATION_UNIT_MS } from './log-entry.js';

const DEFAULT_LATENCY_MS = 100;
const DEFAULT_SESSIONS = 10;
const MAX_ROWS = 1000;

export const HELP = `Usage: sesame-edge estimate FILE [options]

Reads the log of an existing site, a HAR file or an access log, and tells how many of its session checks
Sesame would have answered and what wait that saves. Nothing is sent anywhere, and nothing that the log says
of people is printed: sessions are shown by a salted hash. A log that is refused is shown by its first line.

  FILE                   the log, packed by gzip or not; - for standard input
  --format NAME          found out unless given:
                           combined  Apache, nginx, Traefik; with the virtual host or X-Forwarded-For, too
                           json      lines of it: nginx, Caddy, Traefik, Envoy, Istio, Cloudflare, Vercel …
                           har       a browser's own export
                           w3c       IIS, CloudFront
                           alb       AWS' load balancers
                           haproxy   its HTTP log
                           envoy     Envoy and Istio as text
  --backend NAME         what the site is made with: ${Object.keys(PRESETS).join(', ')}
  --path PATH            where the site says who somebody is (/api/v1/users/me)
  --latency MS           how long a check took of which the log does not say (${DEFAULT_LATENCY_MS})
  --sessions N           how many sessions to list, those with the most checks (${DEFAULT_SESSIONS})
  --session-field NAME   JSON: what tells sessions apart; else the session's cookie, if the log has it, the
                         remote user, or address and user agent
  --user-field NAME      JSON: the user's identifier, if a user may have several sessions
  --duration-field NAME  JSON: how long the request took
  --duration-unit UNIT   s, ms, us or ns, of what the log says took so long
  --json                 prints JSON
  --svg FILE             writes a picture too

Sesame's own options, with their own defaults:
  --fresh-for 30m  --keep-for 60m  --stale-if-error 5m  --expires-in 30d  --idle-for 0  --negative-for 10s
  --origin-timeout 8s  --lease-for 10s  --memory 64MB  --refusals 401,403  --cookie NAME
  --user-id POINTER (HAR)  --identity-path PATH  --user-path PATH  --no-obey-cache-control (HAR)

Exit codes: 0 done, 1 the log could not be read, 2 wrong usage or options.
`;

const FLAGS = /** @type {const} */ ({
  format: { type: 'string' },
  backend: { type: 'string' },
  path: { type: 'string' },
  latency: { type: 'string' },
  sessions: { type: 'string' },
  'session-field': { type: 'string' },
  'user-field': { type: 'string' },
  'duration-field': { type: 'string' },
  'duration-unit': { type: 'string' },
  json: { type: 'boolean' },
  svg: { type: 'string' },
  'fresh-for': { type: 'string' },
  'keep-for': { type: 'string' },
  'stale-if-error': { type: 'string' },
  'expires-in': { type: 'string' },
  'idle-for': { type: 'string' },
  'negative-for': { type: 'string' },
  'origin-timeout': { type: 'string' },
  'lease-for': { type: 'string' },
  memory: { type: 'string' },
  refusals: { type: 'string' },
  cookie: { type: 'string', multiple: true },
  'user-id': { type: 'string', multiple: true },
  'identity-path': { type: 'string', multiple: true },
  'user-path': { type: 'string', multiple: true },
  'no-obey-cache-control': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
});

/** Flags that are options of the package, and what these are called there. */
const POLICY = /** @type {const} */ ({
  backend: 'backend',
  path: 'documentPath',
  'fresh-for': 'freshFor',
  'keep-for': 'keepFor',
  'stale-if-error': 'staleIfError',
  'expires-in': 'expiresIn',
  'idle-for': 'idleFor',
  'negative-for': 'negativeFor',
  'origin-timeout': 'originTimeout',
  'lease-for': 'leaseFor',
  memory: 'memory',
  refusals: 'refusals',
  cookie: 'cookie',
  'user-id': 'userId',
  'identity-path': 'identityPaths',
  'user-path': 'userPaths',
  'no-obey-cache-control': 'obeyCacheControl',
});

/**
 * @typedef {import('./estimate.js').EstimateOptions & { isJson: boolean, svg: string | undefined }}
 *   EstimateCommand
 * @typedef {{ action: 'help' } | { action: 'refuse', faults: string[] } |
 *   { action: 'estimate', command: EstimateCommand }} Request
 */

/**
 * @param {string[]} argv without the program's name and the command's
 * @returns {Request}
 */
export function readArguments(argv) {
  let parsed;
  try {
    parsed = parseArgs({ args: argv, options: FLAGS, allowPositionals: true });
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    return refuse([message.split(/\. |\n/)[0] ?? message]);
  }
  const { values, positionals } = parsed;
  if (values.help) return { action: 'help' };
  const latencyMs = Number(values.latency ?? DEFAULT_LATENCY_MS);
  const sessions = Number(values.sessions ?? DEFAULT_SESSIONS);
  const { format, 'duration-unit': durationUnit } = values;
  const faults = [];
  if (positionals.length === 0) faults.push('no log given');
  if (positionals.length > 1) faults.push(`unexpected argument '${positionals[1]}'`);
  if (!(latencyMs >= 0 && latencyMs < 1e9)) faults.push('--latency must be milliseconds');
  if (!Number.isInteger(sessions) || sessions < 0 || sessions > MAX_ROWS) {
    faults.push(`--sessions must be a number from 0 to ${MAX_ROWS}`);
  }
  if (format !== undefined && !FORMAT_NAMES.some((name) => name === format)) {
    faults.push(`--format must be ${FORMAT_NAMES.join(', ')}, not '${format}'`);
  }
  if (durationUnit !== undefined && !Object.hasOwn(DURATION_UNIT_MS, durationUnit)) {
    faults.push(`--duration-unit must be s, ms, us or ns, not '${durationUnit}'`);
  }
  if (faults.length > 0) return refuse(faults);
  return {
    action: 'estimate',
    command: {
      file: positionals[0],
      format: /** @type {import('./formats.js').Format | undefined} */ (format),
      policy: policyOf(values),
      latencyMs,
      sessions,
      sessionField: values['session-field'],
      userField: values['user-field'],
      durationField: values['duration-field'],
      durationUnit: /** @type {import('./log-entry.js').DurationUnit | undefined} */ (durationUnit),
      isJson: values.json ?? false,
      svg: values.svg,
    },
  };
}

/**
 * The flag that stands for an option of the package.
 * @param {string} option
 */
export function flagOf(option) {
  const found = Object.entries(POLICY).find(([, name]) => name === option);
  return found ? `--${found[0]}` : `option ${option}`;
}

/** @param {Record<string, any>} values */
function policyOf(values) {
  /** @type {Record<string, unknown>} */
  const policy = {};
  for (const [flag, option] of Object.entries(POLICY)) {
    const value = values[flag];
    if (value === undefined) continue;
    if (option === 'obeyCacheControl') policy[option] = false;
    else if (option === 'refusals') policy[option] = value.split(',').map(Number);
    else policy[option] = /^\d+$/.test(value) ? Number(value) : value;
  }
  return policy;
}

/** @param {string[]} faults @returns {Request} */
function refuse(faults) {
  const last = faults.length - 1;
  const hint = (/** @type {string} */ fault) => `${fault} (see sesame-edge estimate --help)`;
  return { action: 'refuse', faults: faults.map((text, i) => (i === last ? hint(text) : text)) };
}
