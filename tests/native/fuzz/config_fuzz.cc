// Any configuration: either find_faults names an option that there is, or a cache can be made of
// it, which then takes a session from its first check to its end without a crash, within its
// memory. Input: the numbers of the configuration, then its texts.
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "../test_config.h"
#include "fuzz_input.h"
#include "session/session_cache.h"

namespace {

using sesame::testing::require;

using sesame::Action;
using sesame::Bytes;
using sesame::DurationMs;
using sesame::TimeMs;

constexpr TimeMs kStart = 1'800'000'000'000;
// A cache takes its memory when it is made: more would only make the fuzzer slow.
constexpr std::size_t kMaxMemory = 4u << 20;

class Input : public sesame::testing::FuzzInput {
 public:
  using FuzzInput::FuzzInput;
  /// Mostly near something that matters, at times anything at all.
  std::int64_t number() {
    constexpr std::int64_t kNear[] = {0,         1,       64,      1000,
                                      8000,      10'000,  300'000, 1'800'000,
                                      3'600'000, 1 << 20, 1 << 21, 3'155'760'000'000};
    const std::uint8_t kind = byte();
    if (kind % 16 == 15) return static_cast<std::int64_t>(word(8));
    if (kind % 16 == 14) return static_cast<std::int64_t>(word(3));
    return kNear[kind % 16 % std::size(kNear)] + static_cast<std::int8_t>(byte());
  }
  std::string text() {
    std::string text(byte() % 24, '\0');
    for (char& c : text) c = static_cast<char>(byte());
    return text;
  }
};

std::vector<std::string> texts_of(Input& input, std::vector<std::string> standard) {
  const std::uint8_t count = input.byte();
  if (count % 4 == 0) return standard;
  std::vector<std::string> texts(count % 4 - 1);
  for (std::string& text : texts) text = input.text();
  return texts;
}

sesame::Config config_of(Input& input) {
  sesame::Config config = sesame::testing::test_config();
  const std::uint8_t given = input.byte();
  const std::uint8_t given_too = input.byte();
  const auto put = [&input](bool is_given, auto* option) {
    using Option = std::remove_pointer_t<decltype(option)>;
    if (is_given) *option = static_cast<Option>(input.number());
  };
  put((given & 1) != 0, &config.fresh_for);
  put((given & 2) != 0, &config.keep_for);
  put((given & 4) != 0, &config.expires_in);
  put((given & 8) != 0, &config.idle_for);
  put((given & 16) != 0, &config.negative_for);
  put((given & 32) != 0, &config.stale_if_error);
  put((given & 64) != 0, &config.lease_for);
  put((given & 128) != 0, &config.origin_timeout);
  config.max_document_bytes = 512;
  config.max_credential_bytes = 128;
  config.memory_bytes = 1u << 20;
  put((given_too & 1) != 0, &config.memory_bytes);
  put((given_too & 2) != 0, &config.max_document_bytes);
  put((given_too & 4) != 0, &config.max_credential_bytes);
  config.is_managed = (given_too & 8) != 0;
  config.cookie_names = texts_of(input, config.cookie_names);
  config.user_id_pointers = texts_of(input, config.user_id_pointers);
  config.fields = texts_of(input, {});
  if ((given_too & 32) != 0) config.refusals = {static_cast<int>(input.number())};
  return config;
}

void judge_faults(const std::vector<sesame::ConfigFault>& faults) {
  const std::set<std::string> options = {
      "freshFor",     "keepFor",  "expiresIn",     "idleFor",     "negativeFor",
      "staleIfError", "leaseFor", "originTimeout", "maxDocument", "maxCredential",
      "memory",       "userId",   "cookie",        "refusals"};
  for (const sesame::ConfigFault& fault : faults) {
    require(options.count(std::string(fault.option)) == 1 && !fault.reason.empty());
  }
}

// From a session's first check to its end.
void live(const sesame::Config& config) {
  sesame::SessionCache cache(config, "0123456789abcdef");
  const sesame::RequestHead request{"", "", "Bearer token"};
  const std::string body = R"({"id":"7"})";
  TimeMs now = kStart;
  const auto judge = [&cache, &config] { require(cache.used_bytes() <= config.memory_bytes); };
  const auto fill = [&](const sesame::Outcome& asked, int status) {
    if (asked.lease == 0 || asked.action == Action::kWait) return;
    cache.complete_fill(
        asked.lease,
        {.http_status = status, .cache_control = "max-age=60", .meta = "\"tag\"", .body = body},
        now);
    judge();
  };
  for (const DurationMs pause : {DurationMs{0}, config.fresh_for, config.keep_for,
                                 config.stale_if_error, config.lease_for, config.expires_in}) {
    now += pause;
    fill(cache.check(request, now), 200);
    fill(cache.check(request, now, {.fresh = true}), 503);
    const sesame::Outcome served = cache.check(request, now);
    require(served.body.empty() || served.body.size() <= body.size());
    fill(served, 401);
  }
  if (config.is_managed) {
    cache.begin_session("", "cookie", {"access", "refresh", now + 1},
                        {.http_status = 200, .body = body}, cache.now_sequence(), now);
    judge();
    const std::string cookies =
        config.cookie_names.empty() ? "" : config.cookie_names[0] + "=cookie";
    const sesame::Outcome asked = cache.authorize({"", cookies, ""}, "access", now);
    if (asked.action == Action::kFetch) {
      cache.complete_refresh(asked.lease, 200, {"access2", "refresh2", 0}, 0, now);
    }
    judge();
  }
  const sesame::WriteId write = cache.begin_write(request, now);
  const sesame::Outcome asked =
      cache.complete_write(write, request, {200, true, "", body}, now).decision;
  fill(asked, 200);
  require(cache.revoke_user("\"7\"", now) == sesame::Status::kOk ||
          config.max_document_bytes < body.size());
  const sesame::Status ended = cache.revoke(request, now, /*is_accepted=*/true);
  const sesame::Outcome after = cache.check(request, now);
  require(after.action == Action::kRefuse || after.action == Action::kTooLarge ||
          ended == sesame::Status::kFull);
  judge();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const sesame::Config config = config_of(input);
  const std::vector<sesame::ConfigFault> faults = sesame::find_faults(config);
  judge_faults(faults);
  if (faults.empty() && config.memory_bytes <= kMaxMemory) live(config);
  return 0;
}
