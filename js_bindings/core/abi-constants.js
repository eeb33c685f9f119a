// Generated from wasm/abi/sesame_abi.h by scripts/generate-abi.mjs; do not edit.
// Numbers shared by the core and JavaScript: constants, enums, where fields of structs lie.

export const ABI_VERSION = 10;
export const KEY_BYTES = 16;
export const USERS_BYTES = 48;

/** `enum sesame_action` */
export const Action = Object.freeze({
  SERVE: 0,
  SERVE_STALE: 1,
  FETCH: 2,
  WAIT: 3,
  REFUSE: 4,
  PASS: 5,
  UNAVAILABLE: 6,
  RETRY: 7,
  TOO_LARGE: 8,
  ANSWER: 9,
});

/** `enum sesame_source` */
export const Source = Object.freeze({
  NONE: 0,
  FRESH: 1,
  STALE: 2,
  ORIGIN: 3,
  NEGATIVE: 4,
});

/** `enum sesame_credential` */
export const Credential = Object.freeze({
  ANONYMOUS: 0,
  COOKIE: 1,
  BEARER: 2,
  AMBIGUOUS: 3,
});

/** `enum sesame_reason` */
export const Reason = Object.freeze({
  NONE: 0,
  FRESH: 1,
  STALE: 2,
  FOLLOWED: 3,
  ABSENT: 4,
  EXPIRED: 5,
  DISTRUSTED: 6,
  CHANGED: 7,
  REVOKED: 8,
  TOMBSTONE: 9,
  NEGATIVE: 10,
  UNKNOWN_SESSION: 11,
  INSISTED: 12,
  UNKNOWN_WRITER: 13,
  ANONYMOUS: 14,
  MALFORMED_HEADER: 15,
  COOKIES_DIFFER: 16,
  AUTHORIZATION: 17,
  COOKIE_AND_AUTHORIZATION: 18,
  TOO_LARGE: 19,
  LEASE_BUSY: 20,
  NO_LEASE: 21,
  BACKOFF: 22,
  ORIGIN_FAILED: 23,
  OVERTAKEN: 24,
  COOKIE_NAME_VARIANT: 25,
  UNDECODABLE_BYTES: 26,
  JOINED_FIELDS: 27,
  CHUNKS: 28,
  IDLE: 29,
});

/** `enum sesame_status` */
export const Status = Object.freeze({
  OK: 0,
  NOT_JSON: 1,
  NOT_OBJECT: 2,
  TOO_LARGE: 3,
  TOO_DEEP: 4,
  MORE: 5,
  REFUSED: 6,
  UNSUPPORTED: 7,
  UNKNOWN: 8,
  FULL: 9,
});

/** `enum sesame_check_flag` */
export const CheckFlag = Object.freeze({
  FRESH: 1,
  AGAIN: 2,
  PEEK: 4,
  DECISION: 8,
  LOOK: 16,
});

/** `enum sesame_succeed_flag` */
export const SucceedFlag = Object.freeze({
  ACCEPTED: 1,
  UNDELIVERED: 2,
});

/** `enum sesame_remote_event` */
export const RemoteEvent = Object.freeze({
  SESSION_ENDED: 0,
  USER_REVOKED: 1,
  USER_CHANGED: 2,
  SESSION_FORGOTTEN: 4,
});

/** Bytes from the start of a `struct sesame_result` to each field, and its size. */
export const ResultLayout = Object.freeze({
  SIZE: 160,
  /** uint32 */
  action: 0,
  /** uint32 */
  source: 4,
  /** uint32 */
  credential: 8,
  /** uint32 */
  reason: 12,
  /** uint32 */
  httpStatus: 16,
  /** uint32 */
  isKept: 20,
  /** uint32 */
  lease: 24,
  /** pointer */
  meta: 28,
  /** uint32 */
  metaLength: 32,
  /** pointer */
  body: 36,
  /** uint32 */
  bodyLength: 40,
  /** double */
  deadlineMs: 48,
  /** double */
  retryAfterMs: 56,
  /** double */
  expiresAtMs: 64,
  /** double */
  freshUntilMs: 72,
  /** double */
  filledAtMs: 80,
  /** double */
  bornAtMs: 88,
  /** double */
  endsAtMs: 96,
  /** uint32 */
  asksFirst: 104,
  /** uint32 */
  userCount: 108,
  /** uint8[48] */
  users: 112,
});

/** Bytes from the start of a `struct sesame_exported` to each field, and its size. */
export const ExportedLayout = Object.freeze({
  SIZE: 88,
  /** uint8[16] */
  user: 0,
  /** uint8[16] */
  session: 16,
  /** pointer */
  access: 32,
  /** uint32 */
  accessLength: 36,
  /** pointer */
  refresh: 40,
  /** uint32 */
  refreshLength: 44,
  /** pointer */
  note: 48,
  /** uint32 */
  noteLength: 52,
  /** double */
  accessExpiresAtMs: 56,
  /** double */
  expiresAtMs: 64,
  /** double */
  confirmedAtMs: 72,
  /** uint32 */
  next: 80,
});

/**
 * What the module exports: the header's functions, and its memory.
 * @typedef {object} SesameExports
 * @property {WebAssembly.Memory} memory
 * @property {() => number} sesame_abi_version
 * @property {(cache: number) => number} sesame_input
 * @property {(cache: number) => number} sesame_input_capacity
 * @property {(cache: number) => number} sesame_output
 * @property {(cache: number, nowMs: number, tenantLength: number, cookieLength: number, authorizationLength: number, waited: number, flags: number) => number} sesame_check
 * @property {(cache: number, nowMs: number, lease: number, httpStatus: number, isRefusal: number, retryAfterMs: number, endsAtMs: number, setsCookies: number, cacheControlLength: number, metaLength: number, bodyLength: number) => number} sesame_fill_complete
 * @property {(cache: number, nowMs: number, lease: number) => number} sesame_fill_ask
 * @property {(cache: number, lease: number) => void} sesame_fill_release
 * @property {(cache: number, nowMs: number, waited: number) => void} sesame_wait_leave
 * @property {(cache: number) => void} sesame_count_passed
 * @property {(cache: number, nowMs: number, tenantLength: number, cookieLength: number, authorizationLength: number) => number} sesame_write_begin
 * @property {(cache: number, nowMs: number, write: number, httpStatus: number, mayHoldDocument: number, tenantLength: number, cookieLength: number, authorizationLength: number, bodyLength: number) => number} sesame_write_complete
 * @property {(cache: number, tenantLength: number, cookieLength: number, authorizationLength: number, what: number) => void} sesame_session_forget
 * @property {(cache: number, nowMs: number, tenantLength: number, cookieLength: number, authorizationLength: number, isAccepted: number) => number} sesame_session_revoke
 * @property {(cache: number, nowMs: number, tenantLength: number, cookieLength: number, authorizationLength: number) => number} sesame_session_is_accepted
 * @property {(cache: number, nowMs: number, userIdLength: number) => number} sesame_user_invalidate
 * @property {(cache: number, nowMs: number, userIdLength: number) => number} sesame_user_revoke
 * @property {(cache: number, nowMs: number, endsAtMs: number, flags: number, tenantLength: number, cookieLength: number, authorizationLength: number, newCookieLength: number, newAuthorizationLength: number) => number} sesame_session_succeed
 * @property {(cache: number, nowMs: number, tenantLength: number, cookieLength: number, authorizationLength: number, refreshLength: number) => void} sesame_tokens_issued
 * @property {(cache: number, nowMs: number, tenantLength: number, cookieLength: number, authorizationLength: number, usedLength: number, refreshLength: number) => number} sesame_tokens_renewed
 * @property {(cache: number, tenantLength: number, cookieLength: number, authorizationLength: number) => number} sesame_session_relatives
 * @property {(cache: number, nowMs: number, membersLength: number) => void} sesame_session_link
 * @property {(cache: number) => number} sesame_sequence
 * @property {(cache: number, nowMs: number, askedAt: number, accessExpiresAtMs: number, tenantLength: number, cookieLength: number, accessLength: number, refreshLength: number, cacheControlLength: number, metaLength: number, bodyLength: number) => number} sesame_session_begin
 * @property {(cache: number, nowMs: number, tenantLength: number, cookieLength: number, authorizationLength: number, rejectedLength: number, waited: number) => number} sesame_session_authorize
 * @property {(cache: number, nowMs: number, lease: number, httpStatus: number, retryAfterMs: number, accessExpiresAtMs: number, accessLength: number, refreshLength: number) => number} sesame_refresh_complete
 * @property {(cache: number, nowMs: number, tenantLength: number, cookieLength: number, authorizationLength: number) => number} sesame_session_export
 * @property {(cache: number, nowMs: number, keyLength: number) => number} sesame_session_find
 * @property {(cache: number, nowMs: number, from: number) => number} sesame_session_next
 * @property {(cache: number, nowMs: number, askedAt: number, accessExpiresAtMs: number, expiresAtMs: number, keyLength: number, userLength: number, accessLength: number, refreshLength: number, noteLength: number, isShared: number) => number} sesame_session_adopt
 * @property {(cache: number) => number} sesame_sessions_crowded_out
 * @property {(cache: number, tenantLength: number, cookieLength: number, authorizationLength: number) => number} sesame_session_key
 * @property {(cache: number, tenantLength: number, cookieLength: number, authorizationLength: number) => number} sesame_credentials
 * @property {(cache: number, userIdLength: number) => number} sesame_user_key
 * @property {(cache: number, nowMs: number, event: number, keyLength: number, beforeMs: number) => void} sesame_remote_apply
 * @property {(cache: number, timeMs: number) => void} sesame_trust_from
 * @property {(cache: number, nowMs: number, lease: number, filledAtMs: number, bornAtMs: number, endsAtMs: number, asksFirst: number, cacheControlLength: number, metaLength: number, bodyLength: number) => number} sesame_fill_shared
 * @property {(cache: number, nowMs: number, contextLength: number) => number} sesame_snapshot_begin
 * @property {(cache: number) => number} sesame_snapshot_next
 * @property {(cache: number, nowMs: number, contextLength: number) => number} sesame_restore_begin
 * @property {(cache: number, length: number) => number} sesame_restore_feed
 * @property {(cache: number) => number} sesame_restore_end
 */
