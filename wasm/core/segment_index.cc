#include "segment_index.h"

#include <algorithm>

#include "entry_format.h"

namespace sesame {
namespace {

SegmentIndex::Slot* free_slot(SegmentIndex::Slot* bucket) {
  for (std::size_t i = 0; i < SegmentIndex::kWays; ++i) {
    if (bucket[i] == 0) return bucket + i;
  }
  return nullptr;
}

}  // namespace

SegmentIndex::Slot* SegmentIndex::find_in(Slot* bucket, Slot tag, const Key& key) const {
  for (std::size_t i = 0; i < kWays; ++i) {
    if (((bucket[i] ^ tag) >> location_bits_) != 0 || bucket[i] == 0) continue;
    if (read_key(entry(bucket[i])) == key) return bucket + i;
  }
  return nullptr;
}

SegmentIndex::Slot* SegmentIndex::find(const Key& key) {
  const Slot tag = tag_of(key);
  Slot* found = find_in(first_bucket(key), tag, key);
  return found != nullptr ? found : find_in(second_bucket(key), tag, key);
}

SegmentIndex::Slot* SegmentIndex::find_location(const Key& key, Location location) {
  const Slot wanted = tag_of(key) | location;
  for (Slot* bucket : {first_bucket(key), second_bucket(key)}) {
    for (std::size_t i = 0; i < kWays; ++i) {
      if (bucket[i] == wanted) return bucket + i;
    }
  }
  return nullptr;
}

bool SegmentIndex::insert(const Key& key, Location location) {
  const Slot slot = tag_of(key) | location;
  Slot* const first = first_bucket(key);
  Slot* const second = second_bucket(key);
  Slot* room = free_slot(first);
  if (room == nullptr) room = free_slot(second);
  for (std::size_t i = 0; room == nullptr && i < 2 * kWays; ++i) {
    // Someone moves to the other of their buckets.
    Slot* const here = i < kWays ? first + i : second + (i - kWays);
    const Key owner = read_key(entry(*here));
    Slot* const own_first = first_bucket(owner);
    Slot* const bucket = i < kWays ? first : second;
    Slot* const there = free_slot(own_first == bucket ? second_bucket(owner) : own_first);
    if (there == nullptr) continue;
    *there = *here;
    room = here;
  }
  if (room == nullptr) return false;
  *room = slot;
  return true;
}

bool SegmentIndex::clear(std::size_t* from, std::size_t count) {
  const std::size_t end = kWays * std::size_t{buckets_};
  const std::size_t to = std::min(end, *from + count);
  std::fill(slots_ + *from, slots_ + to, Slot{0});
  *from = to;
  return to == end;
}

std::array<SegmentIndex::Slot*, 2 * SegmentIndex::kWays> SegmentIndex::slots_of(const Key& key) {
  std::array<Slot*, 2 * kWays> slots;
  for (std::size_t i = 0; i < kWays; ++i) {
    slots[i] = first_bucket(key) + i;
    slots[kWays + i] = second_bucket(key) + i;
  }
  return slots;
}

}  // namespace sesame
