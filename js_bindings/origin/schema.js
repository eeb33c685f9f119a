// Holds what the origin answers against the validator of the option `schema`. It must not know which library that is,
// nor what becomes of an answer that does not fit.
// Invariant: a document whose validator changes nothing stays the origin's bytes (rule R7), and one that does not fit
// is none (rule R13), whatever the validator does: throw, reject, or never answer.
import { isRecord } from '../util/is-record.js';
import { withTimeout } from './origin-call.js';

/**
 * A validator as the libraries of the field have it (https://standardschema.dev, version 1): zod's, valibot's, ArkType's and
 * others'. What it takes is a parsed document; `Output` is what it gives, and what is kept.
 * @template [Output=unknown]
 * @typedef {{ readonly '~standard': StandardProps<Output> }} StandardSchema
 */

/**
 * What a validator tells of itself.
 * @template [Output=unknown]
 * @typedef {object} StandardProps
 * @property {1} version of the interface
 * @property {string} vendor the library's name
 * @property {(value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>} validate says whether a
 *   document fits, at once or later
 * @property {{ input: unknown, output: Output }} [types] for the compiler alone
 */

/**
 * What a validator says of a document: what it makes of it, or where it does not fit.
 * @template [Output=unknown]
 * @typedef {{ value: Output, issues?: undefined } | { issues: readonly StandardIssue[] }} StandardResult
 */

/**
 * One thing that does not fit.
 * @typedef {object} StandardIssue
 * @property {string} message which may quote the document, and is said to nobody
 * @property {readonly (PropertyKey | { key: PropertyKey })[]} [path] to what does not fit
 */

/**
 * A document that fits, as it is to be kept; or why there is none.
 * @typedef {{ body: Uint8Array<ArrayBuffer>, isChanged: boolean } | { issues: string[] }} Fitted
 */

const decoder = new TextDecoder('utf-8', { fatal: true });
const encoder = new TextEncoder();

/** So many places are named. */
const MAX_ISSUES = 8;

/**
 * @param {Pick<import('../host.js').Host, 'sleep'>} host
 * @param {StandardSchema} schema
 * @param {number} timeoutMs how long a validator may take
 * @param {Uint8Array<ArrayBuffer>} body
 * @returns {Promise<Fitted>} `issues`: where it does not fit, as JSON pointers. What is no JSON object stays as it is: that
 *   it is no document is another's to say
 */
export async function fitted(host, schema, timeoutMs, body) {
  const given = parsed(body);
  if (!isRecord(given)) return { body, isChanged: false };
  const before = JSON.stringify(given); // a validator may change what it is given
  try {
    const result = await withTimeout(host, timeoutMs, async () =>
      schema['~standard'].validate(given),
    );
    if (result.issues) return { issues: placesOf(result.issues) };
    const after = JSON.stringify(result.value);
    if (after === before) return { body, isChanged: false };
    return isRecord(result.value)
      ? { body: encoder.encode(after), isChanged: true }
      : { issues: [] };
  } catch {
    return { issues: [] };
  }
}

/** @param {Uint8Array} body */
function parsed(body) {
  try {
    return JSON.parse(decoder.decode(body));
  } catch {
    return undefined;
  }
}

/** @param {readonly StandardIssue[]} issues */
function placesOf(issues) {
  return issues.slice(0, MAX_ISSUES).map(({ path = [] }) => `/${path.map(nameOf).join('/')}`);
}

/** @param {PropertyKey | { key: PropertyKey }} step */
function nameOf(step) {
  return String(typeof step === 'object' ? step.key : step);
}
