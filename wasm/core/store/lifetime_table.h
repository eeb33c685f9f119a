// The few ways in which a store's entries age: most entries of one configuration live equally long,
// so an entry holds one byte for four numbers.
// Must not know: entries, the clock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/types.h"

namespace sesame {

/// How an entry's times follow from when it was filled, and what it is.
/// Without initial values, so that tables of it are cleared in one go.
struct Lifetime {
  DurationMs fresh_for;  ///< after `filled_at`
  DurationMs kept_for;   ///< after `filled_at`
  DurationMs lives_for;  ///< after `born_at`; 0 if `has_own_end`
  std::uint16_t http_status;
  bool has_own_end;  ///< the entry itself says when it expires

  friend bool operator==(const Lifetime&, const Lifetime&) = default;
};

using LifetimeId = std::uint8_t;

class LifetimeTable {
 public:
  static constexpr std::size_t kCapacity = 64;
  static constexpr LifetimeId kNone = 0xff;

  /// Finds or adds; kNone if there is no room. Where every session ends at its own time (tokens
  /// that expire), what is found or added is the lifetime without that: `has_own_end` of the result
  /// tells.
  LifetimeId choose(const Lifetime& lifetime);

  /// REQUIRES: `id` came from `choose`, and is retained or was just chosen.
  const Lifetime& at(LifetimeId id) const { return slots_[id].lifetime; }

  void retain(LifetimeId id) {
    if (id == kNone) return;
    if (slots_[id].references++ == 0) ++used_;
    newest_ = id;
  }
  void release(LifetimeId id) {
    if (id != kNone && --slots_[id].references == 0) --used_;
  }
  void clear() {
    for (Slot& slot : slots_) slot.references = 0;
    used_ = 0;
  }

 private:
  struct Slot {
    Lifetime lifetime;
    std::uint32_t references;
  };

  LifetimeId find(const Lifetime& lifetime) const;
  LifetimeId add(const Lifetime& lifetime);

  std::array<Slot, kCapacity> slots_{};
  std::size_t used_ = 0;
  LifetimeId newest_ = 0;
};

}  // namespace sesame
