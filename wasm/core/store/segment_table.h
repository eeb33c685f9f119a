// The segments of a store: which are free, which are being filled, and the order in which the full
// ones wait to be reclaimed. Every operation is a few loads and stores.
// Must not know: entries, keys.
// Invariant: a closed segment is in exactly one queue, any other in none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/types.h"
#include "store/entry_format.h"
#include "store/segment_index.h"

namespace sesame {

using SegmentId = std::uint32_t;
inline constexpr SegmentId kNoSegment = UINT32_MAX;

/// S3-FIFO's two queues: what came lately, and what was asked for again.
enum class QueueId : std::uint8_t { kSmall = 0, kMain = 1 };
inline constexpr std::size_t kQueues = 2;

enum class SegmentState : std::uint8_t {
  kFree,
  kOpen,    ///< entries are appended
  kClosed,  ///< waits in its queue
  kVictim,  ///< is being emptied
};

// clang-format off
//   arena    | segment 0 | segment 1 | segment 2 | ...        each 4 to 64 KiB, all of one size
//
//   segment  0               first_entry                                  used_bytes
//            +----------------+-------+-------+-----+-------+----------------+
//            | the rest of an | entry | entry | ... | entry | one that goes  |
//            | entry that     |       | dead  |     |       | on in          |
//            | spilled        |       |       |     |       | `spills_into`  |
//            +----------------+-------+-------+-----+-------+----------------+
//   Entries start at granules (multiples of 2^granule_shift). Entries of one segment are dropped at
//   about the same time, and count their times and sequences from its `base`.
// clang-format on
struct Segment {
  EntryBase base;
  TimeMs first_due = 0;          ///< no entry was to be dropped before, when it was written
  TimeMs last_due = 0;           ///< none after
  std::uint64_t generation = 0;  ///< grows with every segment taken
  std::uint32_t used_bytes = 0;
  std::uint32_t live_bytes = 0;   ///< of entries that the index knows, granules rounded up
  std::uint32_t first_entry = 0;  ///< where the first header stands, after what spilled into here
  Location spilled_from = 0;      ///< the entry that does, if it is alive
  SegmentId spills_into = kNoSegment;  ///< where the last entry goes on
  SegmentId previous = kNoSegment;
  SegmentId next = kNoSegment;
  SegmentState state = SegmentState::kFree;
  QueueId queue = QueueId::kSmall;
  std::uint8_t group = 0;  ///< of those that live about as long
};

class SegmentTable {
 public:
  SegmentTable() = default;
  /// REQUIRES: `segments` points to `count` segments.
  SegmentTable(Segment* segments, std::uint32_t count);

  Segment& operator[](SegmentId id) { return segments_[id]; }
  const Segment& operator[](SegmentId id) const { return segments_[id]; }

  std::uint32_t size() const { return count_; }
  std::uint32_t free() const { return free_; }
  /// Open and closed ones.
  std::uint32_t in_queue(QueueId queue) const { return in_queue_[index(queue)]; }

  /// Opens an empty segment. REQUIRES: free() > 0.
  SegmentId open(QueueId queue, std::uint8_t group);
  /// The last in its queue. REQUIRES: it is open.
  void close(SegmentId id);
  /// The one that was closed first; kNoSegment if the queue has none.
  SegmentId oldest(QueueId queue) const { return queues_[index(queue)].first; }
  /// Takes a closed segment out of its queue.
  void begin_reclaim(SegmentId id);
  /// Whatever state it is in.
  void release(SegmentId id);

  std::uint64_t generation() const { return generation_; }
  /// The segment in use that was opened first after `generation`; kNoSegment if there is none.
  SegmentId opened_after(std::uint64_t generation) const;

 private:
  struct Queue {
    SegmentId first = kNoSegment;
    SegmentId last = kNoSegment;
  };

  static std::size_t index(QueueId queue) { return static_cast<std::size_t>(queue); }
  void unlink(SegmentId id);

  Segment* segments_ = nullptr;
  std::uint32_t count_ = 0;
  std::uint32_t free_ = 0;
  SegmentId first_free_ = kNoSegment;
  std::array<Queue, kQueues> queues_;
  std::array<std::uint32_t, kQueues> in_queue_{};
  std::uint64_t generation_ = 0;
};

}  // namespace sesame
