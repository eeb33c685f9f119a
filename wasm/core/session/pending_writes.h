// Writes that are on their way to the origin (rule R22): whose document each may change, and what
// happened meanwhile that keeps its answer from replacing a document.
// Must not know: what a write does to what is held.
// Invariants: at most kCapacity writes are tracked, of which those of unknown users are half at
// most, and those of one user kMaxOfOne (R53, R54); two of one user or session that were under way
// at the same time are both marked as overlapped. A write whose user is not known yet overlaps no
// other's: once it is known, that is an event of the user.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/key.h"
#include "base/types.h"

namespace sesame {

/// 0 is a write that is not tracked.
using WriteId = std::uint32_t;

struct PendingWrite {
  WriteId id = 0;
  Key session;
  std::optional<Key> user;     ///< whose document was held when it began
  Sequence sequence = 0;       ///< the newest event when it began
  bool is_overlapped = false;  ///< another write of the same user was under way at the same time
  bool changed_hands = false;  ///< a login or logout reached the session meanwhile
};

class PendingWrites {
 public:
  static constexpr std::size_t kCapacity = 256;
  static constexpr std::size_t kMaxOfOne = 16;

  /// Begins to track a write. Returns 0 if there is no room.
  WriteId begin(PendingWrite write);

  /// Ends it, and returns what is known of it. A write of `session` that is not tracked counts as
  /// overlapped.
  PendingWrite claim(WriteId id, const Key& session);

  /// The session's credential may stand for another user from now on.
  void note_handover(const Key& session);

 private:
  std::vector<PendingWrite> writes_;
  WriteId next_ = 1;
};

}  // namespace sesame
