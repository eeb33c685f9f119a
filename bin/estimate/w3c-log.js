// The extended log file format of the W3C, whose files name their fields: IIS and CloudFront write it. CloudFront has
// the same names in its JSON.
import { addressesIn, clientAmong, clientOf } from './addresses.js';
import { cookieFinder, durationOf, pathOf, textOf } from './log-entry.js';
import { timeOf } from './times.js';

/** What IIS logs unless it is told otherwise: a part of a file may have lost the line that says so. */
const IIS_FIELDS = (
  'date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status ' +
  'sc-substatus sc-win32-status time-taken'
).split(' ');
const CLOUDFRONT_FIELDS = (
  'date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) ' +
  'cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken ' +
  'x-forwarded-for'
).split(' ');
const DATE = /^\d{4}-\d\d-\d\d[\t ]/;

/** @typedef {(name: string) => string | undefined} Field */

/**
 * @param {import('./log-entry.js').ReaderOptions} how
 * @returns {import('./log-entry.js').ReadEntry}
 */
export function w3cReader(how) {
  const entryOf = w3cEntry(how);
  /** @type {string[] | null} */
  let named = null;
  let date = '';
  return (text) => {
    const line = text.trimEnd();
    if (line.startsWith('#')) {
      const [, directive, value] = /^#([\w-]+):\s*(.*)$/.exec(line) ?? [];
      if (directive === 'Fields') named = value.split(/\s+/);
      if (directive === 'Date') date = value.split(' ')[0];
      return directive === undefined ? null : 'other';
    }
    const hasTabs = line.includes('\t');
    const values = line.split(hasTabs ? '\t' : ' ');
    const fields = named ?? (DATE.test(line) ? usualFields(values, hasTabs) : null);
    if (fields === null || values.length < fields.length) return null;
    return entryOf((name) => values[fields.indexOf(name)], date);
  };
}

/** @param {string[]} values @param {boolean} hasTabs @returns {string[] | null} */
function usualFields(values, hasTabs) {
  if (hasTabs) return CLOUDFRONT_FIELDS;
  return values.length === IIS_FIELDS.length ? IIS_FIELDS : null;
}

/**
 * @param {import('./log-entry.js').ReaderOptions} how
 * @returns {(field: Field, date?: string) => ReturnType<import('./log-entry.js').ReadEntry>}
 */
export function w3cEntry({ durationUnit, options }) {
  const cookieIn = cookieFinder(options.cookie);
  return (field, date = '') => {
    const timeMs = timeOf(`${field('date') ?? date} ${field('time')}`);
    if (timeMs === null) return null;
    const method = field('cs-method');
    const target = field('cs-uri-stem') ?? field('cs-uri') ?? '';
    const status = Number(field('sc-status') ?? Number.NaN);
    const found = pathOf(target);
    if (method === undefined || !/^[A-Z]+$/.test(method)) return 'other';
    if (found === null || !Number.isInteger(status)) return 'other';
    const forwarded = field('x-forwarded-for') ?? field('X-Forwarded-For') ?? '';
    const bytes = Number(field('sc-bytes') ?? Number.NaN);
    const took = field('time-taken');
    // CloudFront and Tomcat have seconds with a fraction, IIS whole milliseconds.
    const unit = durationUnit ?? (took?.includes('.') ? 's' : 'ms');
    return {
      timeMs,
      method,
      path: found.path,
      hasQuery: found.hasQuery || textOf(field('cs-uri-query')) !== null,
      status,
      durationMs: durationOf(took, unit),
      bytes: bytes >= 0 ? bytes : null,
      session: cookieIn(field('cs(Cookie)') ?? '') ?? undefined,
      user: textOf(field('cs-username')),
      address: clientOf(textOf(field('c-ip')), clientAmong(addressesIn(forwarded))),
      agent: textOf(field('cs(User-Agent)')),
      exchange: null,
    };
  };
}
