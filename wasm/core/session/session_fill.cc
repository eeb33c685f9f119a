// What the origin's answers do to a session (SPEC R7, R10, R12-R15).
#include <algorithm>

#include "http/cache_control.h"
#include "json/document.h"
#include "session/session_cache.h"

namespace sesame {
namespace {

constexpr std::uint16_t kOk = 200;
constexpr int kNotModified = 304;
constexpr int kTooManyRequests = 429;
// After a refresh that failed, the next one waits this long; what is held is served meanwhile.
constexpr DurationMs kRefreshPause = 1000;
// The body of a refusal is kept up to this size; a longer one is remembered without it.
constexpr std::size_t kMaxRefusalBytes = 4096;

// SPEC R13: what says nothing about the session.
bool is_failure(int http_status) {
  return http_status < 200 || http_status == 408 || http_status == 425 ||
         http_status == kTooManyRequests || http_status >= 500;
}

Outcome answered(Action action, std::uint16_t http_status, Bytes meta, Bytes body) {
  return {.action = action,
          .source = Source::kOrigin,
          .http_status = http_status,
          .meta = meta,
          .body = body};
}

}  // namespace

Outcome SessionCache::complete_fill(LeaseId id, const OriginAnswer& answer, TimeMs now) {
  step(now);
  if (leases_.drop_overdue(id, now)) ++metrics_.takeovers;
  Lease* lease = leases_.find(id, now);
  if (lease == nullptr || lease->state != LeaseState::kInFlight) return overtaken(nullptr);
  // If the session has ended with its user, this cancels the lease.
  const Held held = find_live(lease->key, lease->tenant, now);
  if (held.is_revoked) return overtaken(nullptr);

  const int status = answer.http_status;
  if (is_failure(status)) return fill_failed(lease, answer, held, now);
  if (status == kNotModified) return fill_confirmed(lease, answer, held, now);
  if (status >= 300 && lease->cause == FillCause::kWrite) doubt_everything(now);
  if (is_refusal(status)) return fill_refused(lease, answer, now);
  if (status >= 300) {
    // Not a failure and not a clear "no": passed on, and nothing is held on to (R12).
    const auto http_status = static_cast<std::uint16_t>(status);
    store_->erase(lease->key);
    leases_.end_with_answer(lease, http_status, answer.meta, answer.body);
    return answered(Action::kAnswer, http_status, answer.meta, answer.body);
  }
  return fill_document(lease, answer, held, now);
}

Outcome SessionCache::overtaken(Lease* lease) {
  ++metrics_.fills_refused;
  if (lease != nullptr) leases_.free(lease);
  return {.action = Action::kRetry};
}

// True if something happened to the user since the lease began (R10). What happens to the key
// itself cancels the lease.
bool SessionCache::is_overtaken(const Lease& lease, const Key& user) {
  if (users_.is_below_floor(lease.sequence)) return true;
  const UserEvent* event = users_.find(user);
  return event != nullptr && event->overtakes(lease.sequence);
}

// A write went through, and it cannot be learnt whose: everybody's document may be out of date.
void SessionCache::doubt_everything(TimeMs now) {
  stale_floor_ = ++sequence_;
  stale_floor_until_ = event_end(now);
  has_stale_floor_ = true;
}

Outcome SessionCache::fill_failed(Lease* lease, const OriginAnswer& answer, const Held& held,
                                  TimeMs now) {
  ++metrics_.origin_failures;
  if (lease->cause == FillCause::kWrite) doubt_everything(now);
  const DurationMs retry_after = std::max<DurationMs>(answer.retry_after, 1000);
  lease->retry_after = retry_after;
  if (answer.http_status == kTooManyRequests && answer.retry_after > 0) {
    leases_.end_with_backoff(lease, now + answer.retry_after, retry_after);
  } else if (lease->cause == FillCause::kRefresh) {
    leases_.end_with_pause(lease, now + kRefreshPause);
  } else {
    leases_.end(lease, LeaseState::kFailed);
  }
  Outcome outcome{.action = Action::kUnavailable, .retry_after = retry_after};
  if (held.is_held && held.entry.info.http_status == kOk) {
    outcome = answered(Action::kServeStale, kOk, held.entry.meta, held.entry.body);
    outcome.source = Source::kStale;
    outcome.expires_at = held.entry.info.expires_at;
    outcome.fresh_until = held.entry.info.fresh_until;
  }
  if (outcome.action == Action::kUnavailable) ++metrics_.unavailable;
  return outcome;
}

Outcome SessionCache::fill_confirmed(Lease* lease, const OriginAnswer& answer, const Held& held,
                                     TimeMs now) {
  if (!lease->conditional) return fill_failed(lease, answer, held, now);
  // It was confirmed as it was when the lease began; since then it may have gone or changed.
  EntryView entry;
  if (!held.is_held || !store_->find(lease->key, now, &entry) || entry.info.http_status != kOk ||
      is_before(lease->sequence, entry.info.sequence)) {
    return overtaken(lease);
  }
  const EntryInfo& old = entry.info;
  EntryInfo info =
      document_info(lease->credential_expires_at, answer.cache_control, old.born_at, now);
  // What a 304 does not say stays as it was (RFC 9111 section 3.2).
  if (answer.cache_control.empty()) {
    info.fresh_until = std::min(info.fresh_until, now + old.fresh_until - old.filled_at);
  }
  info.sequence = lease->sequence;
  info.user_tag = old.user_tag;
  const bool is_kept = !forbids_storing(answer.cache_control);
  if (!is_kept) {
    meta_ = entry.meta;
    body_ = entry.body;
    entry = {info, meta_, body_};
    store_->erase(lease->key);
    lease->user_tag = info.user_tag;
    lease->expires_at = info.expires_at;
    leases_.end_with_answer(lease, kOk, meta_, body_);
  } else {
    store_->set_info(lease->key, info);
    if (!store_->find(lease->key, now, &entry)) return overtaken(lease);
    leases_.end(lease, LeaseState::kStored);
  }
  Outcome outcome = answered(Action::kServe, kOk, entry.meta, entry.body);
  outcome.expires_at = info.expires_at;
  if (is_kept) outcome.fresh_until = info.fresh_until;
  return outcome;
}

Outcome SessionCache::fill_refused(Lease* lease, const OriginAnswer& answer, TimeMs now) {
  // It may be of before the login (R12).
  if (lease->login_seen) return overtaken(lease);
  const auto http_status = static_cast<std::uint16_t>(answer.http_status);
  const bool is_small = answer.meta.size() + answer.body.size() <= kMaxRefusalBytes;
  EntryInfo info;
  info.filled_at = now;
  info.born_at = now;
  info.used_at = config_.idle_for > 0 ? now : 0;
  info.fresh_until = info.drop_at = info.expires_at = now + config_.negative_for;
  info.sequence = lease->sequence;
  info.http_status = http_status;
  store_->erase(lease->key);
  const bool is_stored =
      config_.negative_for > 0 && store_->put(lease->key, info, is_small ? answer.meta : Bytes(),
                                              is_small ? answer.body : Bytes(), now);
  if (is_stored) {
    leases_.end(lease, LeaseState::kStored);
  } else {
    leases_.end_with_answer(lease, http_status, answer.meta, answer.body);
  }
  return answered(Action::kRefuse, http_status, answer.meta, answer.body);
}

EntryInfo SessionCache::document_info(TimeMs credential_expires_at, Bytes cache_control,
                                      TimeMs born_at, TimeMs now) const {
  EntryInfo info;
  info.filled_at = now;
  info.born_at = born_at;
  info.used_at = config_.idle_for > 0 ? now : 0;
  info.http_status = kOk;
  info.expires_at = born_at + config_.expires_in;
  if (credential_expires_at > 0) {
    info.expires_at = std::min(info.expires_at, credential_expires_at);
  }
  DurationMs fresh_for = config_.fresh_for;
  if (config_.obey_cache_control) {
    const CacheControl directives = read_cache_control(cache_control);
    if (directives.max_age_ms) fresh_for = std::min(fresh_for, *directives.max_age_ms);
    if (directives.no_cache) fresh_for = 0;
  }
  info.fresh_until = std::min(now + fresh_for, info.expires_at);
  info.drop_at = std::min(now + config_.keep_for + config_.stale_if_error, info.expires_at);
  return info;
}

// SPEC R15.
bool SessionCache::forbids_storing(Bytes cache_control) const {
  return config_.obey_cache_control && read_cache_control(cache_control).no_store;
}

Outcome SessionCache::fill_document(Lease* lease, const OriginAnswer& answer, const Held& held,
                                    TimeMs now) {
  if (answer.body.size() > config_.max_document_bytes ||
      check_document(answer.body) != Status::kOk) {
    return fill_failed(lease, answer, held, now);
  }
  Key user;
  const bool knows_user = user_of(answer.body, lease->tenant, &user);
  if (knows_user && is_overtaken(*lease, user)) return overtaken(lease);
  if (!knows_user && users_.is_below_floor(lease->sequence)) return overtaken(lease);
  Bytes body = answer.body;
  if (!config_.fields.empty()) {
    body_ = project(answer.body, config_.fields);
    body = body_;
  }

  const std::uint32_t tag = knows_user ? user_tag(user) : 0;
  TimeMs born_at = now;
  EntryView old;
  if (store_->find(lease->key, now, &old) && old.info.http_status == kOk &&
      old.info.user_tag == tag && now < old.info.expires_at) {
    born_at = old.info.born_at;
  }
  EntryInfo info = document_info(lease->credential_expires_at, answer.cache_control, born_at, now);
  info.user_tag = tag;
  info.sequence = lease->sequence;
  const bool may_keep = now < info.expires_at && now >= tombstones_.unguarded_until() &&
                        !forbids_storing(answer.cache_control);
  if (lease->cause == FillCause::kWrite && knows_user) {
    info.sequence =
        record_change(user, may_keep ? UserChange::kReplaced : UserChange::kDropped, now);
    // Whoever takes it over has an end of its own.
    EntryInfo left = document_info(0, answer.cache_control, now, now);
    left.user_tag = tag;
    left.sequence = info.sequence;
    if (may_keep) store_->put(user, left, answer.meta, body, now);
    // What was in doubt when it was asked for still is.
    if (has_stale_floor_ && is_before(lease->sequence, stale_floor_)) {
      record_change(user, UserChange::kStale, now);
    }
  } else if (lease->cause == FillCause::kWrite) {
    doubt_everything(now);
  }

  // Only a write is asked about after its session was revoked.
  const bool may_store = may_keep && !tombstones_.contains(lease->key, now);
  const bool is_kept = may_store && store_->put(lease->key, info, answer.meta, body, now);
  if (is_kept) {
    leases_.end(lease, LeaseState::kStored);
  } else {
    store_->erase(lease->key);
    lease->user_tag = tag;
    lease->expires_at = info.expires_at;
    leases_.end_with_answer(lease, kOk, answer.meta, body);
  }
  Outcome outcome = answered(Action::kServe, kOk, answer.meta, body);
  outcome.expires_at = info.expires_at;
  if (is_kept) outcome.fresh_until = info.fresh_until;
  return outcome;
}

}  // namespace sesame
