#include "session/pending_writes.h"

#include <algorithm>

namespace sesame {

WriteId PendingWrites::begin(PendingWrite write) {
  std::size_t of_one = 0;
  std::size_t of_unknown = 0;
  for (PendingWrite& other : writes_) {
    of_unknown += other.user ? 0 : 1;
    if (write.session != other.session && (!write.user || write.user != other.user)) continue;
    write.is_overlapped = other.is_overlapped = true;
    ++of_one;
  }
  const bool has_room = writes_.size() < kCapacity && of_one < kMaxOfOne &&
                        (write.user || of_unknown < kCapacity / 2);
  if (!has_room) return 0;
  write.id = next_;
  next_ = next_ == UINT32_MAX ? 1 : next_ + 1;
  writes_.push_back(write);
  return write.id;
}

PendingWrite PendingWrites::claim(WriteId id, const Key& session) {
  const auto found = std::find_if(writes_.begin(), writes_.end(), [&](const PendingWrite& each) {
    return each.id == id && each.session == session;
  });
  if (found == writes_.end()) {
    PendingWrite unknown;
    unknown.session = session;
    unknown.is_overlapped = true;
    return unknown;
  }
  const PendingWrite write = *found;
  writes_.erase(found);
  return write;
}

void PendingWrites::note_handover(const Key& session) {
  for (PendingWrite& write : writes_) write.changed_hands |= write.session == session;
}

}  // namespace sesame
