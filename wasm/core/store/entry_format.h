// How an entry is laid out in a segment: its key, what is known beside the bytes in as few bytes as
// it takes (about 10 where most entries look alike), then meta and body.
// Must not know: segments as such, the index.
// Invariants: a header starts with the 16 bytes of the key; times come back as they were given, or
// rounded down to the second (SPEC: nothing is served longer than it was given), births to
// kTimeUnit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/byte_order.h"
#include "base/key.h"
#include "codec/body_codec.h"
#include "store/lifetime_table.h"
#include "store/store.h"

namespace sesame {

/// What the entries of one segment count from.
struct EntryBase {
  TimeMs time = 0;  ///< a whole second
  Sequence sequence = 0;
};

/// A revocation ends what was born by then: births are known this well. A power of two.
inline constexpr DurationMs kTimeUnit = 4;

inline constexpr std::size_t kMaxHeaderBytes = 104;
inline constexpr std::uint8_t kMaxUse = 3;

/// Which fields a header has, and how wide.
struct EntryLayout {
  std::uint8_t sequence_bytes = 0;  ///< 0, 1, 2: from the base's; 4: itself
  std::uint8_t born_bytes = 0;      ///< 0: born when filled; 2, 3, 4: so long before
  bool has_user = false;
  bool has_used = false;
  bool has_own_end = false;
  bool has_cookie_end = false;
  bool asks_first = false;
  bool is_fine = false;      ///< in milliseconds, where others count seconds
  bool is_explicit = false;  ///< all times as they are
  bool is_extended = false;  ///< has the byte that tells of the less usual fields

  unsigned time_bytes() const { return is_fine ? 4 : 2; }
  /// Of the second in which it was born.
  unsigned fraction_bytes() const { return is_fine ? 0 : 1; }
  DurationMs time_unit() const { return is_fine ? 1 : 1000; }
  /// When an entry was filled is counted from so long before the base: about 25 days where there
  /// are milliseconds, so that old entries fit as well.
  DurationMs base_lead() const { return is_fine ? DurationMs{1} << 31 : 0; }
  /// Of the fields that differ in width: all but key, state, lifetime, shape and sizes.
  unsigned field_bytes() const;
};

/// A header as it was read.
struct EntryHeader {
  EntryLayout layout;
  bool is_dead = false;
  std::uint8_t use = 0;
  LifetimeId lifetime = LifetimeTable::kNone;
  ShapeId shape = kRawShape;
  std::uint32_t meta_bytes = 0;
  std::uint32_t body_bytes = 0;
  std::uint32_t header_bytes = 0;
  std::uint32_t total_bytes = 0;
  const char* fields = nullptr;  ///< where sequence, user and times stand
};

/// REQUIRES: kMaxHeaderBytes readable bytes at `from`. Whatever they are, nothing else is read.
EntryHeader read_header(const char* from);

/// `lifetime` is that of the header's number; null only if the layout is explicit.
EntryInfo read_info(const EntryHeader& header, const EntryBase& base, const Lifetime* lifetime);

inline Key read_key(const char* entry) { return {load_le64(entry), load_le64(entry + 8)}; }
std::uint8_t read_use(const char* entry);
void write_use(char* entry, std::uint8_t use);
void write_lifetime(char* entry, LifetimeId lifetime);
void mark_dead(char* entry);

}  // namespace sesame
