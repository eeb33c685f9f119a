// Finds the slots of a table by their key: chains of slot numbers, in memory that is sized once.
// Must not know: what is in the slots. Its caller compares keys, so slots of other keys may come
// along.
// Invariant: a slot is in one chain at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sesame {

class SlotIndex {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// For slots 0 to `capacity` - 1.
  explicit SlotIndex(std::size_t capacity);

  /// The first slot that may hold a key of this hash, whose bits are as good as random; or kNone.
  std::uint32_t first(std::uint64_t hash) const {
    // Most tables are empty most of the time, and their memory far away.
    return size_ == 0 ? kNone : heads_[hash & (heads_.size() - 1)];
  }
  std::uint32_t next(std::uint32_t slot) const { return next_[slot]; }

  /// REQUIRES: `slot` is in no chain.
  void insert(std::uint64_t hash, std::uint32_t slot);
  /// REQUIRES: `slot` was inserted with this hash.
  void erase(std::uint64_t hash, std::uint32_t slot);

  /// How many slots are in it.
  std::size_t size() const { return size_; }

  static constexpr std::size_t bytes_for(std::size_t capacity) {
    return 3 * sizeof(std::uint32_t) * capacity;
  }

 private:
  std::vector<std::uint32_t> heads_;  // as many as a power of two
  std::vector<std::uint32_t> next_;
  std::size_t size_ = 0;
};

/// The slots of an empty table from `first` on, to be taken from the back in their order.
std::vector<std::uint32_t> free_slots(std::size_t count, std::uint32_t first = 0);

}  // namespace sesame
