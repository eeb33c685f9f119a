// Fills an empty store from a snapshot. Nothing is found in the store until all of it has been read
// and checked; what is put, changed or erased meanwhile is not restored.
// A snapshot that is truncated, altered, of another version or under another secret is refused
// whole, and the store is empty (SPEC R52).
// Invariant: every entry in the store's segments is in its index or in the batch that waits for it.
#pragma once

#include <array>
#include <cstdint>

#include "snapshot/snapshot_companion.h"
#include "snapshot/snapshot_format.h"
#include "store/segment_store.h"

namespace sesame {

class SnapshotReader {
 public:
  enum class State : std::uint8_t {
    kReading,  ///< wants more of the snapshot
    kSifting,  ///< has all of it, and leaves out what changed while it was written: `step` on
    kDone,
    kRefused,  ///< the store opens again after some of its own steps
  };

  /// Refuses at once if the store is not empty, or is being written or restored.
  /// REQUIRES: the store outlives this; `secret` holds kSnapshotSecretBytes; `target`, if any,
  /// outlives this.
  SnapshotReader(SegmentStore& store, Bytes secret, TimeMs now, Bytes context = {},
                 SnapshotTarget* target = nullptr);
  /// What is still kReading is refused; what is kSifting is finished at once.
  ~SnapshotReader();
  SnapshotReader(const SnapshotReader&) = delete;
  SnapshotReader& operator=(const SnapshotReader&) = delete;

  /// The next bytes, cut as one likes. Takes time by their number.
  State feed(Bytes piece);
  /// There is no more to feed: what is not complete by now is refused.
  State end();
  /// Sifts so many entries. Nothing to do where nothing changed.
  State step(std::uint32_t entries = 256);

  State state() const { return state_; }

 private:
  struct Cursor {
    const char* at;
    const char* end;
    std::size_t left() const { return static_cast<std::size_t>(end - at); }
    std::uint64_t read(unsigned bytes);
  };

  void refuse();
  void finish();
  bool feed_once(Bytes piece, std::size_t* used);
  bool read_frame(Bytes frame);
  bool read_record(Cursor* cursor);
  bool read_base(Cursor* cursor);
  bool read_lifetime(Cursor* cursor);
  bool read_shape(Cursor* cursor);
  bool read_entry(Cursor* cursor);
  bool read_state(RecordKind kind, Cursor* cursor);
  void add(Bytes bytes, const EntryHeader& header, const EntryInfo& info, LifetimeId lifetime);
  bool read_end(Cursor* cursor);
  void index(Location location, const Key& key);
  void index_batch();
  void sift(Location location);

  // Keys that wait to be put into the index together: their buckets' cache misses overlap.
  static constexpr std::size_t kBatch = 32;
  struct Waiting {
    Location location;
    std::uint64_t key_low, key_high;
    Key key() const { return {key_low, key_high}; }
  };

  SegmentStore& store_;
  SnapshotMac mac_;
  SnapshotTarget* target_;
  State state_ = State::kReading;
  bool is_first_ = true;
  bool is_ended_ = false;
  bool has_head_ = false;
  std::size_t held_ = 0;  // bytes of an incomplete frame
  std::uint64_t entries_ = 0;

  // What the entries being read count from, and their lifetimes: as given, and our number for each.
  bool has_base_ = false;
  bool is_adopting_ = false;
  EntryBase base_;
  QueueId queue_ = QueueId::kSmall;
  std::uint32_t living_bytes_ = 0;
  struct KnownLifetime {
    Lifetime lifetime;
    LifetimeId own;
  };
  std::array<KnownLifetime, LifetimeTable::kCapacity> lifetimes_{};
  std::uint64_t lifetimes_known_ = 0;     // in this frame
  std::uint64_t lifetimes_retained_ = 0;  // in all

  bool may_repeat_ = false;

  std::array<Waiting, kBatch> batch_{};
  std::size_t batch_size_ = 0;

  SegmentId segment_ = 0;
  std::uint32_t offset_ = 0;
};

}  // namespace sesame
