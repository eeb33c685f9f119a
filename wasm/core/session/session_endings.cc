// What all spellings of a token have in common, and what ends them all (rule R3). Documents are
// found by the whole credential only: a token with another signature may be a forged one.
#include <algorithm>

#include "http/jwt.h"
#include "session/session_cache.h"

namespace sesame {
namespace {

Bytes token_of(const Credential& credential) {
  return credential.kind == CredentialKind::kBearer ? bare_token(credential.value)
                                                    : credential.value;
}

}  // namespace

std::optional<TimeMs> SessionCache::expiry_of(const Credential& credential) {
  return jwt_expiry(token_of(credential));
}

std::optional<Key> SessionCache::ending_of(const Credential& credential, Bytes tenant) const {
  const Bytes token = token_of(credential);
  if (const auto content = jwt_content(token)) {
    return keys_.make(tenant, KeyKind::kEnding, "jwt", *content);
  }
  if (credential.kind == CredentialKind::kBearer) {
    return keys_.make(tenant, KeyKind::kEnding, "token", token);
  }
  return std::nullopt;
}

bool SessionCache::has_ended(const Subject& subject, Bytes tenant, TimeMs now) const {
  if (tombstones_.contains(subject.key, now)) return true;
  if (subject.of_all_tenants && tombstones_.contains(*subject.of_all_tenants, now)) return true;
  if (now >= endings_until_) return false;
  const auto has_ending = [&](Bytes of) {
    const std::optional<Key> ending = ending_of(subject.credential, of);
    return ending && tombstones_.contains(*ending, now);
  };
  return has_ending(tenant) || (!tenant.empty() && has_ending({}));
}

bool SessionCache::has_ended(const Lease& lease, TimeMs now) const {
  return tombstones_.contains(lease.key, now) ||
         (lease.has_ending && tombstones_.contains(lease.ending, now));
}

Status SessionCache::end_session(const Subject& subject, Bytes tenant, TimeMs now,
                                 bool is_accepted) {
  End end = known_end(subject, now);
  if (!end.is_accepted && !is_accepted && !has_ended(subject, tenant, now)) {
    // What is under way for it counts no more, and nothing else is known of it.
    ++sequence_;
    leases_.cancel(subject.key);
    return Status::kUnknown;
  }
  bool is_kept = bury(subject.key, end, now);
  // Whoever has all the room that one user may have gets none for other spellings either (R54).
  if (!is_kept) return Status::kFull;
  // A session that another spelling has begun may end later.
  if (const std::optional<Key> ending = ending_of(subject.credential, tenant)) {
    const TimeMs latest = now + config_.expires_in;
    end.session_end = std::min(latest, expiry_of(subject.credential).value_or(latest));
    end.user_tag = 0;  // it is the same session: it counts once
    is_kept &= bury(*ending, end, now);
    note_ending(end.session_end, now);
  }
  is_kept &= end_relatives(subject.key, now);
  return is_kept ? Status::kOk : Status::kFull;
}

// A tombstone stands for `lease_for` at least.
void SessionCache::note_ending(TimeMs until, TimeMs now) {
  endings_until_ = std::max({endings_until_, until, now + config_.lease_for});
}

}  // namespace sesame
