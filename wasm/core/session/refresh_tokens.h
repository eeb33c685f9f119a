// Refresh tokens that the origin has issued through this node, so that a renewal that passes
// through goes on with the session that it renews (rule R85). A token itself is not kept, but a
// keyed hash of it (R2).
// Must not know: what is held of a session.
// Invariant: what is here was issued by the origin together with that access token. The oldest are
// forgotten where there is no room for more, which costs an origin call and nothing else.
#pragma once

#include <cstdint>

#include "base/key.h"
#include "base/slot_index.h"
#include "base/slots.h"
#include "base/types.h"
#include "session/successions.h"

namespace sesame {

class RefreshTokenTable {
 public:
  struct Issued {
    Key token;
    SuccessionTable::Member session;  ///< of the access token that came with it
    std::uint64_t subject = 0;        ///< of whom that speaks, hashed; 0: it does not say
    TimeMs end = 0;                   ///< when the access token ends by itself; 0: it does not say
  };

  explicit RefreshTokenTable(std::size_t capacity);

  void put(const Issued& issued);
  const Issued* find(const Key& token) const;
  /// Whether there is one that renews this session.
  bool renews(const Key& session) const;
  /// Nothing renews this session any more.
  void forget(const Key& session);

  static std::size_t bytes_for(std::size_t capacity);

 private:
  struct Slot {
    Issued issued;
    bool is_used = false;
  };

  std::uint32_t find_slot(const Key& token) const;
  std::uint32_t find_session(const Key& session) const;
  void clear(std::uint32_t slot);
  void fill(std::uint32_t slot, const Issued& issued);

  Slots<Slot> slots_;  // a ring: `next_` is the next to be written
  SlotIndex by_token_;
  SlotIndex by_session_;
  std::uint32_t next_ = 0;
};

}  // namespace sesame
