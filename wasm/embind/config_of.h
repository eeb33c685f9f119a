// Generated from js_bindings/options/definitions.js by scripts/generate-options.mjs; do not edit.
// The core's configuration from the options, which come as one JSON object and checked for their
// types: what they mean together is the core's to judge. It knows nothing of its host.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "json/document.h"
#include "json/json_scan.h"
#include "json/json_text.h"
#include "session/config.h"

namespace sesame {

template <typename Value>
struct OptionPlace {
  Value Config::*field;
  const char* pointer;
};

inline constexpr OptionPlace<DurationMs> kDurationOptions[] = {
    {&Config::origin_timeout, "/originTimeout"},
    {&Config::lease_for, "/leaseFor"},
    {&Config::fresh_for, "/freshFor"},
    {&Config::keep_for, "/keepFor"},
    {&Config::stale_if_error, "/staleIfError"},
    {&Config::expires_in, "/expiresIn"},
    {&Config::idle_for, "/idleFor"},
    {&Config::negative_for, "/negativeFor"},
    {&Config::refresh_lease_for, "/refreshLeaseFor"},
};

inline constexpr OptionPlace<std::size_t> kSizeOptions[] = {
    {&Config::memory_bytes, "/memory"},
    {&Config::sessions_per_user, "/sessionsPerUser"},
    {&Config::ends_per_user, "/endsPerUser"},
    {&Config::max_document_bytes, "/maxDocument"},
    {&Config::max_credential_bytes, "/maxCredential"},
};

inline constexpr OptionPlace<bool> kBooleanOptions[] = {
    {&Config::is_managed, "/isManaged"},
};

inline constexpr OptionPlace<std::vector<std::string>> kListOptions[] = {
    {&Config::user_id_pointers, "/userId"},
    {&Config::cookie_names, "/cookie"},
    {&Config::authorization_schemes, "/authorizationSchemes"},
    {&Config::credential_order, "/credential"},
    {&Config::fields, "/fields"},
};

inline constexpr OptionPlace<std::vector<int>> kStatusOptions[] = {
    {&Config::refusals, "/refusals"},
};

/// A whole number, held at `largest`.
inline std::int64_t read_number(Bytes value, std::uint64_t largest) {
  const WholeNumber number = read_whole_number(value);
  const auto magnitude = static_cast<std::int64_t>(std::min(number.magnitude, largest));
  return number.negative ? -magnitude : magnitude;
}

/// REQUIRES: check_document(options) == Status::kOk. What is missing is 0, false or empty.
inline Config config_of(Bytes options) {
  const auto find = [options](const char* pointer) {
    return find_value(options, pointer).value_or(Bytes{});
  };
  Config config;
  for (const auto& [field, pointer] : kDurationOptions) {
    config.*field = read_number(find(pointer), INT64_MAX);
  }
  for (const auto& [field, pointer] : kSizeOptions) {
    config.*field = static_cast<std::size_t>(read_number(find(pointer), INT32_MAX));
  }
  for (const auto& [field, pointer] : kBooleanOptions) config.*field = find(pointer) == "true";
  for (const auto& [field, pointer] : kListOptions) {
    for (JsonMembers elements(find(pointer)); elements.next();) {
      append_decoded(&(config.*field).emplace_back(), elements.value());
    }
  }
  for (const auto& [field, pointer] : kStatusOptions) {
    for (JsonMembers elements(find(pointer)); elements.next();) {
      (config.*field).push_back(static_cast<int>(read_number(elements.value(), INT32_MAX)));
    }
  }
  return config;
}

}  // namespace sesame
