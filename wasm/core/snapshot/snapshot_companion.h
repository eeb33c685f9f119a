// What stands beside the entries of a snapshot and is not the store's: its owner's state.
#pragma once

#include <cstddef>
#include <span>

#include "store/store.h"

namespace sesame {

/// For the writer.
class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;
  /// Writes what a reader has to know before the first entry. At most kMaxHeadBytes.
  virtual std::size_t write_head(std::span<char> room) = 0;
  /// False: the entry is left out.
  virtual bool may_keep(const EntryInfo& info) = 0;
  /// Writes more of what follows the entries; 0 if there is no more.
  virtual std::size_t write_tail(std::span<char> room) = 0;
  /// Asked last. False: what has been written is not to be restored.
  virtual bool is_sound() const = 0;

  static constexpr std::size_t kMaxHeadBytes = 64;
};

/// For the reader. What is not understood is refused with false.
class SnapshotTarget {
 public:
  virtual ~SnapshotTarget() = default;
  virtual bool read_head(Bytes head) = 0;
  virtual bool read_tail(Bytes piece) = 0;
  /// All that was read counts for nothing.
  virtual void refuse() = 0;
};

}  // namespace sesame
