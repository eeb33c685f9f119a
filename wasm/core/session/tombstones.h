// Tombstones: keys that are dead (SPEC R8, R10). A tombstone keeps a revoked session dead while a
// late fill or a late store could bring it back, and, where there is room, until the session would
// have ended by itself.
// Invariant: none is lost before its `guarded_until`. A table that has no room for another says so,
// and so does one that has as many of one user as one user may have (R54): it forgets none for it.
#pragma once

#include <cstdint>

#include "base/key.h"
#include "base/slot_index.h"
#include "base/slots.h"
#include "base/types.h"

namespace sesame {

class TombstoneTable {
 public:
  /// `per_user`: how many of one user it takes; 0: as many as there is room for.
  explicit TombstoneTable(std::size_t capacity, std::size_t per_user = 0);

  bool contains(const Key& key, TimeMs now) const { return size() > 0 && is_dead(key, now); }

  /// `guarded_until`: until then it may not be forgotten. `until`: the end of the session, at or
  /// after that. `user`: the tag of the session's user; 0: not known. False, and nothing changes:
  /// there is no room for it.
  bool add(const Key& key, TimeMs guarded_until, TimeMs until, TimeMs now, std::uint32_t user = 0);

  /// A login has made the key valid anew (SPEC R12).
  void remove(const Key& key);

  /// Forgets a bounded number of tombstones whose time has passed.
  void step(TimeMs now);

  // For snapshots. Each place in the ring has a number for every time that the ring comes to it; a
  // newer tombstone has a larger number than each that was there before it.
  /// The first number that may still be there.
  std::uint64_t first_number() const { return added_ > slots_.size() ? added_ - slots_.size() : 0; }
  std::uint64_t next_number() const { return added_; }
  static constexpr std::size_t kSavedBytes = 32;
  /// Writes that of a number below next_number() as kSavedBytes. False: it has gone.
  bool save(std::uint64_t number, char* out) const;
  /// Adds a saved one. False: there is no room for it.
  bool restore(const char* saved, TimeMs now);
  /// Forgets those that were restored, as if they had not been.
  void drop_restored();

  std::size_t size() const { return by_key_.size(); }
  static std::size_t bytes_for(std::size_t capacity);

 private:
  struct Tombstone {
    Key key;
    TimeMs guarded_until = 0;
    TimeMs until = 0;
    std::uint32_t user = 0;
    bool used = false;
    bool is_restored = false;
  };
  bool may_forget(const Tombstone& tombstone, TimeMs now) const {
    return !tombstone.used || now >= tombstone.guarded_until;
  }
  bool is_dead(const Key& key, TimeMs now) const;
  bool has_all_of(std::uint32_t user, TimeMs now) const;
  std::uint32_t find(const Key& key) const;
  void forget(std::uint32_t slot);
  std::uint32_t after(std::uint32_t slot) const { return slot + 1 < slots_.size() ? slot + 1 : 0; }

  void advance();

  Slots<Tombstone> slots_;  // a ring: `next_` is the next to be written if it may be forgotten
  SlotIndex by_key_;
  SlotIndex by_user_;  // of those whose user is known
  std::size_t per_user_;
  std::uint32_t next_ = 0;
  std::uint64_t added_ = 0;
  std::uint32_t sweep_ = 0;
};

}  // namespace sesame
