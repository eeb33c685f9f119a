#include "base/slot_index.h"

#include <bit>
#include <numeric>

namespace sesame {

SlotIndex::SlotIndex(std::size_t capacity)
    : heads_(std::bit_ceil(capacity), kNone), next_(capacity, kNone) {}

void SlotIndex::insert(std::uint64_t hash, std::uint32_t slot) {
  std::uint32_t& head = heads_[hash & (heads_.size() - 1)];
  next_[slot] = head;
  head = slot;
  ++size_;
}

void SlotIndex::erase(std::uint64_t hash, std::uint32_t slot) {
  std::uint32_t* link = &heads_[hash & (heads_.size() - 1)];
  while (*link != slot) link = &next_[*link];
  *link = next_[slot];
  --size_;
}

std::vector<std::uint32_t> free_slots(std::size_t count, std::uint32_t first) {
  std::vector<std::uint32_t> slots(count);
  std::iota(slots.rbegin(), slots.rend(), first);
  return slots;
}

}  // namespace sesame
