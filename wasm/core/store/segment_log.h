// The entries in their segments: appended to the open segment of those that will be dropped at
// about the same time, changed where they stand if they keep their size, and dead once forgotten.
// Must not know: the index, what is worth keeping, the codec.
// Invariants: the bytes between `first_entry` and `used_bytes` of a segment are entries, one behind
// the other; an entry that does not end in its segment goes on at the start of the one it spills
// into; no more than the given segments are ever used (SPEC R50).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "store/entry_plan.h"
#include "store/lifetime_table.h"
#include "store/segment_table.h"
#include "store/store_geometry.h"

namespace sesame {

/// The store's own times stay within this of 1970.
inline constexpr TimeMs kMaxStoreTime = TimeMs{1} << 53;

/// An entry to be written.
struct EntryDraft {
  Key key;
  EntryInfo info;
  ShapeId shape = kRawShape;
  Bytes meta;
  Bytes body;  ///< as stored
};

class SegmentLog {
 public:
  /// REQUIRES: `arena` holds `geometry.arena_bytes()` and kMaxHeaderBytes more.
  SegmentLog(const StoreGeometry& geometry, Segment* segments, char* arena);

  /// Nowhere if there are too few free segments.
  Location append(const EntryDraft& draft, QueueId queue, std::uint8_t use, TimeMs now);
  /// Opens a segment for entries that were written elsewhere, counting from `base`. False if there
  /// are no free segments.
  bool begin_adopting(const EntryBase& base, QueueId queue, TimeMs drop_at, TimeMs now);
  /// Takes such an entry over, `bytes` being all of it, under our own number for its lifetime.
  /// Nowhere if it does not fit behind the last one.
  Location adopt(Bytes bytes, const EntryHeader& header, LifetimeId lifetime, TimeMs drop_at);
  void end_adopting();

  /// Replaces the entry where it stands, if it keeps its size and its time.
  bool overwrite(Location location, const EntryDraft& draft);
  /// Changes what is beside the bytes where it stands, if that keeps its size.
  bool overwrite_info(Location location, const EntryInfo& info);
  /// The entry is no more. Segments with nothing else in them become free.
  void kill(Location location);

  char* at(Location location) {
    return arena_ + (static_cast<std::size_t>(location - 1) << geometry_.granule_shift);
  }
  const char* at(Location location) const { return const_cast<SegmentLog*>(this)->at(location); }
  SegmentId segment_of(Location location) const {
    return static_cast<SegmentId>(
        (static_cast<std::size_t>(location - 1) << geometry_.granule_shift) >> segment_shift_);
  }
  Location location(SegmentId id, std::uint32_t offset) const {
    return static_cast<Location>(
        (((std::size_t{id} << segment_shift_) + offset) >> geometry_.granule_shift) + 1);
  }

  EntryInfo info(Location location, const EntryHeader& header) const {
    const Lifetime* lifetime =
        header.layout.is_explicit ? nullptr : &lifetimes_.at(header.lifetime);
    return read_info(header, segments_[segment_of(location)].base, lifetime);
  }
  /// Meta and body, in one piece. Copied to `buffer` if they are not.
  /// REQUIRES: `buffer` holds them.
  Bytes payload(Location location, const EntryHeader& header, std::span<char> buffer) const {
    const std::uint32_t size = header.meta_bytes + header.body_bytes;
    const std::uint32_t room = geometry_.segment_bytes - offset_of(location) - header.header_bytes;
    if (size > room) return gather(location, header, buffer);
    return {at(location) + header.header_bytes, size};
  }

  /// What an entry takes of the segment it begins in.
  std::uint32_t extent(Location location, const EntryHeader& header) const;

  /// When enough of a segment's entries were to be dropped that it is worth emptying: at the latest
  /// a while after the first of them.
  TimeMs due(const Segment& segment) const;

  /// Closes the open segment that is fullest. False if none is open.
  bool close_one(QueueId queue);
  void close(SegmentId id);

  std::uint32_t segments_for(std::size_t value_bytes) const {
    return static_cast<std::uint32_t>((value_bytes + kMaxHeaderBytes) / geometry_.segment_bytes +
                                      1);
  }
  std::uint64_t live_bytes() const { return live_bytes_; }

  SegmentTable& segments() { return segments_; }
  const SegmentTable& segments() const { return segments_; }
  LifetimeTable& lifetimes() { return lifetimes_; }
  const LifetimeTable& lifetimes() const { return lifetimes_; }

  /// Forgets everything.
  void clear();

 private:
  static constexpr std::size_t kGroups = 5;

  std::uint8_t group_of(TimeMs drop_at, TimeMs now) const;
  DurationMs window_of(std::uint8_t group) const;
  SegmentId open(QueueId queue, std::uint8_t group, const EntryDraft& draft, TimeMs now);
  void write_payload(SegmentId id, const EntryDraft& draft, Location head, TimeMs now);
  void note_written(Segment& segment, std::uint32_t bytes, TimeMs drop_at);
  void drop_live(SegmentId id, std::uint32_t bytes);
  std::uint32_t aligned(std::uint32_t bytes) const;
  std::uint32_t offset_of(Location location) const {
    const std::size_t at = static_cast<std::size_t>(location - 1) << geometry_.granule_shift;
    return static_cast<std::uint32_t>(at & (geometry_.segment_bytes - 1));
  }
  Bytes gather(Location location, const EntryHeader& header, std::span<char> buffer) const;

  StoreGeometry geometry_;
  unsigned segment_shift_;
  std::uint32_t min_split_;
  char* arena_;
  SegmentTable segments_;
  LifetimeTable lifetimes_;
  std::array<std::array<SegmentId, kGroups>, kQueues> open_;
  SegmentId adopting_ = kNoSegment;
  std::uint64_t live_bytes_ = 0;
};

}  // namespace sesame
