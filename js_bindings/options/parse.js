// Reads options: names, kinds and defaults are in `table.js`; here is what each kind accepts. What only a server has
// (`managed`, `verify`) is parsed by whoever passes a parser for it, so that a service worker carries none of it. What
// numbers mean together is judged by the core (`findFaults`).
// Invariant: everything that is wrong is reported at once, and what is returned is complete and frozen.

import {
  EffectTable,
  parseEffects,
  rowsOfIdentityPaths,
  rowsOfUserPaths,
} from '../dialects/effects.js';
import { asInUrl, parsePathPattern } from '../dialects/path-patterns.js';
import { parseUnauthenticated } from '../dialects/unauthenticated.js';
import { ConfigError } from '../errors.js';
import { fromHex } from '../util/hex.js';
import { isRecord } from '../util/is-record.js';
import { USER_ID_POINTERS } from '../util/user-id.js';
import { DURATION_UNITS, parseQuantity, SIZE_UNITS } from './quantities.js';
import { OPTIONS } from './table.js';
import { parseVaryOn, sessionCookieFault, VARY_ON_REASON } from './vary-on.js';

/** @typedef {import('../errors.js').ConfigFault} ConfigFault */
/** @typedef {import('./types.js').Options<any>} Options */
/** @typedef {import('./types.js').ParsedOptions} ParsedOptions */

/**
 * What an option is: its kind, its default, and what the kind needs beside it.
 * @typedef {object} Entry
 * @property {string} kind
 * @property {unknown} [standard]
 * @property {unknown} [standardIfManaged]
 * @property {number} [min]
 * @property {readonly string[]} [choices]
 */

/**
 * The parsers of options that are objects of their own. Without one, the option is what it is without a value.
 * @typedef {object} Features
 * @property {(given: unknown, faults: ConfigFault[]) => import('./types.js').ManagedOptions | null} [managed]
 * @property {(given: unknown, fields: readonly string[], faults: ConfigFault[]) =>
 *   import('./types.js').VerifyOptions} [verify]
 * @property {(given: unknown, option: string, faults: ConfigFault[]) =>
 *   readonly import('./types.js').IssuerOptions[]} [issuers]
 * @property {(given: unknown, faults: ConfigFault[]) => import('./types.js').TokenOptions | null} [tokens]
 * @property {(given: unknown, faults: ConfigFault[]) => import('./types.js').IntrospectionOptions | null} [introspection]
 * @property {(given: Record<string, unknown>) => Record<string, unknown>} [preset] fills in what is known of the back end
 *   that the option `backend` names
 * @property {(parsed: ParsedOptions) => ConfigFault[]} [together] what is wrong with options together
 */

/** What an exchange of tokens may overrun its time-out by before it counts as lost. */
const REFRESH_MARGIN_MS = 35_000;

/** @param {unknown} value */
export const isPath = (value) => typeof value === 'string' && /^\/[^?#\s]*$/.test(value);

const MIN_SECRET_BYTES = 16;
const MAX_SECRET_BYTES = 64;
/** No rotation needs more. */
const MAX_SECRETS = 8;

const BAD_PATH = 'must be a path that begins with / and has no query';

/** @param {any} value */
const parsePath = (value) => (isPath(value) ? asInUrl(value) : undefined);

/**
 * By kind: what is wrong with a value that is refused, and the parser, which gives undefined for one.
 * @type {Record<string, [reason: string | ((entry: Entry) => string), parse: (value: any, entry: Entry) => unknown]>}
 */
const KINDS = {
  origin: ['must be an http: or https: URL without path, query or user', parseOrigin],
  path: [BAD_PATH, parsePath],
  pathOrNone: [BAD_PATH, (value) => (value === null ? null : parsePath(value))],
  prefix: [BAD_PATH, (value) => parsePath(value)?.replace(/\/$/, '')],
  pointer: ['must be a JSON pointer', (value) => (isPath(value) ? value : undefined)],
  strings: ['must be a string or a list of strings', parseStrings],
  documents: ['must be paths that begin with /, with a query or without, none twice', parseTargets],
  pointers: [
    'must be a JSON pointer or a list of them',
    (value) => (value === null ? USER_ID_POINTERS : parseStrings(value)),
  ],
  varyOn: [VARY_ON_REASON, parseVaryOn],
  duration: [
    "must be milliseconds or a string such as '30m'",
    (value) => parseQuantity(value, DURATION_UNITS),
  ],
  count: [
    'must be a whole number above 0',
    (value) => (Number.isSafeInteger(value) && value > 0 && value < 2 ** 31 ? value : undefined),
  ],
  size: ["must be bytes or a string such as '64MB'", parseSize],
  boolean: ['must be true or false', (value) => (typeof value === 'boolean' ? value : undefined)],
  statuses: [
    'must be a list of HTTP statuses',
    (value) => (Array.isArray(value) && value.every(Number.isInteger) ? [...value] : undefined),
  ],
  unauthenticated: [
    "must be '204', '{}', 'sign-in', or JSON pointers such as '/account' and '/authenticated=false'",
    parseUnauthenticated,
  ],
  issuerUrl: [
    'must be an http: or https: URL without query, fragment or user',
    (value) => (value === null || isBareUrl(value) ? value : undefined),
  ],
  sid: [
    "must be a JSON pointer such as '/session/id', or the name of a claim such as 'sid'",
    (value) =>
      value === null || /^(\/([^~]|~[01])+|[^/~]{1,64})$/.test(value) ? value : undefined,
  ],
  order: [
    ({ choices = [] }) => `must be ${choices.join(' or ')}, or a list of them, none twice`,
    parseOrder,
  ],
  patterns: ['must be a list of path patterns', parsePatterns],
  longText: [
    ({ min }) => `must be a string of at least ${min} characters`,
    (value, { min = 0 }) =>
      value === null || (typeof value === 'string' && value.length >= min) ? value : undefined,
  ],
  secret: [
    `must be ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes, as such or in hexadecimal digits, or a list of them`,
    parseSecrets,
  ],
  store: [
    'must be a store, such as redis(…) gives',
    (value) => (value === null || typeof value?.putIfNewer === 'function' ? value : undefined),
  ],
  schema: [
    'must be a validator of the Standard Schema, such as zod’s or valibot’s',
    (value) =>
      value === null || typeof value?.['~standard']?.validate === 'function' ? value : undefined,
  ],
  choice: [
    ({ choices = [] }) => `must be ${choices.join(' or ')}`,
    (value, { choices = [], standard }) =>
      choices.includes(value) || value === standard ? value : undefined,
  ],
};

/**
 * Reads one option. A value that is wrong is reported, and the default stands in for it, so that the rest can be
 * judged.
 * @param {string} option as the fault names it
 * @param {Entry} entry
 * @param {unknown} given
 * @param {ConfigFault[]} faults added to
 * @param {string} [reason] stands in for the kind's own
 */
export function readOption(option, entry, given, faults, reason) {
  const [standardReason, parse] = KINDS[entry.kind];
  const isNone = given === null && entry.kind === 'pathOrNone';
  const parsed = parse(isNone ? null : (given ?? entry.standard), entry);
  if (parsed !== undefined) return parsed;
  const own = typeof standardReason === 'string' ? standardReason : standardReason(entry);
  faults.push({ option, reason: reason ?? own });
  return parse(entry.standard, entry);
}

/**
 * Reports every name that is no option.
 * @param {object} given
 * @param {object} table
 * @param {string} prefix of the option's name in a fault
 * @param {ConfigFault[]} faults added to
 */
export function refuseUnknown(given, table, prefix, faults) {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(table, name)) {
      faults.push({ option: prefix + name, reason: 'is not an option' });
    }
  }
}

/**
 * Reads options, fills in the defaults and converts units.
 * @param {Options} options
 * @param {(options: object) => ConfigFault[]} findFaults the core's: what is wrong with options that are of the
 *   right types
 * @param {Features} features
 * @returns {ParsedOptions}
 * @throws {ConfigError} with everything that is wrong
 */
export function parseWith(options, findFaults, features) {
  if (!isRecord(options))
    throw new ConfigError([{ option: 'options', reason: 'must be an object' }]);
  const own = /** @type {Record<string, unknown>} */ ({ ...options });
  const given = features.preset?.(own) ?? own;
  /** @type {ConfigFault[]} */
  const faults = [];
  refuseUnknown(options, OPTIONS, '', faults);
  const managed = features.managed?.(given.managed, faults) ?? null;
  const isManaged = managed !== null;
  /** @type {Record<string, any>} */
  const read = {};
  for (const [option, entry] of Object.entries(/** @type {Record<string, Entry>} */ (OPTIONS))) {
    if (!Object.hasOwn(KINDS, entry.kind)) continue; // it is an object, with a parser of its own
    const standard = isManaged && given[option] === undefined ? entry.standardIfManaged : undefined;
    read[option] = readOption(option, entry, standard ?? given[option], faults);
  }
  const issuersOf = (/** @type {string} */ option) =>
    features.issuers?.(given[option], option, faults) ?? [];
  const tokens = features.tokens?.(given.tokens, faults) ?? null;
  const parsed = /** @type {ParsedOptions} */ ({
    ...read,
    tokens,
    introspection: features.introspection?.(given.introspection, faults) ?? null,
    sid: read.sid ?? tokens?.sid ?? null,
    effects: effectsOf(given.effects ?? OPTIONS.effects.standard, read, faults),
    managed,
    verify: features.verify?.(given.verify, read.fields, faults) ?? { headers: [], prefix: false },
    backchannelLogout: issuersOf('backchannelLogout'),
    sharedSignals: issuersOf('sharedSignals'),
    isManaged,
    refreshLeaseFor: (managed?.refreshTimeout ?? 0) + REFRESH_MARGIN_MS,
  });
  // Users who were guessed may share an identifier: no number holds for one of them.
  if (given.userId === undefined) Object.assign(parsed, { sessionsPerUser: 0, endsPerUser: 0 });
  if (given.userId === undefined && parsed.devices) {
    const reason =
      'needs the option userId, or a back end that is named: a guess may be shared by strangers';
    faults.push({ option: 'devices', reason });
  }
  if (parsed.sessionPath === parsed.documentPath) {
    faults.push({ option: 'sessionPath', reason: 'must differ from documentPath' });
  }
  const { documents, documentPath, sessionPath, fields } = parsed;
  if (documents.some((path) => path === documentPath || path === sessionPath)) {
    faults.push({ option: 'documents', reason: 'must differ from documentPath and sessionPath' });
  }
  if (documents.length > 0 && fields.length > 0) {
    faults.push({ option: 'documents', reason: 'are kept whole, which fields does not allow' });
  }
  const varyFault = sessionCookieFault(parsed.varyOn, parsed.cookie);
  if (varyFault !== null) faults.push({ option: 'varyOn', reason: varyFault });
  faults.push(...(features.together?.(parsed) ?? []), ...findFaults(parsed));
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(parsed);
}

/**
 * The table of effects, of which two options are shorthands.
 * @param {unknown} given
 * @param {Record<string, any>} read
 * @param {ConfigFault[]} faults added to
 */
function effectsOf(given, { identityPaths, userPaths, documentPath, documents }, faults) {
  const { rows, faults: found } = parseEffects(given);
  faults.push(...found);
  const shorthands = [
    ...rowsOfIdentityPaths(identityPaths ?? []),
    ...rowsOfUserPaths(userPaths ?? []),
  ];
  return new EffectTable({
    rows: [...rows, ...shorthands],
    documentPath,
    documents,
    hasWords: identityPaths === null,
    hasUsers: userPaths === null,
  });
}

/** @param {unknown} value */
function parseStrings(value) {
  const list = typeof value === 'string' ? [value] : value;
  const fits = Array.isArray(list) && list.every((each) => typeof each === 'string' && each);
  return fits ? /** @type {string[]} */ ([...list]) : undefined;
}

/** Paths as they stand in a URL. @param {unknown} value */
function parseTargets(value) {
  const given = parseStrings(value);
  if (!given?.every((each) => /^\/[^#\s]{0,511}$/.test(each))) return undefined;
  const list = given.map((each) => {
    const { pathname, search } = new URL(`http://host${each}`);
    return pathname + search;
  });
  return new Set(list).size === list.length ? list : undefined;
}

/** @param {unknown} value @param {Entry} entry */
function parseOrder(value, { choices = [] }) {
  const list = parseStrings(value);
  const isOrder = list?.every((each, at) => choices.includes(each) && list.indexOf(each) === at);
  return isOrder ? list : undefined;
}

/** @param {unknown} value */
function parseSize(value) {
  const bytes = parseQuantity(value, SIZE_UNITS);
  return bytes !== undefined && bytes >= 0 && bytes <= 2 ** 31 ? bytes : undefined;
}

/** @param {unknown} value */
function parsePatterns(value) {
  if (value === null) return null;
  const patterns = Array.isArray(value) ? value.map(parsePathPattern) : [undefined];
  return patterns.includes(undefined) ? undefined : patterns;
}

/** @param {unknown} value */
function parseSecrets(value) {
  if (value === null) return null;
  const list = Array.isArray(value) ? value : [value];
  if (list.length === 0 || list.length > MAX_SECRETS) return undefined;
  const secrets = list.map(parseSecret);
  const names = secrets.map((secret) => secret?.join());
  return secrets.includes(undefined) || new Set(names).size < names.length ? undefined : secrets;
}

/** @param {unknown} value */
function parseSecret(value) {
  const isHex = typeof value === 'string' && /^([0-9a-f]{2})+$/i.test(value);
  const bytes = isHex ? fromHex(value) : value instanceof Uint8Array ? value.slice() : undefined;
  const length = bytes?.length ?? 0;
  return length >= MIN_SECRET_BYTES && length <= MAX_SECRET_BYTES ? bytes : undefined;
}

/** @param {unknown} value */
function isBareUrl(value) {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, search, hash, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && !search && !hash && !username && !password;
}

/** @param {unknown} value */
function parseOrigin(value) {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined;
  const url = new URL(value);
  const isBare = url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password;
  return isBare && /^https?:$/.test(url.protocol) ? url.origin : undefined;
}
