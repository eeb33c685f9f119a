// Writes a store's entries as a snapshot, a part a call, while the store goes on being used.
// What is put, changed or erased meanwhile is left out when the snapshot is restored: it may cost
// an origin call, and never brings back what was ended (SPEC R50, R52). Must not know: where the
// parts are kept, and what seals them: they hold what users' documents say.
#pragma once

#include <cstdint>

#include "snapshot/snapshot_companion.h"
#include "snapshot/snapshot_format.h"
#include "store/segment_store.h"

namespace sesame {

class SnapshotWriter {
 public:
  /// Done at once, with nothing written, while another writer or reader works on this store.
  /// REQUIRES: the store outlives this; `secret` holds kSnapshotSecretBytes, and is what the
  /// store's keys are made under; `source`, if any, outlives this.
  SnapshotWriter(SegmentStore& store, Bytes secret, TimeMs now, Bytes context = {},
                 SnapshotSource* source = nullptr);
  ~SnapshotWriter();
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  /// The next part, at most about `wanted_bytes` long unless one entry is longer. Empty when the
  /// snapshot is complete, or is not sound. Valid until the next call on the store or this.
  Bytes next(std::size_t wanted_bytes = 64u << 10);

  /// What happens to the store from here on is not known to the snapshot.
  bool is_done() const { return part_ == Part::kDone; }
  std::uint64_t entries() const { return entries_; }

 private:
  enum class Part : std::uint8_t { kShapes, kEntries, kTail, kEnd, kDone };

  bool has_room(std::size_t bytes);
  void put(std::uint64_t value, unsigned bytes);
  void put_bytes(Bytes bytes);
  void put_state(std::size_t size);

  bool write_shapes();
  bool write_entries();
  bool write_entry(Location location, const EntryHeader& header);
  bool write_tail();
  bool write_end();

  SegmentStore& store_;
  SnapshotMac mac_;
  SnapshotSource* source_;
  std::uint64_t moved_before_;
  Part part_ = Part::kShapes;
  bool is_writing_ = false;
  bool is_first_ = true;
  std::uint32_t next_shape_ = 1;
  std::uint64_t entries_ = 0;

  // Where the entries are read: a segment, as long as it is still the same.
  SegmentId segment_ = kNoSegment;
  std::uint64_t generation_ = 0;
  std::uint64_t last_generation_ = 0;
  std::uint32_t offset_ = 0;

  // The frame being written.
  std::size_t limit_ = 0;
  std::size_t size_ = 0;
  std::size_t empty_size_ = 0;
  std::size_t scanned_ = 0;
  std::uint64_t lifetimes_written_ = 0;
  std::uint64_t base_written_ = 0;  // the generation whose base the frame has
};

}  // namespace sesame
