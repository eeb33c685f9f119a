// Says once what the operator has to mend, where a request or an answer shows that something is wired wrongly and
// nothing would fail (rule R73). It must not know how anything is decided.
// Invariant: what it says names no credential, no user and no part of a document: names of cookies, headers and members
// alone, and of those only such as a log line can hold.

/** This many names are told of one cause: a stranger can make up any number of cookies. */
const MAX_NAMES = 8;

const MAX_NAME_LENGTH = 64;

/** One or two held sessions that the origin ends may have been too old. */
const ENDS_THAT_TELL = 3;

/** What whoever is not signed in has too, and what is no session's: guards of forms, what pages count and remember. */
const OTHER_COOKIES =
  /csrf|xsrf|callback-url|consent|^_(ga|gid|gat|gcl|fbp|hj|pk)|^__(utm|cf)|^(theme|lang|locale)/i;

/** Then the oldest go: an origin that comes and goes must not fill the memory. */
const MAX_NOTICES = 100;

/** What is wrong, by a name that never changes. @typedef {keyof typeof TEXTS} Cause */

/**
 * What has been noticed.
 * @typedef {object} Notice
 * @property {string} cause by a name that never changes, such as `unknown-cookies`: docs/operating.md lists them
 * @property {number} time when it was noticed first, in milliseconds since the Unix epoch
 * @property {string} text one line for the operator: what is wrong, and which option changes it
 */

/**
 * What can be wired wrongly, and what is said of it:
 * - `unknown-cookies`: a request has cookies, and none that the option `cookie` names
 * - `no-store`: the origin forbids to keep its document
 * - `vary`: its document depends on a header that the option `varyOn` does not name
 * - `rotates`: it exchanges the session cookie in a way that cannot be followed
 * - `short-cookie`: its session cookie may end before it is asked again
 * - `unheard-ends`: it has ended sessions that were held, and no sign-out has passed here
 * - `no-user-id`: its document has no identifier where the option `userId` looks
 * - `misfit`: its document does not fit the option `schema`
 * - `login-tokens`: its answer to a login has tokens, and no access token where `managed.accessToken` looks
 * - `own-session-path`: it answers the path itself that the option `sessionPath` names
 * - `unmapped-sid`: an identity provider names sessions by a `sid`, and the option `sid` does not say where they have theirs
 * - `origin-away`, `origin-back`: it cannot be asked, and can again
 * - `store-away`, `store-refused`, `store-back`: the same of the shared store; it could answer, and will not
 */
const TEXTS = {
  'unknown-cookies': (/** @type {string} */ names) =>
    `a request has the cookies ${names}, and none that the option cookie names: if one of them is the session's, name it there`,
  'no-store': () =>
    'the origin answers the document with Cache-Control: no-store, so nothing is kept: change that, or set obeyCacheControl to false',
  vary: (/** @type {string} */ names) =>
    `the origin answers the document with Vary: ${names}, so it is not kept: add that to the option varyOn`,
  rotates: (/** @type {string} */ names) =>
    `the origin exchanges the session cookie ${names} in a way that cannot be followed, so it is asked each time: if the new cookie goes on with the session, set the option rotates to true`,
  'short-cookie': (/** @type {string} */ names) =>
    `the session cookie ${names} lives for less than the option freshFor, so that it may end while its user is active: set freshFor to less than half of its life`,
  'unheard-ends': () =>
    'the origin has ended sessions that were held, and no sign-out has passed here: if users sign out, send that through Sesame, name its path in the option effects, or have the origin call the webhook',
  'no-user-id': (/** @type {string} */ names) =>
    `a document has no identifier of its user where the option userId looks, so that changes and sign-outs of a user do not reach it${names && `: is it ${names}?`}`,
  misfit: (/** @type {string} */ names) =>
    `the origin's document does not fit the option schema${names && ` at ${names}`}, which counts as a failure of the origin: change the schema, or what the origin answers`,
  'login-tokens': (/** @type {string} */ pointer) =>
    `the origin's answer to a login has no access token${pointer && ` at ${pointer}`}, so that logins fail: see the options managed.accessToken and managed.refreshToken`,
  'own-session-path': (/** @type {string} */ names) =>
    `the origin answers ${names} itself: it is hidden by Sesame's own, see the option sessionPath`,
  'unmapped-sid': () =>
    'an identity provider ends a session by its sid, and the option sid does not say where sessions have theirs: all of its user end with it, or the message is refused',
  'origin-away': (/** @type {string} */ reason) =>
    `the origin cannot be asked (${reason}): see whether it runs, and whether the option origin has its address`,
  'origin-back': () => 'the origin answers again',
  'store-away': (/** @type {string} */ reason) =>
    `the shared store cannot be reached (${reason}): see whether it runs, and whether its URL is right`,
  'store-refused': (/** @type {string} */ reason) =>
    `the shared store refuses: ${reason}: mend that in its URL, or at its server`,
  'store-back': () => 'the shared store answers again',
};

/** The line for an operator. @param {Cause} cause @param {string} names what it names, of whatever it is about */
export const textOf = (cause, names) => TEXTS[cause](names);

export class Wiring {
  #host;
  #hasRevoked;
  /** What has been told of each cause. @type {Map<Cause, Set<string>>} */
  #told = new Map();
  /** @type {Notice[]} */
  #notices = [];
  /** @type {Record<'origin' | 'store', boolean>} */
  #isAway = { origin: false, store: false };
  /** Held sessions that the origin has refused, while no sign-out was heard of. */
  #ended = 0;
  #hasHeardEnd = false;
  /** Documents without an identifier of their user (R81). */
  documentsWithoutUser = 0;

  /**
   * @param {import('../host.js').Host} host
   * @param {() => boolean} hasRevoked whether the application, or somebody in its place, has ended a session or a user here
   */
  constructor(host, hasRevoked) {
    this.#host = host;
    this.#hasRevoked = hasRevoked;
  }

  /** What has been noticed, the oldest first. @returns {Notice[]} */
  get notices() {
    return [...this.#notices];
  }

  /**
   * @param {Cause} cause
   * @param {readonly string[]} [names] of cookies, headers or members; what is no name is left out
   */
  note(cause, names = []) {
    const told = this.#told.get(cause) ?? new Set();
    const isFirst = told.size === 0;
    const news = names.filter((name) => isName(name) && !told.has(name));
    const some = news.slice(0, Math.max(0, MAX_NAMES - told.size));
    if (!isFirst && some.length === 0) return;
    for (const name of isFirst ? ['', ...some] : some) told.add(name);
    this.#told.set(cause, told);
    const text = TEXTS[cause](some.join(', '));
    const time = this.#host.now();
    this.#notices.push({ cause, time, text });
    if (this.#notices.length > MAX_NOTICES) this.#notices.shift();
    this.#host.log({ event: 'wiring', time, durationMs: 0, kind: cause, name: some.join(' ') });
    this.#host.warn(`sesame-edge: ${text}`);
  }

  /**
   * A request that names nobody, although it has cookies.
   * @param {string} cookies its `Cookie` header
   */
  noteCookies(cookies) {
    if ((this.#told.get('unknown-cookies')?.size ?? 0) >= MAX_NAMES) return;
    const pairs = cookies.split(';').map((pair) => pair.split('=', 2));
    const names = pairs.filter((pair) => pair.length === 2).map(([name]) => name.trim());
    const mayBeSession = (/** @type {string} */ name) => isName(name) && !OTHER_COOKIES.test(name);
    if (names.some(mayBeSession)) this.note('unknown-cookies', names);
  }

  /**
   * A document that names no user.
   * @param {Uint8Array} body
   */
  noteNoUser(body) {
    this.documentsWithoutUser += 1;
    if (!this.#told.has('no-user-id')) this.note('no-user-id', candidatesIn(body));
  }

  /**
   * Session cookies that the origin has set.
   * @param {string[]} pairs as `name=value`
   * @param {number} livesMs
   * @param {number} freshFor
   */
  noteCookieLife(pairs, livesMs, freshFor) {
    if (livesMs >= freshFor) return;
    const names = pairs.flatMap((pair) => pair.split('; ')).map((pair) => pair.split('=', 1)[0]);
    this.note('short-cookie', names);
  }

  /** A sign-out, here or on another node: those that the origin ends by itself say nothing more. */
  noteHeardEnd() {
    this.#hasHeardEnd = true;
  }

  /** The origin refuses a session whose document is held. */
  noteUnheardEnd() {
    if (this.#hasHeardEnd || this.#hasRevoked()) return;
    this.#ended += 1;
    if (this.#ended === ENDS_THAT_TELL) this.note('unheard-ends');
  }

  /**
   * How asking the origin, or the store, has gone. Each time it changes, a line says so.
   * @param {'origin' | 'store'} whom
   * @param {string | null} failure why it could not be asked; null: it has answered
   * @param {boolean} [isRefusal] it could have answered
   */
  noteAnswer(whom, failure, isRefusal = false) {
    if (this.#isAway[whom] === (failure !== null)) return;
    this.#isAway[whom] = failure !== null;
    /** @type {Cause} */
    let cause = failure === null ? `${whom}-back` : `${whom}-away`;
    if (isRefusal) cause = 'store-refused';
    this.#told.delete(cause); // each time is another
    this.note(cause, failure === null ? [] : [failure]);
  }
}

/** @param {string} text */
function isName(text) {
  return text.length <= MAX_NAME_LENGTH && /^[\w.!#$%&'*+^`|~/() -]*[\w)]$/.test(text);
}

/**
 * Members of a document that may be the identifier of its user, as JSON pointers.
 * @param {Uint8Array} body
 */
function candidatesIn(body) {
  try {
    const document = JSON.parse(new TextDecoder().decode(body));
    return pointersIn(document, '', 2);
  } catch {
    return [];
  }
}

/**
 * @param {unknown} value
 * @param {string} at
 * @param {number} depth
 * @returns {string[]}
 */
function pointersIn(value, at, depth) {
  if (typeof value !== 'object' || value === null || depth === 0) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const pointer = `${at}/${name}`;
    const isCandidate =
      /(^|[_a-z])(id|uuid|guid|sub)$/i.test(name) && /string|number/.test(typeof member);
    return isCandidate ? [pointer] : pointersIn(member, pointer, depth - 1);
  });
}
