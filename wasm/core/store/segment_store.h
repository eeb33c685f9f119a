// The store that holds the most: entries packed into segments, found through an index of four bytes
// a slot, documents written by a codec, all in one piece of memory that is sized at the start.
// What goes when room is short is decided as S3-FIFO does (Yang et al., SOSP 2023), a segment at a
// time: new entries pass through a small queue, those asked for again go to the main one, and a key
// that comes back soon after it was forgotten goes there at once.
// Must not know: sessions, the clock, where snapshots are kept.
// Invariants:
// - memory is taken once and its size never changes; `used_bytes` never passes the budget (R50);
// - every slot of the index is a living entry, and every living entry has one;
// - no call does more than a fixed number of entries' work beyond what its own bytes ask for (R51).
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>

#include "codec/body_codec.h"
#include "store/change_filter.h"
#include "store/ghost_set.h"
#include "store/segment_index.h"
#include "store/segment_log.h"
#include "store/store.h"
#include "store/store_geometry.h"

namespace sesame {

struct SegmentStoreOptions {
  std::size_t budget_bytes = 0;  ///< for everything, the codec included; at most 2 GiB are used
  /// Longer values (meta and body together) are refused, as is what is over a quarter of the
  /// budget.
  std::size_t max_value_bytes = 260u << 10;
};

/// For those who look in.
struct SegmentStoreStats {
  std::uint32_t segments = 0;
  std::uint32_t free_segments = 0;
  std::uint32_t small_segments = 0;
  std::uint32_t main_segments = 0;
  std::uint32_t segment_bytes = 0;
  std::uint64_t live_bytes = 0;   ///< in segments, headers included
  std::uint64_t table_bytes = 0;  ///< all that is neither segments nor the codec
  std::uint64_t expired = 0;      ///< entries forgotten because their time had come
  std::uint64_t moved = 0;        ///< entries copied to another segment
};

class SegmentStore final : public Store {
 public:
  /// Null if the budget is below min_budget(), or if there is no such memory.
  static std::unique_ptr<SegmentStore> create(const SegmentStoreOptions& options,
                                              std::unique_ptr<BodyCodec> codec);
  static std::size_t min_budget(const BodyCodec& codec) {
    return StoreGeometry::kMinBudget + codec.budget_bytes();
  }
  /// The longest value (meta and body together) that it takes.
  std::size_t max_value_bytes() const { return geometry_.max_value_bytes; }

  bool find(const Key& key, TimeMs now, EntryView* found, Want want = Want::kAll) override;
  bool put(const Key& key, const EntryInfo& info, Bytes meta, Bytes body, TimeMs now) override;
  bool set_info(const Key& key, const EntryInfo& info) override;
  bool erase(const Key& key) override;
  void step(TimeMs now) override;

  std::size_t entries() const override { return entries_; }
  std::size_t used_bytes() const override;
  std::size_t budget_bytes() const override { return budget_bytes_; }
  std::uint64_t evictions() const override { return evictions_; }
  SegmentStoreStats stats() const;

  /// A snapshot is being written or read, or one that was refused is being cleared away.
  bool is_busy() const { return mode_ != Mode::kReady; }

  /// While a snapshot is written: entries that carry this tag are left out of it.
  void note_user_change(std::uint32_t user_tag) override { note_change(key_of_tag(user_tag)); }
  SegmentStore* as_segments() override { return this; }

 private:
  friend class SnapshotWriter;
  friend class SnapshotReader;

  enum class Duty : std::uint8_t {
    kMove,        ///< keep what is alive
    kEvictSmall,  ///< keep in the main queue what was used, forget the rest
    kEvictMain,   ///< keep what was used, forget the rest
  };
  enum class Mode : std::uint8_t { kReady, kWriting, kRestoring, kClearing };

  struct Memory;

  SegmentStore(const SegmentStoreOptions& options, std::unique_ptr<BodyCodec> codec,
               std::unique_ptr<char[]> memory, const Memory& parts);

  // segment_store_find.cc: `find` alone
  // segment_store.cc
  void set_now(TimeMs now) { now_ = std::clamp(now, -kMaxStoreTime, kMaxStoreTime); }
  void note_change(const Key& key);
  bool is_closed() const { return mode_ >= Mode::kRestoring; }
  void begin_clearing();
  void clear_some();
  BodyCodec::Encoded encode(const Key& key, const EntryInfo& info, Bytes meta, Bytes* body);
  bool try_put(const EntryDraft& draft);
  bool try_set_info(const Key& key, const EntryInfo& info);
  void forget(SegmentIndex::Slot* slot);
  void add_to_index(const Key& key, Location location);
  unsigned ghost_depth() const;

  // segment_store_reclaim.cc
  bool is_short_of_room() const;
  void make_room(std::size_t value_bytes);
  void force_room(std::size_t value_bytes);
  bool reclaim(std::uint32_t min_entries, std::size_t min_bytes);
  bool choose_victim();
  SegmentId mostly_dead();
  void begin_reclaim(SegmentId id, Duty duty);
  std::size_t reclaim_next();
  void reclaim_entry(Location location, const EntryHeader& header);
  bool move(SegmentIndex::Slot* slot, const EntryHeader& header, const EntryInfo& info,
            QueueId queue, std::uint8_t use);
  void sweep();
  void finish_victim();

  StoreGeometry geometry_;
  std::size_t budget_bytes_;
  std::size_t table_bytes_;
  std::unique_ptr<BodyCodec> codec_;
  std::unique_ptr<char[]> memory_;
  SegmentIndex index_;
  GhostSet ghosts_;
  ChangeFilter changes_;
  std::span<char> shape_marks_;  // a bit for each shape, for snapshots
  std::span<char> output_;
  std::span<char> scratch_;
  SegmentLog log_;

  Mode mode_ = Mode::kReady;
  TimeMs now_ = 0;
  std::size_t entries_ = 0;
  std::uint64_t evictions_ = 0;
  std::uint64_t expired_ = 0;
  std::uint64_t moved_ = 0;

  SegmentId victim_ = kNoSegment;
  std::uint32_t victim_offset_ = 0;
  Duty duty_ = Duty::kMove;
  std::uint32_t wanted_ = 0;  ///< free segments that a put cannot do without
  SegmentId sweep_next_ = 0;
  SegmentId sample_next_ = 0;
  std::size_t cleared_ = 0;    // slots, of kClearing
  std::uint32_t touched_ = 0;  // what fetching ahead read, so that it is not left out
};

}  // namespace sesame
