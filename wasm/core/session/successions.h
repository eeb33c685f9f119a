// Successions: which credentials are one session because the origin has put one in the place of
// another (rule R85). What ends or drops one of them does so to all: that is the caller's to do.
// Must not know: what is held of them, whose they are.
// A family is its first credential and the newest that followed: kMaxMembers in all. Of one that
// rotates on, those in between are forgotten: they are served no more by then, and whoever still
// brings one is the origin's to judge, as anybody of whom nothing is known.
// Invariants: a credential is in one family at most; none is forgotten for another family before
// its `guarded_until`; a table without room says so.
#pragma once

#include <array>
#include <cstdint>

#include "base/key.h"
#include "base/slot_index.h"
#include "base/slots.h"
#include "base/types.h"

namespace sesame {

class SuccessionTable {
 public:
  static constexpr std::size_t kMaxMembers = 8;

  struct Member {
    Key key;
    Key ending;  ///< what all spellings of its token have in common; the key itself if it has none
  };

  /// The credentials of a session, or some of them.
  class Family {
   public:
    const Member* begin() const { return members_.data(); }
    const Member* end() const { return begin() + size_; }
    std::size_t size() const { return size_; }
    /// What is too much is left out.
    void add(const Member& member) {
      if (size_ < members_.size()) members_[size_++] = member;
    }

   private:
    std::array<Member, kMaxMembers> members_;
    std::size_t size_ = 0;
  };

  explicit SuccessionTable(std::size_t capacity);

  /// Puts `to` into the family of `from`. `guarded_until`: until then something may be held of
  /// those that went before. False, and nothing changes: there is no room, or `to` is in another
  /// family.
  bool link(const Member& from, const Member& to, TimeMs guarded_until, TimeMs now);

  bool contains(const Key& key) const { return find(key) != SlotIndex::kNone; }

  /// The others of its family, the first credential first and then in their order.
  Family relatives(const Key& key) const;

  /// Its family is none any more.
  void dissolve(const Key& key);

  std::size_t size() const { return by_key_.size(); }
  static std::size_t bytes_for(std::size_t capacity);

 private:
  struct Slot {
    Member member;
    TimeMs guarded_until = 0;
    std::uint32_t next = 0;  ///< the one that followed; of the newest, the first
    bool is_used = false;
    bool is_first = false;
  };

  std::uint32_t find(const Key& key) const;
  std::uint32_t before(std::uint32_t slot) const;
  std::uint32_t first_of(std::uint32_t slot) const;
  std::size_t family_size(std::uint32_t slot) const;
  std::uint32_t add(const Member& member, TimeMs now);
  void forget(std::uint32_t slot);

  Slots<Slot> slots_;  // a ring: `next_` is the next to be written
  SlotIndex by_key_;
  std::uint32_t next_ = 0;
};

}  // namespace sesame
