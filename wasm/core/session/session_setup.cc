// How a cache is put together from its configuration.
#include <algorithm>
#include <utility>

#include "session/memory_budget.h"
#include "session/session_cache.h"

namespace sesame {

SessionCache::SessionCache(Config config, Bytes secret)
    : SessionCache(std::move(config), secret, nullptr, MemoryBudget(config)) {}

SessionCache::SessionCache(Config config, Bytes secret, std::unique_ptr<Store> store)
    : SessionCache(std::move(config), secret, std::move(store), MemoryBudget(config)) {}

SessionCache::SessionCache(Config&& config, Bytes secret, std::unique_ptr<Store> store,
                           const MemoryBudget& budget)
    : config_(std::move(config)),
      reader_(config_.cookie_names, config_.authorization_schemes, config_.credential_order),
      keys_(secret, reader_.first_cookie_name()),
      store_(store != nullptr ? std::move(store) : budget.make_store()),
      leases_(budget.leases, budget.answer_bytes),
      tombstones_(budget.tombstones, config_.ends_per_user),
      users_(budget.users),
      successions_(budget.successions),
      refresh_tokens_(budget.refresh_tokens),
      vault_(budget.vault_bytes),
      fixed_bytes_(budget.fixed_bytes) {
  std::copy_n(secret.begin(), secret_.size(), secret_.begin());
}

void SessionCache::replace_secret(Bytes secret) {
  keys_ = KeyMaker(secret, reader_.first_cookie_name());
  std::copy_n(secret.begin(), secret_.size(), secret_.begin());
}

}  // namespace sesame
