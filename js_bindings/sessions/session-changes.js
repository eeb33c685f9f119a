// Changes what is held here and publishes it to the other nodes: the one place that does either. It must not know why a
// session changes, nor how that is answered.
// A credential that the origin has not accepted, as far as this node knows, gets no memory here and no room in the
// outbox: the store is asked for it first, and then the origin (R53).
// Invariants: what happens to a credential that is known here is in effect here before a method returns, and elsewhere
// within `revocationBound` of when its promise resolves (R31); what it could not publish yet waits in the outbox, or the
// promise says that it does not.
import {
  Action,
  Credential,
  Reason,
  RemoteEvent,
  Status,
  SucceedFlag,
} from '../core/abi-constants.js';
import { OriginUnavailableError, SesameError } from '../errors.js';
import { pause } from '../host.js';
import { ignoreFailure } from '../util/ignore-failure.js';
import { isUserId, userIdIn } from '../util/user-id.js';
import { isUnavailable } from './decision.js';
import { furtherHead } from './further-documents.js';

const NO_BYTES = new Uint8Array();

/** How long a cookie is served that another has replaced, as the core has it. */
const OVERLAP_MS = 30_000;

/**
 * How a session has ended here.
 * @typedef {object} Ended
 * @property {number} status
 * @property {import('../core/abi.js').Relative[]} relatives what has ended with it
 */

/** @type {Ended} */
const NOTHING_ENDED = Object.freeze({ status: Status.UNKNOWN, relatives: [] });
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Where promises cannot be shared, it is looked this often whether a session has been ended. */
const LOOK_EVERY_MS = 10;

/**
 * @typedef {import('../core/abi.js').RequestHead} RequestHead
 * @typedef {import('../core/abi.js').OriginAnswer} OriginAnswer
 * @typedef {import('../core/abi.js').KeptDocument} KeptDocument
 * @typedef {import('../stores/store.js').Position} Position
 */

/** @typedef {import('../shared/session-ids.js').SessionIds} Ids */
/** @typedef {import('./document-request.js').DocumentRequest} DocumentRequest */
/** @typedef {import('./document-calls.js').Successor} Successor */

/**
 * What has to be known, and heard, of tokens that are verified.
 * @typedef {object} Tokens
 * @property {(head: RequestHead) => Promise<string | null>} sidOf the `sid` of a request's token
 * @property {(user: string, at: number) => void} endedUser all sessions of a user were ended then, by the user's key
 */

/**
 * What is known of a document that has just been put into the core.
 * @typedef {Pick<KeptDocument, 'user' | 'body' | 'expiresAtMs'>} SeenDocument
 */

/**
 * Which sessions each user has (rule R27), as far as sessions change it.
 * @typedef {object} DeviceBook
 * @property {(head: RequestHead, document: SeenDocument, userAgent?: string | null) => Promise<void>} seen a session is in use. Never
 *   rejects
 * @property {(head: RequestHead, user: string | null) => void} noteUser whose a session is that another node has listed
 * @property {(head: RequestHead) => void} goneWith the session of a request has been dropped or ended here
 * @property {(keys: string[]) => void} gone the same, by keys
 * @property {(user: string) => void} goneUser all of a user's, by the user's key
 */

/**
 * How a session goes on with another credential.
 * @typedef {object} Succession
 * @property {boolean} isDelivered the client is told with this answer
 * @property {Position | null} [since] where the log was before the origin was asked for the document
 * @property {string} [cacheControl] what the origin has said of that
 * @property {number} [askedAtMs] when that was
 * @property {KeptDocument} [document] as the old credential has it: it has just been asked for
 * @property {(saving: Promise<unknown>) => void} [saved] is given what goes on behind the answer
 */

/**
 * A write of a user's document that is under way.
 * @typedef {object} Write
 * @property {(answer: { httpStatus: number, body: Uint8Array | null }) => 'nothing' | 'fill' | 'answer'} complete applies it
 *   here, before the client is answered; what has to be asked of the origin: nothing, the document, to be held under the
 *   core's lease, or the document alone, since there is no room for another lease
 * @property {(answer: { httpStatus: number, body: Uint8Array | null }, asked: import('./decision.js').Decision | null) =>
 *   Promise<boolean>} publish
 *   tells the other nodes, after the origin was asked for the document where the answer had none. Never rejects
 */

/**
 * A session that a login has begun.
 * @typedef {object} NewSession
 * @property {string} tenant
 * @property {string} cookie the value of its cookie
 * @property {import('../core/abi.js').Tokens} tokens
 * @property {OriginAnswer} answer its document
 * @property {number} askedAt the core's sequence from before that was asked for
 * @property {number} askedAtMs
 * @property {number} bornAtMs what was published by then does not concern it
 * @property {Position | null} since where the log was then
 * @property {string | null} userAgent of the request that logs in
 */

export class SessionChanges {
  #core;
  #options;
  #host;
  #shared;
  #ids;
  /**
   * What there is to end of each is being found out, by its key; the longest under way first.
   * @type {Map<string, { work: Promise<unknown>, until: number }>}
   */
  #ending = new Map();
  /**
   * Who makes a request, as the origin or another node says: set by who makes the parts.
   * @type {(request: DocumentRequest) => Promise<import('./decision.js').Decision>}
   */
  ask = async () => {
    throw new Error('nothing asks the origin');
  };

  /**
   * Whether the managed session of a request lives: set by who makes the parts.
   * @type {(head: RequestHead) => Promise<'found' | 'none' | 'unavailable'>}
   */
  findManaged = async () => 'none';

  /**
   * What was kept for the credentials of a request is another user's now: set by who makes the parts.
   * @type {(head: RequestHead) => void}
   */
  forgetKept = () => {};

  /** Which sessions each user has, where that is kept: it sets itself. @type {DeviceBook | null} */
  devices = null;

  /** A session of this key was ended by its handle: set by who makes the parts. @type {(key: string) => void} */
  noteListedEnd = () => {};

  /**
   * Something has happened to a user, here or elsewhere, by the user's key: set by who makes the parts.
   * @type {(action: 'revoke' | 'invalidate', user: string) => void}
   */
  noteUserEvent = () => {};

  /** Tokens that are verified here: they set themselves. @type {Tokens | null} */
  tokens = null;

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('../shared/documents.js').SharedSessions | null} shared null: there are no other nodes
   * @param {Ids | null} [ids] null: no session has a `sid`
   */
  constructor(core, options, host, shared, ids = null) {
    this.#ids = ids;
    this.#core = core;
    this.#options = options;
    this.#host = host;
    this.#shared = shared;
  }

  /**
   * Ends every session that a request names: it is refused from now on (rule R1).
   * @param {DocumentRequest} request
   * @returns {Promise<void>} resolves when it is published, or when the origin says that there is nothing to end
   * @throws {SesameError} rejects with `ERR_SESAME_GUARD_FULL`: it is dropped, but there is no room to remember that it
   *   has ended
   * @throws {OriginUnavailableError} rejects: nothing is known of the credential, and the origin cannot be asked
   */
  end(request) {
    const named = this.#core.namedHeads(request.head);
    return allOf(named.map((head) => this.#endOne(alone(request, head))));
  }

  /** @param {DocumentRequest} request with one credential */
  async #endOne(request) {
    const { head } = request;
    const key = this.#core.sessionKey(head)?.key ?? '';
    // Another call is finding out: to begin anew would cancel its question.
    const ended = this.#isBeingEnded(key) ? NOTHING_ENDED : this.#revoke(head, false);
    const found = ended.status === Status.UNKNOWN ? await this.#findEnd(request, key) : ended;
    if (found !== null) await allOf([this.publishEnd(head, found), this.#endSidOf(head)]);
  }

  /** The other tokens of a session end with one of them (rule R16). @param {RequestHead} head */
  async #endSidOf(head) {
    if (this.#ids?.isClaim !== true) return;
    const sid = (await this.tokens?.sidOf(head)) ?? null;
    if (sid !== null) await this.sidEvent('revoke', sid);
  }

  /**
   * A token was verified whose session has ended: it is refused here from now on. Other nodes find that out themselves.
   * @param {RequestHead} head
   * @returns {boolean} whether that can be remembered
   */
  endToken(head) {
    return this.#revoke(head, true).status === Status.OK;
  }

  /**
   * @param {RequestHead} head with one credential
   * @param {boolean} isAccepted
   * @returns {Ended}
   */
  #revoke(head, isAccepted) {
    this.forgetKept(head);
    const relatives = this.#core.relatives(head);
    this.#forgetFurther(head);
    this.devices?.goneWith(head);
    return { status: this.#core.revokeSession(head, this.#host.now(), isAccepted), relatives };
  }

  /**
   * Until it is known what there is to end, nothing of the credential is answered, for `leaseFor` at most: whoever finds
   * out may have been dropped by its host (R9).
   * @param {DocumentRequest} request
   * @param {string} key
   * @returns {Promise<Ended | null>} null: there is nothing to end
   */
  #findEnd(request, key) {
    const work = this.#isAccepted({ ...request, isEnding: true }).then((isAccepted) =>
      isAccepted ? this.#revoke(request.head, true) : null,
    );
    // Two calls may find it out at once: it is known when the last of them has its answer.
    const all = Promise.allSettled([this.#ending.get(key)?.work, work]);
    const each = { work: all, until: this.#host.now() + this.#options.leaseFor };
    this.#ending.delete(key);
    this.#ending.set(key, each);
    all.then(() => {
      if (this.#ending.get(key) === each) this.#ending.delete(key);
    });
    return work;
  }

  /**
   * Whether it is being found out what there is to end of this credential.
   * @param {RequestHead} head
   */
  isEnding(head) {
    return this.#ending.size > 0 && this.#isBeingEnded(this.#core.sessionKey(head)?.key ?? '');
  }

  /** @param {string} key of a session */
  #isBeingEnded(key) {
    const now = this.#host.now();
    for (const [each, { until }] of this.#ending) {
      if (now < until) break;
      this.#ending.delete(each);
    }
    return this.#ending.has(key);
  }

  /**
   * Resolves when nothing of a credential waits to be ended. Never rejects.
   * @param {RequestHead} head
   */
  async settled(head) {
    const key = this.#core.sessionKey(head)?.key ?? '';
    while (this.#isBeingEnded(key)) {
      const { work, until } = /** @type {{ work: Promise<unknown>, until: number }} */ (
        this.#ending.get(key)
      );
      if (this.#host.sharesPromises) await this.#within(work, until);
      else await pause(this.#host, LOOK_EVERY_MS);
    }
  }

  /**
   * Resolves when the work has come to an end, or its time.
   * @param {Promise<unknown>} work
   * @param {number} until
   */
  async #within(work, until) {
    const alarm = new AbortController();
    const wake = () => alarm.abort();
    work.then(wake, wake);
    await this.#host.sleep(until - this.#host.now(), alarm.signal);
  }

  /**
   * Ends a session on the other nodes that has ended here.
   * @param {RequestHead} head
   * @param {Ended} ended
   */
  async publishEnd(head, { status, relatives }) {
    const heads = [{ head, relatives }];
    let isFull = status === Status.FULL;
    if (head.tenant !== '') {
      const ofAll = { ...head, tenant: '' };
      const ended = this.#revoke(ofAll, true);
      heads.push({ head: ofAll, relatives: ended.relatives });
      isFull ||= ended.status === Status.FULL;
    }
    if (this.#shared === null) {
      if (isFull) throw new GuardFullError();
      return;
    }
    const { publisher } = this.#shared;
    // What is not remembered here is in the store or nowhere.
    const ended = allOf(
      heads.flatMap((each) => [
        publisher.end(each.head, !isFull),
        ...each.relatives.map((relative) => publisher.endRelative(each.head, relative, !isFull)),
      ]),
    );
    await (isFull ? ended.catch(rejectFull) : ended);
  }

  /**
   * Drops what is held for a request: its credential may stand for somebody else now.
   * @param {Pick<DocumentRequest, 'head'> & Partial<DocumentRequest>} request
   * @param {boolean} [isAccepted] what the caller has just learnt of the credential
   * @returns {Promise<void>} resolves when it is published
   */
  drop(request, isAccepted) {
    const { head } = request;
    const now = this.#host.now();
    const named = this.#core.namedHeads(head);
    const known = named.filter((each) => isAccepted || this.#core.isAccepted(each, now));
    const relatives = known.flatMap((each) => this.#core.relatives(each));
    this.forgetKept(head);
    this.#forget(head);
    for (const each of known) this.devices?.goneWith(each);
    // A credential that does not count beside another is named all the same (R1).
    for (const each of named) if (each !== head) this.#forget(each);
    const isAsked = this.#shared !== null && isAccepted !== false;
    const unknown = isAsked ? named.filter((each) => !known.includes(each)) : [];
    return allOf([
      ...known.map((each) => this.#publishDrop(each)),
      ...relatives.map((each) => this.#publishDropOfRelative(each)),
      ...unknown.map((each) => this.#dropUnknown(alone(request, each))),
    ]);
  }

  /** What is held for the credentials of a request. @param {RequestHead} head */
  #forget(head) {
    this.#core.forgetSession(head);
    this.#forgetFurther(head);
  }

  /** What is held for them beside the main document (R17). @param {RequestHead} head */
  #forgetFurther(head) {
    for (const path of this.#options.documents) this.#core.forgetSession(furtherHead(head, path));
  }

  /** @param {import('../core/abi.js').Relative} relative */
  async #publishDropOfRelative(relative) {
    const works = [this.#shared?.publisher.dropRelative(relative)];
    if (this.#options.documents.length > 0) works.push(this.#publishDropOfAll(relative.key));
    await allOf(works);
  }

  /** @param {DocumentRequest} request with one credential, of which nothing is known here */
  async #dropUnknown(request) {
    const { head } = request;
    const left = await this.#lookInStore(head);
    this.#forget(head); // another node's answer from before may have come meanwhile
    await this.#publishDropOf(head, left);
  }

  /**
   * Drops on the other nodes what they may hold of a credential of which nothing is known here. What a node could not
   * leave in the store it holds all the same (R31): then it is told too, and takes no room of what is known (R53).
   * @param {RequestHead} head with one credential
   * @param {'found' | 'busy' | 'none' | 'unavailable'} left by other nodes in the store
   */
  async #publishDropOf(head, left) {
    if (left === 'found' || left === 'busy') await this.#publishDrop(head);
    else await this.#shared?.publisher.drop(head, false);
  }

  /**
   * What happens to a credential happens to it under every value of what `varyOn` names (R4, R8), and to all its documents
   * (R17). Nobody can list those keys: it is noted once, under the key without them, as what happens to a user is.
   * @param {RequestHead} head with one credential
   */
  async #publishDrop(head) {
    const [path] = this.#options.documents;
    const ofAll = this.#core.keyOfAllTenants(path === undefined ? head : furtherHead(head, path));
    const works = [this.#shared?.publisher.drop(head)];
    if (ofAll !== null) works.push(this.#publishDropOfAll(ofAll));
    await allOf(works);
  }

  /** @param {string} ofAll the key of a credential that all its documents share */
  async #publishDropOfAll(ofAll) {
    this.#core.applyRemote(RemoteEvent.USER_CHANGED, ofAll, this.#host.now());
    await this.#shared?.publisher.userEvent('invalidate', ofAll);
  }

  /**
   * Whether the origin accepts a credential of which nothing is known here.
   * @param {DocumentRequest} request
   * @returns {Promise<boolean>} rejects if nobody can say
   */
  async #isAccepted(request) {
    const { head } = request;
    const key = this.#core.sessionKey(head);
    if (key === null) return false;
    if (this.#options.managed && key.kind === Credential.COOKIE) {
      // The sessions are Sesame's own: the origin has never seen their cookies.
      // One that nobody knows, but that a node has begun, can be ended without knowing more of it.
      return (await this.findManaged(head)) !== 'none';
    }
    const left = await this.#lookInStore(head);
    if (left === 'found') return true;
    // What is remembered of it counts for nothing: it may have been accepted since.
    const { kind, retryAfterMs, failure } = await this.ask({ ...request, fresh: true });
    if (kind === 'document') return true;
    if (kind !== 'refusal' && kind !== 'too-large') {
      const cause = failure ?? undefined;
      throw new OriginUnavailableError(Math.max(1000, retryAfterMs), { cause });
    }
    if (left !== 'none') this.#forget(head); // another node's answer from before may have come meanwhile
    await this.#publishDropOf(head, left);
    return false;
  }

  /**
   * Whether another node has left something of a credential, of use or not: some node may hold it, whatever the origin
   * says of it now. Never rejects.
   * @param {RequestHead} head
   * @returns {Promise<'found' | 'busy' | 'none' | 'unavailable'>} `busy`: another node is asking the origin, and may
   *   bring an answer from before this
   */
  async #lookInStore(head) {
    if (this.#shared === null) return 'unavailable';
    const { isFilled, isAsked, isBusy, isThere, release } = await this.#shared.claim(
      head,
      () => true,
    );
    await release();
    if (!isAsked) return 'unavailable';
    if (isBusy) return 'busy';
    return isFilled || isThere ? 'found' : 'none';
  }

  /**
   * The session of a request goes on with another cookie (rule R85).
   * @param {RequestHead} head with one credential
   * @param {Successor} successor
   * @param {Succession} how
   * @returns {boolean} false: it is no succession
   */
  succeed(head, { cookie, endsAtMs }, { isDelivered, document, saved, ...asked }) {
    const now = this.#host.now();
    const to = { tenant: head.tenant, cookie, authorization: '' };
    const isAccepted = document !== undefined || this.#core.isAccepted(head, now);
    const flags =
      (isAccepted ? SucceedFlag.ACCEPTED : 0) | (isDelivered ? 0 : SucceedFlag.UNDELIVERED);
    const action = this.#core.succeed(head, to, now, { endsAtMs, flags });
    if (action === Action.RETRY) return false;
    if (action !== Action.SERVE) return true;
    if (this.#shared === null && this.#ids === null && this.devices === null) return true;
    const inherited = /** @type {KeptDocument} */ (this.#core.keptDocument);
    this.noteSid(to, inherited, saved);
    if (this.#shared === null) return true;
    const since = asked.since ?? this.#shared.log.position;
    const answer = {
      cacheControl: asked.cacheControl ?? '',
      askedAtMs: asked.askedAtMs ?? this.#core.filledAtMs,
    };
    this.#shared.noteNames([head, to]);
    const saving = [this.#shared.save(to, since, inherited, answer)];
    if (document !== undefined) {
      // Other nodes serve the old one no longer than this one does.
      const until = { ...document, endsAtMs: now + OVERLAP_MS };
      saving.push(this.#shared.save(head, since, until, answer));
    }
    (saved ?? ignoreFailure)(Promise.all(saving));
    return true;
  }

  /**
   * A sign-in has just set this very cookie: if its session had ended here, it begins anew (rule R8).
   * @param {RequestHead} head
   */
  beginAnew(head) {
    this.#core.forgetEnding(head);
  }

  /**
   * Drops on the other nodes what they hold for a request: the origin's answer, which the core has heard, has left
   * nothing here.
   * @param {RequestHead} head
   */
  async dropElsewhere(head) {
    await this.#shared?.publisher.drop(head);
  }

  /**
   * Ends a session on the other nodes that the core has ended: the origin has refused its tokens.
   * @param {RequestHead} head
   */
  async endElsewhere(head) {
    await this.#shared?.publisher.end(head);
  }

  /**
   * Drops a remembered "no" to a request. Nodes share none.
   * @param {RequestHead} head
   */
  dropRefusal(head) {
    this.#core.forgetRefusal(head);
  }

  /**
   * An identifier as JSON. In a path or a message a number may come as text: both spellings are meant.
   * @param {string | number} user
   */
  spellingsOf(user) {
    const spellings = [JSON.stringify(user)];
    if (/^-?\d+$/.test(String(user))) spellings.push(JSON.stringify(String(user)), String(user));
    return [...new Set(spellings)];
  }

  /**
   * Ends every session of a user, or drops the documents of all (SPEC R23).
   * @param {'revoke' | 'invalidate'} action
   * @param {string | number} user the identifier
   * @returns {Promise<void>} resolves when it is published
   */
  userEvent(action, user) {
    const users = this.spellingsOf(user);
    const now = this.#host.now();
    for (const spelling of users) {
      const key = this.#core.userKey(spelling);
      if (key !== null) this.#shared?.noteUser(key, spelling);
      if (key !== null && action === 'revoke') this.tokens?.endedUser(key, now);
      if (key !== null && action === 'revoke') this.devices?.goneUser(key);
      if (action === 'revoke') this.#core.revokeUser(spelling, now);
      else this.#core.invalidateUser(spelling, now);
      if (key !== null) this.noteUserEvent(action, key);
    }
    const keys = users.map((spelling) => this.#core.userKey(spelling));
    const known = keys.filter((key) => key !== null);
    return this.#shared?.publisher.userEvents(action, known) ?? Promise.resolve();
  }

  /**
   * Ends every session with a `sid`, or drops their documents (rule R28).
   * @param {'revoke' | 'invalidate'} action
   * @param {string} sid
   * @returns {Promise<void>} resolves when it is published
   */
  async sidEvent(action, sid) {
    const key = this.#ids?.keyOf(sid) ?? null;
    if (key === null) return;
    const ended = this.#ids?.apply(action, key) ?? [];
    if (action === 'revoke') this.devices?.gone(ended);
    this.#shared?.noteUser(key, /** @type {Ids} */ (this.#ids).identifierOf(sid));
    await this.#publishSid(action, key, ended);
  }

  /**
   * @param {'revoke' | 'invalidate'} action
   * @param {string} sid its key
   * @param {string[]} ended the keys of its sessions here
   */
  async #publishSid(action, sid, ended) {
    await allOf([
      this.#shared?.publisher.userEvent(action, sid),
      this.#publishManaged(action, ended),
    ]);
  }

  /**
   * Another node has published an event of a user, or of a `sid`.
   * @param {'revoke' | 'invalidate'} action
   * @param {string} key
   * @param {number} at when that was called
   */
  heardOfUser(action, key, at) {
    if (action === 'revoke') this.tokens?.endedUser(key, at);
    this.noteUserEvent(action, key);
    const ended = this.#ids?.apply(action, key) ?? [];
    if (ended.length > 0) this.#publishManaged(action, ended).catch(() => {});
  }

  /**
   * The tokens of a managed session are in the store: nodes that hold no document of it have to hear that it has ended.
   * @param {'revoke' | 'invalidate'} action
   * @param {string[]} keys of sessions
   */
  async #publishManaged(action, keys) {
    if (action !== 'revoke' || !this.#options.isManaged) return;
    await allOf(keys.map((key) => this.#shared?.publisher.endKey(key)));
  }

  /**
   * The `sid` of a document that is about to be held, which is found by it from here on (rule R28).
   * @param {RequestHead} head
   * @param {Uint8Array} body
   * @returns {Promise<string | null | 'ended'>} its key; null: there is none. Never rejects
   */
  async sidOf(head, body) {
    const sid = this.#ids?.note(head, body) ?? null;
    if (sid === null) return null;
    const hasEnded = this.#shared
      ? (await this.#shared.standingOfSid(sid)) === 'ended'
      : this.#ids?.hasEnded(sid);
    if (!hasEnded) return sid;
    const ended = this.#revoke(head, true);
    await this.publishEnd(head, ended).catch(() => {}); // whoever asks for it comes here again
    return 'ended';
  }

  /**
   * A document is held, with what `sidOf` has said of it.
   * @param {RequestHead} head
   * @param {string | null} sid
   */
  settleSid(head, sid) {
    this.#ids?.settle(head, sid);
  }

  /**
   * The core has given a session's document to another credential.
   * @param {RequestHead} head of that
   * @param {KeptDocument} document
   * @param {(work: Promise<unknown>) => void} [waitUntil] is given what goes on behind the answer
   */
  noteSid(head, document, waitUntil = ignoreFailure) {
    this.#ids?.note(head, document.body);
    if (this.devices !== null) waitUntil(this.devices.seen(head, document));
  }

  /**
   * The document of a request has just been put into the core: its session is in use (rule R27).
   * @param {DocumentRequest} request
   * @param {SeenDocument} document
   */
  noteSeen({ head, headers, waitUntil }, document) {
    if (this.devices === null) return;
    waitUntil(this.devices.seen(head, document, headers.get('user-agent')));
  }

  /**
   * Ends sessions of a list (rule R27), which this node may never have seen.
   * @param {{ family: import('../shared/device-lists.js').FoundList['family'], sid: string | null,
   *   credentials: import('../shared/device-lists.js').ListedCredential[] }[]} sessions
   * @returns {Promise<void>} resolves when it is published
   */
  async endListed(sessions) {
    const now = this.#host.now();
    const works = sessions.flatMap(({ family, sid, credentials }) => {
      const isOwn = family.core === this.#core;
      const ofSid = isOwn && sid !== null ? [this.#endSid(sid)] : [];
      return [
        ...credentials.map(({ key, marks }) => {
          const keys = isOwn ? new Set(marks.map(([, each]) => each)) : [];
          for (const each of keys) this.#core.applyRemote(RemoteEvent.SESSION_ENDED, each, now);
          this.noteListedEnd(key);
          const { publisher } = this.#shared ?? {};
          return publisher?.endListed(/** @type {any} */ (family), key, marks);
        }),
        ...ofSid,
      ];
    });
    await allOf(works);
  }

  /** @param {string} sid its key */
  async #endSid(sid) {
    await this.#publishSid('revoke', sid, this.#ids?.apply('revoke', sid) ?? []);
  }

  /**
   * Begins a managed session (SPEC R20).
   * @param {NewSession} session
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>} its document, once the other nodes can find it; empty if an
   *   update has overtaken it (R10); null: the session cannot be held
   */
  async begin({ since, askedAtMs, bornAtMs, userAgent, ...session }) {
    const { tenant, answer } = session;
    const ownCookie = `${this.#options.cookie[0]}=${session.cookie}`;
    const own = { tenant, cookie: ownCookie, authorization: '' };
    if (this.#ids && (await this.sidOf(own, answer.body)) === 'ended') return null;
    const action = this.#core.beginSession(this.#host.now(), session);
    if (action !== Action.SERVE) return null;
    const document = this.#core.body.slice();
    const kept = this.#core.keptDocument;
    if (this.#shared !== null) {
      const crowdedOut = this.publishCrowdedOut();
      this.#shared.noteUserOf(answer.body, kept?.user ?? null);
      await this.#shared.tokens.begin(own, bornAtMs);
      const { cacheControl } = answer;
      if (kept) await this.#shared.save(own, since, kept, { cacheControl, askedAtMs });
      await crowdedOut;
    }
    // Who ends all others once this has been answered ends this one too.
    if (kept) await this.devices?.seen(own, kept, userAgent);
    return document;
  }

  /**
   * Ends on the other nodes the sessions that have ended here because their users have newer ones (R54). Never rejects:
   * what cannot be told now waits in the outbox.
   * @returns {Promise<unknown> | null} null: there are none, which is so for nearly every request
   */
  publishCrowdedOut() {
    if (this.#shared === null) return null;
    const keys = this.#core.crowdedOut();
    if (keys.length === 0) return null;
    const { publisher } = this.#shared;
    return Promise.allSettled(keys.map((key) => publisher.endKey(key)));
  }

  /** Whether another change would be kept for the other nodes, were the store out of reach. */
  async canKeep() {
    if (!this.#shared?.log.outbox.isFull) return true;
    await this.#shared.log.catchUp(); // the store may be back
    return !this.#shared.log.outbox.isFull;
  }

  /**
   * A write of the document of a request's user, from before it leaves for the origin (SPEC R22).
   * @param {RequestHead} head
   * @returns {Write}
   */
  beginWrite(head) {
    const shared = this.#shared;
    const since = shared?.log.position ?? null;
    const write = this.#core.beginWrite(head, this.#host.now());
    /** @type {string[]} the keys of the users whose document it has changed */
    let users = [];
    /** @type {KeptDocument | null} the new one */
    let document = null;
    /** @type {ReturnType<Write['complete']>} */
    let needs = 'nothing';
    return {
      complete: (answer) => {
        const action = this.#core.completeWrite(head, this.#host.now(), write, answer);
        ({ users } = this.#core);
        document = shared && this.#core.keptDocument;
        if (action === Action.FETCH) needs = 'fill';
        else if (this.#core.reason === Reason.NO_LEASE) needs = 'answer';
        // Those of a user of whom no identifier is known (R81): events of users reach the others.
        if (answer.httpStatus >= 200 && answer.httpStatus <= 299) {
          this.#forgetFurther(head);
          this.#checkSid(head, answer.body, users);
        }
        return needs;
      },
      publish: async ({ httpStatus, body }, asked) => {
        const succeeded = httpStatus >= 200 && httpStatus <= 299;
        /** @type {string | null} */
        let named = null;
        if (needs !== 'nothing' && (asked === null || isUnavailable(asked))) {
          // The origin cannot say whose document it was. Its answer to the write does (R22).
          named = this.userNamedIn(body);
        } else if (needs === 'answer' && asked?.kind === 'document') {
          named = this.userNamedIn(asked.body);
        }
        if (named !== null) {
          this.#core.applyRemote(RemoteEvent.USER_CHANGED, named, this.#host.now());
          users.push(named);
        }
        if (shared === null || !(succeeded || httpStatus === 0 || users.length > 0)) return false;
        if (asked?.user) users.push(asked.user);
        const newest = asked?.isKept && asked.source === 'origin' ? asked : document;
        // Whose document it was is not known: what is held of the writer's own credential is another's at most.
        if (users.length === 0 && asked?.kind === 'document') {
          await this.#publishDrop(head).catch(() => {});
        }
        const begun = succeeded ? since : null;
        const { published, isPending } = await shared.publisher.write(users, begun);
        if (published === null || newest === null) return isPending;
        const askedAtMs = this.#host.now();
        await shared.save(head, published, newest, { cacheControl: '', askedAtMs });
        return isPending;
      },
    };
  }

  /**
   * Other sessions may have taken over what a write has made of a document: with another `sid` than they are listed with,
   * they ask for theirs.
   * @param {RequestHead} head
   * @param {Uint8Array | null} body
   * @param {string[]} users their keys
   */
  #checkSid(head, body, users) {
    if (this.#ids === null || body === null || this.#ids.isListed(head, body)) return;
    this.#core.forgetSession(head);
    for (const user of users) {
      this.#core.applyRemote(RemoteEvent.USER_CHANGED, user, this.#host.now());
    }
  }

  /**
   * @param {Uint8Array | null} body a document, or the origin's answer to a write
   * @returns {string | null} the key of the user whose document it is; null: it is none
   */
  userNamedIn(body) {
    const identifier = this.identifierIn(body);
    return identifier === null ? null : this.#core.userKey(identifier);
  }

  /**
   * @param {Uint8Array | null} body
   * @returns {string | null} the identifier of its user, as JSON
   */
  identifierIn(body) {
    try {
      const document = JSON.parse(decoder.decode(body ?? NO_BYTES));
      const id = userIdIn(document, this.#options.userId);
      return isUserId(id) ? JSON.stringify(id) : null;
    } catch {
      return null;
    }
  }
}

/** A node has no room to remember that another session has ended (R54). */
class GuardFullError extends SesameError {
  /** @param {ErrorOptions} [options] `cause`: why the store did not receive it */
  constructor(options) {
    super(
      'ERR_SESAME_GUARD_FULL',
      'There is no room to remember another ended session: it was dropped, and has to be ended again later',
      options,
    );
  }
}

/**
 * A request with one of the credentials that it names.
 * @param {Pick<DocumentRequest, 'head'> & Partial<DocumentRequest>} request
 * @param {RequestHead} head
 * @returns {DocumentRequest}
 */
function alone(request, head) {
  if (request.head === head) return /** @type {DocumentRequest} */ (request);
  const headers = new Headers(request.headers);
  for (const name of /** @type {const} */ (['cookie', 'authorization'])) {
    if (head[name] === '') headers.delete(name);
    else headers.set(name, head[name]);
  }
  const { waitUntil = () => {} } = request;
  return { head, headers, waitUntil };
}

/** @param {unknown} cause @returns {never} */
function rejectFull(cause) {
  throw new GuardFullError({ cause });
}

/**
 * Whether a session was dropped, but will be accepted again if the origin accepts it.
 * @param {unknown} error
 */
export function isGuardFull(error) {
  return error instanceof GuardFullError;
}

/**
 * Resolves when all of it is published. Each is in the outbox before the first can fail.
 * @param {(Promise<unknown> | undefined)[]} works
 */
async function allOf(works) {
  for (const result of await Promise.allSettled(works)) {
    if (result.status === 'rejected') throw result.reason;
  }
}
