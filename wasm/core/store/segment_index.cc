#include "store/segment_index.h"

#include <algorithm>

#include "store/entry_format.h"

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

// A free slot of the bucket, which someone may have left for the other of their two buckets; where
// that is full too, someone there may have, `hops` times over. Null if nobody could.
SegmentIndex::Slot* SegmentIndex::make_room(Slot* bucket, unsigned hops) {
  if (Slot* const room = free_slot(bucket)) return room;
  if (hops == 0) return nullptr;
  for (std::size_t i = 0; i < kWays; ++i) {
    const Key owner = read_key(entry(bucket[i]));
    Slot* const first = first_bucket(owner);
    Slot* const there = make_room(first == bucket ? second_bucket(owner) : first, hops - 1);
    if (there == nullptr) continue;
    *there = bucket[i];
    return bucket + i;
  }
  return nullptr;
}

bool SegmentIndex::insert(const Key& key, Location location) {
  Slot* const first = first_bucket(key);
  Slot* const second = second_bucket(key);
  Slot* room = nullptr;
  for (unsigned hops = 0; room == nullptr && hops <= kMaxHops; ++hops) {
    room = make_room(first, hops);
    if (room == nullptr) room = make_room(second, hops);
  }
  if (room == nullptr) return false;
  *room = tag_of(key) | location;
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
