// What ends and changes sessions and users (rules R10, R22, R23).
#include <algorithm>

#include "http/jwt.h"
#include "json/document.h"
#include "session/session_cache.h"

namespace sesame {
namespace {

// Without the white space that JSON allows around a value.
Bytes trim_json(Bytes text) {
  constexpr Bytes kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == Bytes::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

std::optional<Key> SessionCache::user_of(Bytes document) const {
  const auto id = find_user_id(document, config_.user_id_pointers);
  if (!id) return {};
  return keys_.make_user(*id);
}

// Entries from before an event live no longer than this.
TimeMs SessionCache::event_end(TimeMs now) const {
  return now + config_.keep_for + config_.stale_if_error + config_.lease_for;
}

Sequence SessionCache::record_change(const Key& user, UserChange change, TimeMs now) {
  users_.change(user, change, ++sequence_, event_end(now));
  store_->note_user_change(user_tag(user));
  return sequence_;
}

void SessionCache::bury(Key key, TimeMs session_end, TimeMs now) {
  ++sequence_;
  store_->erase(key);
  leases_.cancel(key);
  leases_.cancel(refresh_key(key));
  vault_.erase(key);
  tombstones_.add(key, now + config_.lease_for, session_end, now);
}

void SessionCache::forget(const RequestHead& request, bool only_refusal, bool begins_anew) {
  const Subject subject = identify(request);
  if (!subject.has_key) return;
  if (only_refusal) {
    if (Lease* lease = leases_.find_current(subject.key, 0)) lease->login_seen = true;
    EntryView entry;
    if (!store_->find(subject.key, 0, &entry, Want::kInfo) || entry.info.http_status == http::kOk)
      return;
  }
  // A session cookie may be set again by a sign-in; an ended bearer token never comes back.
  const bool may_be_valid = begins_anew && subject.credential.kind == CredentialKind::kCookie;
  forget_session(subject.key, may_be_valid);
  if (may_be_valid && subject.of_all_tenants) tombstones_.remove(*subject.of_all_tenants);
}

void SessionCache::forget_session(const Key& session, bool may_be_valid) {
  ++sequence_;
  store_->erase(session);
  leases_.cancel(session);
  writes_.note_handover(session);
  if (may_be_valid) tombstones_.remove(session);
}

void SessionCache::revoke(const RequestHead& request, TimeMs now) {
  step(now);
  const Subject subject = identify(request);
  if (!subject.has_key) return;
  TimeMs end = now + config_.expires_in;
  EntryView entry;
  if (store_->find(subject.key, now, &entry, Want::kInfo) && entry.info.http_status == http::kOk &&
      now < entry.info.expires_at) {
    end = entry.info.expires_at;
  }
  if (subject.credential.kind == CredentialKind::kBearer) {
    end = std::min(end, jwt_expiry(subject.credential.value).value_or(end));
  }
  bury(subject.key, end, now);
  ++metrics_.revocations;
}

std::optional<Key> SessionCache::user_key(Bytes user_id) const {
  std::string document = R"({"id":)";
  document.append(user_id).push_back('}');
  if (user_id.size() > config_.max_document_bytes || check_document(document) != Status::kOk) {
    return {};
  }
  // Nothing but the one value: no other members may follow it.
  const auto value = find_value(document, "/id");
  if (!value || value->size() != trim_json(user_id).size()) return {};
  const auto id = find_user_id(document, {"/id"});
  if (!id) return {};
  return keys_.make_user(*id);
}

Status SessionCache::invalidate_user(Bytes user_id, TimeMs now) {
  step(now);
  const std::optional<Key> user = user_key(user_id);
  if (!user) return Status::kNotJson;
  record_change(*user, UserChange::kDropped, now);
  return Status::kOk;
}

Status SessionCache::revoke_user(Bytes user_id, TimeMs now) {
  step(now);
  const std::optional<Key> user = user_key(user_id);
  if (!user) return Status::kNotJson;
  end_user(*user, now);
  ++metrics_.revocations;
  return Status::kOk;
}

void SessionCache::end_user(const Key& user, TimeMs now) {
  users_.revoke(user, ++sequence_, event_end(now));
  store_->note_user_change(user_tag(user));
  // Records outlive the event, so they are ended now.
  for (const Key& session : vault_.sessions_of(user)) {
    const VaultRecord* record = vault_.find(session, now);
    if (record != nullptr) bury(session, record->expires_at, now);
  }
}

}  // namespace sesame
