#include "session/pending_writes.h"

#include <algorithm>

namespace sesame {

WriteId PendingWrites::begin(PendingWrite write) {
  const bool is_full = writes_.size() >= kCapacity;
  for (PendingWrite& other : writes_) {
    // Two whose users are not both known may be the same user's.
    const bool same_user = !write.user || !other.user || *write.user == *other.user;
    if (is_full || same_user || write.session == other.session) {
      write.is_overlapped = other.is_overlapped = true;
    }
  }
  if (is_full) return 0;
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
