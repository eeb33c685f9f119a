#include "session/config.h"

#include <utility>

#include "session/memory_budget.h"

namespace sesame {
namespace {

// Sums of times stay far from any overflow, and hosts can tell every date.
constexpr DurationMs kMaxDuration = 36'525LL * 24 * 3'600'000;

}  // namespace

std::vector<ConfigFault> find_faults(const Config& config) {
  std::vector<ConfigFault> faults;
  const auto require = [&faults](bool holds, const char* option, const char* reason) {
    if (!holds) faults.push_back({option, reason});
  };
  const std::pair<DurationMs, const char*> durations[] = {
      {config.fresh_for, "freshFor"},       {config.keep_for, "keepFor"},
      {config.expires_in, "expiresIn"},     {config.idle_for, "idleFor"},
      {config.negative_for, "negativeFor"}, {config.stale_if_error, "staleIfError"},
      {config.lease_for, "leaseFor"},       {config.origin_timeout, "originTimeout"},
  };
  for (const auto& [duration, option] : durations) {
    require(duration <= kMaxDuration, option, "must be at most a hundred years");
  }
  require(config.fresh_for >= 0, "freshFor", "must not be negative");
  require(config.keep_for >= config.fresh_for, "keepFor", "must be at least freshFor");
  require(config.expires_in > 0, "expiresIn", "must be more than 0");
  require(config.idle_for >= 0, "idleFor", "must not be negative");
  require(config.negative_for >= 0, "negativeFor", "must not be negative");
  require(config.stale_if_error >= 0, "staleIfError", "must not be negative");
  require(config.origin_timeout > 0, "originTimeout", "must be more than 0");
  require(config.lease_for > config.origin_timeout, "leaseFor", "must exceed originTimeout");
  require(config.max_document_bytes >= 2, "maxDocument", "must be at least 2 bytes");
  require(config.max_credential_bytes >= 64, "maxCredential", "must be at least 64 bytes");
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
  for (const int status : config.refusals) {
    require(status >= 400 && status <= 499 && status != 408 && status != 425 && status != 429,
            "refusals", "must be 4xx statuses other than 408, 425 and 429");
  }
  return faults;
}

}  // namespace sesame
