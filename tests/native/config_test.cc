// What makes a configuration wrong, and that all of it is said at once.
#include "session/config.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "session/memory_budget.h"
#include "support.h"

namespace sesame::testing {
namespace {

std::vector<std::string> faulty_options(const Config& config) {
  std::vector<std::string> options;
  for (const ConfigFault& fault : find_faults(config)) {
    CHECK_FALSE(fault.reason.empty());
    options.emplace_back(fault.option);
  }
  return options;
}

using Options = std::vector<std::string>;

TEST_CASE("Configuration: the one that tests have has no fault, one without values has many") {
  CHECK(find_faults(test_config()).empty());
  const Options options = faulty_options(Config{});
  for (const char* option : {"expiresIn", "originTimeout", "leaseFor", "maxDocument",
                             "maxCredential", "memory", "userId"}) {
    CAPTURE(option);
    CHECK(std::count(options.begin(), options.end(), option) == 1);
  }
}

TEST_CASE("R9: leaseFor must exceed originTimeout") {
  Config config = test_config();
  config.lease_for = config.origin_timeout;
  CHECK(faulty_options(config) == Options{"leaseFor"});
  config.lease_for = config.origin_timeout + 1;
  CHECK(faulty_options(config).empty());
}

TEST_CASE("Configuration: each wrong option is named by the name that users write") {
  const auto faults_with = [](auto change) {
    Config config = test_config();
    change(config);
    return faulty_options(config);
  };
  CHECK(faults_with([](Config& c) { c.fresh_for = -1; }) == Options{"freshFor"});
  CHECK(faults_with([](Config& c) { c.keep_for = c.fresh_for - 1; }) == Options{"keepFor"});
  CHECK(faults_with([](Config& c) { c.expires_in = 0; }) == Options{"expiresIn"});
  CHECK(faults_with([](Config& c) { c.idle_for = -1; }) == Options{"idleFor"});
  CHECK(faults_with([](Config& c) { c.negative_for = -1; }) == Options{"negativeFor"});
  CHECK(faults_with([](Config& c) { c.stale_if_error = -1; }) == Options{"staleIfError"});
  CHECK(faults_with([](Config& c) { c.origin_timeout = 0; }) == Options{"originTimeout"});
  CHECK(faults_with([](Config& c) { c.max_document_bytes = 1; }) == Options{"maxDocument"});
  CHECK(faults_with([](Config& c) { c.max_credential_bytes = 63; }) == Options{"maxCredential"});
  CHECK(faults_with([](Config& c) { c.memory_bytes = 1024; }) == Options{"memory"});
  CHECK(faults_with([](Config& c) { c.user_id_pointers = {}; }) == Options{"userId"});
  CHECK(faults_with([](Config& c) { c.user_id_pointers = {"/id", "id"}; }) == Options{"userId"});
  CHECK(faults_with([](Config& c) { c.user_id_pointers = {""}; }) == Options{"userId"});
  CHECK(faults_with([](Config& c) { c.cookie_names = {"a b"}; }) == Options{"cookie"});
  CHECK(faults_with([](Config& c) { c.cookie_names = {""}; }) == Options{"cookie"});
  CHECK(faults_with([](Config& c) { c.cookie_names = {"sid="}; }) == Options{"cookie"});
}

TEST_CASE("R12, R13: what asks a client to come again cannot be made a refusal, nor a success") {
  for (const int status : {200, 299, 304, 408, 425, 429, 500, 0, -1}) {
    CAPTURE(status);
    Config config = test_config();
    config.refusals = {401, status};
    CHECK(faulty_options(config) == Options{"refusals"});
  }
  Config config = test_config();
  config.refusals = {300, 302, 399, 400, 401, 403, 404, 410, 499};
  CHECK(faulty_options(config).empty());
  config.refusals = {};
  CHECK(faulty_options(config).empty());
}

TEST_CASE("Configuration: every fault is named at once") {
  Config config = test_config();
  config.fresh_for = -1;
  config.keep_for = -2;
  config.lease_for = 1;
  config.cookie_names = {"=", ";"};
  config.refusals = {200};
  const Options options = faulty_options(config);
  for (const char* option : {"freshFor", "keepFor", "leaseFor", "cookie", "refusals"}) {
    CAPTURE(option);
    CHECK(std::count(options.begin(), options.end(), option) >= 1);
  }
}

TEST_CASE("R50: memory must hold a few documents; the least that may be is enough") {
  Config config = test_config();
  for (const std::size_t document : {std::size_t{2}, std::size_t{4096}, std::size_t{1} << 20}) {
    CAPTURE(document);
    config.max_document_bytes = document;
    // What is fixed grows with the budget, so the least is looked for.
    config.memory_bytes = 0;
    while (config.memory_bytes < MemoryBudget(config).min_memory_bytes()) {
      config.memory_bytes = MemoryBudget(config).min_memory_bytes();
    }
    CHECK(faulty_options(config).empty());
    SessionCache cache(config, kSecret);
    CHECK(cache.used_bytes() <= config.memory_bytes);
    CHECK(cache.store().budget_bytes() >= 4 * document);
    --config.memory_bytes;
    CHECK(faulty_options(config) == Options{"memory"});
  }
}

TEST_CASE("R50: sizes that no arithmetic holds are faults, not wrapped around") {
  constexpr std::size_t kMax = std::numeric_limits<std::size_t>::max();
  for (const std::size_t size : {kMax, kMax / 2 + 1, kMax / 4 + 1, kMax / 7 + 1, kMax / 8}) {
    CAPTURE(size);
    Config config = test_config();
    config.max_document_bytes = size;
    CHECK(faulty_options(config) == Options{"memory"});
    config = test_config();
    config.max_credential_bytes = size;
    CHECK(faulty_options(config) == Options{"memory"});
  }
}

TEST_CASE("R8: a duration is at most a hundred years, so that every date can be told") {
  constexpr DurationMs kHundredYears = 36'525 * kDay;
  constexpr DurationMs kMax = std::numeric_limits<DurationMs>::max();
  for (const DurationMs duration : {kMax, kMax / 2, kHundredYears + 1}) {
    CAPTURE(duration);
    Config config = test_config();
    config.fresh_for = config.keep_for = config.expires_in = config.idle_for = duration;
    config.negative_for = config.stale_if_error = config.lease_for = duration;
    config.origin_timeout = duration - 1;
    const Options options = faulty_options(config);
    for (const char* option : {"freshFor", "keepFor", "expiresIn", "idleFor", "negativeFor",
                               "staleIfError", "leaseFor"}) {
      CAPTURE(option);
      CHECK(std::count(options.begin(), options.end(), option) == 1);
    }
  }
  Config config = test_config();
  config.expires_in = config.keep_for = config.fresh_for = kHundredYears;
  CHECK(faulty_options(config).empty());
}

}  // namespace
}  // namespace sesame::testing
