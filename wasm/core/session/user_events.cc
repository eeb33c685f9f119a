#include "session/user_events.h"

#include <algorithm>

namespace sesame {
namespace {

constexpr int kForgetPerStep = 2;

}  // namespace

UserEvents::UserEvents(std::size_t capacity)
    : slots_(capacity + 1), free_(free_slots(capacity, 1)), by_tag_(capacity + 1) {}

std::size_t UserEvents::bytes_for(std::size_t capacity) {
  return (capacity + 1) * sizeof(Slot) + capacity * sizeof(std::uint32_t) +
         SlotIndex::bytes_for(capacity + 1);
}

bool UserEvents::may_concern(std::uint32_t tag) const {
  std::uint32_t slot = by_tag_.first(tag);
  while (slot != SlotIndex::kNone && user_tag(slots_[slot].event.user) != tag) {
    slot = by_tag_.next(slot);
  }
  return slot != SlotIndex::kNone;
}

bool UserEvents::may_overtake(std::uint32_t tag, Sequence entry) const {
  for (auto slot = by_tag_.first(tag); slot != SlotIndex::kNone; slot = by_tag_.next(slot)) {
    const UserEvent& event = slots_[slot].event;
    if (user_tag(event.user) == tag && event.overtakes(entry)) return true;
  }
  return false;
}

// Its slot, or 0.
std::uint32_t UserEvents::locate(const Key& user) const {
  std::uint32_t slot = by_tag_.first(user_tag(user));
  while (slot != SlotIndex::kNone && slots_[slot].event.user != user) slot = by_tag_.next(slot);
  return slot == SlotIndex::kNone ? 0 : slot;
}

const UserEvent* UserEvents::find(const Key& user) const {
  const std::uint32_t found = locate(user);
  return found == 0 ? nullptr : &slots_[found].event;
}

void UserEvents::link_last(std::uint32_t slot) {
  const std::uint32_t last = slots_[0].previous;
  slots_[slot].previous = last;
  slots_[slot].next = 0;
  slots_[last].next = slots_[0].previous = slot;
}

void UserEvents::unlink(std::uint32_t slot) {
  const Slot& gone = slots_[slot];
  slots_[gone.previous].next = gone.next;
  slots_[gone.next].previous = gone.previous;
}

void UserEvents::forget(std::uint32_t slot) {
  unlink(slot);
  by_tag_.erase(user_tag(slots_[slot].event.user), slot);
  free_.push_back(slot);
}

UserEvent& UserEvents::event_of(const Key& user, TimeMs until) {
  std::uint32_t slot = locate(user);
  if (slot != 0) {
    unlink(slot);
  } else {
    if (free_.empty()) {
      const std::uint32_t first = slots_[0].next;
      const UserEvent& oldest = slots_[first].event;
      if (oldest.revoked) floor_.raise(oldest.revoked_at, oldest.until);
      if (oldest.change != UserChange::kNone) floor_.raise(oldest.changed_at, oldest.until);
      if (oldest.is_doubtful) floor_.raise(oldest.doubted_at, oldest.until);
      if (oldest.has_ended) floor_.raise(oldest.ended_at, oldest.until);
      if (oldest.is_dated) floor_.raise(oldest.dated_at, oldest.until);
      ++floor_version_;
      forget(first);
    }
    slot = free_.back();
    free_.pop_back();
    slots_[slot].event = UserEvent{.user = user};
    by_tag_.insert(user_tag(user), slot);
  }
  link_last(slot);
  UserEvent& event = slots_[slot].event;
  event.until = std::max(event.until, until);
  return event;
}

void UserEvents::revoke(const Key& user, Sequence at, TimeMs until) {
  UserEvent& event = event_of(user, until);
  event.revoked = true;
  event.revoked_at = at;
}

void UserEvents::revoke_dated(const Key& user, TimeMs before, Sequence at, TimeMs until) {
  UserEvent& event = event_of(user, until);
  event.dated_before = event.is_dated ? std::max(event.dated_before, before) : before;
  event.is_dated = true;
  event.dated_at = at;
}

void UserEvents::end_session(const Key& user, Sequence at, TimeMs until) {
  UserEvent& event = event_of(user, until);
  event.has_ended = true;
  event.ended_at = at;
}

void UserEvents::change(const Key& user, UserChange change, Sequence at, TimeMs until) {
  UserEvent& event = event_of(user, until);
  if (change == UserChange::kStale) {
    event.is_doubtful = true;
    event.doubted_at = at;
  } else {
    event.change = change;
    event.changed_at = at;
  }
}

void UserEvents::step(TimeMs now) {
  floor_.step(now);
  for (int i = 0; i < kForgetPerStep && size() > 0; ++i) {
    const std::uint32_t first = slots_[0].next;
    if (now < slots_[first].event.until) return;
    forget(first);
  }
}

}  // namespace sesame
