// How the budget of bytes is cut up (rule R50): so much for each table, and the rest for the store.
// Must not know: what is in the tables.
// Invariant: the parts together are `memory_bytes`, or less.
#pragma once

#include <cstddef>
#include <memory>

#include "session/config.h"
#include "store/store.h"

namespace sesame {

struct MemoryBudget {
  std::size_t leases;  ///< how many; the same of those below
  std::size_t tombstones;
  std::size_t users;
  std::size_t successions;
  std::size_t refresh_tokens;
  std::size_t answer_bytes;  ///< of answers that are stored nowhere but in a lease
  std::size_t vault_bytes;
  std::size_t fixed_bytes;  ///< of all but the vault and the store
  std::size_t value_bytes;  ///< the longest that the store is to take
  std::size_t store_bytes;  ///< what is left; none if `memory_bytes` is too small

  explicit MemoryBudget(const Config& config);

  /// A store in what is left.
  std::unique_ptr<Store> make_store() const;

  /// The least that `memory_bytes` may be for a configuration that is otherwise as given.
  std::size_t min_memory_bytes() const;
};

}  // namespace sesame
