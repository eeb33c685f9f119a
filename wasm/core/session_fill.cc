// What the origin's answers do to a session (SPEC R7, R10, R12-R15).
#include <algorithm>

#include "cache_control.h"
#include "document.h"
#include "session_cache.h"

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
  Lease* lease = leases_.find(id, now);
  if (lease == nullptr || lease->state != LeaseState::kInFlight) return overtaken(nullptr);

  const int status = answer.http_status;
  if (is_failure(status)) {
    const bool is_backoff = status == kTooManyRequests && answer.retry_after > 0;
    return fill_failed(lease, answer.retry_after, is_backoff, now);
  }
  if (status == kNotModified) return fill_confirmed(lease, answer, now);
  if (is_refusal(status)) return fill_refused(lease, answer, now);
  if (status >= 300) {
    // Not a failure and not a clear "no": passed on, and nothing is held on to (R12).
    const auto http_status = static_cast<std::uint16_t>(status);
    store_->erase(lease->key);
    leases_.end_with_answer(lease, http_status, answer.meta, answer.body);
    return answered(Action::kAnswer, http_status, answer.meta, answer.body);
  }
  return fill_document(lease, answer, now);
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
  if (event == nullptr) return false;
  return (event->revoked && is_before(lease.sequence, event->revoked_at)) ||
         (event->change != UserChange::kNone && is_before(lease.sequence, event->changed_at));
}

Outcome SessionCache::fill_failed(Lease* lease, DurationMs retry_after, bool is_backoff,
                                  TimeMs now) {
  ++metrics_.origin_failures;
  const Held held = find_live(lease->key, lease->tenant, now);
  if (lease->cause == FillCause::kWrite) {
    // A write went through, and it cannot be learnt whose: everybody's document may be out of date.
    stale_floor_ = ++sequence_;
    has_stale_floor_ = true;
  }
  lease->retry_after = std::max<DurationMs>(retry_after, 1000);
  if (is_backoff) {
    leases_.end_with_backoff(lease, now + retry_after, retry_after);
  } else if (lease->cause == FillCause::kRefresh) {
    leases_.end_with_backoff(lease, now + kRefreshPause, kRefreshPause);
  } else {
    leases_.end(lease, LeaseState::kFailed);
  }
  Outcome outcome{.action = Action::kUnavailable,
                  .retry_after = std::max<DurationMs>(retry_after, 1000)};
  if (held.is_revoked) outcome.action = Action::kRetry;
  if (held.is_held && held.entry.info.http_status == kOk) {
    outcome = answered(Action::kServeStale, kOk, held.entry.meta, held.entry.body);
    outcome.source = Source::kStale;
    outcome.expires_at = held.entry.info.expires_at;
  }
  if (outcome.action == Action::kUnavailable) ++metrics_.unavailable;
  return outcome;
}

Outcome SessionCache::fill_confirmed(Lease* lease, const OriginAnswer& answer, TimeMs now) {
  if (!lease->conditional) return fill_failed(lease, 0, false, now);
  const Held held = find_live(lease->key, lease->tenant, now);
  // It was confirmed as it was when the lease began; since then it may have gone or changed.
  const EntryInfo& old = held.entry.info;
  if (!held.is_held || old.http_status != kOk || is_before(lease->sequence, old.sequence)) {
    return overtaken(lease);
  }
  EntryInfo info =
      document_info(lease->credential_expires_at, answer.cache_control, old.born_at, now);
  info.sequence = lease->sequence;
  info.user_tag = old.user_tag;
  store_->set_info(lease->key, info);
  EntryView entry;
  if (!store_->find(lease->key, now, &entry)) return overtaken(lease);
  leases_.end(lease, LeaseState::kStored);
  Outcome outcome = answered(Action::kServe, kOk, entry.meta, entry.body);
  outcome.expires_at = info.expires_at;
  return outcome;
}

Outcome SessionCache::fill_refused(Lease* lease, const OriginAnswer& answer, TimeMs now) {
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

Outcome SessionCache::fill_document(Lease* lease, const OriginAnswer& answer, TimeMs now) {
  if (answer.body.size() > config_.max_document_bytes ||
      check_document(answer.body) != Status::kOk) {
    return fill_failed(lease, answer.retry_after, false, now);
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
  const bool may_store =
      now < info.expires_at && now >= tombstones_.unguarded_until() &&
      !(config_.obey_cache_control && read_cache_control(answer.cache_control).no_store);
  if (lease->cause == FillCause::kWrite && knows_user) {
    info.sequence =
        record_change(user, may_store ? UserChange::kReplaced : UserChange::kDropped, now);
    if (may_store) store_->put(user, info, answer.meta, body, now);
  }

  if (may_store && store_->put(lease->key, info, answer.meta, body, now)) {
    leases_.end(lease, LeaseState::kStored);
  } else {
    store_->erase(lease->key);
    lease->user_tag = tag;
    lease->expires_at = info.expires_at;
    leases_.end_with_answer(lease, kOk, answer.meta, body);
  }
  Outcome outcome = answered(Action::kServe, kOk, answer.meta, body);
  outcome.expires_at = info.expires_at;
  return outcome;
}

}  // namespace sesame
