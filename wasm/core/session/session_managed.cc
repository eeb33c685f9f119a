// Managed sessions: the cache keeps the tokens, the browser only a session cookie (SPEC R20, R21,
// R24, R25).
#include <algorithm>
#include <utility>

#include "base/http_status.h"
#include "json/document.h"
#include "session/outcomes.h"
#include "session/session_cache.h"

namespace sesame {
namespace {

// A token this near to its end is exchanged: it would end on the way to the origin.
constexpr DurationMs kExpiryMargin = 5'000;
// An origin that asks for patience is given no more (R13).
constexpr DurationMs kMaxPatience = 60'000;
// Hosts ask after each login; who has no other nodes need not.
constexpr std::size_t kMaxCrowdedOut = 64;

Outcome no_session() { return refused(http::kUnauthorized, {}, {}, Reason::kUnknownSession); }

}  // namespace

Outcome SessionCache::begin_session(Bytes tenant, Bytes cookie, const Tokens& tokens,
                                    const OriginAnswer& document, Sequence asked_at, TimeMs now) {
  step(now);
  constexpr DurationMs kRetryAfter = 1000;
  if (tokens.access.empty() || document.http_status != http::kOk ||
      document.body.size() > config_.max_document_bytes ||
      check_document(document.body) != Status::kOk) {
    return unavailable(kRetryAfter);
  }
  const Key key = keys_.make(tenant, KeyKind::kCookie, reader_.first_cookie_name(), cookie);
  // Without an identifier the session is its own only one.
  const Key user = user_of(document.body).value_or(key);
  const UserEvent* event = users_.find(user);
  const bool has_ended =
      event != nullptr && event->revoked && is_before(asked_at, event->revoked_at);
  if (has_ended || users_.is_below_floor(asked_at)) return outcome_of(Action::kRetry);
  VaultRecord record;
  record.access_token = tokens.access;
  record.refresh_token = tokens.refresh;
  record.access_expires_at = tokens.access_expires_at;
  record.expires_at = now + config_.expires_in;
  record.used_at = now;
  record.confirmed_at = now;
  record.user = user;
  if (!put_record(key, record, now)) return unavailable(kRetryAfter);

  // The document goes in as the answer of a fill that began when it was asked for (R10, R20). One
  // that an update has overtaken is not kept, and the session's first check asks again.
  Lease* lease = leases_.begin(key, FillCause::kMiss, now, now + config_.lease_for);
  if (lease == nullptr) {
    vault_.erase(key);
    return unavailable(kRetryAfter);
  }
  lease->sequence = asked_at;
  lease->tenant = tenant;
  ++metrics_.origin_login;
  Outcome outcome = fill_document(lease, document, now);
  if (outcome.action == Action::kRetry) outcome.action = Action::kServe;
  return outcome;
}

const Vault::Slot* SessionCache::managed_session(const RequestHead& request, TimeMs now) {
  const Subject subject = identify(request);
  if (!subject.has_key || has_ended(subject, request.tenant, now)) return nullptr;
  return managed_session(subject.key, now);
}

const Vault::Slot* SessionCache::managed_session(const Key& session, TimeMs now) {
  return find_record(session, now) == nullptr ? nullptr : vault_.slot_of(session);
}

const Vault::Slot* SessionCache::next_managed_session(std::uint32_t* place, TimeMs now) {
  return vault_.next(place, now);
}

bool SessionCache::adopt_session(const Key& key, VaultRecord&& record, Sequence asked_at,
                                 TimeMs now) {
  step(now);
  const UserEvent* event = users_.find(record.user);
  const bool has_ended = users_.is_below_floor(asked_at) ||
                         (event != nullptr && event->ends_session_of(asked_at, born_at(record)));
  if (has_ended || record.access_token.empty() || now >= record.expires_at ||
      tombstones_.contains(key, now)) {
    return false;
  }
  record.used_at = now;
  record.confirmed_at = now;
  return put_record(key, record, now);
}

void SessionCache::end_record(Key session, const VaultRecord& record, TimeMs now) {
  bury(session,
       {.session_end = record.expires_at, .user_tag = user_tag(record.user), .user = record.user},
       now);
}

// Of the sessions of one user that are more than he may have the oldest ends (R54).
bool SessionCache::put_record(const Key& session, const VaultRecord& record, TimeMs now) {
  const Key user = record.user;
  if (!vault_.put(session, record)) return false;
  while (const auto* oldest = vault_.oldest_of(user, config_.sessions_per_user)) {
    if (crowded_out_.size() == kMaxCrowdedOut) crowded_out_.erase(crowded_out_.begin());
    crowded_out_.push_back(oldest->session);
    end_record(oldest->session, oldest->record, now);
  }
  return true;
}

// The record of a session, if it lives.
VaultRecord* SessionCache::find_record(const Key& key, TimeMs now) {
  VaultRecord* record = vault_.find(key, now);
  if (record == nullptr) return nullptr;
  if (config_.idle_for > 0 && now >= record->used_at + config_.idle_for) {
    vault_.erase(key);
    return nullptr;
  }
  return record;
}

Outcome SessionCache::token_served(Bytes token, TimeMs expires_at) {
  body_ = token;
  Outcome outcome = outcome_of(Action::kServe);
  outcome.http_status = http::kOk;
  outcome.expires_at = expires_at;
  outcome.body = body_;
  return outcome;
}

Outcome SessionCache::authorize(const RequestHead& request, Bytes rejected, TimeMs now,
                                LeaseId waited) {
  step(now);
  const Subject subject = identify(request);
  if (!subject.has_key || subject.credential.kind != CredentialKind::kCookie) {
    Outcome outcome = outcome_of(subject.is_too_large ? Action::kTooLarge : Action::kPass);
    outcome.credential = subject.credential.kind;
    return outcome;
  }
  VaultRecord* record =
      has_ended(subject, request.tenant, now) ? nullptr : find_record(subject.key, now);
  if (record == nullptr) return no_session();
  record->used_at = now;

  const Key key = refresh_key(subject.key);
  if (Lease* lease = leases_.find(waited, now); lease != nullptr && lease->key == key) {
    if (lease->state == LeaseState::kInFlight) return waiting(*lease);
    const bool has_failed =
        lease->state == LeaseState::kFailed || lease->state == LeaseState::kBackoff;
    const DurationMs retry_after = lease->retry_after;
    leases_.drop_waiter(lease);
    if (has_failed) return unavailable(retry_after);
  }

  const bool is_rejected = !rejected.empty() && rejected == record->access_token;
  const bool has_expired =
      record->access_expires_at > 0 && now + kExpiryMargin >= record->access_expires_at;
  if (record->refresh_token.empty() && is_rejected) {
    // Nothing is left to prove who this is.
    end_record(subject.key, *record, now);
    return no_session();
  }
  if (!record->refresh_token.empty() && (is_rejected || has_expired)) {
    if (Lease* current = leases_.find_current(key, now)) {
      if (current->state == LeaseState::kBackoff) return unavailable(current->deadline - now);
      ++current->waiters;
      return waiting(*current);
    }
    Lease* lease = leases_.begin(key, FillCause::kTokens, now, now + config_.refresh_lease_for);
    if (lease == nullptr) return unavailable(1000);
    lease->subject = subject.key;
    record->is_shared = false;  // what the exchange brings is nowhere else
    meta_ = record->access_token;
    body_ = record->refresh_token;
    Outcome outcome = outcome_of(Action::kFetch);
    outcome.credential = CredentialKind::kCookie;
    outcome.lease = lease->id;
    outcome.meta = meta_;
    outcome.body = body_;
    return outcome;
  }
  Outcome outcome = token_served(record->access_token, record->expires_at);
  outcome.credential = CredentialKind::kCookie;
  return outcome;
}

Outcome SessionCache::complete_refresh(LeaseId id, int http_status, const Tokens& tokens,
                                       DurationMs retry_after, TimeMs now) {
  step(now);
  Lease* lease = leases_.find(id, now);
  if (lease == nullptr || lease->state != LeaseState::kInFlight) {
    // The session ended while its tokens were exchanged (R10).
    ++metrics_.fills_refused;
    return outcome_of(Action::kRetry);
  }
  const Key session = lease->subject;
  VaultRecord* record = find_record(session, now);
  if (record == nullptr) {
    leases_.free(lease);
    return no_session();
  }
  if (http::is_success(http_status) && !tokens.access.empty()) {
    // Where refresh tokens are not rotated, the one there is stays good (RFC 6749 section 6).
    vault_.renew(session, tokens.access, tokens.refresh, tokens.access_expires_at);
    leases_.end(lease, LeaseState::kStored);
    return token_served(tokens.access, record->expires_at);
  }
  // RFC 6749 section 5.2: the grant is no longer valid. Anything else says nothing about it (R24).
  if (http_status == http::kBadRequest || http_status == http::kUnauthorized ||
      http_status == http::kForbidden) {
    end_record(session, *record, now);
    return no_session();
  }
  ++metrics_.origin_failures;
  retry_after = std::min(retry_after, kMaxPatience);
  lease->retry_after = std::max<DurationMs>(retry_after, 1000);
  const Outcome outcome = unavailable(lease->retry_after);
  if (http_status == http::kTooManyRequests && retry_after > 0) {
    leases_.end_with_backoff(lease, now + retry_after, retry_after);  // obeyed (R13)
  } else {
    leases_.end(lease, LeaseState::kFailed);
  }
  return outcome;
}

}  // namespace sesame
