#include "store/lifetime_table.h"

namespace sesame {
namespace {

// From here on a new end of life is taken for an entry's own.
constexpr std::size_t kManyLifetimes = LifetimeTable::kCapacity / 2;

}  // namespace

LifetimeId LifetimeTable::find(const Lifetime& lifetime) const {
  if (slots_[newest_].references > 0 && slots_[newest_].lifetime == lifetime) return newest_;
  for (std::size_t i = 0; i < kCapacity; ++i) {
    if (slots_[i].references > 0 && slots_[i].lifetime == lifetime)
      return static_cast<LifetimeId>(i);
  }
  return kNone;
}

LifetimeId LifetimeTable::add(const Lifetime& lifetime) {
  for (std::size_t i = 0; i < kCapacity; ++i) {
    if (slots_[i].references > 0) continue;
    slots_[i].lifetime = lifetime;
    return static_cast<LifetimeId>(i);
  }
  return kNone;
}

LifetimeId LifetimeTable::choose(const Lifetime& lifetime) {
  const LifetimeId found = find(lifetime);
  if (found != kNone) return found;
  if (used_ < kManyLifetimes) return add(lifetime);
  Lifetime own = lifetime;
  own.lives_for = 0;
  own.has_own_end = true;
  const LifetimeId found_own = find(own);
  return found_own != kNone ? found_own : add(own);
}

}  // namespace sesame
