// Writes on the document (rule R22): the origin first, then every session of the user on this node.
// How a write ended is applied in three steps: whose document was it, may the answer replace it,
// and then the change itself.
#include <algorithm>

#include "base/http_status.h"
#include "json/document.h"
#include "session/outcomes.h"
#include "session/session_cache.h"

namespace sesame {
void WriteOutcome::concerns(const std::optional<Key>& user) {
  const auto end = users.begin() + user_count;
  if (!user || user_count == users.size()) return;
  if (std::find(users.begin(), end, *user) == end) users[user_count++] = *user;
}

WriteId SessionCache::begin_write(const RequestHead& request, TimeMs now) {
  step(now);
  const Subject subject = identify(request);
  if (!subject.has_key) return 0;
  PendingWrite write;
  write.session = subject.key;
  write.sequence = sequence_;
  const Held held = find_live(subject.key, request.tenant, now);
  if (held.is_document()) write.user = user_of(held.entry.body);
  return writes_.begin(write);
}

WriteOutcome SessionCache::complete_write(WriteId id, const RequestHead& request,
                                          const WriteAnswer& answer, TimeMs now) {
  step(now);
  WriteOutcome result;
  const Subject subject = identify(request);
  if (subject.credential.kind == CredentialKind::kAmbiguous) {
    write_of_several(request, answer, now, &result);
    return result;
  }
  if (!subject.has_key) return result;
  const PendingWrite write = writes_.claim(id, subject.key);
  const bool is_answered = answer.http_status != 0;
  // The origin says that it failed: nothing changes.
  if (is_answered && !http::is_success(answer.http_status)) return result;

  // What is held may have been filled since the write began.
  const Held held = find_live(write.session, request.tenant, now);
  const Writers writers = writers_of(write, held, answer);
  for (const auto& user : {writers.before, writers.now}) result.concerns(user);
  if (!is_answered) {
    doubt_writers(writers, now);
    return result;
  }

  ++metrics_.updates;
  const bool replaces = may_replace(write, writers, held, answer, request.tenant);
  drop_other_writers(writers, now);
  leases_.cancel(write.session);

  if (replaces) {
    result.decision = replace_document(write.session, *writers.user(), now);
  } else {
    result.decision =
        drop_document(write, writers, subject, request.tenant, held.is_document(), now);
  }
  return result;
}

// Which of its credentials the origin has taken is not known: the write may be any of theirs. What
// is not held here tells nothing about anybody, so it ages no other's document (rule R53).
void SessionCache::write_of_several(const RequestHead& request, const WriteAnswer& answer,
                                    TimeMs now, WriteOutcome* result) {
  const bool is_answered = answer.http_status != 0;
  if (is_answered && !http::is_success(answer.http_status)) return;
  if (is_answered) ++metrics_.updates;
  for_each_named(request, [&](const Subject& subject, bool) {
    const Held held = find_live(subject.key, request.tenant, now);
    const std::optional<Key> user = held.is_document() ? user_of(held.entry.body) : std::nullopt;
    if (user) {
      record_change(*user, is_answered ? UserChange::kDropped : UserChange::kStale, now);
      result->concerns(user);
    }
    if (is_answered) forget_session(subject.key, false);
  });
}

// Whose document was it? Up to three users, if the session has changed hands meanwhile. Nothing
// that the answer says counts for another user than the one whose document is held: that says the
// origin when it is asked (R53, R54).
SessionCache::Writers SessionCache::writers_of(const PendingWrite& write, const Held& held,
                                               const WriteAnswer& answer) const {
  Writers writers;
  writers.before = write.user;
  if (held.is_document()) writers.now = user_of(held.entry.body);
  const bool is_document = answer.http_status != 0 && answer.may_hold_document &&
                           answer.body.size() <= config_.max_document_bytes &&
                           check_document(answer.body) == Status::kOk;
  if (is_document) writers.answered = user_of(answer.body);
  return writers;
}

// May the answer replace the document? Only what is surely the whole new one does: the same user,
// the same members at every depth, and no other write that the origin may have applied after this
// one. If so, it is in `body_`, as it is to be kept.
bool SessionCache::may_replace(const PendingWrite& write, const Writers& writers, const Held& held,
                               const WriteAnswer& answer, Bytes tenant) {
  const bool is_known_user =
      held.is_document() && writers.answered && writers.answered == writers.user();
  if (!is_known_user || writers.have_changed() || write.is_overlapped || write.changed_hands ||
      has_changed_since(write.sequence, *writers.user())) {
    return false;
  }
  body_ = config_.fields.empty() ? std::string(answer.body) : project(answer.body, config_.fields);
  replacement_ = keys_.make_replacement(tenant, *writers.user(), held.entry.body);
  return have_same_members(body_, held.entry.body);
}

// Nobody knows whether the write took effect. It ages the documents of its own user alone (R54).
void SessionCache::doubt_writers(const Writers& writers, TimeMs now) {
  if (writers.have_changed()) record_change(*writers.now, UserChange::kStale, now);
  if (const auto user = writers.user()) record_change(*user, UserChange::kStale, now);
}

// Beside the user that the session was of: whoever it may have been of at the origin by then.
void SessionCache::drop_other_writers(const Writers& writers, TimeMs now) {
  if (writers.have_changed()) record_change(*writers.now, UserChange::kDropped, now);
}

// The document in `body_` replaces that of the session, and those of the user's sessions that hold
// the same as it did; the others ask for theirs.
Outcome SessionCache::replace_document(const Key& session, const Key& user, TimeMs now) {
  Outcome done = outcome_of(Action::kPass);
  EntryView old;
  if (!store_->find(session, now, &old, Want::kInfo)) {
    record_change(user, UserChange::kDropped, now);
    return done;
  }
  // What the origin said of the old one's freshness holds for the new one (R15). Each session keeps
  // its own end.
  EntryInfo left = document_info({}, now, now);
  left.fresh_until = std::min(left.fresh_until, now + old.info.fresh_until - old.info.filled_at);
  left.user_tag = user_tag(user);
  left.sequence = record_change(user, UserChange::kReplaced, now);
  store_->put(replacement_, left, {}, body_, now);
  const Held held = take_over(session, replacement_, *users_.find(user), old.info, now);
  if (!held.is_held) return done;
  done.is_kept = true;
  done.expires_at = held.entry.info.expires_at;
  done.fresh_until = held.entry.info.fresh_until;
  done.born_at = held.entry.info.born_at;
  done.ends_at = held.entry.info.ends_at;
  done.asks_first = held.entry.info.asks_first;
  done.user = user;
  done.body = body_;
  return done;
}

Outcome SessionCache::drop_document(const PendingWrite& write, const Writers& writers,
                                    const Subject& subject, Bytes tenant, bool was_held,
                                    TimeMs now) {
  store_->erase(write.session);
  if (const auto user = writers.user()) {
    record_change(*user, UserChange::kDropped, now);
    // Where the answer names another user, the origin says whose session it is: an answer that
    // repeats what the writer has sent drops nobody's documents (R54).
    if (!write.changed_hands && !writers.name_another()) return outcome_of(Action::kPass);
  }
  ++sequence_;
  Outcome fetch = outcome_of(Action::kFetch, Reason::kUnknownWriter);
  fetch.credential = subject.credential.kind;
  const Held held{.entry = {}, .was_document = was_held};
  return begin_fill(subject, tenant, FillCause::kWrite, held, now, fetch);
}

// The origin may have applied what the event is of after the write (R10).
bool SessionCache::has_changed_since(Sequence sequence, const Key& user) const {
  const UserEvent* event = users_.find(user);
  return users_.is_below_floor(sequence) ||
         (event != nullptr && event->change != UserChange::kNone &&
          is_before(sequence, event->changed_at));
}

}  // namespace sesame
