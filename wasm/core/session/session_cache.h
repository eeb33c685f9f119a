// The session cache: every decision that Sesame makes, and no I/O.
// It is told what happened (a request's headers, an origin's answer, a revocation, the time) and
// says what to do. It must not know how that is done: no clock, no network, no host.
// Invariants:
// - nothing is served to a request whose credential is not exactly the one it was fetched for (R1,
// R3);
// - whatever ends or changes a session cancels its lease and outnumbers its entry, so that nothing
//   from before can come back (R10);
// - a failure of the origin changes nothing that is held (R13).
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/http_status.h"
#include "base/key.h"
#include "base/types.h"
#include "http/credential.h"
#include "session/config.h"
#include "session/leases.h"
#include "session/metrics.h"
#include "session/pending_writes.h"
#include "session/refresh_tokens.h"
#include "session/successions.h"
#include "session/tombstones.h"
#include "session/user_events.h"
#include "session/vault.h"
#include "store/store.h"

namespace sesame {

/// What the shell is to do. Values are part of the ABI: append, never renumber.
enum class Action : std::uint32_t {
  kServe = 0,        ///< answer with `body`, the user's document
  kServeStale = 1,   ///< the same, an older one; if `lease` is not 0, refresh behind the answer
  kFetch = 2,        ///< ask the origin under `lease`, and bring what it says to complete_fill
  kWait = 3,         ///< another holds `lease`: check again later, saying so, until `deadline`
  kRefuse = 4,       ///< answer `http_status` with `body`: the origin's clear "no" (R12)
  kPass = 5,         ///< let the origin answer this request as it is; keep nothing (R1)
  kUnavailable = 6,  ///< answer 503 with Retry-After (R13)
  kRetry = 7,        ///< overtaken (R10): check again from the start
  kTooLarge = 8,     ///< answer 431 (R44)
  kAnswer = 9,       ///< pass on the origin's failure, `http_status` and `body` (R13)
};

/// Where an answer came from (SPEC R43).
enum class Source : std::uint32_t { kNone = 0, kFresh = 1, kStale = 2, kOrigin = 3, kNegative = 4 };

/// Why it was decided so (rules R71, R72). Of an answer for which the origin was asked: why it had
/// to be. Values are part of the ABI: append, never renumber.
enum class Reason : std::uint32_t {
  kNone = 0,
  kFresh = 1,             ///< held, and young enough
  kStale = 2,             ///< held, and older: it is refreshed behind the answer, or before it
  kFollowed = 3,          ///< the answer to another request of this credential
  kAbsent = 4,            ///< nothing is held: it never was, was evicted, or has been dropped
  kExpired = 5,           ///< past `keepFor` or `expiresIn`
  kDistrusted = 6,        ///< filled before the node lost its link (R32)
  kChanged = 7,           ///< its user has changed since (R22, R23)
  kRevoked = 8,           ///< its user has been revoked (R23)
  kTombstone = 9,         ///< the session has been ended (R8)
  kNegative = 10,         ///< a remembered refusal (R12)
  kUnknownSession = 11,   ///< no managed session has this cookie (R20)
  kInsisted = 12,         ///< the caller asked for a fresh one (R11)
  kUnknownWriter = 13,    ///< a write, and it is not known whose document it has changed (R22)
  kAnonymous = 14,        ///< no credential
  kMalformedHeader = 15,  ///< ambiguous: a header that readers may read differently
  kCookiesDiffer = 16,    ///< ambiguous: session cookies that contradict each other
  kAuthorization = 17,    ///< ambiguous: a scheme that carries no whole credential
  kCookieAndAuthorization = 18,  ///< ambiguous: a credential in each
  kTooLarge = 19,                ///< headers over their limit (R44)
  kLeaseBusy = 20,               ///< another request asks the origin already (R9)
  kNoLease = 21,                 ///< all leases are taken
  kBackoff = 22,                 ///< the origin has asked for patience (R13)
  kOriginFailed = 23,            ///< it has been asked, and failed (R13)
  kOvertaken = 24,               ///< something happened to the session meanwhile (R10)
  kCookieNameVariant = 25,       ///< ambiguous: see Ambiguity
  kUndecodableBytes = 26,
  kJoinedFields = 27,
  kChunks = 28,
  kIdle = 29,  ///< unused for `idleFor`
};

/// The decision, with what is needed to carry it out. Bytes stay valid until the next call.
struct Outcome {
  Action action = Action::kPass;
  Source source = Source::kNone;
  CredentialKind credential = CredentialKind::kAnonymous;
  Reason reason = Reason::kNone;
  std::uint16_t http_status = 0;
  bool is_kept = false;  ///< the document is held from now on
  LeaseId lease = 0;
  TimeMs deadline = 0;         ///< of kWait: when the lease ends at the latest
  DurationMs retry_after = 0;  ///< of kUnavailable
  TimeMs expires_at = 0;       ///< of kServe and kServeStale: the absolute end of the session
  TimeMs fresh_until = 0;      ///< of the same; 0: it is not kept
  TimeMs filled_at = 0;        ///< of what was held: when the origin last confirmed it
  TimeMs born_at = 0;          ///< of the same: when the session began
  TimeMs ends_at = 0;          ///< of the same: when its cookie ends; 0: not known
  bool asks_first = false;     ///< of the same: see EntryInfo
  /// Whose document it is, if it has just been read for another reason. Not on a hit: an entry
  /// carries 32 bits of the key, and the rest would have to be read from the document.
  std::optional<Key> user = {};
  Bytes meta = {};  ///< what was stored with it; of kFetch and a refresh: the old one's
  Bytes body = {};
};

/// What a write has led to. If it has put a new document in the place of an older one, that is the
/// decision's body, and `is_kept` is set.
struct WriteOutcome {
  Outcome decision;
  /// Whom the write concerns: whose document was held when it began, and whose when it ended. No
  /// key twice.
  std::array<Key, 3> users;
  std::uint32_t user_count = 0;

  void concerns(const std::optional<Key>& user);
};

/// The headers of a request that matter.
struct RequestHead {
  Bytes tenant;
  Bytes cookie;
  Bytes authorization;
};

/// What the origin said when it was asked for the document.
struct OriginAnswer {
  int http_status = 0;         ///< 0: it could not be had (time-out, network, over the size limit)
  bool is_refusal = false;     ///< a success or redirect that says "not signed in" (R80)
  DurationMs retry_after = 0;  ///< its `Retry-After`; 0: none
  Bytes cache_control;         ///< its `Cache-Control`, or of that what is to be obeyed (SPEC R15)
  Bytes meta;                  ///< to be stored with it, opaque here
  Bytes body;
  TimeMs ends_at = 0;         ///< when the cookie ends that it has renewed; 0: it has renewed none
  bool sets_cookies = false;  ///< it does, of whatever name (R86, R87)
};

/// A document that another node has received from the origin.
struct SharedDocument {
  TimeMs filled_at = 0;
  TimeMs born_at = 0;  ///< when the session began
  TimeMs ends_at = 0;  ///< when its cookie ends; 0: not known
  bool asks_first = false;
  Bytes cache_control;  ///< the origin's, of that time
  Bytes meta;
  Bytes body;
};

/// What another node has done. Values are part of the ABI: append, never renumber.
enum class RemoteEvent : std::uint32_t {
  kSessionEnded = 0,  ///< of a session
  kUserRevoked = 1,   ///< of a user
  kUserChanged = 2,   ///< of a user
  // 3 was a change of nobody knows whose document.
  kSessionForgotten = 4  ///< its credential may stand for somebody else now
};

/// How a write on the document's path ended.
struct WriteAnswer {
  int http_status = 0;             ///< 0: no answer, so nobody knows whether it took effect
  bool may_hold_document = false;  ///< the answer may be the new document (PUT, PATCH)
  Bytes meta;
  Bytes body;
};

/// What a login or a refresh has brought (SPEC R20, R24).
struct Tokens {
  Bytes access;
  Bytes refresh;                 ///< empty: none, or the one there is stays
  TimeMs access_expires_at = 0;  ///< 0: not known
};

/// How one credential takes the place of another (rule R85).
struct SuccessionOptions {
  TimeMs ends_at = 0;        ///< when the new cookie ends; 0: not known
  bool is_accepted = false;  ///< the caller knows that the origin has accepted the old one
  bool is_delivered = true;  ///< the client is told with this answer: the old one has had its time
};

/// How a check comes.
struct CheckOptions {
  LeaseId waited = 0;  ///< the lease that an earlier kWait named for the same request
  bool fresh = false;  ///< R11: what is held does not count
  bool again = false;  ///< not the first check of this request
  /// Answer from what is held, or kRetry: nothing is begun. Only what is fresh counts as a check;
  /// kServeStale asks for one that is no peek, which begins the refresh.
  bool peek = false;
  /// kInfo, of a peek: the decision is all that is wanted, and its bytes may be missing. kLook: and
  /// the session is not used by it.
  Want want = Want::kAll;
};

struct MemoryBudget;

class SessionCache {
 public:
  /// REQUIRES: find_faults(config) is empty; `secret` holds KeyMaker::kSecretBytes of randomness.
  SessionCache(Config config, Bytes secret);
  /// As above, with a caller-supplied store.
  SessionCache(Config config, Bytes secret, std::unique_ptr<Store> store);

  /// Replaces the secret as if the cache had been constructed with it.
  /// REQUIRES: nothing has been asked of the cache yet; `secret` as above.
  void replace_secret(Bytes secret);

  // --- Reading ---

  /// Decides a request for the document. A `fresh` check that is told to wait, and later to wait
  /// for another lease, may go on without `fresh`: that lease began after it (R11).
  Outcome check(const RequestHead& request, TimeMs now, const CheckOptions& options = {});

  /// The shell is about to ask the origin under a lease: counts the call. False if the lease is
  /// over, and the origin need not be asked.
  bool ask_origin(LeaseId lease, TimeMs now);

  /// Brings the origin's answer to a lease. Never kFetch or kWait.
  Outcome complete_fill(LeaseId lease, const OriginAnswer& answer, TimeMs now);

  /// Gives a lease back unused, so that a follower may take it at once.
  void release(LeaseId lease);

  /// A follower that was told to wait will not come back.
  void leave(LeaseId waited, TimeMs now);

  /// Counts an origin call that the shell made for a kPass.
  void count_passed() { ++metrics_.origin_bypass; }

  // --- Writing (SPEC R22) ---

  /// Notes that a write on the document is on its way to the origin. 0 if it cannot be tracked;
  /// complete_write takes that as well.
  WriteId begin_write(const RequestHead& request, TimeMs now);

  /// Applies how it ended. kFetch: no document of the writer is held; ask the origin for it under
  /// `lease` before the answer leaves, since it says whose the others are that the write has
  /// changed. Anything else: done. A writer without a session changes nothing but his own (R53).
  WriteOutcome complete_write(WriteId write, const RequestHead& request, const WriteAnswer& answer,
                              TimeMs now);

  /// The credential may stand for somebody else now, or for nobody (a login or a logout went past):
  /// what is held for it is dropped, refusals and fills in flight included. `only_refusal`: only if
  /// what is held is a remembered refusal (SPEC R12). An ended session stays ended, unless
  /// `begins_anew`: the origin has just set this very cookie as it signed a user in (rule R8).
  void forget(const RequestHead& request, bool only_refusal = false, bool begins_anew = false);

  /// Ends the session of this credential: refused from now on (SPEC R8, R10). Nothing is remembered
  /// of a credential that the origin has not accepted (R53): kUnknown, unless a document or record
  /// of it is held here, or the caller says that the origin or the store has it (`is_accepted`).
  /// kFull: it is dropped here, but there is no room to remember that it has ended.
  Status revoke(const RequestHead& request, TimeMs now, bool is_accepted = false);

  /// Whether the origin has accepted this request's credential, as far as this node knows.
  bool is_accepted(const RequestHead& request, TimeMs now);

  /// Drops, or ends, every session of a user on this node, of whatever tenant (rule R23).
  /// `user_id`: the JSON string or number that stands in the document. kNotJson if it is neither.
  Status invalidate_user(Bytes user_id, TimeMs now);
  Status revoke_user(Bytes user_id, TimeMs now);

  // --- Successions (rule R85) ---

  /// The origin has put the credential of `to` in the place of that of `from`, in its answer to a
  /// request with the latter: `to` goes on with the session, and `from` is served for a little
  /// longer. kServe: `body` is the document that `to` has from now on. kPass: they are one session,
  /// and nothing is held of it. kRetry: it is no succession; the caller drops `from`.
  Outcome succeed(const RequestHead& from, const RequestHead& to, const SuccessionOptions& options,
                  TimeMs now);

  /// The origin has issued a refresh token together with the credential of `session`.
  void note_refresh_token(const RequestHead& session, Bytes refresh_token, TimeMs now);

  /// The origin has answered a renewal with `used` by issuing the credential of `to`, and
  /// `refresh_token` (empty: `used` stays). As succeed(); kRetry: nothing is known of `used`, or it
  /// is another user's. kRefuse: its session has ended, and that of `to` with it.
  Outcome renew(const RequestHead& to, Bytes used, Bytes refresh_token, TimeMs now);

  /// The other credentials of a request's session, as far as they are known.
  SuccessionTable::Family relatives_of(const RequestHead& request) const;

  /// Another node says that these are one session, the first credential first.
  void link(const SuccessionTable::Family& members, TimeMs now);

  // --- Managed sessions: the cookie is the cache's own, and the tokens stay here ---

  /// The newest event so far. What the origin is asked from now on reflects it.
  Sequence now_sequence() const { return sequence_; }

  /// Begins the session of a new session cookie with the tokens of a login and the document (SPEC
  /// R20, R21). `asked_at`: now_sequence() from before the origin was asked for that document.
  /// kServe; kUnavailable and nothing is left of it; kRetry if its user has been revoked since.
  Outcome begin_session(Bytes tenant, Bytes cookie, const Tokens& tokens,
                        const OriginAnswer& document, Sequence asked_at, TimeMs now);

  /// The access token that stands for a session at the origin. kServe: `body` is it. kFetch:
  /// exchange the refresh token in `body` under `lease`, and bring the answer to complete_refresh.
  /// kWait: another does. kRefuse: there is no such session. kPass: the request brings its own
  /// credential, or none. `rejected`: an access token that the origin has just refused, or empty.
  Outcome authorize(const RequestHead& request, Bytes rejected, TimeMs now, LeaseId waited = 0);

  /// Brings the answer to an exchange of tokens (SPEC R24). `http_status` 0: none came. kServe:
  /// `body` is the new access token. kRefuse: the session has ended. kUnavailable: it failed, which
  /// says nothing. kRetry: the session ended meanwhile.
  Outcome complete_refresh(LeaseId lease, int http_status, const Tokens& tokens,
                           DurationMs retry_after, TimeMs now);

  /// Sessions that newer ones of their users have ended since forget_crowded_out() (R54): the other
  /// nodes have to hear of them. The newest only, if nobody asks.
  const std::vector<Key>& crowded_out() const { return crowded_out_; }
  void forget_crowded_out() { crowded_out_.clear(); }

  // --- Several nodes (SPEC R30-R32). Those with the same secret have the same keys. ---

  /// What names a session to every node, whatever the spelling of its credential.
  struct SessionName {
    Key key;
    /// What all tokens with the same content have in common: a session that ends is published under
    /// both. Empty if the credential has no other form.
    std::optional<Key> ending;
    CredentialKind kind = CredentialKind::kAnonymous;
    std::string name;   ///< the cookie's, or the scheme in lower case
    std::string value;  ///< the credential, in ASCII: other bytes and '%' as percent-escapes
  };
  /// Empty if the request has not exactly one credential.
  std::optional<SessionName> session_name(const RequestHead& request) const;

  /// Every credential that a request names, each as headers of its own (rule R1).
  NamedCredentials all_named(const RequestHead& request) const;

  /// The managed session of a request, for other nodes; null if there is none. Valid until the next
  /// call.
  const Vault::Slot* managed_session(const RequestHead& request, TimeMs now);
  const Vault::Slot* managed_session(const Key& session, TimeMs now);
  /// The next one from a place on, which is moved behind it; see Vault::next.
  const Vault::Slot* next_managed_session(std::uint32_t* place, TimeMs now);

  /// Takes over a managed session that another node has begun, or whose tokens it has exchanged.
  /// `asked_at` is the sequence from before the store was asked. False, and nothing is kept: it has
  /// ended here since, or does not fit.
  bool adopt_session(const Key& key, VaultRecord&& record, Sequence asked_at, TimeMs now);

  /// The key of a user, by its identifier: see revoke_user.
  std::optional<Key> user_key(Bytes user_id) const;

  /// Applies what another node has done to a session or a user. `before`: when a revocation was
  /// called; sessions from after it live on. 0: all from before now end.
  void apply(RemoteEvent event, const Key& key, TimeMs now, TimeMs before = 0);

  /// What was filled before `time` is not served until this is set back: nobody can tell what has
  /// been done to it (SPEC R32).
  void trust_from(TimeMs time) { trusted_from_ = time; }

  /// Brings what another node has left to a lease. kRetry: check again. kFetch: it is of no use,
  /// and the lease goes on.
  Outcome complete_shared(LeaseId lease, const SharedDocument& document, TimeMs now);

  // --- Looking in ---

  const Metrics& metrics() const { return metrics_; }
  const Config& config() const { return config_; }
  const Store& store() const { return *store_; }
  std::size_t leases_in_use() const { return leases_.in_use(); }
  std::size_t managed_sessions() const { return vault_.size(); }
  std::size_t used_bytes() const {
    return fixed_bytes_ + vault_.used_bytes() + store_->used_bytes();
  }

  /// Whether it can be written to a snapshot and read from one (SPEC R52): not where it keeps
  /// tokens, which are in no snapshot (SPEC R2).
  bool has_snapshots() const { return store_->as_segments() != nullptr && !config_.is_managed; }

 private:
  friend class SessionSnapshotWriter;
  friend class SessionSnapshotReader;

  SessionCache(Config&& config, Bytes secret, std::unique_ptr<Store> store,
               const MemoryBudget& budget);

  // What is known of a session that ends.
  struct End {
    TimeMs session_end = 0;
    std::uint32_t user_tag = 0;    // 0: not known
    std::optional<Key> user = {};  // of a managed session
    bool must_keep = false;        // nothing else remembers that it has ended
    bool is_accepted = false;
  };

  enum class Standing { kCurrent, kStale, kReplaced, kGone, kRevoked };

  // Who a request is. What its credential points to is gone with it: one at a time.
  struct Subject {
    Subject(const SessionCache& cache, const RequestHead& request);
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;
    ~Subject() { scratch.wipe(); }

    CredentialScratch& scratch;
    bool is_too_large = false;
    Credential credential;
    bool has_key = false;
    Key key;
    // The same credential of no tenant: what ends or drops that does so for every tenant (R4, R8).
    std::optional<Key> of_all_tenants;
  };
  // Whose document a write may have changed.
  struct Writers {
    std::optional<Key> before;    // whose document was held when it began
    std::optional<Key> now;       // whose is held now that it has ended
    std::optional<Key> answered;  // whom the answer names

    const std::optional<Key>& user() const { return before ? before : now; }
    bool have_changed() const { return before && now && *before != *now; }
    bool name_another() const { return answered && answered != user(); }
  };
  struct Held {
    bool is_held = false;
    Reason reason = Reason::kAbsent;  // why it is not held. kRevoked: with its user
    EntryView entry;
    bool was_document = false;  // it is, or was until it was looked for just now

    bool is_document() const { return is_held && entry.info.http_status == http::kOk; }
  };

  // What is needed of a credential beside another: of Subjects there is one at a time.
  struct Proof {
    static constexpr TimeMs kNoEnd = INT64_MAX;

    SuccessionTable::Member member;
    SuccessionTable::Member of_all_tenants;  ///< no key: it is of no tenant
    TimeMs end = kNoEnd;                     ///< of a token that says so
    std::uint64_t subject = 0;               ///< of whom a token speaks; 0: it does not say
    bool is_cookie = false;
  };
  // What the origin has said of a document beside its bytes.
  struct Terms {
    Bytes cache_control;
    TimeMs credential_expires_at = 0;  ///< a token's own end; 0: it says none
    TimeMs ends_at = 0;                ///< of the cookie; 0: not known
    bool is_cookie = false;
    bool asks_first = false;
  };

  bool is_dropped(const Subject& subject, const Held& held) const;
  Subject identify(const RequestHead& request) const { return {*this, request}; }
  // Calls `effect` with every credential that a request names, as a Subject, and with whether it is
  // the only one (rule R1).
  template <typename Effect>
  void for_each_named(const RequestHead& request, Effect effect) {
    for_each_named(
        request,
        [](void* of, const Subject& subject, bool is_only) {
          (*static_cast<Effect*>(of))(subject, is_only);
        },
        &effect);
  }
  void for_each_named(const RequestHead& request,
                      void (*effect)(void* of, const Subject& subject, bool is_only), void* of);

  // session_endings.cc: all spellings of a token.
  std::optional<Key> ending_of(const Credential& credential, Bytes tenant) const;
  bool has_ended(const Subject& subject, Bytes tenant, TimeMs now) const;
  bool has_ended(const Lease& lease, TimeMs now) const;
  static std::optional<TimeMs> expiry_of(const Credential& credential);
  void note_ending(TimeMs until, TimeMs now);
  Status end_session(const Subject& subject, Bytes tenant, TimeMs now, bool is_accepted);

  void step(TimeMs now);

  // session_cache.cc: what every request needs.
  bool is_stranger(const Subject& subject, const Held& held, TimeMs now);
  static Outcome decide_without_key(const Subject& subject, const CheckOptions& options);
  Outcome decide(const Subject& subject, const RequestHead& request, TimeMs now,
                 const CheckOptions& options);
  void count(const Outcome& outcome);
  bool is_refusal(int http_status) const;
  // Takes a copy: the key may be one that a lease holds, which what is found may cancel.
  Held find_live(Key key, Bytes tenant, TimeMs now, Want want = Want::kAll);
  // What stands beside the document of a key; without a status, and of no time, if there is none.
  EntryInfo document_at(const Key& key, TimeMs now);
  Standing standing_of(const EntryInfo& info, Bytes body, const UserEvent** event) const;

  // session_leases.cc: who asks the origin, and what those are told that wait for it.
  Outcome decide_by_lease(const Subject& subject, Bytes tenant, TimeMs now,
                          const CheckOptions& options, const Held& held);
  std::optional<Outcome> follow(Lease* lease, const Held& held, bool fresh);
  std::optional<Outcome> follow_answer(const EntryInfo& info);
  Outcome begin_fill(const Subject& subject, Bytes tenant, FillCause cause, const Held& held,
                     TimeMs now, Outcome outcome);
  Held adopt(const Key& key, const UserEvent& event, Bytes tenant, const EntryInfo& info,
             Bytes before, TimeMs now);
  Held take_over(const Key& key, const Key& replacement, const UserEvent& event,
                 const EntryInfo& info, TimeMs now);

  // session_fill.cc: the origin's answers.
  Outcome fill_failed(Lease* lease, const OriginAnswer& answer, TimeMs now);
  Outcome fill_confirmed(Lease* lease, const OriginAnswer& answer, const Held& held, TimeMs now);
  Outcome fill_refused(Lease* lease, const OriginAnswer& answer, TimeMs now);
  Outcome fill_document(Lease* lease, const OriginAnswer& answer, TimeMs now);
  void note_accepted(const Key& of_all_tenants, const EntryInfo& info, TimeMs now);
  void finish_document(Lease* lease, const EntryInfo& info, bool is_kept, Outcome* outcome);
  Outcome overtaken(Lease* lease);
  bool is_overtaken(const Lease& lease, const std::optional<Key>& user) const;
  bool forbids_storing(Bytes cache_control) const;
  EntryInfo document_info(const Terms& terms, TimeMs born_at, TimeMs now) const;
  void limit_to_cookie(TimeMs end, EntryInfo* info) const;

  // session_successions.cc
  // False: there is no credential that could succeed another, or be succeeded.
  bool prove(const RequestHead& request, TimeMs now, Proof* proof) const;
  bool find_newest(const Key& key, Bytes tenant, TimeMs now, EntryInfo* info);
  Outcome inherit(const Key& from, const Proof& to, Bytes tenant, TimeMs ends_at, TimeMs now);
  Outcome followed(const EntryView& entry) const;
  void note_refresh_token(Bytes tenant, Bytes refresh_token, const Proof& session);
  void serve_a_little_longer(const Key& session, TimeMs now);
  void keep_for_renewal(const Key& session, const EntryInfo& info, Bytes meta, Bytes body,
                        TimeMs now);
  bool end_relatives(const Key& session, TimeMs now);
  void forget_relatives(const Key& session);

  // session_managed.cc: sessions whose tokens are kept here.
  VaultRecord* find_record(const Key& key, TimeMs now);
  void end_record(Key session, const VaultRecord& record, TimeMs now);
  bool put_record(const Key& session, const VaultRecord& record, TimeMs now);
  Outcome token_served(Bytes token, TimeMs expires_at);

  // session_writes.cc
  Writers writers_of(const PendingWrite& write, const Held& held, const WriteAnswer& answer) const;
  bool may_replace(const PendingWrite& write, const Writers& writers, const Held& held,
                   const WriteAnswer& answer, Bytes tenant);
  void doubt_writers(const Writers& writers, TimeMs now);
  void drop_other_writers(const Writers& writers, TimeMs now);
  Outcome replace_document(const Key& session, const Key& user, TimeMs now);
  Outcome drop_document(const PendingWrite& write, const Writers& writers, const Subject& subject,
                        Bytes tenant, bool was_held, TimeMs now);
  bool has_changed_since(Sequence sequence, const Key& user) const;
  void write_of_several(const RequestHead& request, const WriteAnswer& answer, TimeMs now,
                        WriteOutcome* result);

  // session_events.cc: what ends sessions.
  std::optional<Key> user_of(Bytes document) const;
  Sequence record_change(const Key& user, UserChange change, TimeMs now);
  TimeMs event_end(TimeMs now) const;
  bool bury(Key key, const End& end, TimeMs now);
  End known_end(const Subject& subject, TimeMs now);
  void end_user(const Key& user, TimeMs before, TimeMs now);
  TimeMs born_at(const VaultRecord& record) const { return record.expires_at - config_.expires_in; }
  void forget_session(const Key& session, bool may_be_valid);

  Config config_;
  std::array<char, KeyMaker::kSecretBytes> secret_;
  CredentialReader reader_;
  KeyMaker keys_;
  mutable CredentialScratch scratch_;
  std::unique_ptr<Store> store_;
  LeaseTable leases_;
  TombstoneTable tombstones_;
  TimeMs endings_until_ = 0;  // until then a tombstone may be of all spellings of a token
  UserEvents users_;
  SuccessionTable successions_;
  RefreshTokenTable refresh_tokens_;
  Vault vault_;
  std::vector<Key> crowded_out_;  // see crowded_out()
  Metrics metrics_;
  Sequence sequence_ = 0;
  TimeMs stepped_at_ = -1;
  TimeMs trusted_from_ = 0;    // entries from before are not served
  bool sets_cookies_ = false;  // the origin does, with documents: it is asked first (R86, R87)
  std::size_t fixed_bytes_ = 0;

  PendingWrites writes_;

  // What the last outcome points to where that is neither the store's nor the caller's.
  std::string meta_;
  std::string body_;
  Key replacement_;  // where the document in `body_` is left to the user's other sessions
};

}  // namespace sesame
