// The only file that touches the module's memory. Everything else sees bytes, strings and numbers.
// Invariants: a view is looked up again whenever the memory has grown (ABI convention 5); what a call
// points to is used or copied before the next call (convention 4).

import { SesameError } from '../errors.js';
import { joined } from '../util/bytes.js';
import { fromHex, toHex } from '../util/hex.js';
import {
  ABI_VERSION,
  Action,
  CheckFlag,
  ExportedLayout,
  KEY_BYTES,
  RemoteEvent,
  ResultLayout,
  Status,
} from './abi-constants.js';
import { CORE_OPTIONS } from './core-options.js';

/** The action of the last call, and what is needed to carry it out. */
const U32 = Object.freeze({
  source: ResultLayout.source / 4,
  credential: ResultLayout.credential / 4,
  reason: ResultLayout.reason / 4,
  httpStatus: ResultLayout.httpStatus / 4,
  isKept: ResultLayout.isKept / 4,
  asksFirst: ResultLayout.asksFirst / 4,
  userCount: ResultLayout.userCount / 4,
  lease: ResultLayout.lease / 4,
  meta: ResultLayout.meta / 4,
  metaLength: ResultLayout.metaLength / 4,
  body: ResultLayout.body / 4,
  bodyLength: ResultLayout.bodyLength / 4,
});
const F64 = Object.freeze({
  deadlineMs: ResultLayout.deadlineMs / 8,
  retryAfterMs: ResultLayout.retryAfterMs / 8,
  expiresAtMs: ResultLayout.expiresAtMs / 8,
  freshUntilMs: ResultLayout.freshUntilMs / 8,
  filledAtMs: ResultLayout.filledAtMs / 8,
  bornAtMs: ResultLayout.bornAtMs / 8,
  endsAtMs: ResultLayout.endsAtMs / 8,
});

/**
 * The headers of a request that matter. Empty strings where there are none.
 * @typedef {object} RequestHead
 * @property {string} tenant
 * @property {string} cookie
 * @property {string} authorization
 */

/**
 * What has happened to the session or the user of a key: it has ended (`end`), all sessions of the user have (`revoke`), what
 * was held does not count any more (`change`), or it goes on with another credential (`move`, and `renew`, which says that
 * alone); `any`: something has happened that may be about any session.
 * @typedef {'end' | 'revoke' | 'change' | 'move' | 'renew' | 'any'} Change
 */

/** @type {Record<number, Change>} */
const CHANGES = Object.freeze({
  [RemoteEvent.SESSION_ENDED]: 'end',
  [RemoteEvent.USER_REVOKED]: 'revoke',
  [RemoteEvent.USER_CHANGED]: 'change',
  [RemoteEvent.SESSION_FORGOTTEN]: 'change',
});

/**
 * What the module's glue makes of an instance. Of caches it has handles.
 * @typedef {object} Instance
 * @property {{ memory: WebAssembly.Memory } & Record<string, (...args: number[]) => number>} exports
 * @property {Bound} bound
 * @property {(options: object) => import('../errors.js').ConfigFault[]} findFaults what is wrong with parsed options
 */

/**
 * What is bound by embind: the cold path, in texts. Options and statistics are JSON; of a fault there are two lines, the
 * option and the reason.
 * @typedef {object} Bound
 * @property {(options: string) => string} findFaults
 * @property {(options: string, secret: Uint8Array) => number} create
 * @property {(handle: number) => void} destroy
 * @property {(handle: number, secret: Uint8Array) => void} replaceSecret
 * @property {(handle: number) => string} statistics
 */

/**
 * A document that has just been put into the core, copied.
 * @typedef {object} KeptDocument
 * @property {string | null} user its user's key, in hexadecimal; null if the document names none
 * @property {Uint8Array<ArrayBuffer>} body
 * @property {string} meta
 * @property {number} expiresAtMs the absolute end of its session
 * @property {number} bornAtMs when that began
 * @property {number} endsAtMs when its cookie ends; 0: not known
 * @property {boolean} asksFirst once stale, it is confirmed before it is served
 */

const encoder = new TextEncoder();

/**
 * What the origin said when it was asked for the document.
 * @typedef {object} OriginAnswer
 * @property {number} httpStatus 0: there is no answer
 * @property {boolean} [isRefusal] a success, or a redirect, that says that nobody is signed in (rule R80)
 * @property {number} retryAfterMs
 * @property {number} [endsAtMs] when the session's cookie ends, if the answer has renewed it
 * @property {boolean} [setsCookies] it sets cookies, of whatever name
 * @property {string} cacheControl
 * @property {string} meta
 * @property {Uint8Array<ArrayBuffer>} body
 */

/**
 * A document as another node has left it. Times are this node's.
 * @typedef {object} SharedDocument
 * @property {string | null} user the key of its user
 * @property {number} filledAtMs
 * @property {number} bornAtMs
 * @property {number} endsAtMs when its cookie ends; 0: not known
 * @property {boolean} asksFirst once stale, it is confirmed before it is served
 * @property {string} cacheControl
 * @property {string} meta
 * @property {Uint8Array<ArrayBuffer>} body
 */

/**
 * One more credential of a session (rule R85): keys in hexadecimal.
 * @typedef {object} Relative
 * @property {string} key
 * @property {string} endingKey the same for all spellings of a token; else the key itself
 */

/**
 * The tokens that prove a session at the origin.
 * @typedef {object} Tokens
 * @property {string} access
 * @property {string} refresh empty: none
 * @property {number} accessExpiresAtMs 0: not known
 */

/**
 * A session whose tokens are kept here.
 * @typedef {object} ManagedSession
 * @property {string} key its own, in hexadecimal
 * @property {string} user its user's key
 * @property {string} access
 * @property {string} refresh empty: none
 * @property {string} note the shell's own
 * @property {number} accessExpiresAtMs 0: not known
 * @property {number} expiresAtMs the absolute end
 * @property {number} confirmedAtMs when it was begun or adopted the last time
 */

const decoder = new TextDecoder();

/**
 * Makes an instance of the module, synchronously: no code is generated and nothing is fetched.
 * @param {WebAssembly.Module} module
 * @param {(options: any) => unknown} createModule the glue's default export
 * @returns {Instance}
 * @throws {SesameError} `ERR_SESAME_MODULE` if the module is not the one this JavaScript was built with
 */
export function instantiate(module, createModule) {
  /** @type {any} */
  let exports;
  /** @type {any} */
  const glue = {
    /**
     * @param {WebAssembly.Imports} imports
     * @param {(instance: WebAssembly.Instance) => void} receive
     */
    instantiateWasm(imports, receive) {
      const instance = new WebAssembly.Instance(module, imports);
      exports = instance.exports;
      receive(instance);
      return exports;
    },
    locateFile: (/** @type {string} */ file) => file,
  };
  createModule(glue);
  const version = exports?.sesame_abi_version?.();
  if (version !== ABI_VERSION || !glue.create) {
    throw new SesameError(
      'ERR_SESAME_MODULE',
      `The WebAssembly module speaks version ${version} of the ABI, not ${ABI_VERSION}`,
    );
  }
  const memory = Object.values(exports).find((each) => each instanceof WebAssembly.Memory);
  return {
    exports: { ...exports, memory },
    bound: glue,
    findFaults: (options) => faultsOf(glue.findFaults(textOf(options))),
  };
}

/** What the core is told of the options. @param {object} options */
const textOf = (options) => JSON.stringify(options, CORE_OPTIONS);

/** @param {string} text */
function faultsOf(text) {
  const pairs = text.matchAll(/(.*)\n(.*)\n/g);
  return Array.from(pairs, ([, option, reason]) => ({ option, reason }));
}

/**
 * Stands in for what has been disposed of.
 * @type {any}
 */
const DISPOSED = new Proxy(
  {},
  {
    get() {
      throw new SesameError('ERR_SESAME_DISPOSED', 'The cache has been disposed of');
    },
  },
);

/** One cache of the core. Its methods are the calls of sesame_abi.h, and follow its conventions. */
export class Core {
  #exports;
  #bound;
  #handle;
  #input;
  #capacity;
  #output;
  /** @type {Uint8Array<ArrayBuffer>} */
  #bytes;
  /** @type {Uint8Array} */
  #inputBytes;
  /** @type {Uint32Array} */
  #u32;
  /** @type {Float64Array} */
  #f64;

  /**
   * @param {Instance} instance
   * @param {object} options as parsed and found without fault
   * @param {Uint8Array} secret 16 random bytes
   */
  constructor(instance, options, secret) {
    this.#exports = instance.exports;
    const { bound } = instance;
    const handle = bound.create(textOf(options), secret);
    this.#bound = bound;
    let isFreed = false;
    /** Frees the memory, once. Holds on to nothing of this object. */
    this.free = () => {
      if (!isFreed) bound.destroy(handle);
      isFreed = true;
    };
    this.#handle = handle;
    this.#input = this.#exports.sesame_input(this.#handle);
    this.#capacity = this.#exports.sesame_input_capacity(this.#handle);
    this.#output = this.#exports.sesame_output(this.#handle);
    this.#bytes = new Uint8Array();
    this.#inputBytes = new Uint8Array();
    this.#u32 = new Uint32Array();
    this.#f64 = new Float64Array();
  }

  /** Frees the cache. Every later call throws `ERR_SESAME_DISPOSED`. */
  dispose() {
    this.free();
    this.#exports = DISPOSED;
    this.#bound = DISPOSED;
  }

  /**
   * Takes another secret, for who gets to know it late. Nothing may have been asked of the cache yet.
   * @param {Uint8Array} secret 16 random bytes
   */
  replaceSecret(secret) {
    this.#bound.replaceSecret(this.#handle, secret);
  }

  /** @returns {any} counters by name, and `bypassReasons`: more of them by reason */
  statistics() {
    return JSON.parse(this.#bound.statistics(this.#handle));
  }

  // --- What the last call decided ---

  get source() {
    return this.#u32[U32.source];
  }
  get credential() {
    return this.#u32[U32.credential];
  }
  get reason() {
    return this.#u32[U32.reason];
  }
  /** Whether the body is the document as it is held from now on. */
  get isKept() {
    return this.#u32[U32.isKept] === 1;
  }
  /** The keys of the users it concerns, in hexadecimal: known after a fill or a write, not after a check. */
  get users() {
    const start = this.#output + ResultLayout.users;
    return Array.from({ length: this.#u32[U32.userCount] }, (_, index) =>
      this.#keyAt(start + index * KEY_BYTES),
    );
  }
  /** What has just been put into the core. @returns {KeptDocument | null} null: nothing */
  get keptDocument() {
    if (!this.isKept) return null;
    const { body, meta, expiresAtMs, bornAtMs, endsAtMs, asksFirst, users } = this;
    const times = { expiresAtMs, bornAtMs, endsAtMs };
    return { user: users[0] ?? null, body: body.slice(), meta, asksFirst, ...times };
  }
  get httpStatus() {
    return this.#u32[U32.httpStatus];
  }
  get lease() {
    return this.#u32[U32.lease];
  }
  get deadlineMs() {
    return this.#f64[F64.deadlineMs];
  }
  get retryAfterMs() {
    return this.#f64[F64.retryAfterMs];
  }
  get expiresAtMs() {
    return this.#f64[F64.expiresAtMs];
  }
  get freshUntilMs() {
    return this.#f64[F64.freshUntilMs];
  }
  get filledAtMs() {
    return this.#f64[F64.filledAtMs];
  }

  get bornAtMs() {
    return this.#f64[F64.bornAtMs];
  }
  get endsAtMs() {
    return this.#f64[F64.endsAtMs];
  }
  get asksFirst() {
    return this.#u32[U32.asksFirst] === 1;
  }

  /** The body, valid until the next call: a view, not a copy. */
  get body() {
    // Not `subarray`, which takes twice as long.
    return new Uint8Array(this.#bytes.buffer, this.#u32[U32.body], this.#u32[U32.bodyLength]);
  }

  /** The body as a string. */
  get bodyText() {
    return decoder.decode(this.body);
  }

  get meta() {
    const length = this.#u32[U32.metaLength];
    if (length === 0) return '';
    const start = this.#u32[U32.meta];
    return decoder.decode(this.#bytes.subarray(start, start + length));
  }

  // --- Calls ---

  /**
   * Hears what happens to sessions and users, while somebody needs to. It is called between two calls, and must make none.
   * @type {((kind: Change, key: string, more?: { at?: number, to?: RequestHead }) => void) | null}
   */
  changed = null;

  /**
   * Something has happened to the session of a request, and to the other credentials of it.
   * @param {'end' | 'change'} kind
   * @param {RequestHead} head
   * @param {Relative[]} [relatives]
   */
  tell(kind, head, relatives = []) {
    if (this.changed === null) return;
    const session = this.sessionKey(head);
    for (const { key, endingKey } of session === null ? relatives : [session, ...relatives]) {
      this.changed(kind, key);
      if (endingKey !== key) this.changed(kind, endingKey);
    }
  }

  /**
   * The hot path: no object is made here.
   * @param {RequestHead} head
   * @param {number} now
   * @param {number} waited
   * @param {number} flags
   */
  check({ tenant, cookie, authorization }, now, waited, flags) {
    const tenantLength = this.#writeText(0, tenant);
    const cookieLength = this.#writeText(tenantLength, cookie);
    const authorizationLength = this.#writeText(tenantLength + cookieLength, authorization);
    return this.#decided(
      this.#exports.sesame_check(
        this.#handle,
        now,
        tenantLength,
        cookieLength,
        authorizationLength,
        waited,
        flags,
      ),
    );
  }

  /**
   * What is decided by what is held: nothing is begun, nor counted. Its body and meta may be missing.
   * @param {RequestHead} head
   * @param {number} now
   */
  peek(head, now) {
    return this.check(head, now, 0, CheckFlag.PEEK | CheckFlag.AGAIN | CheckFlag.DECISION);
  }

  /**
   * The same, and the session does not count as used (`idleFor`).
   * @param {RequestHead} head
   * @param {number} now
   */
  look(head, now) {
    return this.check(head, now, 0, CheckFlag.PEEK | CheckFlag.AGAIN | CheckFlag.LOOK);
  }

  /**
   * @param {number} now
   * @param {number} lease
   * @param {Omit<OriginAnswer, 'body'> & { body: Uint8Array }} answer
   */
  completeFill(now, lease, answer) {
    const { httpStatus, isRefusal, retryAfterMs, cacheControl, meta, body } = answer;
    const { endsAtMs = 0, setsCookies = false } = answer;
    const cacheControlLength = this.#writeText(0, cacheControl);
    const metaLength = this.#writeText(cacheControlLength, meta);
    const bodyLength = this.#writeBytes(cacheControlLength + metaLength, body);
    return this.#decided(
      this.#exports.sesame_fill_complete(
        this.#handle,
        now,
        lease,
        httpStatus,
        isRefusal ? 1 : 0,
        retryAfterMs,
        endsAtMs,
        Number(setsCookies),
        cacheControlLength,
        metaLength,
        bodyLength,
      ),
    );
  }

  /**
   * The origin is about to be asked under a lease: the call is counted.
   * @param {number} now
   * @param {number} lease
   * @returns {boolean} false: the lease is over, and there is nothing to ask for
   */
  askOrigin(now, lease) {
    return this.#exports.sesame_fill_ask(this.#handle, now, lease) === 1;
  }

  /** @param {number} lease */
  releaseFill(lease) {
    this.#exports.sesame_fill_release(this.#handle, lease);
  }

  /**
   * @param {number} now
   * @param {number} waited
   */
  leaveWait(now, waited) {
    this.#exports.sesame_wait_leave(this.#handle, now, waited);
  }

  countPassed() {
    this.#exports.sesame_count_passed(this.#handle);
  }

  /**
   * @param {RequestHead} head
   * @param {number} now
   */
  beginWrite(head, now) {
    return this.#exports.sesame_write_begin(this.#handle, now, ...this.#writeHead(head)) >>> 0;
  }

  /**
   * @param {RequestHead} head
   * @param {number} now
   * @param {number} write
   * @param {{ httpStatus: number, body: Uint8Array | null }} answer `body` null: it holds no document
   */
  completeWrite(head, now, write, { httpStatus, body }) {
    const lengths = this.#writeHead(head);
    const start = lengths[0] + lengths[1] + lengths[2];
    const bodyLength = body ? this.#writeBytes(start, body) : 0;
    return this.#decided(
      this.#exports.sesame_write_complete(
        this.#handle,
        now,
        write,
        httpStatus,
        body ? 1 : 0,
        ...lengths,
        bodyLength,
      ),
    );
  }

  /** @param {RequestHead} head */
  forgetSession(head) {
    const relatives = this.changed === null ? [] : this.relatives(head);
    this.#exports.sesame_session_forget(this.#handle, ...this.#writeHead(head), 0);
    this.tell('change', head, relatives);
  }

  /**
   * The origin has just set this very cookie as it signed a user in: if it had ended, it begins anew (rule R8).
   * @param {RequestHead} head
   */
  forgetEnding(head) {
    this.#exports.sesame_session_forget(this.#handle, ...this.#writeHead(head), 2);
  }

  /** @param {RequestHead} head */
  forgetRefusal(head) {
    this.#exports.sesame_session_forget(this.#handle, ...this.#writeHead(head), 1);
  }

  /**
   * @param {RequestHead} head
   * @param {number} now
   * @param {boolean} isAccepted the origin or the store knows the credential
   * @returns {number} a Status: OK, UNKNOWN or FULL
   */
  revokeSession(head, now, isAccepted) {
    const relatives = this.changed === null ? [] : this.relatives(head);
    const status = this.#exports.sesame_session_revoke(
      this.#handle,
      now,
      ...this.#writeHead(head),
      isAccepted ? 1 : 0,
    );
    if (status !== Status.UNKNOWN) this.tell('end', head, relatives);
    return status;
  }

  /**
   * Whether the origin has accepted the credential, as far as this node knows.
   * @param {RequestHead} head
   * @param {number} now
   */
  isAccepted(head, now) {
    return (
      this.#exports.sesame_session_is_accepted(this.#handle, now, ...this.#writeHead(head)) === 1
    );
  }

  /**
   * Of whatever tenant.
   * @param {string} userId as JSON
   * @param {number} now
   * @returns {number} a Status
   */
  invalidateUser(userId, now) {
    const length = this.#writeText(0, userId);
    const status = this.#exports.sesame_user_invalidate(this.#handle, now, length);
    this.changed?.('change', this.userKey(userId) ?? '');
    return status;
  }

  /**
   * Of whatever tenant.
   * @param {string} userId as JSON
   * @param {number} now
   * @returns {number} a Status
   */
  revokeUser(userId, now) {
    const length = this.#writeText(0, userId);
    const status = this.#exports.sesame_user_revoke(this.#handle, now, length);
    this.changed?.('revoke', this.userKey(userId) ?? '');
    return status;
  }

  // --- Successions ---

  /**
   * The origin has put one credential in the place of another (rule R85).
   * @param {RequestHead} from
   * @param {RequestHead} to of the same tenant
   * @param {number} now
   * @param {{ endsAtMs: number, flags: number }} how `endsAtMs`: when the new cookie ends; 0: not known; `flags`: of
   *   SucceedFlag
   * @returns {number} an Action: SERVE, and the body is the document that the new one has; PASS: nothing is held;
   *   RETRY: it is no succession
   */
  succeed({ tenant, cookie, authorization }, to, now, { endsAtMs, flags }) {
    const texts = [tenant, cookie, authorization, to.cookie, to.authorization];
    const from = this.changed && this.sessionKey({ tenant, cookie, authorization });
    const lengths = this.#writeTexts(texts);
    const action = this.#exports.sesame_session_succeed(
      ...[this.#handle, now, endsAtMs, flags, ...lengths],
    );
    if (from && action !== Action.RETRY) this.changed?.('move', from.key, { to });
    return this.#decided(action);
  }

  /**
   * The origin has issued a refresh token together with the credential of a request.
   * @param {RequestHead} head
   * @param {string} refreshToken
   * @param {number} now
   */
  noteRefreshToken({ tenant, cookie, authorization }, refreshToken, now) {
    const lengths = this.#writeTexts([tenant, cookie, authorization, refreshToken]);
    this.#exports.sesame_tokens_issued(this.#handle, now, ...lengths);
  }

  /**
   * The origin has exchanged a refresh token for the credential of a request (rule R85).
   * @param {RequestHead} head
   * @param {{ used: string, issued: string }} refreshTokens `issued` empty: the one that was used stays
   * @param {number} now
   * @returns {number} an Action: as `succeed`; REFUSE: the session has ended, and this credential with it
   */
  renew({ tenant, cookie, authorization }, { used, issued }, now) {
    const lengths = this.#writeTexts([tenant, cookie, authorization, used, issued]);
    const action = this.#exports.sesame_tokens_renewed(this.#handle, now, ...lengths);
    const isRenewed = action === Action.SERVE || action === Action.PASS;
    if (isRenewed) this.changed?.('renew', '', { to: { tenant, cookie, authorization } });
    return this.#decided(action);
  }

  /**
   * The other credentials of a request's session, as far as they are known.
   * @param {RequestHead} head
   * @returns {Relative[]}
   */
  relatives(head) {
    const count = this.#exports.sesame_session_relatives(this.#handle, ...this.#writeHead(head));
    if (count === 0) return [];
    this.#refreshViews();
    const { body } = this;
    const keyAt = (/** @type {number} */ at) => toHex(body.subarray(at, at + KEY_BYTES));
    return Array.from({ length: count }, (_, index) => ({
      key: keyAt(2 * index * KEY_BYTES),
      endingKey: keyAt((2 * index + 1) * KEY_BYTES),
    }));
  }

  /**
   * Another node says that these are one session.
   * @param {Relative[]} members the first credential first
   * @param {number} now
   */
  link(members, now) {
    const keys = members.flatMap(({ key, endingKey }) => [fromHex(key), fromHex(endingKey)]);
    this.#exports.sesame_session_link(this.#handle, now, this.#writeBytes(0, joined(keys)));
  }

  /** The number of the newest event. */
  get sequence() {
    return this.#exports.sesame_sequence(this.#handle) >>> 0;
  }

  /**
   * @param {number} now
   * @param {{ askedAt: number, tenant: string, cookie: string, tokens: Tokens,
   *   answer: OriginAnswer }} session
   */
  beginSession(now, { askedAt, tenant, cookie, tokens, answer }) {
    const lengths = this.#writeTexts([
      tenant,
      cookie,
      tokens.access,
      tokens.refresh,
      answer.cacheControl,
      answer.meta,
    ]);
    const start = lengths.reduce((sum, length) => sum + length, 0);
    const bodyLength = this.#writeBytes(start, answer.body);
    return this.#decided(
      this.#exports.sesame_session_begin(
        this.#handle,
        now,
        askedAt,
        tokens.accessExpiresAtMs,
        ...lengths,
        bodyLength,
      ),
    );
  }

  /**
   * @param {RequestHead} head
   * @param {string} rejected a token, or empty
   * @param {number} now
   * @param {number} waited
   */
  authorizeSession({ tenant, cookie, authorization }, rejected, now, waited) {
    const lengths = this.#writeTexts([tenant, cookie, authorization, rejected]);
    return this.#decided(
      this.#exports.sesame_session_authorize(this.#handle, now, ...lengths, waited),
    );
  }

  /**
   * @param {number} now
   * @param {number} lease
   * @param {{ httpStatus: number, retryAfterMs: number, tokens: Tokens }} answer
   */
  completeRefresh(now, lease, { httpStatus, retryAfterMs, tokens }) {
    const lengths = this.#writeTexts([tokens.access, tokens.refresh]);
    return this.#decided(
      this.#exports.sesame_refresh_complete(
        this.#handle,
        now,
        lease,
        httpStatus,
        retryAfterMs,
        tokens.accessExpiresAtMs,
        ...lengths,
      ),
    );
  }

  /**
   * The sessions that newer ones of their users have ended since the last call.
   * @returns {string[]} their keys, in hexadecimal
   */
  crowdedOut() {
    const count = this.#exports.sesame_sessions_crowded_out(this.#handle);
    if (count === 0) return [];
    this.#refreshViews();
    const { body } = this;
    return Array.from({ length: count }, (_, index) =>
      toHex(body.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES)),
    );
  }

  // --- Several nodes ---

  /**
   * What names the session of a request to every node with the same secret.
   * @param {RequestHead} head
   * @returns {{ key: string, endingKey: string, kind: number, name: string, credential: string } | null} keys in
   *   hexadecimal; `endingKey`: the key that all spellings of a token share, else `key`; `name`: the cookie's, or the
   *   scheme in lower case; null if the request has not exactly one credential
   */
  sessionKey(head) {
    if (this.#exports.sesame_session_key(this.#handle, ...this.#writeHead(head)) === 0) return null;
    this.#refreshViews();
    const { body } = this;
    return {
      key: toHex(body.subarray(0, KEY_BYTES)),
      endingKey: toHex(body.subarray(KEY_BYTES, 2 * KEY_BYTES)),
      kind: this.credential,
      name: decoder.decode(body.subarray(2 * KEY_BYTES)),
      credential: this.meta,
    };
  }

  /**
   * The credentials that a request names, each as a request of its own: what ends or changes a session has to reach
   * all of them (rule R1).
   * @param {RequestHead} head
   * @returns {RequestHead[]} the request itself if it has exactly one
   */
  namedHeads(head) {
    const { tenant, cookie, authorization } = head;
    const hasOne = this.sessionKey(head) !== null;
    if (hasOne && (cookie === '' || authorization === '')) return [head];
    if (this.#exports.sesame_credentials(this.#handle, ...this.#writeHead(head)) === 0) return [];
    this.#refreshViews();
    const lines = this.bodyText.split('\n').slice(0, -1);
    const named = lines.map((line) =>
      line[0] === 'c'
        ? { tenant, cookie: line.slice(1), authorization: '' }
        : { tenant, cookie: '', authorization: line.slice(1) },
    );
    const counting = named.filter((each) => this.sessionKey(each) !== null);
    return hasOne && counting.length === 1 ? [head] : counting;
  }

  /**
   * What stands for the credential of a request under every tenant (R4): what happens to it under one is noted there.
   * @param {RequestHead} head
   * @returns {string | null} a key in hexadecimal; null if the request has no tenant, or not exactly one credential
   */
  keyOfAllTenants(head) {
    return head.tenant === '' ? null : (this.sessionKey({ ...head, tenant: '' })?.key ?? null);
  }

  /**
   * The managed session of a request.
   * @param {RequestHead} head
   * @param {number} now
   * @returns {ManagedSession | null}
   */
  exportSession(head, now) {
    const lengths = this.#writeHead(head);
    return this.#exported(this.#exports.sesame_session_export(this.#handle, now, ...lengths));
  }

  /**
   * The managed session of a key.
   * @param {string} key in hexadecimal
   * @param {number} now
   * @returns {ManagedSession | null}
   */
  findSession(key, now) {
    const length = this.#writeBytes(0, fromHex(key));
    return this.#exported(this.#exports.sesame_session_find(this.#handle, now, length));
  }

  /**
   * One managed session after another, in no order.
   * @param {number} from 0, and then what the last one gave as `next`
   * @param {number} now
   * @returns {(ManagedSession & { next: number }) | null} null: there are no more
   */
  nextSession(from, now) {
    return this.#exported(this.#exports.sesame_session_next(this.#handle, now, from));
  }

  /** @param {number} at where a session is exported; 0: nowhere */
  #exported(at) {
    if (at === 0) return null;
    this.#refreshViews();
    const exported = new DataView(this.#bytes.buffer, at, ExportedLayout.SIZE);
    const u32 = (/** @type {number} */ offset) => exported.getUint32(offset, true);
    const f64 = (/** @type {number} */ offset) => exported.getFloat64(offset, true);
    const text = (/** @type {number} */ start, /** @type {number} */ length) =>
      decoder.decode(this.#bytes.subarray(start, start + length));
    return {
      key: this.#keyAt(at + ExportedLayout.session),
      user: this.#keyAt(at + ExportedLayout.user),
      access: text(u32(ExportedLayout.access), u32(ExportedLayout.accessLength)),
      refresh: text(u32(ExportedLayout.refresh), u32(ExportedLayout.refreshLength)),
      note: text(u32(ExportedLayout.note), u32(ExportedLayout.noteLength)),
      accessExpiresAtMs: f64(ExportedLayout.accessExpiresAtMs),
      expiresAtMs: f64(ExportedLayout.expiresAtMs),
      confirmedAtMs: f64(ExportedLayout.confirmedAtMs),
      next: u32(ExportedLayout.next),
    };
  }

  /**
   * Takes over a managed session from the store, or what is known of one since.
   * @param {number} now
   * @param {{ askedAt: number, isShared: boolean, session: Pick<ManagedSession, 'key' | 'user' | 'access' | 'refresh' |
   *   'accessExpiresAtMs' | 'expiresAtMs' | 'note'> }} found `askedAt`: the sequence from before
   *   the store was asked; `isShared`: the store has it as it is, so it may make room for another
   * @returns {boolean} false: it has ended here since, or does not fit
   */
  adoptSession(now, { askedAt, isShared, session }) {
    const { key, user, access, refresh, note } = session;
    const lengths = [KEY_BYTES, KEY_BYTES];
    let start = this.#writeBytes(0, joined([fromHex(key), fromHex(user)]));
    for (const text of [access, refresh, note]) {
      const length = this.#writeText(start, text);
      lengths.push(length);
      start += length;
    }
    const { accessExpiresAtMs, expiresAtMs } = session;
    const times = [accessExpiresAtMs, expiresAtMs];
    return (
      this.#exports.sesame_session_adopt(
        ...[this.#handle, now, askedAt, ...times, ...lengths],
        Number(isShared),
      ) === 1
    );
  }

  /**
   * The key of a user: the same for every tenant.
   * @param {string} userId as JSON
   * @returns {string | null} in hexadecimal; null if that is no identifier
   */
  userKey(userId) {
    const status = this.#exports.sesame_user_key(this.#handle, this.#writeText(0, userId));
    if (status !== Status.OK) return null;
    this.#refreshViews();
    return toHex(this.body);
  }

  /**
   * Applies what another node has done.
   * @param {number} event a RemoteEvent
   * @param {string} key in hexadecimal
   * @param {number} now
   * @param {number} [before] of a revocation that was published later than it was called: when that was
   */
  applyRemote(event, key, now, before = 0) {
    const length = this.#writeBytes(0, fromHex(key));
    this.#exports.sesame_remote_apply(this.#handle, now, event, length, before);
    this.changed?.(CHANGES[event] ?? 'any', key, { at: before || now });
  }

  /** @param {number} time what was filled before is not served until this is set back to 0 */
  trustFrom(time) {
    this.#exports.sesame_trust_from(this.#handle, time);
  }

  /**
   * @param {number} now
   * @param {number} lease
   * @param {SharedDocument} document what another node has left
   */
  completeShared(now, lease, document) {
    const { filledAtMs, bornAtMs, endsAtMs, asksFirst, cacheControl, meta, body } = document;
    const cacheControlLength = this.#writeText(0, cacheControl);
    const metaLength = this.#writeText(cacheControlLength, meta);
    const bodyLength = this.#writeBytes(cacheControlLength + metaLength, body);
    return this.#decided(
      this.#exports.sesame_fill_shared(
        this.#handle,
        now,
        lease,
        filledAtMs,
        bornAtMs,
        endsAtMs,
        Number(asksFirst),
        cacheControlLength,
        metaLength,
        bodyLength,
      ),
    );
  }

  // --- Snapshots ---

  /**
   * @param {number} now
   * @param {string} context
   * @returns {number} a Status
   */
  beginSnapshot(now, context) {
    return this.#exports.sesame_snapshot_begin(this.#handle, now, this.#writeText(0, context));
  }

  /**
   * The next part, as the body, if the status is MORE.
   * @returns {number} a Status
   */
  nextOfSnapshot() {
    return this.#decided(this.#exports.sesame_snapshot_next(this.#handle));
  }

  /**
   * @param {number} now
   * @param {string} context
   * @returns {number} a Status
   */
  beginRestore(now, context) {
    return this.#exports.sesame_restore_begin(this.#handle, now, this.#writeText(0, context));
  }

  /** The most that may be fed at once, in bytes. */
  get feedCapacity() {
    return this.#capacity;
  }

  /**
   * @param {Uint8Array} piece at most feedCapacity bytes
   * @returns {number} a Status
   */
  feedRestore(piece) {
    return this.#exports.sesame_restore_feed(this.#handle, this.#writeBytes(0, piece));
  }

  /** @returns {number} a Status */
  endRestore() {
    return this.#exports.sesame_restore_end(this.#handle);
  }

  // --- Memory ---

  /** Looks the views up again if the memory has grown since: views of what it was are empty. */
  #refreshViews() {
    if (this.#u32.length > 0) return;
    const { buffer } = this.#exports.memory;
    this.#bytes = new Uint8Array(buffer);
    this.#inputBytes = new Uint8Array(buffer, this.#input, this.#capacity);
    this.#u32 = new Uint32Array(buffer, this.#output, ResultLayout.SIZE / 4);
    this.#f64 = new Float64Array(buffer, this.#output, ResultLayout.SIZE / 8);
  }

  /**
   * A key, in hexadecimal.
   * @param {number} at where its bytes are
   */
  #keyAt(at) {
    return toHex(this.#bytes.subarray(at, at + KEY_BYTES));
  }

  /** @param {number} action */
  #decided(action) {
    this.#refreshViews();
    return action >>> 0;
  }

  /** @param {RequestHead} head */
  #writeHead({ tenant, cookie, authorization }) {
    return this.#writeTexts([tenant, cookie, authorization]);
  }

  /**
   * Writes texts one after another, and returns their lengths.
   * @param {string[]} texts
   */
  #writeTexts(texts) {
    let offset = 0;
    return texts.map((text) => {
      const length = this.#writeText(offset, text);
      offset += length;
      return length;
    });
  }

  /**
   * Writes at an offset of the input region. Returns the length; what does not fit is given a length
   * that the core refuses (convention 3).
   * @param {number} offset
   * @param {string} text
   */
  #writeText(offset, text) {
    if (text === '') return 0;
    this.#refreshViews();
    if (offset >= this.#capacity) return this.#capacity + 1;
    const target = offset === 0 ? this.#inputBytes : this.#inputBytes.subarray(offset);
    const { read, written } = encoder.encodeInto(text, target);
    return read === text.length ? written : this.#capacity + 1;
  }

  /**
   * @param {number} offset
   * @param {Uint8Array} bytes
   */
  #writeBytes(offset, bytes) {
    if (offset + bytes.length > this.#capacity) return this.#capacity + 1;
    this.#refreshViews();
    this.#bytes.set(bytes, this.#input + offset);
    return bytes.length;
  }
}
