// Where each key's entry stands: a table of four bytes a slot that never grows.
// A slot holds a location in the arena and a few bits of the key, no pointer and no credential. The
// key itself stands first in the entry, and is compared whole (SPEC R3).
// Two buckets of eight slots are a key's; both are one cache line each. Keys are secret hashes, so
// nobody can choose keys that crowd a bucket.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/key.h"

namespace sesame {

/// A place in the arena in granules, counted from 1. 0 is nowhere.
using Location = std::uint32_t;

// clang-format off
//   slot     31             location_bits                          0
//            +----------------+----------------------------------------+
//            | bits of the key | location: granule in the arena, from 1 |   0: empty
//            +----------------+----------------------------------------+
// clang-format on
class SegmentIndex {
 public:
  using Slot = std::uint32_t;
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kBucketBytes = kWays * sizeof(Slot);
  /// At most this share of the slots is used: above it, more and more keys find both buckets full.
  static constexpr std::size_t kLoadNumerator = 15;
  static constexpr std::size_t kLoadDenominator = 16;
  /// Locations have at most so many bits: the rest of a slot tells keys apart.
  static constexpr unsigned kMaxLocationBits = 26;

  /// So many entries in a row may move for one that is put in: a hundred or so are looked at.
  static constexpr unsigned kMaxHops = 2;

  SegmentIndex() = default;
  /// REQUIRES: `slots` holds `buckets` * kWays zeros. Entries of `arena` begin with their key.
  SegmentIndex(Slot* slots, std::uint32_t buckets, unsigned location_bits, const char* arena,
               unsigned granule_shift)
      : slots_(slots),
        buckets_(buckets),
        location_bits_(location_bits),
        arena_(arena),
        granule_shift_(granule_shift) {}

  /// Null if there is no such key.
  Slot* find(const Key& key);
  /// The slot that holds this location, which must be this key's. Null if there is none.
  Slot* find_location(const Key& key, Location location);

  Location location(Slot slot) const { return slot & ((1u << location_bits_) - 1); }
  void move(Slot* slot, Location to) { *slot = (*slot >> location_bits_ << location_bits_) | to; }
  static void remove(Slot* slot) { *slot = 0; }

  /// False if both of the key's buckets are full and none of their entries could go elsewhere.
  /// REQUIRES: the key is not in the table.
  bool insert(const Key& key, Location location);

  /// The slots that a key may stand in.
  std::array<Slot*, 2 * kWays> slots_of(const Key& key);

  /// Empties up to `count` slots from `*from` on. True when the last one is.
  bool clear(std::size_t* from, std::size_t count);

  /// Where `find` and `insert` look first: for those who fetch several ahead.
  const Slot* bucket_of(const Key& key) const { return first_bucket(key); }

 private:
  Slot* bucket(std::uint32_t hash) const {
    return slots_ + kWays * ((std::uint64_t{hash} * buckets_) >> 32);
  }
  Slot* first_bucket(const Key& key) const {
    return bucket(static_cast<std::uint32_t>(key.low >> 32));
  }
  Slot* second_bucket(const Key& key) const { return bucket(static_cast<std::uint32_t>(key.low)); }
  Slot tag_of(const Key& key) const {
    return static_cast<Slot>(key.high >> 32) >> location_bits_ << location_bits_;
  }
  const char* entry(Slot slot) const {
    return arena_ + (static_cast<std::size_t>(location(slot) - 1) << granule_shift_);
  }
  Slot* find_in(Slot* bucket, Slot tag, const Key& key) const;
  Slot* make_room(Slot* bucket, unsigned hops);

  Slot* slots_ = nullptr;
  std::uint32_t buckets_ = 0;
  unsigned location_bits_ = 0;
  const char* arena_ = nullptr;
  unsigned granule_shift_ = 0;
};

}  // namespace sesame
