// Points in time as logs write them.

const CLF = /^(\d\d)\/(\w{3})\/(\d{4}):(\d\d):(\d\d):(\d\d(?:\.\d+)?)(?: ([+-])(\d\d):?(\d\d))?$/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun'].concat(
  ['Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'], // by name in every locale's log
);
const WITHOUT_ZONE = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?$/;

/**
 * Numbers larger than this are in the next smaller unit: as seconds, milliseconds and microseconds they would be
 * in the year 5138.
 */
const MAX_SECONDS = 1e11;
const MAX_DATE_MS = 8.64e15;

/**
 * `10/Oct/2000:13:55:36 -0700`, as servers have written it since NCSA's; without a zone, as HAProxy does, in UTC.
 * @param {string} text
 * @returns {number} milliseconds since the Unix epoch; NaN: it is none
 */
export function clfTime(text) {
  const match = CLF.exec(text);
  const month = match ? MONTHS.indexOf(match[2]) : -1;
  if (match === null || month < 0) return Number.NaN;
  const offset = Number(match[8] ?? 0) * 60 + Number(match[9] ?? 0);
  const minutes = Number(match[5]) + (match[7] === '-' ? offset : -offset);
  const day = Date.UTC(Number(match[3]), month, Number(match[1]), Number(match[4]), minutes);
  return day + Math.round(Number(match[6]) * 1000);
}

/**
 * A time in any of the forms: a number of seconds, milliseconds, microseconds or nanoseconds since the Unix epoch,
 * ISO 8601 (in UTC unless it says otherwise), or `clfTime`'s.
 * @param {unknown} value
 * @returns {number | null} milliseconds since the Unix epoch; null: it is none
 */
export function timeOf(value) {
  if ((typeof value !== 'number' && typeof value !== 'string') || value === '') return null;
  const number = Number(value);
  const timeMs = Number.isNaN(number) ? namedTime(`${value}`) : epochMs(number);
  return Math.abs(timeMs) <= MAX_DATE_MS ? timeMs : null;
}

/** @param {number} number */
function epochMs(number) {
  let milliseconds = number * 1000;
  for (let most = MAX_SECONDS; number > most && most < 1e20; most *= 1000) milliseconds /= 1000;
  return Math.round(milliseconds);
}

/** @param {string} text */
function namedTime(text) {
  if (WITHOUT_ZONE.test(text)) return Date.parse(`${text.replace(' ', 'T').replace(',', '.')}Z`);
  const time = Date.parse(text);
  return Number.isNaN(time) ? clfTime(text) : time;
}
