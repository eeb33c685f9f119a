// How a budget of bytes is divided: once, at the start, so that it can never be passed (SPEC R50).
// Must not know: what the parts are for beyond their sizes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sesame {

struct StoreGeometry {
  /// A budget has to be at least this, above what the codec takes.
  static constexpr std::size_t kMinBudget = 128u << 10;

  std::uint32_t segment_bytes = 0;  ///< a power of two, 4 to 64 KiB
  std::uint32_t segments = 0;
  unsigned granule_shift = 0;  ///< entries start at multiples of two to this
  unsigned location_bits = 0;
  std::uint32_t index_buckets = 0;
  std::uint32_t max_entries = 0;
  std::uint32_t ghost_words = 0;
  unsigned log2_filter_bytes = 0;
  std::uint32_t max_value_bytes = 0;  ///< meta and body together
  std::uint32_t output_bytes = 0;     ///< a value, or a part of a snapshot
  std::uint32_t scratch_bytes = 0;    ///< an encoded value
  std::uint32_t reserve = 0;          ///< segments that are kept free

  std::size_t arena_bytes() const { return std::size_t{segments} * segment_bytes; }

  /// Divides `bytes`. `segment_record_bytes` is what each segment takes in the table of segments.
  /// REQUIRES: `bytes` is at least kMinBudget less what the store itself takes.
  static StoreGeometry divide(std::size_t bytes, std::size_t max_value_bytes,
                              std::size_t segment_record_bytes);
};

}  // namespace sesame
