// The cold path: configuration, statistics and lifecycle, through embind. The one file that
// includes Emscripten. What is asked for on every request goes through sesame_abi.h instead.
#include <emscripten/bind.h>

#include <cstdint>
#include <memory>
#include <string>

#include "cache_handle.h"
#include "config_of.h"

namespace {

using emscripten::val;

void set_text(val& object, const char* name, const char* text) { object.set(name, text); }

// Everything wrong with the options: [{ option, reason }].
val faults_of(const val& options) {
  val faults = val::array();
  unsigned count = 0;
  for (const sesame::ConfigFault& fault : sesame::find_faults(sesame::config_of(options))) {
    val entry = val::object();
    set_text(entry, "option", fault.option.data());
    set_text(entry, "reason", fault.reason.data());
    faults.set(count++, entry);
  }
  return faults;
}

class Cache {
 public:
  // REQUIRES: no faults; `secret` is a Uint8Array of KeyMaker::kSecretBytes random bytes.
  Cache(const val& options, const std::string& secret)
      : handle_(std::make_unique<sesame_cache>(sesame::config_of(options), secret)) {}

  std::uintptr_t handle() const { return reinterpret_cast<std::uintptr_t>(handle_.get()); }

  // REQUIRES: nothing has been asked of it yet; `secret` as above.
  void replace_secret(const std::string& secret) { handle_->cache.replace_secret(secret); }

  val statistics() const {
    const sesame::SessionCache& cache = handle_->cache;
    const sesame::Metrics& metrics = cache.metrics();
    val result = val::object();
    const auto set = [&result](const char* name, std::uint64_t value) {
      result.set(name, static_cast<double>(value));
    };
    set("checks", metrics.checks);
    set("fresh", metrics.fresh);
    set("stale", metrics.stale);
    set("miss", metrics.miss);
    set("joined", metrics.joined);
    set("negative", metrics.negative);
    set("bypass", metrics.bypass);
    const char* const reasons = "bypassReasons";
    val ambiguous = val::object();
    for (std::size_t reason = 1; reason < sesame::kAmbiguities; ++reason) {
      ambiguous.set(sesame::kAmbiguityNames[reason],
                    static_cast<double>(metrics.ambiguous[reason]));
    }
    result.set(reasons, ambiguous);
    set("originMiss", metrics.origin_miss);
    set("originRefresh", metrics.origin_refresh);
    set("originFresh", metrics.origin_fresh);
    set("originBypass", metrics.origin_bypass);
    set("originWrite", metrics.origin_write);
    set("originLogin", metrics.origin_login);
    set("originTokenRefresh", metrics.origin_token_refresh);
    set("originFailures", metrics.origin_failures);
    set("unavailable", metrics.unavailable);
    set("sharedFills", metrics.shared_fills);
    set("fillsRefused", metrics.fills_refused);
    set("takeovers", metrics.takeovers);
    set("updates", metrics.updates);
    set("revocations", metrics.revocations);
    set("evictions", cache.store().evictions());
    set("entries", cache.store().entries());
    set("bytes", cache.used_bytes());
    set("managedSessions", cache.managed_sessions());
    set("leases", cache.leases_in_use());
    return result;
  }

 private:
  std::unique_ptr<sesame_cache> handle_;
};

}  // namespace

EMSCRIPTEN_BINDINGS(sesame) {
  emscripten::function("findFaults", &faults_of);
  emscripten::class_<Cache>("Cache")
      .constructor<const val&, const std::string&>()
      .function("handle", &Cache::handle)
      .function("replaceSecret", &Cache::replace_secret)
      .function("statistics", &Cache::statistics);
}
