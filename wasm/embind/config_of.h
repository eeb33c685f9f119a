// Generated from js_bindings/options/definitions.js by scripts/generate-options.mjs; do not edit.
// The core's configuration from the options, which come checked for their types: what they mean
// together is the core's to judge.
#pragma once

#include <emscripten/val.h>

#include <string>
#include <vector>

#include "session/config.h"

namespace sesame {

inline Config config_of(const emscripten::val& options) {
  Config config;
  config.user_id_pointers = emscripten::vecFromJSArray<std::string>(options["userId"]);
  config.cookie_names = emscripten::vecFromJSArray<std::string>(options["cookie"]);
  config.authorization_schemes =
      emscripten::vecFromJSArray<std::string>(options["authorizationSchemes"]);
  config.origin_timeout = static_cast<DurationMs>(options["originTimeout"].as<double>());
  config.lease_for = static_cast<DurationMs>(options["leaseFor"].as<double>());
  config.refusals = emscripten::vecFromJSArray<int>(options["refusals"]);
  config.fresh_for = static_cast<DurationMs>(options["freshFor"].as<double>());
  config.keep_for = static_cast<DurationMs>(options["keepFor"].as<double>());
  config.stale_if_error = static_cast<DurationMs>(options["staleIfError"].as<double>());
  config.expires_in = static_cast<DurationMs>(options["expiresIn"].as<double>());
  config.idle_for = static_cast<DurationMs>(options["idleFor"].as<double>());
  config.negative_for = static_cast<DurationMs>(options["negativeFor"].as<double>());
  config.fields = emscripten::vecFromJSArray<std::string>(options["fields"]);
  config.memory_bytes = static_cast<std::size_t>(options["memory"].as<double>());
  config.sessions_per_user = static_cast<std::size_t>(options["sessionsPerUser"].as<double>());
  config.ends_per_user = static_cast<std::size_t>(options["endsPerUser"].as<double>());
  config.max_document_bytes = static_cast<std::size_t>(options["maxDocument"].as<double>());
  config.max_credential_bytes = static_cast<std::size_t>(options["maxCredential"].as<double>());
  config.is_managed = options["isManaged"].as<bool>();
  config.refresh_lease_for = static_cast<DurationMs>(options["refreshLeaseFor"].as<double>());
  return config;
}

}  // namespace sesame
