#include "session/config.h"

#include <algorithm>
#include <cstdint>

#include "base/ascii.h"
#include "base/http_status.h"
#include "session/memory_budget.h"
#include "session/option_ranges.h"

namespace sesame {
namespace {

// Sums of times stay far from any overflow, and hosts can tell every date.
constexpr DurationMs kMaxDuration = 36'525LL * 24 * 3'600'000;

// RFC 9110 section 5.6.2.
bool is_token_char(char c) {
  return is_alnum(c) || Bytes("!#$%&'*+-.^_`|~").find(c) != Bytes::npos;
}

}  // namespace

std::vector<ConfigFault> find_faults(const Config& config) {
  std::vector<ConfigFault> faults;
  const auto require = [&faults](bool holds, const char* option, const char* reason) {
    if (!holds) faults.push_back({option, reason});
  };
  for (const auto& [field, option, least, reason] : kDurationRanges) {
    require(config.*field <= kMaxDuration, option, "must be at most a hundred years");
    require(config.*field >= least, option, reason);
  }
  for (const auto& [field, option, least, reason] : kSizeRanges) {
    require(config.*field >= least, option, reason);
  }
  require(config.keep_for >= config.fresh_for, "keepFor", "must be at least freshFor");
  require(config.lease_for > config.origin_timeout, "leaseFor", "must exceed originTimeout");
  // A fraction first: the sum of sizes that are far too large may wrap around.
  require(config.max_document_bytes <= config.memory_bytes / 4 &&
              config.max_credential_bytes <= config.memory_bytes / 2 &&
              config.memory_bytes >= MemoryBudget(config).min_memory_bytes(),
          "memory", "is too small: it must hold at least a few documents of maxDocument bytes");
  require(!config.user_id_pointers.empty(), "userId", "must name at least one JSON pointer");
  for (const std::string& pointer : config.user_id_pointers) {
    require(!pointer.empty() && pointer.front() == '/', "userId",
            "must be JSON pointers (RFC 6901), which begin with /");
  }
  for (const std::string& name : config.cookie_names) {
    require(!name.empty() && name.find_first_of("=;, \t\"") == std::string::npos, "cookie",
            "must be cookie names (RFC 6265)");
  }
  for (const std::string& scheme : config.authorization_schemes) {
    require(!scheme.empty() && std::all_of(scheme.begin(), scheme.end(), is_token_char),
            "authorizationSchemes", "must be schemes of Authorization (RFC 9110 section 11.1)");
  }
  for (const int status : config.refusals) {
    require(http::is_final(status), "refusals",
            "must be 3xx and 4xx statuses other than 304, 408, 425 and 429");
  }
  return faults;
}

}  // namespace sesame
