#include "session/tombstones.h"

#include <algorithm>

#include "base/byte_order.h"

namespace sesame {
namespace {

constexpr std::size_t kSweepPerStep = 2;

}  // namespace

TombstoneTable::TombstoneTable(std::size_t capacity) : slots_(capacity), by_key_(capacity) {}

std::size_t TombstoneTable::bytes_for(std::size_t capacity) {
  return capacity * sizeof(Tombstone) + SlotIndex::bytes_for(capacity);
}

bool TombstoneTable::contains(const Key& key, TimeMs now) const {
  const std::uint32_t slot = find(key);
  return slot != SlotIndex::kNone && now < slots_[slot].until;
}

std::uint32_t TombstoneTable::find(const Key& key) const {
  std::uint32_t slot = by_key_.first(key.low);
  while (slot != SlotIndex::kNone && slots_[slot].key != key) slot = by_key_.next(slot);
  return slot;
}

void TombstoneTable::add(const Key& key, TimeMs guarded_until, TimeMs until, TimeMs now) {
  if (const std::uint32_t found = find(key); found != SlotIndex::kNone) {
    // It keeps its place: whoever is buried again and again pushes nobody out.
    Tombstone& old = slots_[found];
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
  slot = {key, guarded_until, std::max(until, guarded_until), true, false};
  ++added_;
  by_key_.insert(key.low, next_);
  next_ = after(next_);
}

void TombstoneTable::remove(const Key& key) {
  const std::uint32_t found = find(key);
  if (found != SlotIndex::kNone) forget(found);
}

void TombstoneTable::forget(std::uint32_t slot) {
  by_key_.erase(slots_[slot].key.low, slot);
  slots_[slot] = Tombstone{};
}

void TombstoneTable::step(TimeMs now) {
  for (std::size_t i = 0; i < kSweepPerStep; ++i) {
    if (slots_[sweep_].used && now >= slots_[sweep_].until) forget(sweep_);
    sweep_ = after(sweep_);
  }
}

bool TombstoneTable::save(std::uint64_t number, char* out) const {
  const Tombstone& tombstone = slots_[number % slots_.size()];
  if (number < first_number() || !tombstone.used) return false;
  store_le64(out, tombstone.key.low);
  store_le64(out + 8, tombstone.key.high);
  store_le64(out + 16, static_cast<std::uint64_t>(tombstone.guarded_until));
  store_le64(out + 24, static_cast<std::uint64_t>(tombstone.until));
  return true;
}

void TombstoneTable::restore(const char* saved, TimeMs now) {
  const Key key{load_le64(saved), load_le64(saved + 8)};
  const auto until = static_cast<TimeMs>(load_le64(saved + 24));
  if (now >= until || find(key) != SlotIndex::kNone) return;
  add(key, static_cast<TimeMs>(load_le64(saved + 16)), until, now);
  slots_[find(key)].is_restored = true;
}

void TombstoneTable::drop_restored() {
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].used && slots_[slot].is_restored) forget(slot);
  }
}

}  // namespace sesame
