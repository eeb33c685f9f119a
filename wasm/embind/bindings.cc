// The cold path: configuration, statistics and lifecycle, through embind. The one file that
// includes Emscripten. What is asked for on every request goes through sesame_abi.h instead.
// Invariant: only texts and handles pass, so that embind needs to know no other type: each costs
// bytes in the module and in its glue.
#include <emscripten/bind.h>

#include <cstdint>
#include <string>

#include "cache_handle.h"
#include "config_of.h"

namespace {

using sesame::Bytes;
using sesame::Metrics;

/// A `sesame_cache*`.
using Handle = unsigned;

sesame_cache* cache_of(Handle handle) { return reinterpret_cast<sesame_cache*>(handle); }

// Everything wrong with the options, which are JSON: of each fault two lines, the option and the
// reason.
std::string find_faults(const std::string& options) {
  std::string text;
  for (const sesame::ConfigFault& fault : sesame::find_faults(sesame::config_of(options))) {
    for (const Bytes line : {fault.option, fault.reason}) text.append(line).push_back('\n');
  }
  return text;
}

// REQUIRES: no faults; `secret` has KeyMaker::kSecretBytes random bytes.
Handle create(const std::string& options, const std::string& secret) {
  return reinterpret_cast<Handle>(new sesame_cache(sesame::config_of(options), secret));
}

void destroy(Handle handle) { delete cache_of(handle); }

// REQUIRES: nothing has been asked of it yet; `secret` as above.
void replace_secret(Handle handle, const std::string& secret) {
  cache_of(handle)->cache.replace_secret(secret);
}

struct CounterName {
  std::uint64_t Metrics::*counter;
  const char* name;
};

constexpr CounterName kCounters[] = {
    {&Metrics::checks, "checks"},
    {&Metrics::fresh, "fresh"},
    {&Metrics::stale, "stale"},
    {&Metrics::miss, "miss"},
    {&Metrics::joined, "joined"},
    {&Metrics::negative, "negative"},
    {&Metrics::bypass, "bypass"},
    {&Metrics::origin_miss, "originMiss"},
    {&Metrics::origin_refresh, "originRefresh"},
    {&Metrics::origin_fresh, "originFresh"},
    {&Metrics::origin_bypass, "originBypass"},
    {&Metrics::origin_write, "originWrite"},
    {&Metrics::origin_login, "originLogin"},
    {&Metrics::origin_token_refresh, "originTokenRefresh"},
    {&Metrics::origin_failures, "originFailures"},
    {&Metrics::unavailable, "unavailable"},
    {&Metrics::shared_fills, "sharedFills"},
    {&Metrics::fills_refused, "fillsRefused"},
    {&Metrics::takeovers, "takeovers"},
    {&Metrics::updates, "updates"},
    {&Metrics::revocations, "revocations"},
};

void append_name(std::string* text, const char* name) {
  text->append(text->back() == '{' ? "\"" : ",\"").append(name).append("\":");
}

void append_counter(std::string* text, const char* name, std::uint64_t value) {
  append_name(text, name);
  sesame::append_digits(text, value);
}

std::string statistics(Handle handle) {
  const sesame::SessionCache& cache = cache_of(handle)->cache;
  const Metrics& metrics = cache.metrics();
  std::string text = "{";
  for (const auto& [counter, name] : kCounters) append_counter(&text, name, metrics.*counter);
  append_counter(&text, "evictions", cache.store().evictions());
  append_counter(&text, "entries", cache.store().entries());
  append_counter(&text, "bytes", cache.used_bytes());
  append_counter(&text, "managedSessions", cache.managed_sessions());
  append_counter(&text, "leases", cache.leases_in_use());
  append_name(&text, "bypassReasons");
  text.push_back('{');
  for (std::size_t reason = 1; reason < sesame::kAmbiguities; ++reason) {
    append_counter(&text, sesame::kAmbiguityNames[reason], metrics.ambiguous[reason]);
  }
  text.append("}}");
  return text;
}

}  // namespace

EMSCRIPTEN_BINDINGS(sesame) {
  emscripten::function("findFaults", &find_faults);
  emscripten::function("create", &create);
  emscripten::function("destroy", &destroy);
  emscripten::function("replaceSecret", &replace_secret);
  emscripten::function("statistics", &statistics);
}
