// Tokens that are verified here (rule R16): the document of a session goes from one token to the next without a call, and
// a token of a session that has ended is refused, whoever has seen it before. It must not know how a token is verified.
// Invariants: where a token cannot be verified, everything is as without it; only a token that the origin has accepted
// stands for its session here; a session that was begun after its user's last end is not taken for one from before.
import { Action, Status } from '../core/abi-constants.js';
import { claimsIn } from '../util/claims.js';
import { putNewest } from '../util/newest.js';
import { tokenIn } from '../util/token-in.js';
import { TokenVerifier } from './token-verifier.js';

/** So many are remembered, of tokens and of sessions; those that are not are verified again. */
const MAX_KNOWN = 10_000;

/** Of so many users it is remembered here when their sessions were ended; a store remembers them all. */
const MAX_ENDED = 10_000;

/** Tells the core that a session is named here, where a refresh token would be (sesame_abi.h). */
const NAME = '\u0001';

/** @typedef {import('../core/abi.js').RequestHead} RequestHead */
/** @typedef {import('./document-request.js').DocumentRequest} DocumentRequest */
/** @typedef {import('./token-verifier.js').KnownToken} KnownToken */

export class VerifiedTokens {
  #core;
  #tolerance;
  #host;
  #shared;
  #ids;
  #changes;
  #verifier;
  /** Claims that are told. */
  #told;
  /** By the key of their credential. @type {Map<string, KnownToken>} */
  #known = new Map();
  /** When each session was seen first. @type {Map<string, number>} */
  #sessions = new Map();
  /** When all sessions of a user were ended the last time, by the user's key. @type {Map<string, number>} */
  #endedAt = new Map();

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('../shared/documents.js').SharedSessions | null} shared
   * @param {import('./session-changes.js').SessionChanges} changes
   * @param {import('../shared/session-ids.js').SessionIds | null} ids
   */
  constructor(core, options, host, shared, changes, ids) {
    this.#ids = ids;
    const tokens = /** @type {import('../options/types.js').TokenOptions} */ (options.tokens);
    this.#core = core;
    this.#tolerance = tokens.clockTolerance;
    this.#host = host;
    this.#shared = shared;
    this.#changes = changes;
    this.#verifier = new TokenVerifier(host, tokens);
    this.#told = claimsIn(options.verify);
    changes.tokens = this;
  }

  /**
   * A request of whose token nothing is held: its session's document is its own from here on, if there is one. Never
   * rejects.
   * @param {DocumentRequest} request `token` is set if it has been verified
   * @returns {Promise<boolean>} false: its session has ended, and nothing but that need be known
   */
  async meet(request) {
    const { head, further, fresh } = request;
    if (further || !this.#isUnknown(head, fresh)) return true;
    const token = await this.#identify(head);
    if (token === null) return true;
    request.token = token;
    if (await this.#hasEnded(token, [token.user])) return this.#changes.endToken(head);
    if (fresh || token.session === null) return true;
    const document = await this.#continueWith(request, this.#nameOf(token));
    return document === null || !(await this.isOver(request, document));
  }

  /**
   * The session of a token goes on with it.
   * @param {DocumentRequest} request
   * @param {string} name of the session
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>} its document, which is the token's too now; null: there is none
   */
  async #continueWith({ head, waitUntil }, name) {
    const action = this.#core.renew(head, { used: name, issued: '' }, this.#host.now());
    const changes = this.#changes;
    if (action === Action.REFUSE) {
      await changes.publishEnd(head, { status: Status.OK, relatives: [] }).catch(() => {});
    }
    const document = action === Action.SERVE ? this.#core.keptDocument : null;
    if (document === null) return null;
    const askedAtMs = this.#core.filledAtMs;
    const sid = await changes.sidOf(head, document.body);
    if (sid === 'ended') return null;
    changes.settleSid(head, sid);
    const { position } = this.#shared?.log ?? {};
    if (this.#shared !== null && position) {
      this.#shared.noteNames([head]);
      waitUntil(this.#shared.save(head, position, document, { cacheControl: '', askedAtMs }));
    }
    return document.body;
  }

  /** @param {RequestHead} head @param {boolean} [fresh] what is held does not count */
  #isUnknown(head, fresh = false) {
    const action = this.#core.peek(head, this.#host.now());
    return action === Action.RETRY || (fresh && action !== Action.REFUSE);
  }

  /**
   * @param {RequestHead} head
   * @returns {Promise<KnownToken | null>} null: it has no token, or nothing is known of it
   */
  async #identify(head) {
    const named = this.#core.sessionKey(head);
    const token = tokenIn(named?.credential);
    if (named === null || token.split('.').length !== 3) return null;
    const known = this.#knownAs(named.key);
    if (known !== null) return known;
    const found = await this.#verifier.verify(token);
    if (found === null) return null;
    const user = this.#core.userKey(JSON.stringify(found.sub));
    const told = this.#told.filter((name) => Object.hasOwn(found.claims, name));
    const claims = Object.fromEntries(told.map((name) => [name, found.claims[name]]));
    const noted = { ...found, claims, user, knownAtMs: this.#host.now() };
    putNewest(this.#known, named.key, noted, MAX_KNOWN);
    return noted;
  }

  /**
   * What the origin has answered, or another node has left, is about to be held for a request: its session is found by its
   * next token.
   * @param {Pick<DocumentRequest, 'head' | 'token'>} request
   */
  accept({ head, token }) {
    if (!token?.session) return;
    const { session } = token;
    const now = this.#host.now();
    putNewest(this.#sessions, session, this.#sessions.get(session) ?? now, MAX_KNOWN);
    this.#core.noteRefreshToken(head, this.#nameOf(token), now);
  }

  /**
   * Whether the user whom a document names has been signed out everywhere since a token's session began: then it has
   * ended. Never rejects.
   * @param {Pick<DocumentRequest, 'head' | 'token'>} request
   * @param {Uint8Array} document
   */
  async isOver({ head, token }, document) {
    if (!token) return false;
    const users = [token.user, this.#changes.userNamedIn(document)];
    if (!(await this.#hasEnded(token, [...new Set(users)]))) return false;
    this.#changes.endToken(head);
    return true;
  }

  /**
   * How the core knows a session. What was begun after its user was signed out everywhere is another.
   * @param {KnownToken} token
   */
  #nameOf({ session, user }) {
    return `${NAME}${session}.${this.#endedAt.get(user ?? '') ?? 0}`;
  }

  /**
   * @param {KnownToken} token
   * @param {(string | null)[]} users the keys of those whose it is
   */
  async #hasEnded(token, users) {
    if (await this.#hasSidEnded(token.sid)) return true;
    for (const user of users) {
      if (user !== null && this.#isFromBefore(token, await this.#endOf(user))) return true;
    }
    return false;
  }

  /** @param {string | null} sid */
  async #hasSidEnded(sid) {
    if (sid === null || this.#ids?.isClaim !== true) return false;
    const key = this.#ids.keyOf(sid);
    if (key === null) return false;
    if (this.#shared === null) return this.#ids.hasEnded(key);
    return (await this.#shared.standingOfSid(key)) === 'ended';
  }

  /** When all sessions of a user were ended the last time. @param {string} user */
  async #endOf(user) {
    const stored = (await this.#shared?.endOfUser(user)) ?? 0;
    if (stored > 0) this.endedUser(user, stored);
    return this.#endedAt.get(user) ?? 0;
  }

  /**
   * Clocks may be apart by `clockTolerance`: within that, what was known before has ended, and whoever signs in just now
   * has not.
   * @param {KnownToken} token
   * @param {number} end 0: never
   */
  #isFromBefore({ begunAtMs, knownAtMs, session }, end) {
    if (end === 0 || begunAtMs >= end + this.#tolerance) return false;
    if (begunAtMs < end - this.#tolerance) return true;
    const sessionAtMs = this.#sessions.get(session ?? '') ?? knownAtMs;
    return Math.min(knownAtMs, sessionAtMs) < end;
  }

  /**
   * All sessions of a user were ended.
   * @param {string} user the user's key
   * @param {number} at when
   */
  endedUser(user, at) {
    putNewest(this.#endedAt, user, Math.max(at, this.#endedAt.get(user) ?? 0), MAX_ENDED);
  }

  /**
   * What a token says of what is told, if it is verified, or can be. Never rejects.
   * @param {RequestHead} head
   * @returns {Promise<Record<string, unknown> | null>}
   */
  async claimsOf(head) {
    return (await this.#identify(head))?.claims ?? null;
  }

  /**
   * The `sid` of a token that is verified, or can be. Never rejects.
   * @param {RequestHead} head with one credential
   * @returns {Promise<string | null>}
   */
  async sidOf(head) {
    return (await this.#identify(head))?.sid ?? null;
  }

  /**
   * The session of a token that has been verified, by the same name on all nodes. What ends one of its tokens must end the
   * others: without their `sid` nobody would know of them.
   * @param {RequestHead} head with one credential
   * @returns {string | null}
   */
  sessionOf(head) {
    if (this.#ids?.isClaim !== true) return null;
    return this.#knownAs(this.#core.sessionKey(head)?.key ?? '')?.sharedSession ?? null;
  }

  /** What is known of a token that has been verified, and has not expired. @param {string} key of its credential */
  #knownAs(key) {
    const known = this.#known.get(key);
    return known !== undefined && this.#host.now() < known.expiresAtMs ? known : null;
  }
}
