// Which successes of a back end say that nobody is signed in, and which redirects where that is told so (rule R80). It
// knows nothing of what is held.
// Invariant: it says "no" of a complete answer of exactly one of its forms, and of nothing else: a document that names
// its user is none, and neither is a failure.
import { isPointer, valueAt } from '../util/json-pointer.js';
import { leadsToSignIn } from './effects.js';

/**
 * A form of that answer: an empty one (`204`), an empty object (`{}`), a redirect to a sign-in page, or an object whose
 * member has this value.
 * @typedef {{ status: number } | { isEmpty: true } | { leadsToSignIn: true } | { pointer: string, value: unknown, isNamed: boolean }} Form
 *   `isNamed`: the member has the value null because nobody is there, unless the object names its user elsewhere
 */

/**
 * - `no`: nobody is signed in
 * - `doubtful`: the same, though a gateway whose back end has failed may answer so too
 * @typedef {'no' | 'doubtful'} Verdict
 */

/** What many back ends answer, and nobody has to name. @type {Form} */
const NO_USER = Object.freeze({ pointer: '/user', value: null, isNamed: true });

const NO_CONTENT = 204;
const PARTIAL_CONTENT = 206;
const NOT_MODIFIED = 304;

const NOWHERE = Object.freeze({ location: null, path: '/' });

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the option `unauthenticated`: `'204'`, `'{}'`, `'sign-in'`, a JSON pointer to a member that is null, or one with the value
 * that it has, such as `'/authenticated=false'`.
 * @param {unknown} value
 * @returns {Form[] | undefined} undefined: it is none
 */
export function parseUnauthenticated(value) {
  const list = Array.isArray(value) ? value : [value];
  const forms = list.map(formOf);
  return forms.includes(undefined) ? undefined : /** @type {Form[]} */ (forms);
}

/** @param {unknown} text @returns {Form | undefined} */
function formOf(text) {
  if (text === '204') return { status: NO_CONTENT };
  if (text === '{}') return { isEmpty: true };
  if (text === 'sign-in') return { leadsToSignIn: true };
  if (typeof text !== 'string') return undefined;
  const at = text.indexOf('=');
  const pointer = at < 0 ? text : text.slice(0, at);
  if (!isPointer(pointer)) return undefined;
  if (at < 0) return { pointer, value: null, isNamed: true };
  const value = parsed(text.slice(at + 1));
  const isScalar = value !== undefined && (typeof value !== 'object' || value === null);
  return isScalar ? { pointer, value, isNamed: false } : undefined;
}

export class Unauthenticated {
  #forms;
  #userId;
  /** What is in every "no": JSON writes these in one way only. Empty: some form has a value of another kind. */
  #words;

  /** @param {{ unauthenticated: readonly Form[], userId: readonly string[] }} options as parsed */
  constructor({ unauthenticated, userId }) {
    this.#forms = [NO_USER, ...unauthenticated];
    this.#userId = userId;
    this.#words = wordsOf(this.#forms);
  }

  /**
   * What an answer says, beside its status.
   * @param {number} status
   * @param {Uint8Array} body all of it
   * @param {Parameters<typeof leadsToSignIn>[0]} [redirect] where from, and where to
   * @returns {Verdict | null} null: it does not say that nobody is signed in
   */
  verdictOn(status, body, redirect = NOWHERE) {
    if (status >= 300 && status <= 399 && status !== NOT_MODIFIED) {
      const isNo = this.#forms.some((form) => 'leadsToSignIn' in form) && leadsToSignIn(redirect);
      return isNo ? 'no' : null;
    }
    if (status < 200 || status > 299 || status === PARTIAL_CONTENT) return null;
    if (status === NO_CONTENT) {
      return this.#forms.some((form) => 'status' in form) ? 'no' : null;
    }
    const text = textIn(body);
    if (text === null || !this.#mayBeNo(text)) return null;
    const value = parsed(text);
    if (value === null) return 'no';
    if (typeof value !== 'object' || Array.isArray(value)) return null;
    const isEmpty = Object.keys(value).length === 0;
    if (isEmpty) return this.#forms.some((form) => 'isEmpty' in form) ? 'doubtful' : null;
    const isNo = this.#forms.some(
      (form) =>
        'pointer' in form &&
        valueAt(value, form.pointer) === form.value &&
        !(form.isNamed && this.#namesUser(value)),
    );
    return isNo ? 'no' : null;
  }

  /** Whether it has to be parsed. @param {string} text */
  #mayBeNo(text) {
    const isEmpty = !text.includes('"'); // a member has a name
    return isEmpty || this.#words.length === 0 || this.#words.some((word) => text.includes(word));
  }

  /** @param {object} value */
  #namesUser(value) {
    return this.#userId.some((pointer) => (valueAt(value, pointer) ?? null) !== null);
  }
}

/** @param {Form[]} forms @returns {string[]} */
function wordsOf(forms) {
  const values = forms.flatMap((form) => ('pointer' in form ? [form.value] : []));
  const areWords = values.every((value) => value === null || typeof value === 'boolean');
  return areWords ? [...new Set(values.map(String))] : [];
}

/** @param {Uint8Array} body @returns {string | null} null: it is no text */
function textIn(body) {
  try {
    return decoder.decode(body);
  } catch {
    return null;
  }
}

/** @param {string} json @returns {unknown} undefined: it is none */
function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
