// What `sesame-edge doctor` finds out: it asks the origin through a cache of its own, as a browser would through Sesame, so
// that what is wired wrongly is noticed by what notices it in a running node (rules R73, R81). It must not know the
// command line, and prints nothing.
// Invariants: what it tells holds no credential and no part of a document; it only reads, and signs nobody in or out.
import { hasOwn, proposalOf, recognizeBackend } from '../../edge_worker/serve/recognize-backend.js';
import { probeStore } from '../../edge_worker/serve/store-probe.js';
import { withPreset } from '../../js_bindings/dialects/presets/preset.js';
import { SessionCache } from '../../js_bindings/index.node.js';
import { parseWith } from '../../js_bindings/options/parse.js';
import {
  afterSetCookies,
  nameOf,
  sessionCookies,
} from '../../js_bindings/origin/session-cookies.js';
import { textOf } from '../../js_bindings/sessions/wiring.js';
import { refusalIn } from '../../js_bindings/stores/store.js';
import { failureName } from '../../js_bindings/util/failure-name.js';
import { jsonOf } from '../../js_bindings/util/jws.js';
import { userIdIn } from '../../js_bindings/util/user-id.js';
import { cookieNames } from './credential.js';

/**
 * Something that has to be mended.
 * @typedef {object} Finding
 * @property {string} cause by a name that never changes: those of `Notice`, and the doctor's own
 * @property {string} text one line: what is wrong, and what to change
 *
 * @typedef {object} Examination
 * @property {[what: string, found: string][]} facts
 * @property {Finding[]} findings
 *
 * @typedef {object} Subject
 * @property {Record<string, unknown>} options the cache's, judged; `origin` among them
 * @property {import('./credential.js').Given | null} credential
 * @property {string} [storeUrl]
 * @property {string} [through] where a Sesame in front of this origin answers
 * @property {{ method: string, url: string }} [signOut] what a user's sign-out asks for
 */

/** So often the document is asked for with the credential. */
const ROUNDS = 3;
/** Of a second each. */
const STORE_TRIES = 5;
const THROUGH_WITHIN_MS = 10_000;

/** @param {Subject} subject @returns {Promise<Examination>} */
export async function examine(subject) {
  const { credential, storeUrl, through, signOut } = subject;
  const { store: _, ...options } = subject.options;
  const parsed = parseWith(/** @type {any} */ (options), () => [], { preset: withPreset });
  /** @type {Examination} */
  const found = { facts: [], findings: [] };
  const storeFinding = storeUrl === undefined ? null : findStore(storeUrl);
  const sessions = new SessionCache(/** @type {any} */ (options), { warn: () => {} });
  try {
    const visitor = new Visitor(sessions, parsed);
    const isThere = await examineOrigin(visitor, found);
    if (isThere) await examineBackend(subject.options, parsed, found);
    if (isThere && credential) await examineCredential(visitor, credential, found);
    addNotices(sessions, found);
    if (credential && through !== undefined) {
      await examineThrough(visitor, { through, headers: credential.headers }, found);
    }
  } finally {
    sessions.dispose();
  }
  await addStore(storeFinding, found);
  addSignOut(parsed, withPreset(options), signOut, found);
  const texts = found.findings.map(({ text }) => text);
  const findings = found.findings.filter(({ text }, at) => texts.indexOf(text) === at);
  return { facts: found.facts, findings };
}

/** @typedef {import('../../js_bindings/options/options.js').ParsedOptions} ParsedOptions */

/** A browser at Sesame: it asks, keeps the cookies it is given, and sends them again. */
class Visitor {
  #sessions;
  /** What the origin has answered last, or why it has not. */
  last = { status: 0, failure: '' };
  /** Whether the origin has refused the credential. */
  isRefused = false;

  /** @param {SessionCache} sessions @param {ParsedOptions} options */
  constructor(sessions, options) {
    this.#sessions = sessions;
    this.options = options;
    sessions.observe(({ event, status = 0, failure = '' }) => {
      if (event === 'origin') this.last = { status, failure };
    });
  }

  /**
   * @param {string} path
   * @param {Headers} [headers]
   * @returns {Promise<{ status: number, setCookies: string[], body: string }>} `status`: the origin's where it was asked
   */
  async ask(path, headers = new Headers()) {
    /** @type {Promise<unknown>[]} */
    const works = [];
    this.last = { status: 0, failure: '' };
    const request = new Request(this.options.origin + path, { headers, redirect: 'manual' });
    const context = { waitUntil: (/** @type {Promise<unknown>} */ work) => void works.push(work) };
    const response = await this.#sessions.handle(
      request,
      /** @type {any} */ ({ ...context, maxAge: 0 }), // the origin is asked whatever is held
    );
    const body = await response.text();
    await Promise.allSettled(works);
    const status = this.last.status || response.status;
    return { status, setCookies: response.headers.getSetCookie(), body };
  }

  /** @param {Headers} headers */
  explain(headers) {
    const url = this.options.origin + this.options.documentPath;
    return this.#sessions.explain({ headers, url });
  }

  hasNoticed = (/** @type {string} */ cause) =>
    this.#sessions.notices().some((notice) => notice.cause === cause);
}

/**
 * What anybody is answered.
 * @param {Visitor} visitor
 * @param {Examination} found
 * @returns {Promise<boolean>} whether it answers
 */
async function examineOrigin(visitor, { facts, findings }) {
  const { origin, documentPath, cookie } = visitor.options;
  const anonymous = await visitor.ask(documentPath);
  // What goes past is not asked for as a document is, and its failure is no notice.
  const failure = anonymous.status >= 500 ? await failureOf(origin + documentPath) : null;
  if (failure !== null) {
    facts.push(['origin', `${origin} does not answer`]);
    findings.push({ cause: 'origin-away', text: textOf('origin-away', failure) });
    return false;
  }
  const home = await visitor.ask('/');
  facts.push(['origin', `${origin} answers`]);
  const lines = [...anonymous.setCookies, ...home.setCookies];
  const names = [...new Set(lines.map(nameOf))];
  const seen =
    names.length === 0 ? 'none is set for a visitor' : `a visitor is given ${names.join(', ')}`;
  facts.push(['cookie', `the option cookie names ${cookie.join(', ')}; ${seen}`]);
  facts.push(['document', `GET ${documentPath} answers ${anonymous.status} without a credential`]);
  if (anonymous.status === 404 || anonymous.status === 405)
    findings.push(noDocument(visitor, anonymous.status));
  // A script that keeps a cookie of its own does not mind whether others can read it: a session does.
  const guarded = lines.filter((line) => /;\s*httponly\b/i.test(line));
  if (guarded.length > 0) {
    await visitor.ask(documentPath, afterSetCookies(new Headers(), guarded, Date.now()));
  }
  return true;
}

/** Why an origin cannot be asked. @param {string} url */
async function failureOf(url) {
  try {
    const { status } = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(THROUGH_WITHIN_MS),
    });
    return status >= 500 ? `status ${status}` : null;
  } catch (error) {
    return failureName(error);
  }
}

/** @param {Visitor} visitor @param {number} status @returns {Finding} */
function noDocument({ options: { documentPath } }, status) {
  const text = `the origin answers GET ${documentPath} with status ${status}: name the path where it says who the user is in the option documentPath`;
  return { cause: 'no-document', text };
}

/**
 * What the back end is made with.
 * @param {Record<string, unknown>} options
 * @param {ParsedOptions} parsed
 * @param {Examination} found
 */
async function examineBackend({ backend }, { origin, sessionPath }, { facts, findings }) {
  const recognized = await recognizeBackend(origin);
  if (recognized === null) {
    facts.push([
      'preset',
      backend
        ? `${backend}, as configured`
        : 'none: it looks like none of the back ends that are known',
    ]);
  } else if (backend === undefined) {
    facts.push(['preset', `${proposalOf(recognized)} fits: ${recognized.because}`]);
  } else if (backend === recognized.backend) {
    facts.push(['preset', `${backend} fits: ${recognized.because}`]);
  } else {
    const text = `the option backend is ${backend}, and the back end looks like ${recognized.backend} (${recognized.because}): set ${proposalOf(recognized)}`;
    findings.push({ cause: 'other-backend', text });
  }
  if (sessionPath !== null && backend === undefined && (await hasOwn(origin + sessionPath))) {
    findings.push({ cause: 'own-session-path', text: textOf('own-session-path', sessionPath) });
  }
}

/**
 * What a user who is signed in is answered.
 * @param {Visitor} visitor
 * @param {import('./credential.js').Given} credential
 * @param {Examination} found
 */
async function examineCredential(visitor, { headers: given, setCookies }, { facts, findings }) {
  const { documentPath, cookie, userId, freshFor } = visitor.options;
  const life = sessionCookies(new Headers(), headersOf(setCookies), cookie, Date.now());
  let headers = given;
  let changes = 0;
  let body = '';
  for (let round = 0; round < ROUNDS; round += 1) {
    const answer = await visitor.ask(documentPath, headers);
    const { status } = answer;
    if (round === 0) addCredential(visitor, headers, status, { facts, findings });
    if (status < 200 || status > 299) return;
    if (body === '') body = answer.body;
    const set = sessionCookies(headers, headersOf(answer.setCookies), cookie, Date.now());
    if (set.isChanged) changes += 1;
    headers = afterSetCookies(headers, answer.setCookies, Date.now());
  }
  const { freshForMs, ageMs, credential } = visitor.explain(headers);
  // Other answers may exchange the cookie too.
  const home = await visitor.ask('/', headers);
  const isChangedElsewhere = sessionCookies(
    headers,
    headersOf(home.setCookies),
    cookie,
    Date.now(),
  ).isChanged;
  const document = jsonOf(body);
  const at = userId.find((pointer) => userIdIn(document, [pointer]) !== undefined);
  facts.push([
    'user',
    at === undefined ? 'no identifier where the option userId looks' : `the identifier is at ${at}`,
  ]);
  facts.push([
    'kept',
    freshForMs ? `fresh for ${Math.round((freshForMs + Number(ageMs)) / 1000)} s` : 'not at all',
  ]);
  if (credential === 'cookie') {
    facts.push([
      'Set-Cookie',
      changes > 0 || isChangedElsewhere
        ? `the session cookie changes: in ${changes} of ${ROUNDS} answers with the document, and ${isChangedElsewhere ? '' : 'not '}at /`
        : `the session cookie stays the same in ${ROUNDS} answers`,
    ]);
  }
  if (
    life.endsAtMs > 0 &&
    !visitor.hasNoticed('short-cookie') &&
    life.endsAtMs - Date.now() < freshFor
  ) {
    const names = life.set.map(nameOf).join(', ');
    findings.push({ cause: 'short-cookie', text: textOf('short-cookie', names) });
  }
}

/**
 * How the credential is read, and whether the origin takes it.
 * @param {Visitor} visitor
 * @param {Headers} headers
 * @param {number} status
 * @param {Examination} found
 */
function addCredential(visitor, headers, status, { facts, findings }) {
  const { credential, readFrom, because, options } = visitor.explain(headers);
  const names = cookieNames(headers);
  const cookies = names.length > 0 ? `the cookies ${names.join(', ')}` : 'no cookies';
  const counts = readFrom === null ? 'none of them counts' : `${readFrom} counts`;
  facts.push([
    'credential',
    `${cookies}${headers.has('authorization') ? ' and Authorization' : ''}; ${counts}`,
  ]);
  facts.push(['credential', `with it GET ${visitor.options.documentPath} answers ${status}`]);
  if (credential === 'ambiguous') {
    const option = options.map((each) => `${each.option} (${each.does})`).join(', ');
    const cure = option ? `: see the option ${option}` : '';
    findings.push({
      cause: 'ambiguous',
      text: `the credential is passed on and nothing is kept. ${because.replace(/\.$/, '')}${cure}`,
    });
  }
  if (status >= 200 && status <= 299) return;
  if (visitor.options.refusals.includes(status)) {
    visitor.isRefused = true;
    if (credential === 'none') return; // it went there without one: that is told already
    const text = `the origin refuses the credential (status ${status}): give that of a user who is signed in`;
    findings.push({ cause: 'refused', text });
  } else if (status < 500) findings.push(noDocument(visitor, status));
}

/**
 * Whether a Sesame in front of the origin answers as the origin does.
 * @param {Visitor} visitor
 * @param {{ through: string, headers: Headers }} asked
 * @param {Examination} found
 */
async function examineThrough(visitor, { through, headers }, { facts, findings }) {
  const url = new URL(visitor.options.documentPath, through).href;
  const signal = AbortSignal.timeout(THROUGH_WITHIN_MS);
  try {
    const response = await fetch(url, { headers, redirect: 'manual', signal });
    await response.body?.cancel();
    facts.push(['through', `${through} answers ${response.status} with the credential`]);
    if (!response.ok || !visitor.isRefused) return;
    // The one test that tells: the origin has ended it, and it is answered here all the same.
    const at = findings.findIndex(({ cause }) => cause === 'refused');
    if (at >= 0) findings.splice(at, 1);
    findings.push({ cause: 'unheard-ends', text: textOf('unheard-ends', '') });
  } catch (error) {
    const text = `Sesame at ${through} cannot be asked (${failureName(error)}): see whether it runs there`;
    findings.push({ cause: 'through-away', text });
  }
}

/** @param {SessionCache} sessions @param {Examination} found */
function addNotices(sessions, { findings }) {
  for (const { cause, text } of sessions.notices()) {
    if (!cause.endsWith('-back')) findings.push({ cause, text });
  }
}

/** @param {string} url @returns {Promise<Finding | null>} */
async function findStore(url) {
  const error = await probeStore(url, STORE_TRIES);
  if (error === null) return null;
  const refusal = refusalIn(error);
  const cause = refusal === null ? 'store-away' : 'store-refused';
  return { cause, text: textOf(cause, refusal ?? failureName(error)) };
}

/** @param {Promise<Finding | null> | null} asking @param {Examination} found */
async function addStore(asking, { facts, findings }) {
  if (asking === null) {
    facts.push([
      'store',
      'none: each node holds its own sessions, and a sign-out counts on its node alone',
    ]);
    return;
  }
  const finding = await asking;
  facts.push(['store', finding === null ? 'answers' : 'does not answer']);
  if (finding !== null) findings.push(finding);
}

/**
 * What a sign-out has to pass.
 * @param {ParsedOptions} parsed
 * @param {Record<string, any>} options
 * @param {Subject['signOut']} signOut
 * @param {Examination} found
 */
function addSignOut({ origin, effects, identityPaths }, options, signOut, { facts, findings }) {
  const rows = (options.effects ?? []).filter((/** @type {any} */ row) =>
    row.effect.startsWith('ends'),
  );
  const ways = [
    'POST /api/auth/logout',
    ...(identityPaths === null
      ? ['a path of the back end that says logout, logoff, sign-out or the like']
      : []),
    ...rows.map((/** @type {any} */ { method = '*', path }) => `${method} ${path}`),
  ];
  facts.push(['sign-out', `has to pass Sesame at one of: ${ways.join('; ')}`]);
  if (signOut === undefined) return;
  const { method, url } = signOut;
  const target = new URL(url, origin);
  const isHere = target.origin === new URL(origin).origin;
  const candidates = effects.effectsOf(method, target.pathname);
  if (isHere && candidates.some(({ effect }) => effect.startsWith('ends'))) {
    facts.push(['sign-out', `${method} ${target.pathname} is recognised as a sign-out`]);
    return;
  }
  const text = isHere
    ? `a sign-out by ${method} ${target.pathname} is not recognised: add { "method": "${method}", "path": "${target.pathname}", "effect": "ends" } to the option effects`
    : `a sign-out at ${target.origin} goes past Sesame: send it through Sesame, or have the origin call the webhook`;
  findings.push({ cause: 'unseen-sign-out', text });
}

/** @param {string[]} setCookies */
function headersOf(setCookies) {
  const headers = new Headers();
  for (const line of setCookies) headers.append('set-cookie', line);
  return headers;
}
