// What happened to users: the newest revocation and the newest change of each (SPEC R22, R23).
// Sessions are not linked to their users; an entry that is older than its user's newest event finds
// out when it is next looked at. So an event reaches every session of the user, costs the same for
// one as for a thousand, and needs no memory per session.
// Whoever has no session can cause none of them (R53).
// Invariant: an event is kept for as long as an entry from before it could be served. If one has to
// go early, it raises a floor, below which every entry counts as dropped: it fails safe.
#pragma once

#include <cstdint>
#include <vector>

#include "base/key.h"
#include "base/slot_index.h"
#include "base/slots.h"
#include "base/types.h"

namespace sesame {

enum class UserChange : std::uint8_t {
  kNone,
  kStale,     ///< may have changed: serve, and ask behind the answer. Only of `doubted_at`
  kDropped,   ///< has changed: ask
  kReplaced,  ///< the new document is in the store, under the user's key
};

struct UserEvent {
  Key user;
  TimeMs until = 0;  ///< forgotten from here on
  bool revoked = false;
  Sequence revoked_at = 0;  ///< entries before this are dead
  UserChange change = UserChange::kNone;
  Sequence changed_at = 0;  ///< entries before this are out of date
  bool is_doubtful = false;
  Sequence doubted_at = 0;  ///< entries before this may be out of date
  bool has_ended = false;
  Sequence ended_at = 0;  ///< some managed session of theirs has ended then, and left no tombstone
  bool is_dated = false;
  Sequence dated_at = 0;    ///< then this node heard of a revocation that was called earlier,
  TimeMs dated_before = 0;  ///< at this time: what was born by then is dead

  /// True if the user was revoked, and what is of this age and birth with them.
  bool revokes(Sequence entry, TimeMs born_at) const {
    return (revoked && is_before(entry, revoked_at)) ||
           (is_dated && is_before(entry, dated_at) && born_at <= dated_before);
  }

  /// True if a session's record that was asked for at this time may be of one that has ended.
  bool ends_session_of(Sequence asked_at, TimeMs born_at) const {
    return revokes(asked_at, born_at) || (has_ended && is_before(asked_at, ended_at));
  }

  /// True if an entry of this age may be out of date, and is to be served as an older one (R22).
  bool makes_stale(Sequence entry) const { return is_doubtful && is_before(entry, doubted_at); }

  /// True if something happened to the user that what is of this age does not reflect.
  bool overtakes(Sequence sequence) const {
    return (revoked && is_before(sequence, revoked_at)) ||
           (is_dated && is_before(sequence, dated_at)) ||
           (change != UserChange::kNone && is_before(sequence, changed_at)) ||
           (is_doubtful && is_before(sequence, doubted_at));
  }
};

/// The bits of a user's key that entries carry. Never 0.
constexpr std::uint32_t user_tag(const Key& user) {
  const auto tag = static_cast<std::uint32_t>(user.low);
  return tag == 0 ? 1 : tag;
}

/// What every entry from before some event counts as, for as long as there may be one.
class Floor {
 public:
  void raise(Sequence at, TimeMs until) {
    if (!is_set_ || is_before(at_, at)) at_ = at;
    until_ = is_set_ && until_ > until ? until_ : until;
    is_set_ = true;
  }
  bool is_above(Sequence entry) const { return is_set_ && is_before(entry, at_); }
  void step(TimeMs now) {
    if (now >= until_) is_set_ = false;
  }

 private:
  bool is_set_ = false;
  Sequence at_ = 0;
  TimeMs until_ = 0;
};

class UserEvents {
 public:
  explicit UserEvents(std::size_t capacity);

  /// True if some event carries this tag: worth finding out whose entry it is.
  bool may_concern(std::uint32_t tag) const;

  /// Null if nothing happened to this user.
  const UserEvent* find(const Key& user) const;

  void revoke(const Key& user, Sequence at, TimeMs until);

  /// The same, heard of late: only what was born by then ends.
  void revoke_dated(const Key& user, TimeMs before, Sequence at, TimeMs until);

  /// A managed session of the user has ended for which there is no tombstone: a record that the
  /// store was asked for before is not taken over.
  void end_session(const Key& user, Sequence at, TimeMs until);

  /// kStale stands beside the other changes: that something may have changed hides no change.
  void change(const Key& user, UserChange change, Sequence at, TimeMs until);

  /// True if an event had to be forgotten that an entry of this age may have needed: the entry
  /// counts as dropped, whoever it belongs to.
  bool is_below_floor(Sequence entry) const { return floor_.is_above(entry); }

  /// True if something happened to a user of this tag that an entry of this age does not reflect.
  bool may_overtake(std::uint32_t tag, Sequence entry) const;
  /// Changes whenever the floor is raised.
  std::uint32_t floor_version() const { return floor_version_; }

  /// Forgets a bounded number of events whose time has passed.
  void step(TimeMs now);

  std::size_t size() const { return by_tag_.size(); }
  static std::size_t bytes_for(std::size_t capacity);

 private:
  // Slot 0 holds no event: it stands before the first and behind the last.
  struct Slot {
    UserEvent event;
    std::uint32_t previous = 0;
    std::uint32_t next = 0;
  };

  std::uint32_t locate(const Key& user) const;
  UserEvent& event_of(const Key& user, TimeMs until);
  void link_last(std::uint32_t slot);
  void unlink(std::uint32_t slot);
  void forget(std::uint32_t slot);

  Slots<Slot> slots_;  // linked: the longest untouched first, which is also the first to end
  std::vector<std::uint32_t> free_;
  SlotIndex by_tag_;
  Floor floor_;
  std::uint32_t floor_version_ = 0;
};

}  // namespace sesame
