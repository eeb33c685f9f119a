// Who asks the origin, and what those are told that wait for the answer (rules R6, R9, R10).
#include <algorithm>
#include <string>

#include "base/http_status.h"
#include "session/outcomes.h"
#include "session/session_cache.h"

namespace sesame {

// Nothing is held that may be served at once: the request asks the origin, or waits for one that
// does.
Outcome SessionCache::decide_by_lease(const Subject& subject, Bytes tenant, TimeMs now,
                                      const CheckOptions& options, const Held& held) {
  const Reason reason = options.fresh ? Reason::kInsisted : held.reason;
  if (options.peek) {
    // Whose document it is may be looked up in what has to be confirmed before it is served.
    if (reason == Reason::kStale) return served(held.entry, Action::kRetry, Source::kStale, reason);
    return outcome_of(Action::kRetry, reason);
  }
  if (Lease* current = leases_.find_current(subject.key, now)) {
    if (current->state == LeaseState::kInFlight) {
      ++current->waiters;
      return waiting(*current, Reason::kLeaseBusy);
    }
    // The origin asked for patience (kBackoff), or a refresh has just failed (kPaused), which keeps
    // no request from asking that has to.
    const bool is_backoff = current->state == LeaseState::kBackoff;
    const Reason why = is_backoff ? Reason::kBackoff : Reason::kOriginFailed;
    if (held.is_held && (is_backoff || !options.fresh)) return served_stale(held.entry, why);
    if (is_backoff) return unavailable(current->deadline - now, why);
  }
  const Outcome outcome = outcome_of(Action::kFetch, reason);
  FillCause cause = reason == Reason::kStale ? FillCause::kRefresh : FillCause::kMiss;
  if (options.fresh) cause = FillCause::kFresh;
  return begin_fill(subject, tenant, cause, held, now, outcome);
}

// Tells a follower what became of the lease it waited for. Empty if it has to look anew.
std::optional<Outcome> SessionCache::follow(Lease* lease, const Held& held, bool fresh) {
  if (lease->state == LeaseState::kInFlight) return waiting(*lease, Reason::kLeaseBusy);
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
  const bool is_no =
      (info.http_status & http::kUnauthenticated) != 0 || is_refusal(info.http_status);
  if (!is_no) outcome.action = Action::kAnswer;
  return outcome;
}

// Whether the origin is not known to have accepted this credential: what it takes to ask for it is
// not reserved then (R53).
bool SessionCache::is_stranger(const Subject& subject, const Held& held, TimeMs now) {
  if (held.was_document) return false;
  const bool is_managed = config_.is_managed && subject.credential.kind == CredentialKind::kCookie;
  return !is_managed || find_record(subject.key, now) == nullptr;
}

Outcome SessionCache::begin_fill(const Subject& subject, Bytes tenant, FillCause cause,
                                 const Held& held, TimeMs now, Outcome outcome) {
  Lease* lease = leases_.begin(subject.key, cause, now, now + config_.lease_for,
                               is_stranger(subject, held, now));
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
  if (subject.of_all_tenants) lease->of_all_tenants = *subject.of_all_tenants;
  lease->is_cookie = subject.credential.kind == CredentialKind::kCookie;
  const std::optional<Key> ending = ending_of(subject.credential, tenant);
  lease->has_ending = ending.has_value();
  if (ending) lease->ending = *ending;
  // 0 is for a token that tells no end; one that ended in 1970 or before tells one.
  const std::optional<TimeMs> end = expiry_of(subject.credential);
  if (end) lease->credential_expires_at = std::max<TimeMs>(*end, 1);
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

// Gives a session the document that an update through another session of its user and tenant has
// left, if it holds the same bytes as that one did (R22): what a document says of its own session
// reaches no other. For other tenants the origin may answer another one, so theirs is dropped (R4).
SessionCache::Held SessionCache::adopt(const Key& key, const UserEvent& event, Bytes tenant,
                                       const EntryInfo& info, Bytes before, TimeMs now) {
  return take_over(key, keys_.make_replacement(tenant, event.user, before), event, info, now);
}

SessionCache::Held SessionCache::take_over(const Key& key, const Key& replacement,
                                           const UserEvent& event, const EntryInfo& info,
                                           TimeMs now) {
  Held held{.reason = Reason::kChanged, .entry = {}, .was_document = true};
  EntryView left;
  if (!store_->find(replacement, now, &left) || now >= left.info.drop_at ||
      is_before(left.info.sequence, event.changed_at)) {
    store_->erase(key);
    return held;
  }
  EntryInfo adopted = left.info;
  adopted.born_at = info.born_at;
  adopted.expires_at = info.expires_at;
  adopted.fresh_until = std::min(adopted.fresh_until, info.expires_at);
  adopted.drop_at = std::min(adopted.drop_at, info.expires_at);
  adopted.used_at = config_.idle_for > 0 ? now : 0;
  adopted.asks_first |= info.asks_first;
  adopted.ends_at = info.ends_at;
  limit_to_cookie(info.ends_at, &adopted);
  // Another credential may be in its place already (R85).
  if (info.asks_first) adopted.fresh_until = std::min(adopted.fresh_until, info.fresh_until);
  const std::string meta(left.meta);
  const std::string body(left.body);
  if (!store_->put(key, adopted, meta, body, now)) return held;
  held.is_held = store_->find(key, now, &held.entry);
  if (event.makes_stale(adopted.sequence)) {
    held.entry.info.fresh_until = std::min(adopted.fresh_until, now);
  }
  return held;
}

void SessionCache::release(LeaseId id) {
  Lease* lease = leases_.find(id, 0);
  if (lease != nullptr && lease->state == LeaseState::kInFlight) leases_.free(lease);
}

void SessionCache::leave(LeaseId waited, TimeMs now) {
  if (Lease* lease = leases_.find(waited, now)) leases_.drop_waiter(lease);
}

}  // namespace sesame
