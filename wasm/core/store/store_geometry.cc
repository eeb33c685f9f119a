#include "store/store_geometry.h"

#include <algorithm>
#include <bit>

#include "store/ghost_set.h"
#include "store/segment_index.h"

namespace sesame {
namespace {

constexpr std::size_t kMinSegmentBytes = 4u << 10;
constexpr std::size_t kMaxSegmentBytes = 64u << 10;
// So many segments at least, where they are not already the smallest.
constexpr std::size_t kWantedSegments = 512;
// The index is made for entries of this size, all they take included. Smaller ones fill the index
// before the arena; larger ones leave slots unused, 4 bytes each.
constexpr std::size_t kBytesPerSlot = 80;
// Values may take up to this share of the budget.
constexpr std::size_t kValueShare = 4;
// Only what is shorter than this is encoded: codecs give up on what is longer, and it would need
// another buffer of its length.
constexpr std::size_t kMinScratch = 4u << 10;
constexpr std::size_t kMaxScratch = 20u << 10;
constexpr std::size_t kScratchShare = 64;
// What a snapshot's part needs beside one entry.
constexpr std::size_t kOutputSlack = 1024;
constexpr std::size_t kMaxFilterBytes = 32u << 10;
constexpr std::size_t kMaxBytes = std::size_t{1} << 31;

}  // namespace

StoreGeometry StoreGeometry::divide(std::size_t bytes, std::size_t max_value_bytes,
                                    std::size_t segment_record_bytes) {
  StoreGeometry parts;
  bytes = std::min(bytes, kMaxBytes);
  const std::size_t segment_bytes =
      std::clamp(std::bit_floor(bytes / kWantedSegments), kMinSegmentBytes, kMaxSegmentBytes);
  parts.segment_bytes = static_cast<std::uint32_t>(segment_bytes);
  parts.max_value_bytes =
      static_cast<std::uint32_t>(std::min(max_value_bytes, bytes / kValueShare));
  parts.scratch_bytes = std::min(
      parts.max_value_bytes,
      static_cast<std::uint32_t>(std::clamp(bytes / kScratchShare, kMinScratch, kMaxScratch)));
  parts.output_bytes = static_cast<std::uint32_t>(
      std::max<std::size_t>(parts.max_value_bytes, segment_bytes) + kOutputSlack);

  std::size_t left = bytes - parts.output_bytes - parts.scratch_bytes;
  parts.index_buckets = static_cast<std::uint32_t>(left / (kBytesPerSlot * SegmentIndex::kWays));
  const std::size_t slots = std::size_t{parts.index_buckets} * SegmentIndex::kWays;
  parts.max_entries = static_cast<std::uint32_t>(slots * SegmentIndex::kLoadNumerator /
                                                 SegmentIndex::kLoadDenominator);
  // S3-FIFO remembers as many as its main queue holds, which is nine tenths of all there are; and
  // an index is three quarters full.
  parts.ghost_words = static_cast<std::uint32_t>(slots * 2 / 3 / GhostSet::kPerWord);
  const std::size_t filter_bytes = std::min(kMaxFilterBytes, std::bit_floor(slots / 8));
  parts.log2_filter_bytes = static_cast<unsigned>(std::bit_width(filter_bytes) - 1);

  left -=
      slots * sizeof(SegmentIndex::Slot) + parts.ghost_words * sizeof(std::uint64_t) + filter_bytes;
  parts.segments = static_cast<std::uint32_t>(left / (segment_bytes + segment_record_bytes));
  parts.reserve = std::clamp<std::uint32_t>(parts.segments / 256, 3, 8);

  parts.granule_shift = 1;
  while ((parts.arena_bytes() >> parts.granule_shift) + 1 >=
         std::size_t{1} << SegmentIndex::kMaxLocationBits) {
    ++parts.granule_shift;
  }
  parts.location_bits =
      static_cast<unsigned>(std::bit_width((parts.arena_bytes() >> parts.granule_shift) + 1));
  return parts;
}

}  // namespace sesame
