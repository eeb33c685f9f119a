#include "session/tombstones.h"

#include <algorithm>

#include "base/byte_order.h"

namespace sesame {
namespace {

constexpr std::size_t kSweepPerStep = 2;
// So many places are looked at for one that may be written.
constexpr std::size_t kMaxProbes = 1024;
// With each step, so many that may not be written are passed.
constexpr std::size_t kPassedPerStep = 8;

}  // namespace

TombstoneTable::TombstoneTable(std::size_t capacity, std::size_t per_user)
    : slots_(capacity), by_key_(capacity), by_user_(capacity), per_user_(per_user) {}

std::size_t TombstoneTable::bytes_for(std::size_t capacity) {
  return capacity * sizeof(Tombstone) + 2 * SlotIndex::bytes_for(capacity);
}

bool TombstoneTable::is_dead(const Key& key, TimeMs now) const {
  const std::uint32_t slot = find(key);
  return slot != SlotIndex::kNone && now < slots_[slot].until;
}

std::uint32_t TombstoneTable::find(const Key& key) const {
  std::uint32_t slot = by_key_.first(key.low);
  while (slot != SlotIndex::kNone && slots_[slot].key != key) slot = by_key_.next(slot);
  return slot;
}

bool TombstoneTable::has_all_of(std::uint32_t user, TimeMs now) const {
  if (user == 0 || per_user_ == 0) return false;
  std::size_t count = 0;
  for (auto slot = by_user_.first(user); slot != SlotIndex::kNone; slot = by_user_.next(slot)) {
    count += slots_[slot].user == user && now < slots_[slot].until ? 1 : 0;
    if (count == per_user_) return true;
  }
  return false;
}

void TombstoneTable::advance() {
  next_ = after(next_);
  ++added_;
}

bool TombstoneTable::add(const Key& key, TimeMs guarded_until, TimeMs until, TimeMs now,
                         std::uint32_t user) {
  if (const std::uint32_t found = find(key); found != SlotIndex::kNone) {
    // It keeps its place: whoever is buried again and again pushes nobody out.
    Tombstone& old = slots_[found];
    old.guarded_until = std::max(guarded_until, old.guarded_until);
    old.until = std::max({until, old.until, old.guarded_until});
    return true;
  }
  if (has_all_of(user, now)) return false;
  for (std::size_t i = 0; i < std::min(kMaxProbes, slots_.size()); ++i) {
    if (may_forget(slots_[next_], now)) break;
    advance();
  }
  Tombstone& slot = slots_[next_];
  if (!may_forget(slot, now)) return false;
  if (slot.used) forget(next_);
  slot = {key, guarded_until, std::max(until, guarded_until), user, true, false};
  by_key_.insert(key.low, next_);
  if (user != 0) by_user_.insert(user, next_);
  advance();
  return true;
}

void TombstoneTable::remove(const Key& key) {
  const std::uint32_t found = find(key);
  if (found != SlotIndex::kNone) forget(found);
}

void TombstoneTable::forget(std::uint32_t slot) {
  const Tombstone& gone = slots_[slot];
  by_key_.erase(gone.key.low, slot);
  if (gone.user != 0) by_user_.erase(gone.user, slot);
  slots_[slot] = Tombstone{};
}

void TombstoneTable::step(TimeMs now) {
  for (std::size_t i = 0; i < kPassedPerStep && !may_forget(slots_[next_], now); ++i) advance();
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

bool TombstoneTable::restore(const char* saved, TimeMs now) {
  const Key key{load_le64(saved), load_le64(saved + 8)};
  const auto until = static_cast<TimeMs>(load_le64(saved + 24));
  if (now >= until || find(key) != SlotIndex::kNone) return true;
  if (!add(key, static_cast<TimeMs>(load_le64(saved + 16)), until, now)) return false;
  slots_[find(key)].is_restored = true;
  return true;
}

void TombstoneTable::drop_restored() {
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].used && slots_[slot].is_restored) forget(slot);
  }
}

}  // namespace sesame
