// Notices what requests that the origin answers do besides asking, and carries it out (rules R82, R83, R8): which
// of them to look at is the effects' table's to say, what an answer means the effects' too. It must not know how
// requests are sent, nor what their answers look like.
// Invariant: what a request has changed is in effect on this node before its client is answered.
import { Action, CheckFlag, Credential, Reason } from '../core/abi-constants.js';
import {
  applies,
  isAboutOthers,
  isAboutOwnUser,
  leadsToSignIn,
  sessionOutcome,
} from '../dialects/effects.js';
import { withoutCredentials } from '../origin/headers.js';
import { nameOf, sessionCookies } from '../origin/session-cookies.js';
import { ENDINGS } from '../sessions/decision.js';
import { ignoreFailure } from '../util/ignore-failure.js';
import { isUserId, userIdIn } from '../util/user-id.js';
import { fieldsOf } from './body-fields.js';
import { SAFE_METHODS } from './cross-site.js';

/** @typedef {import('../core/abi.js').RequestHead} RequestHead */
/** @typedef {import('../dialects/effects.js').Candidate} Candidate */

/**
 * A request that is about to be passed to the origin.
 * @typedef {object} Passed
 * @property {RequestHead} head
 * @property {import('../sessions/document-request.js').DocumentRequest} asked who makes it is found out so, where that is not known
 * @property {Headers} headers with which it goes there: an ended credential is taken out (rule R8)
 * @property {string} method
 * @property {string} path
 * @property {string} url with its query
 * @property {Candidate[]} candidates what it may do
 * @property {boolean} isEnded its session had ended before
 * @property {'accepted' | 'refused' | 'ended' | 'unknown'} standing what was known of its credential before
 * @property {(work: Promise<unknown>) => void} waitUntil
 * @property {string | null} ownUser the identifier in the document that is held for it, as text, where that matters
 * @property {boolean} isAcceptedBearer its one credential is a bearer that the origin has accepted
 * @property {boolean} changesOwnUser it may change the document of its own user
 * @property {boolean} mayChangeIdentity its credential may stand for another user afterwards
 * @property {boolean} endsOwnUser it may end its user's sessions, its own among them: nobody can say afterwards whose
 * @property {boolean} needsBody its body says whom it is about, or which tokens it renews or ends
 * @property {boolean} bringsTokens its answer may
 */

/**
 * What an answer has changed.
 * @typedef {object} Observed
 * @property {boolean} changesIdentity the credential may stand for somebody else now
 * @property {boolean} isPending other nodes do not know yet what has ended or was dropped
 * @property {boolean} [hasEnded] the session has ended while the origin was asked: no cookie goes on with it (R8)
 */

export class Observing {
  #parts;
  #renewals;

  /**
   * @param {import('../sessions/parts.js').Parts} parts
   * @param {import('./renewals.js').Renewals} [renewals]
   */
  constructor(parts, renewals) {
    this.#parts = parts;
    this.#renewals = renewals;
  }

  /**
   * What there is to know of a request before it goes to the origin.
   * @param {Request} request
   * @param {string} path
   * @param {(work: Promise<unknown>) => void} waitUntil is given what goes on behind the answer
   * @returns {Passed}
   */
  passed(request, path, waitUntil) {
    const { options } = this.#parts;
    const { method, headers } = request;
    const asked = this.#parts.documentRequest(request, { waitUntil: ignoreFailure });
    const { head } = asked;
    const candidates = options.effects.effectsOf(method, path);
    const bringsTokens = this.#renewals?.mayIssue({ candidates }) ?? false;
    // A managed session's cookie means nothing to the origin.
    const isManaged = this.#parts.managed !== null && head.authorization === '';
    const standing = this.#standingOf(head);
    const isEnded = !isManaged && standing === 'ended';
    return {
      ...{ head, asked, method, path, url: request.url, candidates, isEnded, standing, waitUntil },
      headers: isEnded ? withoutCredentials(headers, options.cookie) : headers,
      ownUser: candidates.some(isAboutOthers) ? this.#userOf(head) : null,
      isAcceptedBearer:
        head.authorization !== '' &&
        candidates.some(({ effect }) => effect === 'ends') &&
        this.#isAccepted(head) &&
        this.#parts.core.credential === Credential.BEARER,
      changesOwnUser: candidates.some(isAboutOwnUser),
      endsOwnUser: candidates.some((each) => isAboutOwnUser(each) && each.effect !== 'changes'),
      mayChangeIdentity: candidates.some(({ effect }) => effect === 'begins' || effect === 'ends'),
      needsBody:
        bringsTokens ||
        candidates.some(({ effect, pointer }) => pointer !== null || effect === 'ends'),
      bringsTokens,
    };
  }

  /** @param {RequestHead} head @returns {Passed['standing']} */
  #standingOf(head) {
    const { core, host } = this.#parts;
    const action = core.peek(head, host.now());
    if (action === Action.SERVE || action === Action.SERVE_STALE) return 'accepted';
    if (action !== Action.REFUSE) return 'unknown';
    if (ENDINGS.includes(core.reason)) return 'ended';
    return core.reason === Reason.NEGATIVE ? 'refused' : 'unknown';
  }

  /** Whether the session of a request has been ended here. @param {RequestHead} head */
  #hasEnded(head) {
    return this.#standingOf(head) === 'ended';
  }

  /** Whose document is held for a request. @param {RequestHead} head */
  #userOf(head) {
    const { core, options } = this.#parts;
    if (!this.#isAccepted(head, 0)) return null;
    const id = userIdIn(JSON.parse(core.bodyText), options.userId);
    return isUserId(id) ? String(id) : null;
  }

  /** @param {RequestHead} head @param {number} [flag] */
  #isAccepted(head, flag = CheckFlag.DECISION) {
    const { core, host } = this.#parts;
    const flags = CheckFlag.PEEK | CheckFlag.AGAIN | flag;
    const action = core.check(head, host.now(), 0, flags);
    return action === Action.SERVE || action === Action.SERVE_STALE;
  }

  /**
   * The status of a write as the core is to take it: one that succeeded with a redirect, as forms do, is a success
   * without a document.
   * @param {Passed} passed
   * @param {Response} response
   */
  writeStatus({ path }, response) {
    const status = statusOf(response);
    const isRedirect = status >= 300 && status <= 399 && status !== 304;
    const location = response.headers.get('location');
    return isRedirect && !leadsToSignIn({ path, location }) ? 204 : status;
  }

  /**
   * Carries out what the origin's answer says that a request has done. Never rejects: what other nodes cannot be
   * told now they are told later.
   * @param {Passed} passed
   * @param {Response} response
   * @param {Uint8Array | null} [body] of the request, where it is needed
   * @returns {Promise<Observed>}
   */
  async observe(passed, response, body = null) {
    const { changes, host, options } = this.#parts;
    const { head, headers, method, path, candidates, isAcceptedBearer } = passed;
    const cookies = sessionCookies(headers, response.headers, options.cookie, host.now());
    const status = statusOf(response);
    const answer = {
      ...{ method, path, status, isAcceptedBearer, isRequester: false },
      location: response.headers.get('location'),
      setsCookie: cookies.set.length > 0,
      changesCookie: cookies.isChanged,
      deletesCookie: cookies.isDeleted,
    };
    let isPending = false;
    for (const candidate of candidates.filter(isAboutOthers)) {
      const users = userOf(candidate, headers, body);
      const isRequester = users.some((user) => String(user) === passed.ownUser);
      if (applies(candidate, { ...answer, isRequester }) !== 'drop') continue;
      for (const user of users) {
        await changes.userEvent('invalidate', user).catch(() => {
          isPending = true;
        });
      }
    }
    // A managed session changes through its own paths only; whoever brings a token has none.
    if (this.#parts.managed && head.authorization === '') {
      return { changesIdentity: false, isPending };
    }
    const tokens = await this.#renewals?.observe(passed, response, body, answer);
    isPending ||= tokens?.isPending ?? false;
    const observed = tokens?.areOwn
      ? { changesIdentity: false, isPending }
      : await this.#ofSession(passed, answer, cookies, isPending);
    tokens?.remember(); // what is dropped or begins anew is forgotten before
    return observed;
  }

  /**
   * What an answer does to the session of the request.
   * @param {Passed} passed
   * @param {import('../dialects/effects.js').EffectAnswer} answer
   * @param {import('../origin/session-cookies.js').SessionCookies} cookies
   * @param {boolean} isPending
   * @returns {Promise<Observed>}
   */
  async #ofSession(passed, answer, cookies, isPending) {
    const { changes, drops, options, wiring } = this.#parts;
    const { head, asked, candidates } = passed;
    const { method, status } = answer;
    const { outcome, name, begins } = sessionOutcome(candidates, answer);
    if (cookies.endsAtMs > 0) {
      const livesMs = cookies.endsAtMs - this.#parts.host.now();
      wiring.noteCookieLife(cookies.set, livesMs, options.freshFor);
    }
    if (!passed.isEnded && !begins && cookies.set.length > 0 && this.#hasEnded(head)) {
      return { changesIdentity: true, isPending, hasEnded: true };
    }
    if (isRotation(passed, answer) && cookies.successor !== '') {
      const { successor: cookie, endsAtMs } = cookies;
      const how = { isDelivered: true, saved: passed.waitUntil };
      const { rotates } = options;
      const isSucceeded = rotates && changes.succeed(head, { cookie, endsAtMs }, how);
      if (isSucceeded) return { changesIdentity: false, isPending };
      const isHeld = this.#isAccepted(head);
      if (isHeld) wiring.note('rotates', cookies.set.map(nameOf));
    }
    if (outcome === 'keep') {
      if (!SAFE_METHODS.includes(method) && status < 400) changes.dropRefusal(head);
      return { changesIdentity: false, isPending };
    }
    if (answer.deletesCookie || candidates.some(({ effect }) => effect.startsWith('ends'))) {
      wiring.noteHeardEnd();
    }
    drops.add(name);
    this.#parts.lastChanges?.note(
      head,
      name === 'Set-Cookie' ? 'a Set-Cookie of the origin' : `${method} ${name}`,
    );
    const works = outcome === 'end' ? [changes.end(withoutCookie(asked))] : [];
    // A cookie that does not count beside the bearer is dropped with it (R1).
    if (outcome !== 'end' || options.credential.length > 0) works.push(changes.drop(asked));
    let isWaiting = isPending;
    for (const work of works) {
      await work.catch(() => {
        isWaiting = true;
      });
    }
    // The origin has set it for a request that went there without it (R8).
    for (const cookie of begins ? cookies.set.filter((each) => !cookies.sent.includes(each)) : []) {
      changes.beginAnew({ ...head, cookie, authorization: '' });
    }
    return { changesIdentity: true, isPending: isWaiting };
  }
}

/**
 * A request for its bearer alone.
 * @param {import('../sessions/document-request.js').DocumentRequest} asked
 */
function withoutCookie(asked) {
  return asked.head.cookie === '' ? asked : { ...asked, head: { ...asked.head, cookie: '' } };
}

/**
 * Whether an answer puts another session cookie in the place of the request's, where nobody signs in or out. Of which
 * back ends that goes on with the session is the operator's to say (rule R85).
 * @param {Passed} passed
 * @param {Pick<import('../dialects/effects.js').EffectAnswer, 'status' | 'changesCookie' | 'deletesCookie'>} answer
 */
function isRotation(passed, { status, changesCookie, deletesCookie }) {
  const { method, mayChangeIdentity, isEnded, candidates } = passed;
  const isRead = method === 'GET' && status >= 200 && status <= 299;
  const isElsewhere = !mayChangeIdentity && !isEnded;
  const isRenewal = candidates.some(({ effect }) => effect === 'renews');
  return isRead && isElsewhere && !isRenewal && changesCookie && !deletesCookie;
}

/** A browser's worker is told of a redirect, not where it leads. @param {Response} response */
function statusOf({ type, status }) {
  return type === 'opaqueredirect' ? 302 : status;
}

/**
 * Whom a request is about, in each spelling; nobody if its body does not say.
 * @param {Candidate} candidate
 * @param {Headers} headers of the request
 * @param {Uint8Array | null} body
 * @returns {(string | number)[]}
 */
function userOf({ users, pointer }, headers, body) {
  if (pointer === null) return users;
  const user = fieldsOf(headers, body)(pointer);
  return isUserId(user) ? [user] : [];
}
