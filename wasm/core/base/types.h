// The few types that every part of the core speaks in.
// Must not know: anything above `wasm/core`, the clock, the network.
#pragma once

#include <cstdint>
#include <string_view>

namespace sesame {

/// Milliseconds since the Unix epoch. The core never reads a clock: every call that needs the
/// time is given it.
using TimeMs = std::int64_t;

/// A length of time in milliseconds.
using DurationMs = std::int64_t;

/// Bytes owned by somebody else. Not necessarily text.
using Bytes = std::string_view;

/// Counts events that may overtake a fill (SPEC R10). Later events have larger numbers,
/// compared by is_before.
using Sequence = std::uint32_t;

/// True if `a` happened before `b`. Serial-number arithmetic (RFC 1982): right as long as the two
/// are less than 2^31 events apart, and an entry lives about an hour.
constexpr bool is_before(Sequence a, Sequence b) { return static_cast<std::int32_t>(a - b) < 0; }

/// Why input was refused. Values are part of the ABI, which has others above them.
enum class Status : std::uint32_t {
  kOk = 0,
  kNotJson = 1,    ///< not well-formed JSON (RFC 8259), invalid UTF-8 included
  kNotObject = 2,  ///< JSON, but not an object
  kTooLarge = 3,   ///< over the configured limit
  kTooDeep = 4,    ///< nested deeper than kMaxDepth
  // 5 to 7 are the ABI's.
  kUnknown = 8,  ///< a credential that the origin has not accepted, as far as this node knows (R53)
  kFull = 9,     ///< there is no room to remember it (R54)
};

}  // namespace sesame
