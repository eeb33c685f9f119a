// What a cache is configured with, and what makes a configuration wrong.
// Durations are milliseconds. The defaults are SPEC's.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/types.h"

namespace sesame {

struct Config {
  DurationMs fresh_for = 30 * 60'000;
  DurationMs keep_for = 60 * 60'000;
  DurationMs expires_in = 30LL * 24 * 3'600'000;
  DurationMs idle_for = 0;  ///< 0: off
  DurationMs negative_for = 10'000;
  DurationMs stale_if_error = 5 * 60'000;
  DurationMs lease_for = 10'000;
  DurationMs origin_timeout = 8'000;
  std::size_t memory_bytes = 64u << 20;
  std::size_t max_document_bytes = 256u << 10;
  std::size_t max_credential_bytes = 16u << 10;  ///< of `Cookie`, and of `Authorization`, each
  bool is_managed = false;                       ///< sessions are the cache's own (SPEC R20)
  DurationMs refresh_lease_for = 95'000;         ///< how long one exchange of tokens owns a session
  bool obey_cache_control = true;                ///< SPEC R15
  std::vector<std::string> cookie_names = {"session", "__Host-session", "__Secure-session"};
  std::vector<std::string> user_id_pointers = {"/id", "/user/id", "/data/id", "/sub"};
  std::vector<std::string> fields;         ///< SPEC R14; empty: all
  std::vector<int> refusals = {401, 403};  ///< SPEC R12
};

/// One thing wrong with a configuration. `option` is the name that users write.
struct ConfigFault {
  std::string option;
  std::string reason;
};

/// Everything wrong with `config`, empty if nothing is.
std::vector<ConfigFault> find_faults(const Config& config);

}  // namespace sesame
