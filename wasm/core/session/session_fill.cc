// What the origin's answers do to a session (SPEC R7, R10, R12-R15).
#include <algorithm>

#include "base/http_status.h"
#include "http/cache_control.h"
#include "json/document.h"
#include "session/outcomes.h"
#include "session/session_cache.h"

namespace sesame {
namespace {

// After a refresh that failed, the next one waits this long; what is held is served meanwhile.
constexpr DurationMs kRefreshPause = 1000;
// An origin that asks for patience is given no more (R13).
constexpr DurationMs kMaxPatience = 60'000;
// The body of a refusal is kept up to this size; a longer one is remembered without it.
constexpr std::size_t kMaxRefusalBytes = 4096;

Outcome answered(const Lease& lease, Action action, std::uint16_t http_status, Bytes meta,
                 Bytes body) {
  Outcome outcome = refused(http_status, meta, body, static_cast<Reason>(lease.reason));
  outcome.action = action;
  outcome.source = Source::kOrigin;
  return outcome;
}

}  // namespace

Outcome SessionCache::complete_fill(LeaseId id, const OriginAnswer& answer, TimeMs now) {
  step(now);
  if (leases_.drop_overdue(id, now)) ++metrics_.takeovers;
  Lease* lease = leases_.find(id, now);
  if (lease == nullptr || lease->state != LeaseState::kInFlight) return overtaken(nullptr);
  // If the session has ended with its user, this cancels the lease.
  const Held held = find_live(lease->key, lease->tenant, now, Want::kInfo);
  if (held.reason == Reason::kRevoked) return overtaken(nullptr);
  // Under another spelling of its token the session may have ended since (R10). Whom a write has
  // changed is asked for even then.
  if (lease->cause != FillCause::kWrite && has_ended(*lease, now)) return overtaken(lease);

  const int status = answer.http_status;
  if (answer.is_refusal || is_refusal(status)) return fill_refused(lease, answer, now);
  if (status == http::kNotModified) return fill_confirmed(lease, answer, held, now);
  // Nobody has asked for a part of it.
  if (http::is_success(status) && status != http::kPartialContent) {
    return fill_document(lease, answer, now);
  }
  return fill_failed(lease, answer, now);
}

Outcome SessionCache::overtaken(Lease* lease) {
  ++metrics_.fills_refused;
  if (lease != nullptr) leases_.free(lease);
  return outcome_of(Action::kRetry, Reason::kOvertaken);
}

// True if something happened to the user since the lease began (R10). What happens to the key
// itself cancels the lease.
bool SessionCache::is_overtaken(const Lease& lease, const std::optional<Key>& user) const {
  if (users_.is_below_floor(lease.sequence)) return true;
  const UserEvent* event = user ? users_.find(*user) : nullptr;
  return event != nullptr && event->overtakes(lease.sequence);
}

Outcome SessionCache::fill_failed(Lease* lease, const OriginAnswer& answer, TimeMs now) {
  ++metrics_.origin_failures;
  const DurationMs patience = std::min(answer.retry_after, kMaxPatience);
  const DurationMs retry_after = std::max<DurationMs>(patience, 1000);
  lease->retry_after = retry_after;
  const Held held = find_live(lease->key, lease->tenant, now);
  // Nothing can be served instead: the client is told what the origin has said.
  const bool is_passed_on = !held.is_document() && http::is_final(answer.http_status);
  const auto http_status = static_cast<std::uint16_t>(answer.http_status);
  Outcome outcome = answered(*lease, Action::kAnswer, http_status, answer.meta, answer.body);
  outcome.retry_after = retry_after;
  const bool leaves_a_wait = !lease->is_stranger;  // a stranger leaves nothing behind (R53)
  if (leaves_a_wait && patience > 0) {
    leases_.end_with_backoff(lease, now + patience, retry_after);
  } else if (leaves_a_wait && lease->cause == FillCause::kRefresh) {
    leases_.end_with_pause(lease, now + kRefreshPause);
  } else if (is_passed_on) {
    leases_.end_with_answer(lease, http_status, answer.meta, answer.body);
  } else {
    leases_.end(lease, LeaseState::kFailed);
  }
  if (held.is_document()) return served_stale(held.entry, Reason::kOriginFailed);
  if (is_passed_on) return outcome;
  ++metrics_.unavailable;
  return unavailable(retry_after, Reason::kOriginFailed);
}

Outcome SessionCache::fill_confirmed(Lease* lease, const OriginAnswer& answer, const Held& held,
                                     TimeMs now) {
  if (!lease->conditional) return fill_failed(lease, answer, now);
  // It was confirmed as it was when the lease began; since then it may have gone or changed.
  EntryView entry;
  if (!held.is_document() || !store_->find(lease->key, now, &entry, Want::kInfo) ||
      is_before(lease->sequence, entry.info.sequence)) {
    return overtaken(lease);
  }
  const EntryInfo old = entry.info;
  const bool is_silent = answer.cache_control.empty();
  sets_cookies_ |= answer.sets_cookies;
  EntryInfo info =
      document_info({.cache_control = answer.cache_control,
                     .credential_expires_at = lease->credential_expires_at,
                     .ends_at = answer.ends_at > 0 ? answer.ends_at : old.ends_at,
                     .is_cookie = lease->is_cookie,
                     .asks_first = answer.sets_cookies || (is_silent && old.asks_first)},
                    old.born_at, now);
  // What a 304 does not say stays as it was (RFC 9111 section 3.2).
  if (is_silent) {
    info.fresh_until = std::min(info.fresh_until, now + old.fresh_until - old.filled_at);
  }
  info.sequence = lease->sequence;
  info.user_tag = old.user_tag;
  const bool is_kept = !forbids_storing(answer.cache_control);
  if (is_kept) store_->set_info(lease->key, info);
  if (!store_->find(lease->key, now, &entry)) return overtaken(lease);
  if (!is_kept) {
    meta_ = entry.meta;
    body_ = entry.body;
    entry = {info, meta_, body_};
    store_->erase(lease->key);
  }
  Outcome outcome = answered(*lease, Action::kServe, http::kOk, entry.meta, entry.body);
  outcome.user = user_of(entry.body);
  finish_document(lease, info, is_kept, &outcome);
  return outcome;
}

Outcome SessionCache::fill_refused(Lease* lease, const OriginAnswer& answer, TimeMs now) {
  // It may be of before the login (R12).
  if (lease->login_seen) return overtaken(lease);
  auto http_status = static_cast<std::uint16_t>(answer.http_status);
  if (answer.is_refusal) http_status |= http::kUnauthenticated;
  const bool is_small = answer.meta.size() + answer.body.size() <= kMaxRefusalBytes;
  EntryInfo info;
  info.filled_at = now;
  info.born_at = now;
  info.used_at = config_.idle_for > 0 ? now : 0;
  info.fresh_until = info.drop_at = info.expires_at = now + config_.negative_for;
  info.sequence = lease->sequence;
  info.http_status = http_status;
  const Outcome outcome = answered(*lease, Action::kRefuse, http_status, answer.meta, answer.body);
  store_->erase(lease->key);
  const bool is_stored =
      config_.negative_for > 0 && store_->put(lease->key, info, is_small ? answer.meta : Bytes(),
                                              is_small ? answer.body : Bytes(), now);
  if (is_stored) {
    leases_.end(lease, LeaseState::kStored);
  } else {
    leases_.end_with_answer(lease, http_status, answer.meta, answer.body);
  }
  return outcome;
}

EntryInfo SessionCache::document_info(const Terms& terms, TimeMs born_at, TimeMs now) const {
  EntryInfo info;
  info.filled_at = now;
  info.born_at = born_at;
  info.used_at = config_.idle_for > 0 ? now : 0;
  info.http_status = http::kOk;
  info.expires_at = born_at + config_.expires_in;
  if (terms.credential_expires_at > 0) {
    info.expires_at = std::min(info.expires_at, terms.credential_expires_at);
  }
  DurationMs fresh_for = config_.fresh_for;
  const CacheControl directives = read_cache_control(terms.cache_control);
  if (directives.max_age_ms) fresh_for = std::min(fresh_for, *directives.max_age_ms);
  if (directives.no_cache) fresh_for = 0;
  info.asks_first = terms.asks_first || directives.no_cache || directives.must_revalidate ||
                    directives.max_age_ms == 0;
  info.fresh_until = std::min(now + fresh_for, info.expires_at);
  info.drop_at = std::min(now + config_.keep_for + config_.stale_if_error, info.expires_at);
  info.ends_at = terms.ends_at;
  limit_to_cookie(terms.ends_at, &info);
  // A cookie that is a token says its end itself. Only where the origin renews it with documents
  // is it worth asking for one before.
  if (terms.is_cookie && (info.asks_first || sets_cookies_)) {
    limit_to_cookie(terms.credential_expires_at, &info);
  }
  return info;
}

// Rule R86: whoever asks halfway may have the cookie renewed, and is never signed out by what is
// held. It is not the session's end, which does not move. `end` 0: it is not known.
void SessionCache::limit_to_cookie(TimeMs end, EntryInfo* info) const {
  if (end == 0) return;
  info->drop_at = std::min(info->drop_at, end);
  const DurationMs left = end - info->filled_at;
  constexpr DurationMs kWorthHalving = 2000;
  info->fresh_until =
      std::min(info->fresh_until, info->filled_at + (left < kWorthHalving ? left : left / 2));
}

EntryInfo SessionCache::document_at(const Key& key, TimeMs now) {
  EntryView entry;
  if (!store_->find(key, now, &entry, Want::kInfo) || entry.info.http_status != http::kOk)
    return {};
  return entry.info;
}

// SPEC R15.
bool SessionCache::forbids_storing(Bytes cache_control) const {
  return read_cache_control(cache_control).no_store;
}

Outcome SessionCache::fill_document(Lease* lease, const OriginAnswer& answer, TimeMs now) {
  if (answer.body.size() > config_.max_document_bytes ||
      check_document(answer.body) != Status::kOk) {
    return fill_failed(lease, answer, now);
  }
  const std::optional<Key> user = user_of(answer.body);
  const bool is_written = lease->cause == FillCause::kWrite && user;
  if (is_overtaken(*lease, user)) {
    // Whatever else has happened to that user: it is known now whose documents a write has changed.
    if (is_written) record_change(*user, UserChange::kDropped, now);
    return overtaken(lease);
  }
  Bytes body = answer.body;
  if (!config_.fields.empty()) {
    body_ = project(answer.body, config_.fields);
    body = body_;
  }

  const std::uint32_t tag = user ? user_tag(*user) : 0;
  // A revocation from while the origin was being asked ends what it answers (R10, R31).
  TimeMs born_at = std::min(now, lease->deadline - config_.lease_for);
  TimeMs ends_at = answer.ends_at;
  const EntryInfo old = document_at(lease->key, now);
  if (now < old.expires_at && old.user_tag == tag) {
    born_at = old.born_at;
    // The origin need not renew the cookie each time.
    if (ends_at == 0) ends_at = old.ends_at;
  }
  sets_cookies_ |= answer.sets_cookies;
  EntryInfo info = document_info({.cache_control = answer.cache_control,
                                  .credential_expires_at = lease->credential_expires_at,
                                  .ends_at = ends_at,
                                  .is_cookie = lease->is_cookie,
                                  .asks_first = answer.sets_cookies},
                                 born_at, now);
  info.user_tag = tag;
  info.sequence = lease->sequence;
  // The other sessions of a writer ask for theirs: what he held before his write is not known.
  if (is_written) info.sequence = record_change(*user, UserChange::kDropped, now);
  // Only a write is asked about after its session was revoked.
  const bool may_store =
      now < info.drop_at && !forbids_storing(answer.cache_control) && !has_ended(*lease, now);
  const bool is_kept = may_store && store_->put(lease->key, info, answer.meta, body, now);
  if (!is_kept) store_->erase(lease->key);
  if (is_kept) keep_for_renewal(lease->key, info, answer.meta, body, now);
  note_accepted(lease->of_all_tenants, info, now);
  Outcome outcome = answered(*lease, Action::kServe, http::kOk, answer.meta, body);
  outcome.user = user;
  finish_document(lease, info, is_kept, &outcome);
  return outcome;
}

// What ends or drops a credential does so for every tenant, so that it has been accepted for one
// has to be known for all.
void SessionCache::note_accepted(const Key& of_all_tenants, const EntryInfo& info, TimeMs now) {
  if (of_all_tenants == Key{}) return;
  store_->put(acceptance_key(of_all_tenants), info, {}, "{}", now);
}

// Ends the lease of a document that is in the store, or (`is_kept` is false) nowhere.
void SessionCache::finish_document(Lease* lease, const EntryInfo& info, bool is_kept,
                                   Outcome* outcome) {
  outcome->expires_at = info.expires_at;
  outcome->is_kept = is_kept;
  outcome->born_at = info.born_at;
  outcome->ends_at = info.ends_at;
  outcome->asks_first = info.asks_first;
  if (is_kept) {
    outcome->fresh_until = info.fresh_until;
    leases_.end(lease, LeaseState::kStored);
    return;
  }
  lease->user_tag = info.user_tag;
  lease->expires_at = info.expires_at;
  leases_.end_with_answer(lease, http::kOk, outcome->meta, outcome->body);
}

}  // namespace sesame
