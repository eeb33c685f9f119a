// Writes, and what ends sessions (SPEC R10, R22, R23).
#include <algorithm>

#include "http/jwt.h"
#include "json/document.h"
#include "session/session_cache.h"

namespace sesame {
namespace {

constexpr std::uint16_t kOk = 200;
constexpr std::size_t kMaxWrites = 256;

// Without the white space that JSON allows around a value.
Bytes trim_json(Bytes text) {
  constexpr Bytes kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == Bytes::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

bool SessionCache::user_of(Bytes document, Bytes tenant, Key* user) const {
  const auto id = find_user_id(document, config_.user_id_pointers);
  if (!id) return false;
  *user = keys_.make(tenant, KeyKind::kUser, *id);
  return true;
}

// Entries from before an event live no longer than this.
TimeMs SessionCache::event_end(TimeMs now) const {
  return now + config_.keep_for + config_.stale_if_error + config_.lease_for;
}

Sequence SessionCache::record_change(const Key& user, UserChange change, TimeMs now) {
  users_.change(user, change, ++sequence_, event_end(now));
  note_user_change(user);
  if (change == UserChange::kDropped) store_->erase(user);
  return sequence_;
}

// A snapshot that is being written leaves out what is held of the user.
void SessionCache::note_user_change(const Key& user) {
  if (segment_store_ != nullptr) segment_store_->note_user_change(user_tag(user));
}

void SessionCache::bury(Key key, TimeMs session_end, TimeMs now) {
  ++sequence_;
  store_->erase(key);
  leases_.cancel(key);
  leases_.cancel(refresh_key(key));
  vault_.erase(key);
  tombstones_.add(key, now + config_.lease_for, session_end, now);
}

WriteId SessionCache::begin_write(const RequestHead& request, TimeMs now) {
  step(now);
  const Subject subject = identify(request);
  if (!subject.has_key) return 0;
  Write write;
  write.key = subject.key;
  write.sequence = sequence_;
  const Held held = find_live(subject.key, request.tenant, now);
  if (held.is_held && held.entry.info.http_status == kOk) {
    write.knows_user = user_of(held.entry.body, request.tenant, &write.user);
  }
  const bool is_full = writes_.size() >= kMaxWrites;
  for (Write& other : writes_) {
    // Two whose users are not both known may be the same one's.
    const bool same_user = !write.knows_user || !other.knows_user || write.user == other.user;
    if (is_full || same_user || write.key == other.key) {
      write.overlapped = other.overlapped = true;
    }
  }
  if (is_full) return 0;
  write.id = next_write_;
  next_write_ = next_write_ == UINT32_MAX ? 1 : next_write_ + 1;
  writes_.push_back(write);
  return write.id;
}

SessionCache::Write SessionCache::take_write(WriteId id, const Key& key) {
  Write write;
  const auto found = std::find_if(writes_.begin(), writes_.end(), [&](const Write& each) {
    return each.id == id && each.key == key;
  });
  if (found != writes_.end()) {
    write = *found;
    writes_.erase(found);
  } else {
    write.overlapped = true;
  }
  write.key = key;
  return write;
}

// The origin may have applied what the event is of after the write (R10).
bool SessionCache::has_changed_since(Sequence sequence, const Key& user) {
  const UserEvent* event = users_.find(user);
  return event != nullptr && event->change != UserChange::kNone &&
         is_before(sequence, event->changed_at);
}

Outcome SessionCache::complete_write(WriteId id, const RequestHead& request,
                                     const WriteAnswer& answer, TimeMs now) {
  step(now);
  const Outcome done{.action = Action::kPass};
  const Subject subject = identify(request);
  if (!subject.has_key) return done;
  Write write = take_write(id, subject.key);
  const bool has_answer = answer.http_status != 0;
  const bool succeeded = answer.http_status >= 200 && answer.http_status <= 299;
  // The origin says that it failed: nothing changes.
  if (has_answer && !succeeded) return done;

  // Whose document it was, from what is held now: it may have been filled since the write began.
  const Held held = find_live(write.key, request.tenant, now);
  const bool holds_document = held.is_held && held.entry.info.http_status == kOk;
  Key user;
  const bool knows_user = holds_document && user_of(held.entry.body, request.tenant, &user);
  if (knows_user && write.knows_user && user != write.user) {
    // The session has changed hands meanwhile: either of the two may have been written.
    write.overlapped = true;
    record_change(user, has_answer ? UserChange::kDropped : UserChange::kStale, now);
  }
  if (knows_user && !write.knows_user) {
    write.knows_user = true;
    write.user = user;
  }
  if (!has_answer) {
    if (write.knows_user) record_change(write.user, UserChange::kStale, now);
    return done;
  }

  ++metrics_.updates;
  const bool is_document = answer.may_hold_document &&
                           answer.body.size() <= config_.max_document_bytes &&
                           check_document(answer.body) == Status::kOk;
  Key answered_user;
  const bool names_user = is_document && user_of(answer.body, request.tenant, &answered_user);
  // Only what is surely the whole new document replaces one: the same user, no member missing, and
  // no other write that the origin may have applied after this one.
  bool replaces = names_user && write.knows_user && answered_user == write.user && holds_document &&
                  !write.overlapped && !write.changed_hands &&
                  !has_changed_since(write.sequence, write.user) &&
                  now >= tombstones_.unguarded_until();
  if (replaces) {
    body_ =
        config_.fields.empty() ? std::string(answer.body) : project(answer.body, config_.fields);
    replaces = has_members_of(body_, held.entry.body);
  }
  if (!write.knows_user && names_user) {
    write.knows_user = true;
    write.user = answered_user;
  }
  // The session may have been somebody else's at the origin by then.
  if (names_user && answered_user != write.user) {
    record_change(answered_user, UserChange::kDropped, now);
  }
  if (leases_.take_lost_write()) doubt_everything(now);
  leases_.cancel(write.key);
  // An earlier write of this session that was still being asked about is learnt of with this one.
  leases_.take_lost_write();

  EntryView old;
  if (replaces && store_->find(write.key, now, &old)) {
    // What the origin said of the old one's freshness holds for the new one (R15). Each session
    // keeps its own end.
    const EntryInfo info = old.info;
    EntryInfo left = document_info(0, {}, now, now);
    left.fresh_until = std::min(left.fresh_until, now + info.fresh_until - info.filled_at);
    left.user_tag = info.user_tag;
    left.sequence = record_change(write.user, UserChange::kReplaced, now);
    store_->put(write.user, left, {}, body_, now);
    adopt(write.key, *users_.find(write.user), info, now);
    return done;
  }
  store_->erase(write.key);
  if (write.knows_user) {
    record_change(write.user, UserChange::kDropped, now);
    if (!write.changed_hands) return done;
  }
  ++sequence_;
  const Outcome fetch{.action = Action::kFetch, .credential = subject.credential.kind};
  const Outcome outcome =
      begin_fill(subject, request.tenant, FillCause::kWrite, Held{}, now, fetch);
  if (outcome.action != Action::kFetch) doubt_everything(now);
  return outcome;
}

void SessionCache::forget(const RequestHead& request, bool only_refusal) {
  const Subject subject = identify(request);
  if (!subject.has_key) return;
  if (only_refusal) {
    if (Lease* lease = leases_.find_current(subject.key, 0)) lease->login_seen = true;
    EntryView entry;
    if (!store_->find(subject.key, 0, &entry) || entry.info.http_status == kOk) return;
  }
  // A session cookie may be kept over a login that makes it valid again; a bearer token never is.
  forget_session(subject.key, subject.credential.kind == CredentialKind::kCookie && !only_refusal);
}

void SessionCache::forget_session(const Key& session, bool may_be_valid) {
  ++sequence_;
  store_->erase(session);
  leases_.cancel(session);
  for (Write& write : writes_) write.changed_hands |= write.key == session;
  if (may_be_valid) tombstones_.remove(session);
}

void SessionCache::revoke(const RequestHead& request, TimeMs now) {
  step(now);
  const Subject subject = identify(request);
  if (!subject.has_key) return;
  TimeMs end = now + config_.expires_in;
  EntryView entry;
  if (store_->find(subject.key, now, &entry) && entry.info.http_status == kOk &&
      now < entry.info.expires_at) {
    end = entry.info.expires_at;
  }
  if (subject.credential.kind == CredentialKind::kBearer) {
    end = std::min(end, jwt_expiry(subject.credential.value).value_or(end));
  }
  bury(subject.key, end, now);
  ++metrics_.revocations;
}

// Whose sessions are meant, by the JSON value that stands for the user in a document.
bool SessionCache::user_named(Bytes tenant, Bytes user_id, Key* user) const {
  std::string document = R"({"id":)";
  document.append(user_id).push_back('}');
  if (user_id.size() > config_.max_document_bytes || check_document(document) != Status::kOk) {
    return false;
  }
  // Nothing but the one value: no other members may follow it.
  const auto value = find_value(document, "/id");
  if (!value || value->size() != trim_json(user_id).size()) return false;
  const auto id = find_user_id(document, {"/id"});
  if (id) *user = keys_.make(tenant, KeyKind::kUser, *id);
  return id.has_value();
}

Status SessionCache::invalidate_user(Bytes tenant, Bytes user_id, TimeMs now) {
  step(now);
  Key user;
  if (!user_named(tenant, user_id, &user)) return Status::kNotJson;
  record_change(user, UserChange::kDropped, now);
  return Status::kOk;
}

Status SessionCache::revoke_user(Bytes tenant, Bytes user_id, TimeMs now) {
  step(now);
  Key user;
  if (!user_named(tenant, user_id, &user)) return Status::kNotJson;
  end_user(user, now);
  ++metrics_.revocations;
  return Status::kOk;
}

void SessionCache::end_user(const Key& user, TimeMs now) {
  users_.revoke(user, ++sequence_, event_end(now));
  note_user_change(user);
  store_->erase(user);
  // Records outlive the event, so they are ended now.
  for (const Key& session : vault_.sessions_of(user)) {
    const VaultRecord* record = vault_.find(session, now);
    if (record != nullptr) bury(session, record->expires_at, now);
  }
}

}  // namespace sesame
