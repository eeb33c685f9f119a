#include "session/memory_budget.h"

#include <algorithm>

#include "codec/shape_codec.h"
#include "session/leases.h"
#include "session/refresh_tokens.h"
#include "session/successions.h"
#include "session/tombstones.h"
#include "session/user_events.h"
#include "store/segment_store.h"

namespace sesame {
namespace {

// A document's validator, or the headers of a refusal.
constexpr std::size_t kMetaBytes = 4096;
// The cache itself, and what allocators add.
constexpr std::size_t kObjectBytes = 8192;

}  // namespace

MemoryBudget::MemoryBudget(const Config& config) {
  const std::size_t memory = config.memory_bytes;
  leases = std::clamp<std::size_t>(memory / 32 / LeaseTable::bytes_for(1, 0), 16, 16384);
  answer_bytes = std::max(config.max_document_bytes, memory / 32);
  tombstones = std::max<std::size_t>(memory / 32 / TombstoneTable::bytes_for(1), 64);
  users = std::max<std::size_t>(memory / 64 / UserEvents::bytes_for(1), 64);
  // Managed sessions have neither.
  successions = config.is_managed
                    ? 1
                    : std::max<std::size_t>(memory / 64 / SuccessionTable::bytes_for(1), 64);
  refresh_tokens = config.is_managed
                       ? 1
                       : std::max<std::size_t>(memory / 128 / RefreshTokenTable::bytes_for(1), 64);
  vault_bytes = config.is_managed ? memory / 4 : 0;
  // A document on its way in, and one that had to be copied on its way out.
  const std::size_t copies =
      2 * (config.max_document_bytes + config.max_credential_bytes) + kObjectBytes;
  value_bytes = config.max_document_bytes + kMetaBytes;
  fixed_bytes = LeaseTable::bytes_for(leases, answer_bytes) +
                TombstoneTable::bytes_for(tombstones) + UserEvents::bytes_for(users) +
                SuccessionTable::bytes_for(successions) +
                RefreshTokenTable::bytes_for(refresh_tokens) + copies;
  const std::size_t others = fixed_bytes + vault_bytes;
  store_bytes = memory > others ? memory - others : 0;
}

std::size_t MemoryBudget::min_memory_bytes() const {
  return fixed_bytes + vault_bytes + std::max(StoreGeometry::kMinBudget, 6 * value_bytes);
}

std::unique_ptr<Store> MemoryBudget::make_store() const {
  // Documents with something in common take a fifth of the room, which soon outweighs what it takes
  // to find that out.
  const std::size_t shape_bytes =
      store_bytes / 4 < ShapeCodec::kMinBudget
          ? 0
          : std::clamp(store_bytes / 16, ShapeCodec::kMinBudget, ShapeCodec::kUsefulBudget);
  return SegmentStore::create({.budget_bytes = store_bytes, .max_value_bytes = value_bytes},
                              std::make_unique<ShapeCodec>(shape_bytes));
}

}  // namespace sesame
