// What ends and changes sessions and users (rules R10, R22, R23).
#include <algorithm>

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

// Ends a session, and returns whether there is room to remember it. A managed session is over with
// its record: a tombstone keeps late answers away, and without one whatever is known of its user
// from before is asked for again. Of what another node has ended, the store knows as well.
bool SessionCache::bury(Key key, const End& end, TimeMs now) {
  ++sequence_;
  store_->erase(key);
  store_->erase(renewal_key(key));
  leases_.cancel(key);
  leases_.cancel(refresh_key(key));
  const bool is_managed = vault_.erase(key);
  const TimeMs guarded_until = end.must_keep ? end.session_end : now + config_.lease_for;
  if (tombstones_.add(key, guarded_until, end.session_end, now, end.user_tag)) return true;
  if (is_managed && end.user) users_.end_session(*end.user, sequence_, event_end(now));
  return is_managed;
}

void SessionCache::for_each_named(const RequestHead& request,
                                  void (*effect)(void* of, const Subject& subject, bool is_only),
                                  void* of) {
  {
    const Subject subject = identify(request);
    if (subject.has_key) return effect(of, subject, true);
    if (subject.credential.kind != CredentialKind::kAmbiguous) return;
  }
  const NamedCredentials named = all_named(request);
  for (std::size_t i = 0; i < named.size(); ++i) {
    const Subject subject = identify({request.tenant, named.cookie(i), named.authorization(i)});
    if (subject.has_key) effect(of, subject, false);
  }
}

void SessionCache::forget(const RequestHead& request, bool only_refusal, bool begins_anew) {
  for_each_named(request, [&](const Subject& subject, bool is_only) {
    if (only_refusal) {
      if (Lease* lease = leases_.find_current(subject.key, 0)) lease->login_seen = true;
      EntryView entry;
      const bool is_held = store_->find(subject.key, 0, &entry, Want::kInfo);
      if (!is_held || entry.info.http_status == http::kOk) return;
    }
    // A session cookie may be set again by a sign-in; an ended bearer token never comes back.
    const bool is_cookie = subject.credential.kind == CredentialKind::kCookie;
    const bool may_be_valid = begins_anew && is_cookie && is_only;
    forget_relatives(subject.key);
    forget_session(subject.key, may_be_valid);
    if (may_be_valid && subject.of_all_tenants) tombstones_.remove(*subject.of_all_tenants);
  });
}

void SessionCache::forget_session(const Key& session, bool may_be_valid) {
  ++sequence_;
  store_->erase(session);
  store_->erase(renewal_key(session));
  leases_.cancel(session);
  writes_.note_handover(session);
  if (may_be_valid) tombstones_.remove(session);
}

Status SessionCache::revoke(const RequestHead& request, TimeMs now, bool is_accepted) {
  step(now);
  std::optional<Status> status;
  for_each_named(request, [&](const Subject& subject, bool) {
    const Status each = end_session(subject, request.tenant, now, is_accepted);
    if (each == Status::kOk || each == Status::kFull) ++metrics_.revocations;
    status = std::max(status.value_or(each), each);
  });
  return status.value_or(Status::kOk);
}

bool SessionCache::is_accepted(const RequestHead& request, TimeMs now) {
  step(now);
  const Subject subject = identify(request);
  return subject.has_key && known_end(subject, now).is_accepted;
}

// What this node knows of a session that is to end.
SessionCache::End SessionCache::known_end(const Subject& subject, TimeMs now) {
  End end{.session_end = now + config_.expires_in, .must_keep = true};
  if (const VaultRecord* record = vault_.find(subject.key, now)) {
    return {.session_end = record->expires_at,
            .user_tag = user_tag(record->user),
            .user = record->user,
            .is_accepted = true};
  }
  const EntryInfo info = document_at(subject.key, now);
  if (now < info.expires_at) {
    end.is_accepted = true;
    end.session_end = info.expires_at;
    end.user_tag = info.user_tag;
  }
  if (!end.is_accepted && subject.of_all_tenants) {
    end.is_accepted = now < document_at(acceptance_key(*subject.of_all_tenants), now).expires_at;
  }
  // It has been the session of another credential, which the origin has accepted.
  end.is_accepted |= successions_.contains(subject.key);
  end.session_end =
      std::min(end.session_end, expiry_of(subject.credential).value_or(end.session_end));
  return end;
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
  const auto id = user_id_of(*value);
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
  end_user(*user, 0, now);
  ++metrics_.revocations;
  return Status::kOk;
}

void SessionCache::end_user(const Key& user, TimeMs before, TimeMs now) {
  if (before == 0) {
    users_.revoke(user, ++sequence_, event_end(now));
  } else {
    users_.revoke_dated(user, before, ++sequence_, event_end(now));
  }
  store_->note_user_change(user_tag(user));
  // Records outlive the event, so they are ended now.
  for (const Key& session : vault_.sessions_of(user)) {
    const VaultRecord* record = vault_.find(session, now);
    if (record == nullptr || (before != 0 && born_at(*record) > before)) continue;
    end_record(session, *record, now);
  }
}

}  // namespace sesame
