// Generated from js_bindings/options/definitions.js by scripts/generate-options.mjs; do not edit.
// The least that each option may be.
#pragma once

#include <cstddef>
#include <cstdint>

#include "session/config.h"

namespace sesame {

template <typename Number>
struct OptionRange {
  Number Config::*field;
  const char* option;
  Number least;
  const char* reason;  ///< what is said of less
};

/// What it may be depends on other options.
inline constexpr DurationMs kNoLeast = INT64_MIN;

inline constexpr OptionRange<DurationMs> kDurationRanges[] = {
    {&Config::origin_timeout, "originTimeout", 1, "must be more than 0"},
    {&Config::lease_for, "leaseFor", kNoLeast, ""},
    {&Config::fresh_for, "freshFor", 0, "must not be negative"},
    {&Config::keep_for, "keepFor", kNoLeast, ""},
    {&Config::stale_if_error, "staleIfError", 0, "must not be negative"},
    {&Config::expires_in, "expiresIn", 1, "must be more than 0"},
    {&Config::idle_for, "idleFor", 0, "must not be negative"},
    {&Config::negative_for, "negativeFor", 0, "must not be negative"},
};

inline constexpr OptionRange<std::size_t> kSizeRanges[] = {
    {&Config::memory_bytes, "memory", 0, ""},
    {&Config::max_document_bytes, "maxDocument", 2, "must be at least 2 bytes"},
    {&Config::max_credential_bytes, "maxCredential", 64, "must be at least 64 bytes"},
};

}  // namespace sesame
