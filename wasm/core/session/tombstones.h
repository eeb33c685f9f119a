// Tombstones: keys that are dead (SPEC R8, R10). A tombstone keeps a revoked session dead while a
// late fill or a late store could bring it back, and, where there is room, until the session would
// have ended by itself.
// Invariant: none is lost before its `guarded_until` without the table saying so
// (`unguarded_until`), and while it says so the cache stores nothing new: it fails safe.
#pragma once

#include <cstdint>
#include <vector>

#include "base/key.h"
#include "base/slot_index.h"
#include "base/types.h"

namespace sesame {

class TombstoneTable {
 public:
  explicit TombstoneTable(std::size_t capacity);

  bool contains(const Key& key, TimeMs now) const;

  /// `guarded_until`: the last moment at which a late fill could arrive. `until`: the end of the
  /// session, at or after it.
  void add(const Key& key, TimeMs guarded_until, TimeMs until, TimeMs now);

  /// A login has made the key valid anew (SPEC R12).
  void remove(const Key& key);

  /// Until then a tombstone is missing that should be here: nothing may be stored.
  TimeMs unguarded_until() const { return unguarded_until_; }

  /// Forgets a bounded number of tombstones whose time has passed.
  void step(TimeMs now);

  // For snapshots. Tombstones are numbered in the order they were added; the oldest lie under the
  // newest.
  /// The first number that may still be there.
  std::uint64_t first_number() const { return added_ > slots_.size() ? added_ - slots_.size() : 0; }
  std::uint64_t next_number() const { return added_; }
  static constexpr std::size_t kSavedBytes = 32;
  /// Writes that of a number below next_number() as kSavedBytes. False: it has gone.
  bool save(std::uint64_t number, char* out) const;
  /// Adds a saved one.
  void restore(const char* saved, TimeMs now);
  /// Forgets those that were restored, as if they had not been.
  void drop_restored();

  std::size_t size() const { return by_key_.size(); }
  static std::size_t bytes_for(std::size_t capacity);

 private:
  struct Tombstone {
    Key key;
    TimeMs guarded_until = 0;
    TimeMs until = 0;
    bool used = false;
    bool is_restored = false;
  };
  std::uint32_t find(const Key& key) const;
  void forget(std::uint32_t slot);
  std::uint32_t after(std::uint32_t slot) const { return slot + 1 < slots_.size() ? slot + 1 : 0; }

  std::vector<Tombstone> slots_;  // a ring: `next_` is the oldest, and the next to be written
  SlotIndex by_key_;
  std::uint32_t next_ = 0;
  std::uint64_t added_ = 0;
  std::uint32_t sweep_ = 0;
  TimeMs unguarded_until_ = 0;
};

}  // namespace sesame
