#include "session/successions.h"

#include <algorithm>

namespace sesame {
namespace {

// So many places are looked at for one that may be written.
constexpr std::size_t kMaxProbes = 256;

}  // namespace

SuccessionTable::SuccessionTable(std::size_t capacity) : slots_(capacity), by_key_(capacity) {}

std::size_t SuccessionTable::bytes_for(std::size_t capacity) {
  return capacity * sizeof(Slot) + SlotIndex::bytes_for(capacity);
}

std::uint32_t SuccessionTable::find(const Key& key) const {
  std::uint32_t slot = by_key_.first(key.low);
  while (slot != SlotIndex::kNone && slots_[slot].member.key != key) slot = by_key_.next(slot);
  return slot;
}

std::uint32_t SuccessionTable::before(std::uint32_t slot) const {
  std::uint32_t at = slot;
  while (slots_[at].next != slot) at = slots_[at].next;
  return at;
}

std::uint32_t SuccessionTable::first_of(std::uint32_t slot) const {
  std::uint32_t at = slot;
  while (!slots_[at].is_first) at = slots_[at].next;
  return at;
}

std::size_t SuccessionTable::family_size(std::uint32_t slot) const {
  std::size_t size = 1;
  for (std::uint32_t at = slots_[slot].next; at != slot; at = slots_[at].next) ++size;
  return size;
}

// A family of its own. kNone: there is no room.
std::uint32_t SuccessionTable::add(const Member& member, TimeMs now) {
  for (std::size_t i = 0; i < std::min(kMaxProbes, slots_.size()); ++i) {
    const std::uint32_t at = next_;
    next_ = at + 1 < slots_.size() ? at + 1 : 0;
    if (slots_[at].is_used && now < slots_[at].guarded_until) continue;
    if (slots_[at].is_used) forget(at);
    slots_[at] = {member, now, at, true, true};
    by_key_.insert(member.key.low, at);
    return at;
  }
  return SlotIndex::kNone;
}

void SuccessionTable::forget(std::uint32_t slot) {
  Slot& gone = slots_[slot];
  slots_[before(slot)].next = gone.next;
  if (gone.is_first) slots_[gone.next].is_first = true;
  by_key_.erase(gone.member.key.low, slot);
  gone = Slot{};
}

bool SuccessionTable::link(const Member& from, const Member& to, TimeMs guarded_until, TimeMs now) {
  if (from.key == to.key) return false;
  std::uint32_t old = find(from.key);
  std::uint32_t successor = find(to.key);
  if (successor != SlotIndex::kNone) {
    // Whether it is in the same family: else it stands for more than one session.
    return old != SlotIndex::kNone && first_of(old) == first_of(successor);
  }
  const bool is_new = old == SlotIndex::kNone;
  if (is_new) old = add(from, now);
  if (old == SlotIndex::kNone) return false;
  // It is not to be forgotten for the one that follows it.
  slots_[old].guarded_until = std::max(slots_[old].guarded_until, now + 1);
  successor = add(to, now);
  if (successor == SlotIndex::kNone) {
    if (is_new) forget(old);
    return false;
  }
  const std::uint32_t first = first_of(old);
  const std::uint32_t newest = before(first);
  slots_[newest].next = successor;
  slots_[successor].next = first;
  slots_[successor].is_first = false;
  if (family_size(first) > kMaxMembers) {
    const std::uint32_t oldest = slots_[first].next;
    forget(oldest == old ? slots_[old].next : oldest);
  }
  std::uint32_t at = first;
  do {
    slots_[at].guarded_until = std::max(slots_[at].guarded_until, guarded_until);
    at = slots_[at].next;
  } while (at != first);
  return true;
}

SuccessionTable::Family SuccessionTable::relatives(const Key& key) const {
  Family members;
  const std::uint32_t slot = find(key);
  if (slot == SlotIndex::kNone) return members;
  const std::uint32_t first = first_of(slot);
  std::uint32_t at = first;
  do {
    if (at != slot) members.add(slots_[at].member);
    at = slots_[at].next;
  } while (at != first);
  return members;
}

void SuccessionTable::dissolve(const Key& key) {
  const std::uint32_t slot = find(key);
  if (slot == SlotIndex::kNone) return;
  while (slots_[slot].next != slot) forget(slots_[slot].next);
  forget(slot);
}

}  // namespace sesame
