// How an entry's header will be laid out: which fields it needs, how wide, under which lifetime.
// Must not know: segments as such, the index.
// Invariant: what is read back is `EntryPlan::info`, and that is what was given, times perhaps
// rounded down to the second: nothing is served longer than it was given (SPEC R8).
#pragma once

#include <cstddef>
#include <cstdint>

#include "store/entry_format.h"
#include "store/lifetime_table.h"

namespace sesame {

/// A header ready to be written.
struct EntryPlan {
  EntryInfo info;  ///< as it will be read
  EntryLayout layout;
  LifetimeId lifetime = LifetimeTable::kNone;
  ShapeId shape = kRawShape;
  std::uint32_t meta_bytes = 0;
  std::uint32_t body_bytes = 0;  ///< as stored
  std::uint32_t header_bytes = 0;
  std::uint32_t total_bytes = 0;
};

/// `info` as a store keeps it: a life of a minute or more in whole seconds, born at a multiple of
/// kTimeUnit; a shorter one exactly.
/// When it was used is always exact: rounded each time, it would end early each time (SPEC R8).
EntryInfo rounded(const EntryInfo& info);

/// Lays out a header. No field becomes narrower than in `at_least`, so that an entry can be changed
/// where it stands. The lifetime chosen is not retained.
EntryPlan plan_entry(const EntryInfo& info, const EntryBase& base, LifetimeTable& lifetimes,
                     ShapeId shape, std::size_t meta_bytes, std::size_t body_bytes,
                     const EntryLayout& at_least = {});

/// Writes `plan.header_bytes` at `to`.
void write_header(const EntryPlan& plan, const Key& key, std::uint8_t use, const EntryBase& base,
                  char* to);

}  // namespace sesame
