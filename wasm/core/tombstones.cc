#include "tombstones.h"

#include <algorithm>

namespace sesame {
namespace {

constexpr std::size_t kSweepPerStep = 2;
constexpr std::size_t kIndexBytesPerTombstone = 64;

}  // namespace

TombstoneTable::TombstoneTable(std::size_t capacity) : slots_(capacity) {
  by_key_.reserve(capacity);
}

std::size_t TombstoneTable::bytes_for(std::size_t capacity) {
  return capacity * (sizeof(Tombstone) + kIndexBytesPerTombstone);
}

bool TombstoneTable::contains(const Key& key, TimeMs now) const {
  if (by_key_.empty()) return false;
  const auto found = by_key_.find(key);
  return found != by_key_.end() && now < slots_[found->second].until;
}

void TombstoneTable::add(const Key& key, TimeMs guarded_until, TimeMs until, TimeMs now) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    // It keeps its place: whoever is buried again and again pushes nobody out.
    Tombstone& old = slots_[found->second];
    old.guarded_until = std::max(guarded_until, old.guarded_until);
    old.until = std::max({until, old.until, old.guarded_until});
    return;
  }
  Tombstone& slot = slots_[next_];
  if (slot.used) {
    if (now < slot.guarded_until) {
      unguarded_until_ = std::max(unguarded_until_, slot.guarded_until);
    }
    forget(next_);
  }
  slot = {key, guarded_until, std::max(until, guarded_until), true};
  by_key_[key] = static_cast<std::uint32_t>(next_);
  next_ = (next_ + 1) % slots_.size();
}

void TombstoneTable::remove(const Key& key) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) forget(found->second);
}

void TombstoneTable::forget(std::size_t slot) {
  by_key_.erase(slots_[slot].key);
  slots_[slot] = Tombstone{};
}

void TombstoneTable::step(TimeMs now) {
  for (std::size_t i = 0; i < kSweepPerStep; ++i) {
    if (slots_[sweep_].used && now >= slots_[sweep_].until) forget(sweep_);
    sweep_ = (sweep_ + 1) % slots_.size();
  }
}

}  // namespace sesame
