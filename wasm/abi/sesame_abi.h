/* The contract between the core and whoever hosts it: plain C, exported from the module.
 *
 * Conventions
 *  1. Version. The host compares sesame_abi_version() with the SESAME_ABI_VERSION that it was
 *     built for, and refuses the module if they differ. Any change to this file that a host
 *     could notice raises it.
 *  2. Handles. A sesame_cache is made and ended by embind's create() and destroy() (wasm/embind),
 *     and a handle is its address; natively it is the C++ struct of cache_handle.h. Nothing
 *     may be called with one that has ended.
 *  3. Input. The host writes the byte fields of a call one after another, in the order of the
 *     length parameters, from sesame_input() on; together at most sesame_input_capacity()
 *     bytes. More than that is refused (SESAME_ACTION_TOO_LARGE or a status) and never read.
 *     The core keeps no pointer into the region after the call.
 *  4. Output. Every call that returns an action has filled the struct at sesame_output(), whose
 *     address never changes. The bytes it points to stay valid until the next call on that
 *     cache.
 *  5. Views. A host's views of the memory die whenever the memory grows, which any call may
 *     cause.
 *  6. Time is `now_ms`, milliseconds since the Unix epoch, whole, given by the host. The core
 *     reads no clock, and time may stand still between calls; it should not go back.
 *  7. Errors. No call aborts, throws or prints on bad input. Actions and statuses are numbers;
 *     their meanings never change, new ones are appended.
 *  8. Threads. A cache belongs to one thread.
 *  9. Absent header fields are empty ones.
 *
 * js_bindings/core/abi-constants.js is generated from this file.
 */
#ifndef SESAME_ABI_H
#define SESAME_ABI_H

#include <stdint.h>

#ifdef __wasm__
#define SESAME_EXPORT __attribute__((used, visibility("default")))
#else
#define SESAME_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define SESAME_ABI_VERSION 10

/* Of a key of a session or a user. */
#define SESAME_KEY_BYTES 16
/* Of the keys of the users in a result: three at most. */
#define SESAME_USERS_BYTES 48

/* --- What the host is to do ------------------------------------------------------------------- */

enum sesame_action {
  SESAME_ACTION_SERVE = 0,       /* answer with the body: the user's document, fresh */
  SESAME_ACTION_SERVE_STALE = 1, /* the same, older; lease != 0: refresh it behind the answer */
  SESAME_ACTION_FETCH = 2,       /* ask the origin under the lease, then sesame_fill_complete */
  SESAME_ACTION_WAIT = 3,        /* another holds the lease: check again, saying so */
  SESAME_ACTION_REFUSE = 4,      /* answer http_status with the body: a clear "no" */
  SESAME_ACTION_PASS = 5,        /* let the origin answer this request as it is; keep nothing */
  SESAME_ACTION_UNAVAILABLE = 6, /* answer 503 with Retry-After */
  SESAME_ACTION_RETRY = 7,       /* overtaken: check again from the start */
  SESAME_ACTION_TOO_LARGE = 8,   /* answer 431 */
  SESAME_ACTION_ANSWER = 9       /* pass on http_status and body: the origin's failure, not kept */
};

enum sesame_source {
  SESAME_SOURCE_NONE = 0,
  SESAME_SOURCE_FRESH = 1,
  SESAME_SOURCE_STALE = 2,
  SESAME_SOURCE_ORIGIN = 3,
  SESAME_SOURCE_NEGATIVE = 4
};

enum sesame_credential {
  SESAME_CREDENTIAL_ANONYMOUS = 0,
  SESAME_CREDENTIAL_COOKIE = 1,
  SESAME_CREDENTIAL_BEARER = 2,
  SESAME_CREDENTIAL_AMBIGUOUS = 3
};

/* Why it was decided so. Of an answer for which the origin was asked: why it had to be. */
enum sesame_reason {
  SESAME_REASON_NONE = 0,
  SESAME_REASON_FRESH = 1,    /* held, and young enough */
  SESAME_REASON_STALE = 2,    /* held, and older: it is refreshed behind the answer, or before it */
  SESAME_REASON_FOLLOWED = 3, /* the answer to another request of this credential */
  SESAME_REASON_ABSENT = 4,   /* nothing is held: it never was, was evicted, or has been dropped */
  SESAME_REASON_EXPIRED = 5,  /* past keepFor or expiresIn */
  SESAME_REASON_DISTRUSTED = 6,       /* filled before the node lost its link (R32) */
  SESAME_REASON_CHANGED = 7,          /* its user has changed since (R22, R23) */
  SESAME_REASON_REVOKED = 8,          /* its user has been revoked (R23) */
  SESAME_REASON_TOMBSTONE = 9,        /* the session has been ended (R8) */
  SESAME_REASON_NEGATIVE = 10,        /* a remembered refusal (R12) */
  SESAME_REASON_UNKNOWN_SESSION = 11, /* no managed session has this cookie (R20) */
  SESAME_REASON_INSISTED = 12,        /* the caller asked for a fresh one (R11) */
  SESAME_REASON_UNKNOWN_WRITER =
      13, /* a write, and it is not known whose document it has changed (R22) */
  SESAME_REASON_ANONYMOUS = 14,        /* no credential */
  SESAME_REASON_MALFORMED_HEADER = 15, /* ambiguous: a header that readers may read differently */
  SESAME_REASON_COOKIES_DIFFER = 16,   /* ambiguous: session cookies that contradict each other */
  SESAME_REASON_AUTHORIZATION = 17,    /* ambiguous: a scheme that carries no whole credential */
  SESAME_REASON_COOKIE_AND_AUTHORIZATION = 18, /* ambiguous: a credential in each */
  SESAME_REASON_TOO_LARGE = 19,                /* headers over their limit (R44) */
  SESAME_REASON_LEASE_BUSY = 20,               /* another request asks the origin already (R9) */
  SESAME_REASON_NO_LEASE = 21,                 /* all leases are taken */
  SESAME_REASON_BACKOFF = 22,                  /* the origin has asked for patience (R13) */
  SESAME_REASON_ORIGIN_FAILED = 23,            /* it has been asked, and failed (R13) */
  SESAME_REASON_OVERTAKEN = 24,           /* something happened to the session meanwhile (R10) */
  SESAME_REASON_COOKIE_NAME_VARIANT = 25, /* ambiguous: some reader takes it for a session cookie */
  SESAME_REASON_UNDECODABLE_BYTES =
      26,                           /* ambiguous: the host may not have given the bytes as sent */
  SESAME_REASON_JOINED_FIELDS = 27, /* ambiguous: fields joined by a comma, or two cookies in one */
  SESAME_REASON_CHUNKS = 28,        /* ambiguous: chunks of a session cookie that do not fit */
  SESAME_REASON_IDLE = 29           /* unused for `idleFor` */
};

enum sesame_status {
  SESAME_STATUS_OK = 0,
  SESAME_STATUS_NOT_JSON = 1,
  SESAME_STATUS_NOT_OBJECT = 2,
  SESAME_STATUS_TOO_LARGE = 3,
  SESAME_STATUS_TOO_DEEP = 4,
  SESAME_STATUS_MORE = 5,        /* not at the end yet: call again */
  SESAME_STATUS_REFUSED = 6,     /* not a snapshot that may be restored; the cache is empty */
  SESAME_STATUS_UNSUPPORTED = 7, /* the cache keeps tokens, which are in no snapshot */
  SESAME_STATUS_UNKNOWN =
      8,                 /* the origin has not accepted the credential, for all the node knows */
  SESAME_STATUS_FULL = 9 /* no room to remember it */
};

/* Flags of sesame_check. */
enum sesame_check_flag {
  SESAME_CHECK_FRESH = 1, /* what is held does not count (SPEC R11) */
  SESAME_CHECK_AGAIN = 2, /* not the first check of this request: it is not counted again */
  SESAME_CHECK_PEEK = 4,  /* answer from what is held, or RETRY: nothing is begun */
  /* Beside PEEK: the decision is all that is wanted. Meta and body of the result may be missing. */
  SESAME_CHECK_DECISION = 8,
  /* In its place: the same, and the session does not count as used (`idleFor`). */
  SESAME_CHECK_LOOK = 16
};

/* What a call decided. Times are milliseconds since the epoch, durations milliseconds. */
struct sesame_result {
  uint32_t action;      /* sesame_action */
  uint32_t source;      /* sesame_source */
  uint32_t credential;  /* sesame_credential */
  uint32_t reason;      /* sesame_reason */
  uint32_t http_status; /* of what is answered */
  uint32_t is_kept;     /* 1: the body is the document as it is held from now on */
  uint32_t lease;       /* 0: none */
  const char* meta;     /* the bytes stored beside the body */
  uint32_t meta_length;
  const char* body;
  uint32_t body_length;
  double deadline_ms;    /* of WAIT: when the lease ends at the latest */
  double retry_after_ms; /* of UNAVAILABLE */
  double expires_at_ms;  /* of SERVE and SERVE_STALE: the absolute end of the session, rounded
                            down to a second */
  double fresh_until_ms; /* of the same; 0: the document is not kept */
  double filled_at_ms;   /* of what was held: when the origin last confirmed it */
  double born_at_ms;     /* of the same: when the session began */
  double ends_at_ms;     /* of the same: when its cookie ends; 0: not known */
  uint32_t asks_first;   /* 1: once stale, the document is confirmed before it is served */
  /* The keys of the users that it concerns, one after another, no key twice. After a fill, of the
   * user whose document it is; after a write, see there. Never after a check: an entry carries 32
   * bits of the key, and the rest would have to be read from the document. */
  uint32_t user_count;
  uint8_t users[48];
};

/* A managed session, for other nodes. */
struct sesame_exported {
  uint8_t user[16];    /* its user's key */
  uint8_t session[16]; /* its own */
  const char* access;
  uint32_t access_length;
  const char* refresh;
  uint32_t refresh_length;
  const char* note; /* the host's own, as it was adopted with */
  uint32_t note_length;
  double access_expires_at_ms; /* 0: not known */
  double expires_at_ms;        /* the absolute end: from it other nodes know when it began */
  double confirmed_at_ms;      /* when it was begun or adopted the last time */
  uint32_t next;               /* see sesame_session_next */
};

typedef struct sesame_cache sesame_cache;

/* --- Lifecycle -------------------------------------------------------------------------------- */

SESAME_EXPORT uint32_t sesame_abi_version(void);

SESAME_EXPORT uint8_t* sesame_input(sesame_cache* cache);
SESAME_EXPORT uint32_t sesame_input_capacity(sesame_cache* cache);
SESAME_EXPORT struct sesame_result* sesame_output(sesame_cache* cache);

/* --- Reading ---------------------------------------------------------------------------------- */

/* Decides a request for the document (SPEC R1-R13). Returns the action. `waited`: the lease that
 * an earlier WAIT named for the same request, else 0. */
SESAME_EXPORT uint32_t sesame_check(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                                    uint32_t cookie_length, uint32_t authorization_length,
                                    uint32_t waited, uint32_t flags);

/* Brings the origin's answer to a lease. `http_status` 0: it could not be had. `is_refusal`: it is
 * a clear "no", though its status tells of success or leads elsewhere (rule R80). `meta` is kept
 * beside the document and handed back: the host's own, a validator for instance. `ends_at_ms`: when
 * the session's cookie ends, if the answer has renewed it, else 0. `sets_cookies`: it sets some, of
 * whatever name; from now on stale documents are confirmed before they are served (R86, R87).
 * Returns SERVE, SERVE_STALE, REFUSE, ANSWER, UNAVAILABLE or RETRY. */
SESAME_EXPORT uint32_t sesame_fill_complete(sesame_cache* cache, double now_ms, uint32_t lease,
                                            uint32_t http_status, uint32_t is_refusal,
                                            double retry_after_ms, double ends_at_ms,
                                            uint32_t sets_cookies, uint32_t cache_control_length,
                                            uint32_t meta_length, uint32_t body_length);

/* The host is about to ask the origin under a lease, or to exchange tokens under one: the call is
 * counted (R70). Returns 0 if the lease is over (something happened to the session, or its time is
 * up): then there is nothing to ask for. */
SESAME_EXPORT uint32_t sesame_fill_ask(sesame_cache* cache, double now_ms, uint32_t lease);

/* Gives a lease back unused: a follower may take it at once. */
SESAME_EXPORT void sesame_fill_release(sesame_cache* cache, uint32_t lease);

/* A follower that was told to wait will not come back. */
SESAME_EXPORT void sesame_wait_leave(sesame_cache* cache, double now_ms, uint32_t waited);

/* Counts an origin call that the host made after PASS. */
SESAME_EXPORT void sesame_count_passed(sesame_cache* cache);

/* --- Writing ---------------------------------------------------------------------------------- */

/* Notes that a write on the document is on its way to the origin. Returns its number, 0 if it is
 * not tracked; sesame_write_complete takes that as well. */
SESAME_EXPORT uint32_t sesame_write_begin(sesame_cache* cache, double now_ms,
                                          uint32_t tenant_length, uint32_t cookie_length,
                                          uint32_t authorization_length);

/* Applies how a write ended (rule R22). `http_status` 0: it is not known. `may_hold_document`: the
 * body may be the new document. Returns FETCH (under a lease: ask for the document before
 * answering) or PASS (done; with `is_kept`, the result's body is the new document). `users`: whose
 * document was held when the write began, whom the answer names, and whose was held when it ended;
 * none if that is not known, or if the origin says that the write failed. */
SESAME_EXPORT uint32_t sesame_write_complete(sesame_cache* cache, double now_ms, uint32_t write,
                                             uint32_t http_status, uint32_t may_hold_document,
                                             uint32_t tenant_length, uint32_t cookie_length,
                                             uint32_t authorization_length, uint32_t body_length);

/* The credential may stand for somebody else now, or for nobody: what is held for it is dropped.
 * `what` 0: all of it; 1: only a remembered "no" (SPEC R12); 2: all of it, and an ended session
 * begins anew, since the origin has just set this very cookie as it signed a user in (rule R8). */
SESAME_EXPORT void sesame_session_forget(sesame_cache* cache, uint32_t tenant_length,
                                         uint32_t cookie_length, uint32_t authorization_length,
                                         uint32_t what);

/* Ends the session of the credential: it is refused from now on (SPEC R8, R10). Returns OK; UNKNOWN
 * and nothing is remembered, unless a document or record of it is held, or the host knows that the
 * origin has accepted it (`is_accepted`); FULL: it is dropped, and forgotten (R53, R54). */
SESAME_EXPORT uint32_t sesame_session_revoke(sesame_cache* cache, double now_ms,
                                             uint32_t tenant_length, uint32_t cookie_length,
                                             uint32_t authorization_length, uint32_t is_accepted);

/* Returns 1 if the origin has accepted the credential, as far as the node knows (R53). */
SESAME_EXPORT uint32_t sesame_session_is_accepted(sesame_cache* cache, double now_ms,
                                                  uint32_t tenant_length, uint32_t cookie_length,
                                                  uint32_t authorization_length);

/* Drops every document of a user, or ends every session, of whatever tenant (rules R4, R23). The
 * user's identifier as JSON: a string or a number. Returns a sesame_status. */
SESAME_EXPORT uint32_t sesame_user_invalidate(sesame_cache* cache, double now_ms,
                                              uint32_t user_id_length);
SESAME_EXPORT uint32_t sesame_user_revoke(sesame_cache* cache, double now_ms,
                                          uint32_t user_id_length);

/* --- Successions (rule R85) ------------------------------------------------------------------- */

/* Flags of sesame_session_succeed. */
enum sesame_succeed_flag {
  SESAME_SUCCEED_ACCEPTED = 1, /* the host knows that the origin has accepted the old credential */
  SESAME_SUCCEED_UNDELIVERED = 2 /* the client has not been told yet: the old one stands as it is */
};

/* The origin has answered a request with the first credential by putting the second in its place.
 * `ends_at_ms`: when the new cookie ends; 0: not known. Returns SERVE: the body is the document
 * that the second has from now on; PASS: they are one session, of which nothing is held; RETRY: it
 * is no succession, and the first is to be dropped. */
SESAME_EXPORT uint32_t sesame_session_succeed(sesame_cache* cache, double now_ms, double ends_at_ms,
                                              uint32_t flags, uint32_t tenant_length,
                                              uint32_t cookie_length, uint32_t authorization_length,
                                              uint32_t new_cookie_length,
                                              uint32_t new_authorization_length);

/* The origin has issued a refresh token together with a credential. */
SESAME_EXPORT void sesame_tokens_issued(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                                        uint32_t cookie_length, uint32_t authorization_length,
                                        uint32_t refresh_length);

/* The origin has exchanged the refresh token `used` for a credential and, unless `refresh_length`
 * is 0, for another refresh token. Returns as sesame_session_succeed; RETRY: nothing is known of
 * `used`, or it is another user's; REFUSE: its session has ended, and that of the credential with
 * it. A host that knows by itself which tokens are one session names it here as in
 * sesame_tokens_issued, with the byte 1 before the name: nobody renews such a token but its page.
 */
SESAME_EXPORT uint32_t sesame_tokens_renewed(sesame_cache* cache, double now_ms,
                                             uint32_t tenant_length, uint32_t cookie_length,
                                             uint32_t authorization_length, uint32_t used_length,
                                             uint32_t refresh_length);

/* The other credentials of a request's session, as far as they are known: for each 32 bytes of the
 * body, its key and the key that all its spellings share. Returns how many there are. */
SESAME_EXPORT uint32_t sesame_session_relatives(sesame_cache* cache, uint32_t tenant_length,
                                                uint32_t cookie_length,
                                                uint32_t authorization_length);

/* Another node says that these are one session: 32 bytes each, as above, the first credential
 * first. */
SESAME_EXPORT void sesame_session_link(sesame_cache* cache, double now_ms, uint32_t members_length);

/* --- Managed sessions ------------------------------------------------------------------------- */

/* The number of the newest event: to be taken before the origin is asked for a login's
 * document. */
SESAME_EXPORT uint32_t sesame_sequence(sesame_cache* cache);

/* Begins the session of a new session cookie with the tokens of a login and the document (SPEC
 * R20). `asked_at`: the sequence from before the document was asked for. Returns SERVE;
 * UNAVAILABLE and nothing is left of it; RETRY if the user has been revoked since.
 * `access_expires_at_ms` 0: not known. */
SESAME_EXPORT uint32_t sesame_session_begin(sesame_cache* cache, double now_ms, uint32_t asked_at,
                                            double access_expires_at_ms, uint32_t tenant_length,
                                            uint32_t cookie_length, uint32_t access_length,
                                            uint32_t refresh_length, uint32_t cache_control_length,
                                            uint32_t meta_length, uint32_t body_length);

/* The access token that stands for a session at the origin. SERVE: the body is it. FETCH:
 * exchange the refresh token in the body under the lease (the access token is the meta), then
 * sesame_refresh_complete. WAIT: another does. REFUSE: no such session. PASS: the request brings
 * its own credential, or none. `rejected`: an access token that the origin has just refused, or
 * empty. */
SESAME_EXPORT uint32_t sesame_session_authorize(sesame_cache* cache, double now_ms,
                                                uint32_t tenant_length, uint32_t cookie_length,
                                                uint32_t authorization_length,
                                                uint32_t rejected_length, uint32_t waited);

/* Brings the answer to an exchange of tokens (SPEC R24). `http_status` 0: none came. SERVE: the
 * body is the new access token. REFUSE: the session has ended. UNAVAILABLE: it failed. RETRY:
 * overtaken. */
SESAME_EXPORT uint32_t sesame_refresh_complete(sesame_cache* cache, double now_ms, uint32_t lease,
                                               uint32_t http_status, double retry_after_ms,
                                               double access_expires_at_ms, uint32_t access_length,
                                               uint32_t refresh_length);

/* The managed session of a request, for other nodes; null if there is none. Valid until the next
 * call on the cache. */
SESAME_EXPORT struct sesame_exported* sesame_session_export(sesame_cache* cache, double now_ms,
                                                            uint32_t tenant_length,
                                                            uint32_t cookie_length,
                                                            uint32_t authorization_length);

/* The same of a session by its key, 16 bytes. */
SESAME_EXPORT struct sesame_exported* sesame_session_find(sesame_cache* cache, double now_ms,
                                                          uint32_t key_length);

/* One session after another, in no order: `from` is 0, and then what the last one gave as `next`.
 * Null: there are no more. What begins or ends meanwhile may be left out. */
SESAME_EXPORT struct sesame_exported* sesame_session_next(sesame_cache* cache, double now_ms,
                                                          uint32_t from);

/* Takes over a managed session from the store, or what the host knows of one since. `asked_at`: the
 * sequence from before the store was asked; its own key and its user's come first, 16 bytes each;
 * last comes a note of the host's. `is_shared`: the store has it, so it may make room for another.
 * Returns 1, or 0 if it has ended here since or does not fit. */
SESAME_EXPORT uint32_t sesame_session_adopt(sesame_cache* cache, double now_ms, uint32_t asked_at,
                                            double access_expires_at_ms, double expires_at_ms,
                                            uint32_t key_length, uint32_t user_length,
                                            uint32_t access_length, uint32_t refresh_length,
                                            uint32_t note_length, uint32_t is_shared);

/* The sessions that newer ones of their users have ended since the last call (R54), for the other
 * nodes: as the body of the output their keys, 16 bytes each. Returns how many there are. */
SESAME_EXPORT uint32_t sesame_sessions_crowded_out(sesame_cache* cache);

/* --- Several nodes (SPEC R30-R32) --------------------------------------------------------------
 */

/* Keys that are the same on every node with the same secret: 16 bytes, as the body of the output.
 *
 * Of the session of a request. Behind it in the body stand 16 bytes more, which are its key again
 * or, for a token, the key that all its spellings share: a session that ends is published under
 * both. Then comes the cookie's name, or the scheme in lower case. The credential is the meta, in
 * ASCII and the same for every spelling; its kind stands in `credential`. Returns 0 if there is not
 * exactly one. */
SESAME_EXPORT uint32_t sesame_session_key(sesame_cache* cache, uint32_t tenant_length,
                                          uint32_t cookie_length, uint32_t authorization_length);

/* Every credential that a request names, where it is ambiguous (rule R1): what ends or changes a
 * session has to reach all of them. The body has a line for each, ended by a line feed: 'c' and a
 * whole Cookie header, or 'a' and a whole Authorization header. Returns how many there are. */
SESAME_EXPORT uint32_t sesame_credentials(sesame_cache* cache, uint32_t tenant_length,
                                          uint32_t cookie_length, uint32_t authorization_length);

/* Of a user, by its identifier as JSON: the same for every tenant. Returns a sesame_status. */
SESAME_EXPORT uint32_t sesame_user_key(sesame_cache* cache, uint32_t user_id_length);

/* What another node has done. */
enum sesame_remote_event {
  SESAME_REMOTE_SESSION_ENDED = 0, /* the key is a session's */
  SESAME_REMOTE_USER_REVOKED = 1,  /* the key is a user's */
  SESAME_REMOTE_USER_CHANGED = 2,
  SESAME_REMOTE_SESSION_FORGOTTEN = 4 /* its credential may stand for somebody else now */
};

/* Applies what another node has done. `key_length` is 16. `before_ms`: of a revocation that was
 * published later than it was called, when that was: sessions from after it live on. 0: all from
 * before now end. */
SESAME_EXPORT void sesame_remote_apply(sesame_cache* cache, double now_ms, uint32_t event,
                                       uint32_t key_length, double before_ms);

/* What was filled before `time_ms` is not served until this is set back, to 0 at the end. */
SESAME_EXPORT void sesame_trust_from(sesame_cache* cache, double time_ms);

/* Brings what another node has left to a lease. Returns RETRY: check again; or FETCH: it is of no
 * use, ask the origin under the same lease. */
SESAME_EXPORT uint32_t sesame_fill_shared(sesame_cache* cache, double now_ms, uint32_t lease,
                                          double filled_at_ms, double born_at_ms, double ends_at_ms,
                                          uint32_t asks_first, uint32_t cache_control_length,
                                          uint32_t meta_length, uint32_t body_length);

/* --- Snapshots (SPEC R52) --------------------------------------------------------------------- */

/* Begins a snapshot, in place of one that was being written or restored. `context`: what a reader
 * must agree about beside the cache's secret, such as the origin. Returns OK or UNSUPPORTED. */
SESAME_EXPORT uint32_t sesame_snapshot_begin(sesame_cache* cache, double now_ms,
                                             uint32_t context_length);

/* The next part, as the body of the output; other calls may come in between. Returns MORE; OK, and
 * no part, when all have been had; REFUSED if so much has changed meanwhile that what was written
 * must not be kept. */
SESAME_EXPORT uint32_t sesame_snapshot_next(sesame_cache* cache);

/* Begins to restore one into a cache in which nothing has happened yet; where something has, what
 * is fed is refused. Returns OK or UNSUPPORTED. */
SESAME_EXPORT uint32_t sesame_restore_begin(sesame_cache* cache, double now_ms,
                                            uint32_t context_length);

/* The next bytes of it, cut as one likes. Returns MORE or REFUSED. Nothing of it is found before
 * the end. */
SESAME_EXPORT uint32_t sesame_restore_feed(sesame_cache* cache, uint32_t length);

/* There is no more. Returns OK; REFUSED, and the cache is empty; or MORE: call again. */
SESAME_EXPORT uint32_t sesame_restore_end(sesame_cache* cache);

#ifdef __cplusplus
}
#endif

#endif /* SESAME_ABI_H */
