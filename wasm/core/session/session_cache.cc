#include "session/session_cache.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "codec/shape_codec.h"
#include "http/jwt.h"

namespace sesame {
namespace {

// A document's validator, or the headers of a refusal.
constexpr std::size_t kMetaBytes = 4096;
// The cache itself, and what allocators add.
constexpr std::size_t kObjectBytes = 8192;

// How the budget of bytes is cut up. What is left is the store's.
struct Division {
  std::size_t leases;
  std::size_t answer_bytes;
  std::size_t tombstones;
  std::size_t users;
  std::size_t vault_bytes;
  std::size_t fixed_bytes;  // all but the vault's and the store's
  std::size_t value_bytes;  // the longest that the store is to take

  explicit Division(const Config& config) {
    const std::size_t memory = config.memory_bytes;
    leases = std::clamp<std::size_t>(memory / 32 / LeaseTable::bytes_for(1, 0), 16, 16384);
    answer_bytes = std::max(config.max_document_bytes, memory / 32);
    tombstones = std::max<std::size_t>(memory / 32 / TombstoneTable::bytes_for(1), 64);
    users = std::max<std::size_t>(memory / 64 / UserEvents::bytes_for(1), 64);
    // A document on its way in, and one that had to be copied on its way out.
    vault_bytes = config.is_managed ? memory / 4 : 0;
    const std::size_t copies =
        2 * (config.max_document_bytes + config.max_credential_bytes) + kObjectBytes;
    value_bytes = config.max_document_bytes + kMetaBytes;
    fixed_bytes = LeaseTable::bytes_for(leases, answer_bytes) +
                  TombstoneTable::bytes_for(tombstones) + UserEvents::bytes_for(users) + copies;
  }
};

Outcome unavailable(DurationMs retry_after, Reason reason) {
  return {.action = Action::kUnavailable,
          .reason = reason,
          .retry_after = std::max<DurationMs>(retry_after, 1000)};
}

Outcome refused(std::uint16_t http_status, Bytes meta, Bytes body, Reason reason) {
  return {.action = Action::kRefuse,
          .source = Source::kNegative,
          .reason = reason,
          .http_status = http_status,
          .meta = meta,
          .body = body};
}

Outcome refused(const EntryView& entry) {
  return refused(entry.info.http_status, entry.meta, entry.body, Reason::kNegative);
}

Outcome served(const EntryView& entry, Action action, Source source, Reason reason) {
  return {.action = action,
          .source = source,
          .reason = reason,
          .http_status = http::kOk,
          .is_kept = true,
          .expires_at = entry.info.expires_at,
          .fresh_until = entry.info.fresh_until,
          .meta = entry.meta,
          .body = entry.body};
}

Outcome served_stale(const EntryView& entry, Reason reason = Reason::kStale) {
  return served(entry, Action::kServeStale, Source::kStale, reason);
}

Reason reason_of(Ambiguity ambiguity) {
  switch (ambiguity) {
    case Ambiguity::kNone:
      return Reason::kAnonymous;
    case Ambiguity::kMalformedCookie:
      return Reason::kMalformedCookie;
    case Ambiguity::kCookiesDiffer:
      return Reason::kCookiesDiffer;
    case Ambiguity::kAuthorization:
      return Reason::kAuthorization;
    case Ambiguity::kCookieAndAuthorization:
      return Reason::kCookieAndAuthorization;
  }
  return Reason::kNone;
}

std::unique_ptr<Store> make_store(const Config& config) {
  const Division division(config);
  const SegmentStoreOptions options{
      .budget_bytes = config.memory_bytes - division.vault_bytes - division.fixed_bytes,
      .max_value_bytes = division.value_bytes};
  // Documents with something in common take a fifth of the room, which soon outweighs what it takes
  // to find that out.
  const std::size_t shape_bytes =
      options.budget_bytes / 4 < ShapeCodec::kMinBudget
          ? 0
          : std::clamp(options.budget_bytes / 32, ShapeCodec::kMinBudget,
                       ShapeCodec::kUsefulBudget);
  return SegmentStore::create(options, std::make_unique<ShapeCodec>(shape_bytes));
}

}  // namespace

std::size_t SessionCache::min_memory_bytes(const Config& config) {
  const Division division(config);
  return division.fixed_bytes + division.vault_bytes +
         std::max(StoreGeometry::kMinBudget, 6 * division.value_bytes);
}

SessionCache::SessionCache(const Config& config, Bytes secret)
    : SessionCache(config, secret, make_store(config)) {
  segment_store_ = static_cast<SegmentStore*>(store_.get());
}

SessionCache::SessionCache(const Config& config, Bytes secret, std::unique_ptr<Store> store)
    : config_(config),
      keys_(secret),
      store_(std::move(store)),
      leases_(Division(config).leases, Division(config).answer_bytes),
      tombstones_(Division(config).tombstones),
      users_(Division(config).users),
      vault_(Division(config).vault_bytes),
      fixed_bytes_(Division(config).fixed_bytes) {
  std::copy_n(secret.begin(), secret_.size(), secret_.begin());
}

void SessionCache::replace_secret(Bytes secret) {
  keys_ = KeyMaker(secret);
  std::copy_n(secret.begin(), secret_.size(), secret_.begin());
}

void SessionCache::step(TimeMs now) {
  stepped_at_ = now;
  store_->step(now);
  metrics_.takeovers += leases_.step(now);
  if (leases_.claim_lost_write()) doubt_everything(now);
  if (now >= stale_floor_until_) has_stale_floor_ = false;
  tombstones_.step(now);
  users_.step(now);
  vault_.step(now);
}

SessionCache::Subject SessionCache::identify(const RequestHead& request) const {
  Subject subject;
  if (request.cookie.size() > config_.max_credential_bytes ||
      request.authorization.size() > config_.max_credential_bytes) {
    subject.is_too_large = true;
    return subject;
  }
  subject.credential = read_credential(request.cookie, request.authorization, config_.cookie_names);
  const CredentialKind kind = subject.credential.kind;
  if (kind != CredentialKind::kCookie && kind != CredentialKind::kBearer) return subject;
  subject.has_key = true;
  const KeyKind key_kind = kind == CredentialKind::kCookie ? KeyKind::kCookie : KeyKind::kBearer;
  subject.key = keys_.make(request.tenant, key_kind, subject.credential.value);
  if (!request.tenant.empty()) {
    subject.of_all_tenants = keys_.make({}, key_kind, subject.credential.value);
  }
  return subject;
}

bool SessionCache::has_ended(const Subject& subject, TimeMs now) const {
  if (tombstones_.contains(subject.key, now)) return true;
  return subject.of_all_tenants && tombstones_.contains(*subject.of_all_tenants, now);
}

// Whether the credential was dropped for every tenant since this entry's fill began. That is noted
// as what happens to a user is: nobody can list the tenants of a credential either.
bool SessionCache::is_dropped(const Subject& subject, const Held& held) const {
  if (!subject.of_all_tenants || !held.is_held) return false;
  const UserEvent* event = users_.find(*subject.of_all_tenants);
  return event != nullptr && event->overtakes(held.entry.info.sequence);
}

Outcome SessionCache::check(const RequestHead& request, TimeMs now, const CheckOptions& options) {
  // Sweeps go with the clock, and with what is put in; a peek puts nothing in.
  if (!options.peek || now != stepped_at_) step(now);
  const Subject subject = identify(request);
  Outcome outcome;
  if (subject.has_key) {
    outcome = decide(subject, request, now, options);
  } else {
    outcome = decide_without_key(subject, options);
  }
  outcome.credential = subject.credential.kind;
  if (outcome.action == Action::kUnavailable) ++metrics_.unavailable;
  const bool is_hint = options.peek && outcome.action == Action::kServeStale;
  if (!options.again && !is_hint && outcome.action != Action::kRetry) count(outcome);
  return outcome;
}

void SessionCache::count(const Outcome& outcome) {
  ++metrics_.checks;
  switch (outcome.action) {
    case Action::kServe:
      ++metrics_.fresh;
      break;
    case Action::kServeStale:
      ++metrics_.stale;
      break;
    case Action::kWait:
      ++metrics_.joined;
      break;
    case Action::kRefuse:
      ++metrics_.negative;
      break;
    case Action::kPass:
    case Action::kTooLarge:
      ++metrics_.bypass;
      break;
    default:
      ++metrics_.miss;
  }
}

Outcome SessionCache::decide_without_key(const Subject& subject, const CheckOptions& options) {
  Outcome outcome;
  outcome.reason =
      subject.is_too_large ? Reason::kTooLarge : reason_of(subject.credential.ambiguity);
  if (subject.is_too_large) outcome.action = Action::kTooLarge;
  if (options.peek) outcome.action = Action::kRetry;
  return outcome;
}

Outcome SessionCache::decide(const Subject& subject, const RequestHead& request, TimeMs now,
                             const CheckOptions& options) {
  if (has_ended(subject, now)) {
    return refused(http::kUnauthorized, {}, {}, Reason::kTombstone);
  }
  if (config_.is_managed && subject.credential.kind == CredentialKind::kCookie) {
    // Whoever has a session cookie had it from here, so the origin knows nothing that is not here.
    VaultRecord* record = find_record(subject.key, now);
    if (record == nullptr) return refused(http::kUnauthorized, {}, {}, Reason::kUnknownSession);
    record->used_at = now;
  }
  Held held = find_live(subject.key, request.tenant, now, options.want);
  if (held.reason == Reason::kRevoked)
    return refused(http::kUnauthorized, {}, {}, Reason::kRevoked);
  if (is_dropped(subject, held)) {
    store_->erase(subject.key);
    held = {.reason = Reason::kChanged, .entry = {}};
  }

  Lease* waited = leases_.find(options.waited, now);
  if (waited != nullptr && waited->key == subject.key) {
    if (const auto followed = follow(waited, held, options.fresh)) return *followed;
  }

  const EntryInfo& info = held.entry.info;
  if (held.is_held && info.http_status != http::kOk) {
    if (!options.fresh) return refused(held.entry);
    held = Held{};  // its meta is no validator
  }
  if (held.is_held && !options.fresh) {
    if (now < info.fresh_until) {
      return served(held.entry, Action::kServe, Source::kFresh, Reason::kFresh);
    }
    if (now < info.filled_at + config_.keep_for) {
      const Outcome stale = served_stale(held.entry);
      if (options.peek || leases_.find_current(subject.key, now) != nullptr) return stale;
      return begin_fill(subject, request.tenant, FillCause::kRefresh, held, now, stale);
    }
    held.reason = Reason::kExpired;
  }

  const Reason reason = options.fresh ? Reason::kInsisted : held.reason;
  if (options.peek) return {.action = Action::kRetry, .reason = reason};
  if (Lease* current = leases_.find_current(subject.key, now)) {
    if (current->state == LeaseState::kInFlight) {
      ++current->waiters;
      return {.action = Action::kWait,
              .reason = Reason::kLeaseBusy,
              .lease = current->id,
              .deadline = current->deadline};
    }
    // The origin asked for patience (kBackoff), or a refresh has just failed (kPaused), which keeps
    // no request from asking that has to.
    const bool is_backoff = current->state == LeaseState::kBackoff;
    const Reason why = is_backoff ? Reason::kBackoff : Reason::kOriginFailed;
    if (held.is_held && (is_backoff || !options.fresh)) return served_stale(held.entry, why);
    if (is_backoff) return unavailable(current->deadline - now, why);
  }
  const Outcome outcome{.action = Action::kFetch, .reason = reason};
  const FillCause cause = options.fresh ? FillCause::kFresh : FillCause::kMiss;
  return begin_fill(subject, request.tenant, cause, held, now, outcome);
}

// Tells a follower what became of the lease it waited for. Empty if it has to look anew.
std::optional<Outcome> SessionCache::follow(Lease* lease, const Held& held, bool fresh) {
  if (lease->state == LeaseState::kInFlight) {
    return Outcome{.action = Action::kWait,
                   .reason = Reason::kLeaseBusy,
                   .lease = lease->id,
                   .deadline = lease->deadline};
  }
  const LeaseState state = lease->state;
  const DurationMs retry_after = lease->retry_after;
  // Whatever it points to must outlive the lease.
  meta_ = lease->meta;
  body_ = lease->body;
  EntryInfo info;
  info.http_status = lease->http_status;
  info.user_tag = lease->user_tag;
  info.sequence = lease->sequence;
  info.expires_at = lease->expires_at;
  leases_.drop_waiter(lease);
  // An answer from before a fresh check began is none (R11).
  if (fresh) return {};

  if (state == LeaseState::kStored && held.is_held) {
    return held.is_document()
               ? served(held.entry, Action::kServe, Source::kOrigin, Reason::kFollowed)
               : refused(held.entry);
  }
  if (state == LeaseState::kAnswered) return follow_answer(info);
  if (state == LeaseState::kFailed || state == LeaseState::kBackoff ||
      state == LeaseState::kPaused) {
    return held.is_document() ? served_stale(held.entry, Reason::kOriginFailed)
                              : unavailable(retry_after, Reason::kOriginFailed);
  }
  return {};
}

// The same for an answer that is stored nowhere: it is in `meta_` and `body_`.
std::optional<Outcome> SessionCache::follow_answer(const EntryInfo& info) {
  if (info.http_status == http::kOk) {
    const UserEvent* event = nullptr;
    if (standing_of(info, body_, &event) != Standing::kCurrent) return {};
    Outcome outcome =
        served({info, meta_, body_}, Action::kServe, Source::kOrigin, Reason::kFollowed);
    outcome.is_kept = false;
    return outcome;
  }
  Outcome outcome = refused(info.http_status, meta_, body_, Reason::kFollowed);
  outcome.source = Source::kOrigin;
  if (!is_refusal(info.http_status)) outcome.action = Action::kAnswer;
  return outcome;
}

Outcome SessionCache::begin_fill(const Subject& subject, Bytes tenant, FillCause cause,
                                 const Held& held, TimeMs now, Outcome outcome) {
  Lease* lease = leases_.begin(subject.key, cause, now, now + config_.lease_for);
  if (lease == nullptr) {
    if (outcome.action != Action::kFetch) return outcome;
    outcome.action = Action::kPass;
    outcome.reason = Reason::kNoLease;
    return outcome;
  }
  if (lease->took_over) ++metrics_.takeovers;
  lease->reason = static_cast<std::uint8_t>(outcome.reason);
  lease->sequence = sequence_;
  lease->tenant = tenant;
  if (subject.credential.kind == CredentialKind::kBearer) {
    // 0 is for a token that tells no end; one that ended in 1970 or before tells one.
    const std::optional<TimeMs> end = jwt_expiry(subject.credential.value);
    if (end) lease->credential_expires_at = std::max<TimeMs>(*end, 1);
  }
  outcome.lease = lease->id;
  if (held.is_held && cause != FillCause::kFresh) {
    outcome.meta = held.entry.meta;
    lease->conditional = !held.entry.meta.empty();
  }
  return outcome;
}

bool SessionCache::ask_origin(LeaseId id, TimeMs now) {
  if (leases_.drop_overdue(id, now)) ++metrics_.takeovers;
  const Lease* lease = leases_.find(id, now);
  if (lease == nullptr || lease->state != LeaseState::kInFlight) return false;
  switch (lease->cause) {
    case FillCause::kMiss:
      ++metrics_.origin_miss;
      break;
    case FillCause::kRefresh:
      ++metrics_.origin_refresh;
      break;
    case FillCause::kFresh:
      ++metrics_.origin_fresh;
      break;
    case FillCause::kWrite:
      ++metrics_.origin_write;
      break;
    case FillCause::kTokens:
      ++metrics_.origin_token_refresh;
      break;
  }
  return true;
}

SessionCache::Held SessionCache::find_live(Key key, Bytes tenant, TimeMs now, Want want) {
  Held held;
  if (!store_->find(key, now, &held.entry, want)) return held;
  EntryInfo info = held.entry.info;
  if (want != Want::kAll && info.user_tag != 0 && users_.may_concern(info.user_tag)) {
    // Whose it is stands in the body.
    store_->find(key, now, &held.entry);
  }
  const bool is_idle = config_.idle_for > 0 && now >= info.used_at + config_.idle_for;
  if (now >= info.drop_at || now >= info.expires_at || is_idle) {
    store_->erase(key);
    held.reason = Reason::kExpired;
    return held;
  }
  if (info.filled_at < trusted_from_) {
    held.reason = Reason::kDistrusted;
    return held;
  }
  held.is_held = true;
  if (info.http_status != http::kOk) return held;

  const UserEvent* event = nullptr;
  switch (standing_of(info, held.entry.body, &event)) {
    case Standing::kCurrent:
      break;
    case Standing::kStale:
      held.entry.info.fresh_until = std::min(info.fresh_until, now);
      break;
    case Standing::kReplaced:
      return adopt(key, *event, tenant, info, now);
    case Standing::kRevoked:
      bury(key, info.expires_at, now);
      return {.reason = Reason::kRevoked, .entry = {}};
    case Standing::kGone:
      store_->erase(key);
      return {.reason = Reason::kChanged, .entry = {}};
  }
  if (config_.idle_for > 0) {
    info.used_at = now;
    store_->set_info(key, info);
    const TimeMs fresh_until = held.entry.info.fresh_until;
    held.is_held = store_->find(key, now, &held.entry, want);
    held.entry.info.fresh_until = fresh_until;
  }
  return held;
}

// Gives a session the document that an update through another session of its user and tenant has
// left (R22). For other tenants the origin may answer another one, so theirs is dropped (R4).
SessionCache::Held SessionCache::adopt(const Key& key, const UserEvent& event, Bytes tenant,
                                       const EntryInfo& info, TimeMs now) {
  Held held{.reason = Reason::kChanged, .entry = {}};
  EntryView left;
  if (!store_->find(keys_.make_replacement(tenant, event.user), now, &left) ||
      now >= left.info.drop_at || is_before(left.info.sequence, event.changed_at)) {
    store_->erase(key);
    return held;
  }
  EntryInfo adopted = left.info;
  adopted.born_at = info.born_at;
  adopted.expires_at = info.expires_at;
  adopted.fresh_until = std::min(adopted.fresh_until, info.expires_at);
  adopted.drop_at = std::min(adopted.drop_at, info.expires_at);
  adopted.used_at = config_.idle_for > 0 ? now : 0;
  const std::string meta(left.meta);
  const std::string body(left.body);
  if (!store_->put(key, adopted, meta, body, now)) return held;
  held.is_held = store_->find(key, now, &held.entry);
  if (is_doubtful(adopted, &event)) {
    held.entry.info.fresh_until = std::min(adopted.fresh_until, now);
  }
  return held;
}

// True if the entry may be out of date: it is served as an older one (R22).
bool SessionCache::is_doubtful(const EntryInfo& info, const UserEvent* event) const {
  return (has_stale_floor_ && is_before(info.sequence, stale_floor_)) ||
         (event != nullptr && event->is_doubtful && is_before(info.sequence, event->doubted_at));
}

SessionCache::Standing SessionCache::standing_of(const EntryInfo& info, Bytes body,
                                                 const UserEvent** event) const {
  if (users_.is_below_floor(info.sequence)) return Standing::kGone;
  if (info.user_tag == 0 || !users_.may_concern(info.user_tag)) {
    return is_doubtful(info, nullptr) ? Standing::kStale : Standing::kCurrent;
  }

  // The tag is 32 bits of the user's key; the document says whose it really is.
  const std::optional<Key> user = user_of(body);
  if (!user) return Standing::kGone;
  *event = users_.find(*user);
  if (*event != nullptr && (*event)->revoked && is_before(info.sequence, (*event)->revoked_at)) {
    return Standing::kRevoked;
  }
  if (*event != nullptr && (*event)->change != UserChange::kNone &&
      is_before(info.sequence, (*event)->changed_at)) {
    return (*event)->change == UserChange::kReplaced ? Standing::kReplaced : Standing::kGone;
  }
  return is_doubtful(info, *event) ? Standing::kStale : Standing::kCurrent;
}

bool SessionCache::is_refusal(int http_status) const {
  return std::find(config_.refusals.begin(), config_.refusals.end(), http_status) !=
         config_.refusals.end();
}

void SessionCache::release(LeaseId id) {
  Lease* lease = leases_.find(id, 0);
  if (lease != nullptr && lease->state == LeaseState::kInFlight) leases_.free(lease);
}

void SessionCache::leave(LeaseId waited, TimeMs now) {
  if (Lease* lease = leases_.find(waited, now)) leases_.drop_waiter(lease);
}

}  // namespace sesame
