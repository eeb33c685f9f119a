// Generated from js_bindings/options/definitions.js by scripts/generate-options.mjs; do not edit.
// The core's configuration from the options, which come checked for their types: what they mean
// together is the core's to judge.
#pragma once

#include <emscripten/val.h>

#include <string>
#include <vector>

#include "session/config.h"

namespace sesame {

template <typename Value>
struct OptionName {
  Value Config::*field;
  const char* option;
};

inline constexpr OptionName<DurationMs> kDurationOptions[] = {
    {&Config::origin_timeout, "originTimeout"},
    {&Config::lease_for, "leaseFor"},
    {&Config::fresh_for, "freshFor"},
    {&Config::keep_for, "keepFor"},
    {&Config::stale_if_error, "staleIfError"},
    {&Config::expires_in, "expiresIn"},
    {&Config::idle_for, "idleFor"},
    {&Config::negative_for, "negativeFor"},
    {&Config::refresh_lease_for, "refreshLeaseFor"},
};

inline constexpr OptionName<std::size_t> kSizeOptions[] = {
    {&Config::memory_bytes, "memory"},
    {&Config::sessions_per_user, "sessionsPerUser"},
    {&Config::ends_per_user, "endsPerUser"},
    {&Config::max_document_bytes, "maxDocument"},
    {&Config::max_credential_bytes, "maxCredential"},
};

inline constexpr OptionName<bool> kBooleanOptions[] = {
    {&Config::is_managed, "isManaged"},
};

inline constexpr OptionName<std::vector<std::string>> kListOptions[] = {
    {&Config::user_id_pointers, "userId"},
    {&Config::cookie_names, "cookie"},
    {&Config::authorization_schemes, "authorizationSchemes"},
    {&Config::fields, "fields"},
};

inline constexpr OptionName<std::vector<int>> kStatusOptions[] = {
    {&Config::refusals, "refusals"},
};

inline Config config_of(const emscripten::val& options) {
  Config config;
  for (const auto& [field, option] : kDurationOptions) {
    config.*field = static_cast<DurationMs>(options[option].as<double>());
  }
  for (const auto& [field, option] : kSizeOptions) {
    config.*field = static_cast<std::size_t>(options[option].as<double>());
  }
  for (const auto& [field, option] : kBooleanOptions) config.*field = options[option].as<bool>();
  for (const auto& [field, option] : kListOptions) {
    config.*field = emscripten::vecFromJSArray<std::string>(options[option]);
  }
  for (const auto& [field, option] : kStatusOptions) {
    config.*field = emscripten::vecFromJSArray<int>(options[option]);
  }
  return config;
}

}  // namespace sesame
