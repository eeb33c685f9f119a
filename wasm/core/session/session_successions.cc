// One session with several credentials: the origin has put one in the place of another, in its
// answer or for a refresh token (rule R85). Whether an answer may do that is the shell's to say.
// Invariants: what has ended is succeeded by nothing; a credential that was another session's
// before inherits nothing; what happens to one credential of a session happens to all of them.
#include <algorithm>
#include <string>

#include "http/jwt.h"
#include "session/outcomes.h"
#include "session/session_cache.h"

namespace sesame {
namespace {

// Requests that are under way with the old credential are served for so long.
constexpr DurationMs kOverlap = 30'000;

// What stands before a host's own name of a session, where a refresh token would stand.
constexpr char kHostName = '\x01';

}  // namespace

bool SessionCache::prove(const RequestHead& request, TimeMs now, Proof* proof) const {
  const Subject subject = identify(request);
  // Of managed sessions none is succeeded.
  if (!subject.has_key || config_.is_managed || has_ended(subject, request.tenant, now)) {
    return false;
  }
  const Credential& credential = subject.credential;
  const auto member_of = [&](const Key& key, Bytes tenant) {
    return SuccessionTable::Member{key, ending_of(credential, tenant).value_or(key)};
  };
  proof->member = member_of(subject.key, request.tenant);
  if (subject.of_all_tenants) proof->of_all_tenants = member_of(*subject.of_all_tenants, {});
  proof->is_cookie = credential.kind == CredentialKind::kCookie;
  proof->end = expiry_of(credential).value_or(Proof::kNoEnd);
  const Bytes token = proof->is_cookie ? credential.value : bare_token(credential.value);
  if (const auto of = jwt_subject(token)) {
    proof->subject = keys_.make({}, KeyKind::kSubject, {}, *of).low | 1;
  }
  return true;
}

// Copies the document of a key to `meta_` and `body_` if it is newer than what `info` tells of.
bool SessionCache::find_newest(const Key& key, Bytes tenant, TimeMs now, EntryInfo* info) {
  const Held held = find_live(key, tenant, now);
  if (!held.is_document()) return false;
  const EntryInfo& found = held.entry.info;
  const bool is_newer =
      found.filled_at > info->filled_at ||
      (found.filled_at == info->filled_at && found.fresh_until > info->fresh_until);
  if (!is_newer) return false;
  *info = found;
  meta_ = held.entry.meta;
  body_ = held.entry.body;
  return true;
}

// The newest document that any credential of the session has goes to another one.
Outcome SessionCache::inherit(const Key& from, const Proof& to, Bytes tenant, TimeMs ends_at,
                              TimeMs now) {
  Outcome nothing = outcome_of(Action::kPass, Reason::kAbsent);
  EntryInfo info;
  bool is_held = find_newest(from, tenant, now, &info);
  is_held |= find_newest(renewal_key(from), tenant, now, &info);
  for (const SuccessionTable::Member& relative : successions_.relatives(from)) {
    if (relative.key != to.member.key) is_held |= find_newest(relative.key, tenant, now, &info);
  }
  if (!is_held) return nothing;
  // It may have been asked for itself meanwhile.
  const Held own = find_live(to.member.key, tenant, now);
  if (own.is_document() && own.entry.info.filled_at >= info.filled_at) return followed(own.entry);
  // Where its own end has cut the old credential short, that says nothing of the new one.
  const TimeMs own_end =
      info.ends_at == 0 ? info.expires_at : std::min(info.ends_at, info.expires_at);
  if (info.fresh_until >= own_end) info.fresh_until = info.filled_at + config_.fresh_for;
  info.expires_at = info.born_at + config_.expires_in;
  info.expires_at = std::min(info.expires_at, to.end);
  info.drop_at =
      std::min(info.filled_at + config_.keep_for + config_.stale_if_error, info.expires_at);
  info.fresh_until = std::min(info.fresh_until, info.drop_at);
  info.ends_at = ends_at;
  info.asks_first |= to.is_cookie;
  info.used_at = config_.idle_for > 0 ? now : 0;
  limit_to_cookie(ends_at, &info);
  if (to.is_cookie && to.end != Proof::kNoEnd) limit_to_cookie(to.end, &info);
  if (now >= info.drop_at || !store_->put(to.member.key, info, meta_, body_, now)) return nothing;
  note_accepted(to.of_all_tenants.key, info, now);
  keep_for_renewal(to.member.key, info, meta_, body_, now);
  return followed({info, meta_, body_});
}

Outcome SessionCache::followed(const EntryView& entry) const {
  Outcome outcome = served(entry, Action::kServe, Source::kOrigin, Reason::kFollowed);
  outcome.user = user_of(entry.body);
  return outcome;
}

// Then it is asked for again: the origin may accept the old credential still, or not.
void SessionCache::serve_a_little_longer(const Key& session, TimeMs now) {
  EntryInfo info = document_at(session, now);
  if (info.http_status == 0) return;
  // What has to be confirmed each time (R15) is not served unasked.
  if (info.fresh_until > info.filled_at) info.fresh_until = std::min(now + kOverlap, info.drop_at);
  info.asks_first = true;
  store_->set_info(session, info);
}

Outcome SessionCache::succeed(const RequestHead& from, const RequestHead& to,
                              const SuccessionOptions& options, TimeMs now) {
  step(now);
  const Outcome none = outcome_of(Action::kRetry, Reason::kOvertaken);
  Proof old;
  Proof successor;
  if (!prove(from, now, &old) || !prove(to, now, &successor)) return none;
  const bool is_held = now < document_at(old.member.key, now).drop_at;
  // Nothing is remembered of what the origin has not accepted (R53).
  if (!is_held && !options.is_accepted) return none;
  // What the new credential was before, it is no more; what it has of its own stays.
  const bool is_known = document_at(successor.member.key, now).http_status != 0 &&
                        !successions_.contains(successor.member.key);
  if (is_known) return none;
  const TimeMs guarded_until = now + 2 * kOverlap;
  if (!successions_.link(old.member, successor.member, guarded_until, now)) return none;
  // Both have one or neither has: they are of one tenant.
  if (old.of_all_tenants.key != Key{}) {
    successions_.link(old.of_all_tenants, successor.of_all_tenants, guarded_until, now);
  }
  const Outcome outcome = inherit(old.member.key, successor, from.tenant, options.ends_at, now);
  if (old.is_cookie && options.is_delivered) serve_a_little_longer(old.member.key, now);
  return outcome;
}

void SessionCache::note_refresh_token(const RequestHead& session, Bytes refresh_token, TimeMs now) {
  Proof proof;
  if (refresh_token.empty() || !prove(session, now, &proof)) return;
  note_refresh_token(session.tenant, refresh_token, proof);
}

void SessionCache::note_refresh_token(Bytes tenant, Bytes refresh_token, const Proof& session) {
  refresh_tokens_.put({.token = keys_.make(tenant, KeyKind::kRefreshToken, {}, refresh_token),
                       .session = session.member,
                       .subject = session.subject,
                       .end = session.end == Proof::kNoEnd ? 0 : session.end});
}

Outcome SessionCache::renew(const RequestHead& to, Bytes used, Bytes refresh_token, TimeMs now) {
  step(now);
  const Outcome none = outcome_of(Action::kRetry, Reason::kOvertaken);
  const RefreshTokenTable::Issued* known =
      refresh_tokens_.find(keys_.make(to.tenant, KeyKind::kRefreshToken, {}, used));
  Proof successor;
  if (known == nullptr || !prove(to, now, &successor)) return none;
  const RefreshTokenTable::Issued old = *known;
  const bool is_another =
      old.subject != 0 && successor.subject != 0 && old.subject != successor.subject;
  if (is_another) return none;
  const SuccessionTable::Member& session = old.session;
  if (tombstones_.contains(session.key, now) || tombstones_.contains(session.ending, now)) {
    // What has ended is not brought back by a token that the origin cannot revoke (R8).
    const End end{.session_end = now + config_.expires_in, .must_keep = true};
    bury(successor.member.key, end, now);
    bury(successor.member.ending, end, now);
    note_ending(end.session_end, now);
    return refused(http::kUnauthorized, {}, {}, Reason::kTombstone);
  }
  // The old token is served until its own end.
  const TimeMs own_end = old.end > 0 ? old.end : event_end(now);
  const TimeMs guarded_until = std::min(std::max(own_end, now + kOverlap), event_end(now));
  if (session.key != successor.member.key &&
      !successions_.link(session, successor.member, guarded_until, now)) {
    return none;
  }
  note_refresh_token(to.tenant, refresh_token.empty() ? used : refresh_token, successor);
  // The host has found it to be of the session: no document comes with a newer one (R86).
  if (used.front() == kHostName) successor.is_cookie = false;
  return inherit(session.key, successor, to.tenant, 0, now);
}

// A document that may outlive the token that it is held for.
void SessionCache::keep_for_renewal(const Key& session, const EntryInfo& info, Bytes meta,
                                    Bytes body, TimeMs now) {
  if (!refresh_tokens_.renews(session)) return;
  EntryInfo kept = info;
  kept.expires_at = info.born_at + config_.expires_in;
  kept.drop_at =
      std::min(info.filled_at + config_.keep_for + config_.stale_if_error, kept.expires_at);
  if (info.fresh_until >= info.expires_at) {
    kept.fresh_until = std::min(info.filled_at + config_.fresh_for, kept.drop_at);
  }
  store_->put(renewal_key(session), kept, meta, body, now);
}

SuccessionTable::Family SessionCache::relatives_of(const RequestHead& request) const {
  const Subject subject = identify(request);
  if (!subject.has_key) return {};
  return successions_.relatives(subject.key);
}

void SessionCache::link(const SuccessionTable::Family& members, TimeMs now) {
  for (const SuccessionTable::Member& each : members) {
    successions_.link(*members.begin(), each, now + kOverlap, now);
  }
}

// Returns whether there was room to remember it.
bool SessionCache::end_relatives(const Key& session, TimeMs now) {
  bool is_kept = true;
  // When each of them would end by itself is not known. Of the user it is one session: it counts
  // once.
  const End end{.session_end = now + config_.expires_in, .must_keep = true};
  for (const SuccessionTable::Member& each : successions_.relatives(session)) {
    is_kept &= bury(each.key, end, now);
    if (each.ending == each.key) continue;
    is_kept &= bury(each.ending, end, now);
    note_ending(end.session_end, now);
  }
  successions_.dissolve(session);
  return is_kept;
}

void SessionCache::forget_relatives(const Key& session) {
  for (const SuccessionTable::Member& each : successions_.relatives(session)) {
    forget_session(each.key, false);
    refresh_tokens_.forget(each.key);
  }
  successions_.dissolve(session);
  refresh_tokens_.forget(session);
}

}  // namespace sesame
