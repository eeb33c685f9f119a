#include "session/session_cache.h"

#include <algorithm>

#include "session/outcomes.h"

namespace sesame {
namespace {

Reason reason_of(Ambiguity ambiguity) {
  switch (ambiguity) {
    case Ambiguity::kTwoCookies:
      return Reason::kCookiesDiffer;
    case Ambiguity::kCookieAndAuthorization:
      return Reason::kCookieAndAuthorization;
    case Ambiguity::kAuthorizationScheme:
      return Reason::kAuthorization;
    case Ambiguity::kCookieNameVariant:
      return Reason::kCookieNameVariant;
    case Ambiguity::kMalformedHeader:
      return Reason::kMalformedHeader;
    case Ambiguity::kUndecodableBytes:
      return Reason::kUndecodableBytes;
    case Ambiguity::kJoinedFields:
      return Reason::kJoinedFields;
    case Ambiguity::kChunks:
      return Reason::kChunks;
    case Ambiguity::kNone:
    case Ambiguity::kCount:
      break;
  }
  return Reason::kAnonymous;
}

}  // namespace

void SessionCache::step(TimeMs now) {
  stepped_at_ = now;
  store_->step(now);
  metrics_.takeovers += leases_.step(now);
  tombstones_.step(now);
  users_.step(now);
  vault_.step(now);
}

SessionCache::Subject::Subject(const SessionCache& cache, const RequestHead& request)
    : scratch(cache.scratch_) {
  const Config& config = cache.config_;
  if (request.cookie.size() > config.max_credential_bytes ||
      request.authorization.size() > config.max_credential_bytes) {
    is_too_large = true;
    return;
  }
  credential = cache.reader_.read(request.cookie, request.authorization, &scratch);
  const CredentialKind kind = credential.kind;
  if (kind != CredentialKind::kCookie && kind != CredentialKind::kBearer) return;
  has_key = true;
  if (request.tenant.empty() && kind == CredentialKind::kCookie && credential.name_number == 0) {
    key = cache.keys_.make_usual(credential.value);
    return;
  }
  const KeyKind key_kind = kind == CredentialKind::kCookie ? KeyKind::kCookie : KeyKind::kBearer;
  key = cache.keys_.make(request.tenant, key_kind, credential.name, credential.value);
  if (!request.tenant.empty()) {
    of_all_tenants = cache.keys_.make({}, key_kind, credential.name, credential.value);
  }
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
  Outcome outcome = subject.has_key ? decide(subject, request, now, options)
                                    : decide_without_key(subject, options);
  outcome.credential = subject.credential.kind;
  if (outcome.action == Action::kUnavailable) ++metrics_.unavailable;
  const bool is_hint = options.peek && outcome.action == Action::kServeStale;
  if (!options.again && !is_hint && outcome.action != Action::kRetry) {
    count(outcome);
    if (outcome.credential == CredentialKind::kAmbiguous) {
      ++metrics_.ambiguous[static_cast<std::size_t>(subject.credential.ambiguity)];
    }
  }
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
  if (has_ended(subject, request.tenant, now)) {
    return refused(http::kUnauthorized, {}, {}, Reason::kTombstone);
  }
  // Of a further document, the main one has just been asked for under the session's own key (R17).
  const bool is_further = !request.tenant.empty() && request.tenant.front() == '/';
  if (config_.is_managed && subject.credential.kind == CredentialKind::kCookie && !is_further) {
    // Whoever has a session cookie had it from here, so the origin knows nothing that is not here.
    VaultRecord* record = find_record(subject.key, now);
    if (record == nullptr) return refused(http::kUnauthorized, {}, {}, Reason::kUnknownSession);
    if (options.want != Want::kLook) record->used_at = now;
  }
  Held held = find_live(subject.key, request.tenant, now, options.want);
  if (held.reason == Reason::kRevoked)
    return refused(http::kUnauthorized, {}, {}, Reason::kRevoked);
  if (is_dropped(subject, held)) {
    store_->erase(subject.key);
    held = {.reason = Reason::kChanged, .entry = {}, .was_document = held.was_document};
  }

  Lease* waited = options.waited == 0 ? nullptr : leases_.find(options.waited, now);
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
    if (info.asks_first || sets_cookies_) {
      held.reason = Reason::kStale;
    } else if (now < info.filled_at + config_.keep_for) {
      const Outcome stale = served_stale(held.entry);
      if (options.peek || leases_.find_current(subject.key, now) != nullptr) return stale;
      return begin_fill(subject, request.tenant, FillCause::kRefresh, held, now, stale);
    } else {
      held.reason = Reason::kExpired;
    }
  }

  return decide_by_lease(subject, request.tenant, now, options, held);
}

SessionCache::Held SessionCache::find_live(Key key, Bytes tenant, TimeMs now, Want want) {
  Held held;
  if (!store_->find(key, now, &held.entry, want)) return held;
  EntryInfo info = held.entry.info;
  held.was_document = info.http_status == http::kOk;
  if (want != Want::kAll && info.user_tag != 0 && users_.may_concern(info.user_tag)) {
    // Whose it is stands in the body.
    store_->find(key, now, &held.entry);
  }
  const bool is_idle = info.used_at > 0 && now >= info.used_at + config_.idle_for;
  if (now >= info.drop_at || now >= info.expires_at || is_idle) {
    store_->erase(key);
    held.reason = is_idle ? Reason::kIdle : Reason::kExpired;
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
      return adopt(key, *event, tenant, info, held.entry.body, now);
    case Standing::kRevoked:
      // A managed session that a revocation has ended has no record any more.
      if (config_.is_managed && vault_.find(key, now) != nullptr) {
        store_->erase(key);
        return {.reason = Reason::kChanged, .entry = {}, .was_document = true};
      }
      bury(key, {.session_end = info.expires_at, .must_keep = true}, now);
      return {.reason = Reason::kRevoked, .entry = {}};
    case Standing::kGone:
      store_->erase(key);
      return {.reason = Reason::kChanged, .entry = {}, .was_document = true};
  }
  if (info.used_at > 0 && want != Want::kLook) {
    info.used_at = now;
    store_->set_info(key, info);
    const TimeMs fresh_until = held.entry.info.fresh_until;
    held.is_held = store_->find(key, now, &held.entry, want);
    held.entry.info.fresh_until = fresh_until;
  }
  return held;
}

SessionCache::Standing SessionCache::standing_of(const EntryInfo& info, Bytes body,
                                                 const UserEvent** event) const {
  if (users_.is_below_floor(info.sequence)) return Standing::kGone;
  if (info.user_tag == 0 || !users_.may_concern(info.user_tag)) {
    return Standing::kCurrent;
  }

  // The tag is 32 bits of the user's key; the document says whose it really is.
  const std::optional<Key> user = user_of(body);
  if (!user) return Standing::kGone;
  *event = users_.find(*user);
  if (*event != nullptr && (*event)->revokes(info.sequence, info.born_at)) {
    return Standing::kRevoked;
  }
  if (*event != nullptr && (*event)->change != UserChange::kNone &&
      is_before(info.sequence, (*event)->changed_at)) {
    return (*event)->change == UserChange::kReplaced ? Standing::kReplaced : Standing::kGone;
  }
  return *event != nullptr && (*event)->makes_stale(info.sequence) ? Standing::kStale
                                                                   : Standing::kCurrent;
}

bool SessionCache::is_refusal(int http_status) const {
  return std::find(config_.refusals.begin(), config_.refusals.end(), http_status) !=
         config_.refusals.end();
}

}  // namespace sesame
