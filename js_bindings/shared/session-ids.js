// Which sessions an identity provider means by a `sid` (rule R28): a value of the document or a claim of the token, as the
// option `sid` says. What is said of a `sid` is an event of the log under a key of its own, as what happens to a user is;
// each node finds the sessions that it holds. It must not know how a message is checked, nor how it is published.
// Invariants: whatever is held with a `sid` is listed here, since what is forgotten here is dropped there; a `sid` that
// has ended never comes back, however often the origin answers it.
import { RemoteEvent } from '../core/abi-constants.js';
import { textOfBase64url } from '../util/base64.js';
import { valueAt } from '../util/json-pointer.js';
import { jsonOf } from '../util/jws.js';
import { putNewest } from '../util/newest.js';
import { tokenIn } from '../util/token-in.js';

/** So many sessions are listed. */
const MAX_SESSIONS = 100_000;

/** So many that have ended are remembered here; a store remembers them all. */
const MAX_ENDED = 10_000;

/** Keeps a `sid` and an identifier of a user apart: no identifier begins so. */
const PREFIX = '\u001fsid:';

const decoder = new TextDecoder();

/** @typedef {import('../core/abi.js').RequestHead} RequestHead */

export class SessionIds {
  #core;
  #host;
  #source;
  #capacity;
  /** By the key of a session, the keys of its `sid`: two while another answer is awaited. @type {Map<string, string[]>} */
  #ofSession = new Map();
  /** By the key of a `sid`. @type {Map<string, Set<string>>} */
  #sessions = new Map();
  /** @type {Map<string, true>} */
  #ended = new Map();

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {string} source a JSON pointer into the document, or the name of a claim
   * @param {import('../host.js').Host} host
   * @param {number} [capacity] for tests
   */
  constructor(core, source, host, capacity = MAX_SESSIONS) {
    this.#core = core;
    this.#source = source;
    this.#host = host;
    this.#capacity = capacity;
  }

  /** How the log's keys are made of it, as JSON. @param {string} sid */
  identifierOf(sid) {
    return JSON.stringify(PREFIX + sid);
  }

  /** @param {string} sid @returns {string | null} null: none can be so long */
  keyOf(sid) {
    return this.#core.userKey(this.identifierOf(sid));
  }

  /**
   * The `sid` of a request's session, which has this document.
   * @param {RequestHead} head
   * @param {Uint8Array} body
   * @returns {string | null} its key; null: it has none
   */
  keyIn(head, body) {
    const value = this.isClaim
      ? this.#claimIn(head)
      : valueAt(jsonOf(decoder.decode(body)), this.#source);
    const isGiven = (typeof value === 'string' && value !== '') || typeof value === 'number';
    return isGiven ? this.keyOf(`${value}`) : null;
  }

  /** Whether a `sid` is a claim of tokens. */
  get isClaim() {
    return !this.#source.startsWith('/');
  }

  /** Of a token that the origin has accepted, or is about to refuse. @param {RequestHead} head */
  #claimIn(head) {
    const [, payload, ...rest] = tokenIn(this.#core.sessionKey(head)?.credential).split('.');
    if (rest.length !== 1) return undefined;
    return valueAt(jsonOf(textOfBase64url(payload)), `/${this.#source}`);
  }

  /**
   * A document is about to be held. From here on its session is found by its `sid`.
   * @param {RequestHead} head
   * @param {Uint8Array} body
   * @returns {string | null} the key of its `sid`
   */
  note(head, body) {
    const sid = this.keyIn(head, body);
    const session = this.#core.sessionKey(head)?.key;
    if (sid === null || session === undefined) return null;
    const sids = this.#ofSession.get(session) ?? [];
    this.#ofSession.delete(session);
    this.#ofSession.set(session, sids.includes(sid) ? sids : [...sids, sid]);
    const sessions = this.#sessions.get(sid) ?? new Set();
    this.#sessions.set(sid, sessions.add(session));
    if (this.#ofSession.size > this.#capacity) this.#forgetOldest();
    return sid;
  }

  /** What cannot be found any more is not held any more. */
  #forgetOldest() {
    const session = /** @type {string} */ (this.#ofSession.keys().next().value);
    this.#core.applyRemote(RemoteEvent.SESSION_FORGOTTEN, session, this.#host.now());
    for (const sid of this.#ofSession.get(session) ?? []) this.#unlist(sid, session);
    this.#ofSession.delete(session);
  }

  /** @param {string} sid @param {string} session */
  #unlist(sid, session) {
    const sessions = this.#sessions.get(sid);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#sessions.delete(sid);
  }

  /**
   * The document is held, and no other of the session: what its `sid` was before counts no more.
   * @param {RequestHead} head
   * @param {string | null} sid its key
   */
  settle(head, sid) {
    const session = this.#core.sessionKey(head)?.key ?? '';
    const sids = this.#ofSession.get(session);
    if (sids === undefined || (sids.length === 1 && sids[0] === sid)) return;
    for (const other of sids) if (other !== sid) this.#unlist(other, session);
    if (sid === null) this.#ofSession.delete(session);
    else this.#ofSession.set(session, [sid]);
  }

  /**
   * Whether a document has the `sid` that its session is listed with.
   * @param {RequestHead} head
   * @param {Uint8Array} body
   */
  isListed(head, body) {
    const sids = this.#ofSession.get(this.#core.sessionKey(head)?.key ?? '') ?? [];
    const sid = this.keyIn(head, body);
    return sid === null ? sids.length === 0 : sids.includes(sid);
  }

  /** Whether it is known here that it has ended. @param {string} sid its key */
  hasEnded(sid) {
    return this.#ended.has(sid);
  }

  /**
   * Ends what is held with a `sid`, or drops it. A key that is a user's does nothing.
   * @param {'revoke' | 'invalidate'} action
   * @param {string} sid its key
   * @returns {string[]} the keys of the sessions
   */
  apply(action, sid) {
    const isEnd = action === 'revoke';
    if (isEnd) putNewest(this.#ended, sid, true, MAX_ENDED);
    const sessions = [...(this.#sessions.get(sid) ?? [])];
    const event = isEnd ? RemoteEvent.SESSION_ENDED : RemoteEvent.SESSION_FORGOTTEN;
    for (const session of sessions) this.#core.applyRemote(event, session, this.#host.now());
    return sessions;
  }
}
