// What requests do besides asking (rules R82, R83, R26): one table, and one judgement of the answer, for the
// edge, Node and the service worker alike. It does nothing itself, and knows no headers, no store and no host.
// Invariant: what the table recognises by a word drops at most; the origin then says who it is.
import { isPointer } from '../util/json-pointer.js';
import { parsePathPattern, pathOf, segmentsOf, withoutFormat } from './path-patterns.js';
import { isSignInPage, isSignOut, meaningOf } from './sign-in-words.js';

/**
 * - `begins`: the credential may stand for another user from now on
 * - `ends`: this session
 * - `endsOthers`: every other session of the user
 * - `endsUser`: every session of the user
 * - `changes`: the user's documents
 * - `renews`: the answer's new token continues the session
 * @typedef {'begins' | 'ends' | 'endsOthers' | 'endsUser' | 'changes' | 'renews'} Effect
 */

/**
 * A row of the table: what a request of this method on this path does, if it succeeds.
 * @typedef {object} EffectRow
 * @property {string} [method] such as `POST`; default `*`: any but `OPTIONS` and `TRACE`
 * @property {string} path a pattern: `*` is one segment, `**` any number, `{id}` one that names a user
 * @property {Effect} effect what it does
 * @property {string} [user] of `changes` and `endsUser`: where the user's identifier stands, `{id}` in the path or
 *   a JSON pointer into the request's body such as `/userId`. Default: `{id}` if the path has it, else the
 *   requester
 */

/**
 * A row that has been found to be one.
 * @typedef {object} ParsedRow
 * @property {string} method
 * @property {import('./path-patterns.js').PathPattern} path
 * @property {Effect | 'beginsOrEnds'} effect `beginsOrEnds`: the words of the path say which
 * @property {string | null} pointer into the request's body
 */

/**
 * What a request may do besides asking, before the origin has answered it.
 * @typedef {object} Candidate
 * @property {Effect} effect what it does
 * @property {string} name the pattern by which it is counted
 * @property {string[]} users who else it is about, in each spelling; none: the requester
 * @property {string | null} pointer where the request's body names that user
 * @property {boolean} needsProof recognised by its words alone: a read of that path counts only with proof
 * @property {boolean} isVisit a mere visit of such a path may do it, whether or not the proof can be seen
 * @property {boolean} isSignOut the last segment of the path is, whole, a sign-out word
 */

/**
 * What the origin has answered.
 * @typedef {object} EffectAnswer
 * @property {string} method of the request
 * @property {string} path of the request
 * @property {number} status
 * @property {string | null} location
 * @property {boolean} setsCookie it sets a session cookie to whatever value
 * @property {boolean} changesCookie to another value than the request has sent
 * @property {boolean} deletesCookie it deletes a session cookie
 * @property {boolean} isRequester the user whom the candidate names is the one who makes the request
 * @property {boolean} isAcceptedBearer the request's one credential is a bearer that the origin has accepted
 */

/** What happens to whom it is about. @typedef {'drop' | 'end' | 'renew'} Outcome */

/** @type {readonly string[]} */
const EFFECTS = ['begins', 'ends', 'endsOthers', 'endsUser', 'changes', 'renews'];
/** Those of which somebody else than the requester can be the one. @type {readonly string[]} */
const NAMING = ['endsUser', 'changes'];
/** @type {readonly string[]} */
const OF_CREDENTIALS = ['begins', 'ends', 'renews', 'beginsOrEnds'];

const READS = ['GET', 'HEAD'];
const SAFE = [...READS, 'OPTIONS', 'TRACE'];
const UPDATES = ['PUT', 'PATCH', 'DELETE'];

/** What is counted where an answer exchanges or deletes the session cookie. */
const SET_COOKIE = 'Set-Cookie';

/** What an origin answers a sign-out with when there is no such session, or it keeps none. */
const ENDED = [401, 404, 410];

const ID = '{id}';

/** Where a write changes the user whom the path names (rule R26). */
const USERS = `/**/users/${ID}/**`;

export class EffectTable {
  #rows;
  #documentPath;
  #documents;
  #hasWords;
  #userRows;

  /**
   * @param {object} parts
   * @param {ParsedRow[]} parts.rows the operator's
   * @param {string} parts.documentPath
   * @param {readonly string[]} [parts.documents] further paths of documents, with their queries (R17)
   * @param {boolean} parts.hasWords sign-in and sign-out paths are recognised by their words
   * @param {boolean} parts.hasUsers the paths of users are recognised
   */
  constructor({ rows, documentPath, documents = [], hasWords, hasUsers }) {
    this.#rows = rows;
    this.#documentPath = lowerSegmentsOf(documentPath);
    this.#documents = documents.map((path) => lowerSegmentsOf(pathOf(path)));
    this.#hasWords = hasWords;
    this.#userRows = hasUsers ? defaultUserRows(documentPath) : [];
  }

  /** The paths, as they are written, where a row of the operator's says that a `GET` may change whose session it is. */
  get readPaths() {
    const isRead = (/** @type {ParsedRow} */ { method }) => method === '*' || method === 'GET';
    const isOfSession = (/** @type {ParsedRow} */ { effect }) =>
      OF_CREDENTIALS.includes(effect) && effect !== 'renews';
    return this.#rows.filter((row) => isRead(row) && isOfSession(row)).map(({ path }) => path.text);
  }

  /**
   * What a request may do besides asking. Empty for nearly all.
   * @param {string} method
   * @param {string} path as it stands in the URL
   * @returns {Candidate[]}
   */
  effectsOf(method, path) {
    if (method === 'OPTIONS' || method === 'TRACE') return [];
    const segments = segmentsOf(path);
    const isWrite = !SAFE.includes(method);
    const found = this.#rows.flatMap((row) => candidatesOf(row, method, segments));
    // A row of the operator's stands instead of what the table would guess.
    if (this.#hasWords && !found.some(({ effect }) => OF_CREDENTIALS.includes(effect))) {
      const said = this.#withoutOwn(method, segments);
      // Where a row says that others are meant, the words are not taken for the requester's sign-out.
      const isOfOthers = found.some((each) => each.effect === 'endsOthers' || isAboutOthers(each));
      for (const each of candidatesByWords(method, said, isWrite)) {
        found.push(isOfOthers ? { ...each, isSignOut: false } : each);
      }
    }
    if (!isWrite) return found;
    if (this.#isOwn(segments) || this.#documents.some((each) => isBelow(segments, each))) {
      found.push(candidate('changes', { name: 'documentPath', segments }));
    } else if (!found.some(({ effect }) => NAMING.includes(effect))) {
      // The first that fits: they are about the same user.
      for (const row of this.#userRows) {
        const candidates = candidatesOf(row, method, segments).filter(namesUser);
        found.push(...candidates);
        if (candidates.length > 0) break;
      }
    }
    return found;
  }

  /**
   * What of a path is read as words. The document's own path is what it is called, `/auth/users/me` or
   * `/session`: an update there leaves the new document (rule R22). It is signed in and out on with `POST`
   * and `DELETE`.
   * @param {string} method
   * @param {readonly string[]} segments
   */
  #withoutOwn(method, segments) {
    if (!this.#isOwn(segments)) return segments;
    const below = segments.slice(this.#documentPath.length);
    return below.length === 0 && (method === 'POST' || method === 'DELETE') ? segments : below;
  }

  /** Whether a path is the document's, or below it. @param {readonly string[]} segments */
  #isOwn(segments) {
    return isBelow(segments, this.#documentPath);
  }
}

/** @param {string} path */
function lowerSegmentsOf(path) {
  return segmentsOf(path).map((segment) => segment.toLowerCase());
}

/**
 * Whether a path is a document's, or below it.
 * @param {readonly string[]} segments
 * @param {readonly string[]} own of the document, in lower case
 */
function isBelow(segments, own) {
  if (own.length === 0) return segments.length === 0;
  return own.every((part, at) => {
    const segment = (segments[at] ?? '').toLowerCase();
    return segment === part || (at === segments.length - 1 && withoutFormat(segment) === part);
  });
}

/**
 * `/api/v1/users/me` → `/api/v1/users/{id}`, for what replaces or removes a user, and everything that writes on
 * or below `/users/{id}`.
 * @param {string} documentPath
 * @returns {ParsedRow[]}
 */
function defaultUserRows(documentPath) {
  const siblings = documentPath.replace(/[^/]*$/, ID);
  const others = UPDATES.map((method) => [method, siblings]);
  return [...(/\/users\/\{id\}$/i.test(siblings) ? [] : others), ['*', USERS]].map(
    ([method, path]) => ({
      method,
      path: /** @type {import('./path-patterns.js').PathPattern} */ (parsePathPattern(path)),
      effect: 'changes',
      pointer: null,
    }),
  );
}

/** Whether it is about a user: `/users/sign_in` is about none. @param {Candidate} found */
function namesUser({ users }) {
  return !isSignOut(users) && !isSignInPage(users);
}

/**
 * @param {ParsedRow} row
 * @param {string} method
 * @param {readonly string[]} segments
 * @returns {Candidate[]}
 */
function candidatesOf({ method: wanted, path, effect, pointer }, method, segments) {
  if (wanted !== '*' && wanted !== method) return [];
  const match = path.match(segments);
  if (match === null) return [];
  const name = wanted === '*' ? path.text : `${wanted} ${path.text}`;
  const users = NAMING.includes(effect) && pointer === null ? match.ids : [];
  const judged = effect === 'beginsOrEnds' ? beginsOrEnds(method, segments) : effect;
  return [candidate(judged, { name, segments, users, pointer })];
}

/**
 * @param {string} method
 * @param {readonly string[]} segments
 * @param {boolean} isWrite
 * @returns {Candidate[]}
 */
function candidatesByWords(method, segments, isWrite) {
  const said = meaningOf(segments, isWrite);
  if (said === null) return [];
  const isRenewal = said.meaning === 'renews';
  const effect = isRenewal ? 'renews' : beginsOrEnds(method, segments);
  const isVisit = said.meaning !== 'thing';
  return [candidate(effect, { name: `/**/${said.word}/**`, segments, needsProof: true, isVisit })];
}

/**
 * @param {string} method
 * @param {readonly string[]} segments
 */
function beginsOrEnds(method, segments) {
  const isEnd = method === 'DELETE' || meaningOf(segments, false)?.meaning === 'ends';
  return isEnd ? 'ends' : 'begins';
}

/**
 * @param {Effect} effect
 * @param {Partial<Candidate> & { name: string, segments: readonly string[] }} parts
 * @returns {Candidate}
 */
function candidate(effect, { segments, ...parts }) {
  return {
    effect,
    users: [],
    pointer: null,
    needsProof: false,
    isVisit: true,
    isSignOut: effect === 'ends' && isSignOut(segments),
    ...parts,
  };
}

/**
 * What an effect does, now that the origin has answered: null, nothing; `drop`: what is held is not served any
 * more without asking; `end`: the credential is refused from now on; `renew`: its session goes on with the
 * answer's token.
 * @param {Candidate} candidate
 * @param {EffectAnswer} answer
 * @returns {Outcome | null}
 */
export function applies(candidate, answer) {
  const { status } = answer;
  const isSuccess = status >= 200 && status <= 299;
  const isRedirect = status >= 300 && status <= 399 && status !== 304;
  if (candidate.needsProof && READS.includes(answer.method)) {
    if (!isRedirect && !answer.setsCookie && !answer.deletesCookie) return null;
  }
  switch (candidate.effect) {
    case 'begins':
      return isSuccess || isRedirect ? 'drop' : null;
    case 'ends':
      if (isSuccess && endsForGood(candidate, answer)) return 'end';
      return isSuccess || isRedirect || ENDED.includes(status) ? 'drop' : null;
    case 'renews':
      return isSuccess ? 'renew' : null;
    default: {
      const isOwn = answer.isRequester || !isAboutOthers(candidate);
      return isSuccess || (isOwn && isRedirect && !leadsToSignIn(answer)) ? 'drop' : null;
    }
  }
}

/**
 * The one sign-out that is taken at its word (rule R82).
 * @param {Candidate} candidate
 * @param {EffectAnswer} answer
 */
function endsForGood({ isSignOut }, { method, isAcceptedBearer }) {
  return isSignOut && isAcceptedBearer && !SAFE.includes(method);
}

/** Whether an effect is about a user whom the request names. @param {Candidate} candidate */
export function isAboutOthers({ users, pointer }) {
  return users.length > 0 || pointer !== null;
}

/** Whether an effect is about the requester's user, in all of his sessions. @param {Candidate} candidate */
export function isAboutOwnUser(candidate) {
  return !OF_CREDENTIALS.includes(candidate.effect) && !isAboutOthers(candidate);
}

/**
 * Whether an answer sends the user to a page where he has to sign in: the request was not carried out.
 * @param {Pick<EffectAnswer, 'location' | 'path'>} answer
 */
export function leadsToSignIn({ location, path }) {
  if (location === null) return false;
  const base = `http://host${path}`;
  if (!URL.canParse(location, base)) return false;
  return isSignInPage(segmentsOf(new URL(location, base).pathname));
}

/**
 * What an answer does to the session of the request's own credential, and by which name it is counted.
 * @param {readonly Candidate[]} candidates
 * @param {EffectAnswer} answer
 * @returns {{ outcome: 'keep' | 'drop' | 'end', name: string, begins: boolean }} `begins`: it may be the answer of
 *   a sign-in
 */
export function sessionOutcome(candidates, answer) {
  const ofCredential = candidates.filter(({ effect }) => effect === 'begins' || effect === 'ends');
  const applied = ofCredential.map((each) => ({ each, outcome: applies(each, answer) }));
  const begins = applied.some(({ each, outcome }) => each.effect === 'begins' && outcome !== null);
  const end = applied.find(({ outcome }) => outcome === 'end');
  if (end) return { outcome: 'end', name: end.each.name, begins };
  const drop = applied.find(({ outcome }) => outcome === 'drop');
  if (drop) return { outcome: 'drop', name: drop.each.name, begins };
  // A failure changes nobody's session (rule R13), unless it says itself that there is none any more.
  const changes = answer.deletesCookie || (answer.changesCookie && answer.status < 400);
  return { outcome: changes ? 'drop' : 'keep', name: changes ? SET_COOKIE : '', begins };
}

/**
 * Reads the option `effects`.
 * @param {unknown} value
 * @returns {{ rows: ParsedRow[], faults: import('../errors.js').ConfigFault[] }} of rows that are wrong, the
 *   faults alone
 */
export function parseEffects(value) {
  if (!Array.isArray(value)) {
    return { rows: [], faults: [{ option: 'effects', reason: 'must be a list of rows' }] };
  }
  /** @type {ParsedRow[]} */
  const rows = [];
  /** @type {import('../errors.js').ConfigFault[]} */
  const faults = [];
  for (const [at, row] of value.entries()) {
    const found = faultsOfRow(row);
    for (const [member, reason] of found) {
      faults.push({ option: `effects[${at}]${member && `.${member}`}`, reason });
    }
    if (found.length === 0) rows.push(parsedRow(row));
  }
  return { rows, faults };
}

/**
 * @param {unknown} row
 * @returns {[member: string, reason: string][]}
 */
function faultsOfRow(row) {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    return [['', 'must be an object such as { method, path, effect }']];
  }
  const { method = '*', path, effect, user, ...others } = /** @type {Record<string, any>} */ (row);
  /** @type {[string, string][]} */
  const faults = Object.keys(others).map((member) => [member, 'is not a member of a row']);
  if (typeof method !== 'string' || !/^(\*|[a-z-]+)$/i.test(method)) {
    faults.push(['method', "must be one method such as 'POST', or '*'"]);
  }
  const pattern = parsePathPattern(path);
  if (pattern === undefined) faults.push(['path', "must be a path pattern such as '/users/{id}'"]);
  if (!EFFECTS.includes(effect)) faults.push(['effect', `must be one of ${EFFECTS.join(', ')}`]);
  if (user === undefined) return faults;
  if (user !== ID && !isPointer(user)) {
    faults.push(['user', "must be '{id}' or a JSON pointer such as '/userId'"]);
  } else if (EFFECTS.includes(effect) && !NAMING.includes(effect)) {
    faults.push(['user', `is only for ${NAMING.join(' and ')}: ${effect} is about the requester`]);
  } else if (pattern && user === ID && !pattern.hasId) {
    faults.push(['user', "is '{id}', which the path does not have"]);
  } else if (pattern && user !== ID && pattern.hasId) {
    faults.push(['user', 'must not be a pointer where the path has {id}: that names the user']);
  }
  return faults;
}

/** @param {EffectRow} row */
function parsedRow({ method = '*', path, effect, user = ID }) {
  return {
    method: method.toUpperCase(),
    path: /** @type {import('./path-patterns.js').PathPattern} */ (parsePathPattern(path)),
    effect,
    pointer: user === ID ? null : user,
  };
}

/**
 * The rows that the option `identityPaths` stands for.
 * @param {readonly import('./path-patterns.js').PathPattern[]} patterns
 * @returns {ParsedRow[]}
 */
export function rowsOfIdentityPaths(patterns) {
  return patterns.map((path) => ({ method: '*', path, effect: 'beginsOrEnds', pointer: null }));
}

/**
 * The rows that the option `userPaths` stands for.
 * @param {readonly import('./path-patterns.js').PathPattern[]} patterns
 * @returns {ParsedRow[]}
 */
export function rowsOfUserPaths(patterns) {
  return patterns.flatMap((path) =>
    UPDATES.map((method) => ({
      method,
      path,
      effect: /** @type {const} */ ('changes'),
      pointer: null,
    })),
  );
}

/** This many names are told apart. */
const MAX_NAMES = 64;

/** How often sessions were dropped or ended by what went past, by the pattern that said so (rule R83). */
export class DropCounts {
  /** The first is there from the start, so that whoever reads the counters sees that there are any. */
  #counts = new Map([[SET_COOKIE, 0]]);

  /** @param {string} name */
  add(name) {
    const known = this.#counts.has(name) || this.#counts.size < MAX_NAMES;
    const counted = known ? name : 'other';
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1);
  }

  /** @returns {Record<string, number>} */
  value() {
    return Object.fromEntries(this.#counts);
  }
}
