// What a cache is configured with, and what makes a configuration wrong.
// Durations are milliseconds.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/types.h"

namespace sesame {

/// It has no defaults of its own: `js_bindings/options/definitions.js` has each option's.
struct Config {
  DurationMs fresh_for = 0;
  DurationMs keep_for = 0;
  DurationMs expires_in = 0;
  DurationMs idle_for = 0;  ///< 0: off
  DurationMs negative_for = 0;
  DurationMs stale_if_error = 0;
  DurationMs lease_for = 0;
  DurationMs origin_timeout = 0;
  std::size_t memory_bytes = 0;
  std::size_t max_document_bytes = 0;
  std::size_t max_credential_bytes = 0;  ///< of `Cookie`, and of `Authorization`, each
  std::size_t sessions_per_user = 0;     ///< of managed ones; 0: as many as there is room for
  std::size_t ends_per_user = 0;         ///< that are remembered; 0: as many as there is room for
  bool is_managed = false;               ///< sessions are the cache's own (SPEC R20)
  DurationMs refresh_lease_for = 0;      ///< how long one exchange of tokens owns a session
  std::vector<std::string> cookie_names;
  /// Of `Authorization`: those that carry a whole credential (rule R1).
  std::vector<std::string> authorization_schemes;
  /// Which credentials count, the first that a request has: `bearer`, `cookie`. Empty: both, and a
  /// request that has both is ambiguous (rule R1).
  std::vector<std::string> credential_order;
  std::vector<std::string> user_id_pointers;
  std::vector<std::string> fields;  ///< SPEC R14; empty: all
  std::vector<int> refusals;        ///< SPEC R12
};

/// One thing wrong with a configuration, in texts that a NUL ends.
struct ConfigFault {
  Bytes option;  ///< the name that users write
  Bytes reason;
};

/// Everything wrong with `config`, empty if nothing is.
std::vector<ConfigFault> find_faults(const Config& config);

}  // namespace sesame
