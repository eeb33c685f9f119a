// Why a request has not exactly one credential (rule R1). Operators see the reasons by name.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sesame {

/// Values are positions in a table of counters: append before kCount, never renumber.
enum class Ambiguity : std::uint8_t {
  kNone,
  kTwoCookies,              ///< two session cookies that differ
  kCookieAndAuthorization,  ///< a session cookie beside an `Authorization`
  kAuthorizationScheme,     ///< a scheme that does not carry a whole credential
  kCookieNameVariant,       ///< a name that some reader takes for a session cookie's
  kMalformedHeader,         ///< what two servers may read differently
  kUndecodableBytes,        ///< bytes that the host may not have given as they came
  kJoinedFields,            ///< fields joined with a comma, or two cookies in one pair
  kChunks,                  ///< chunks of a session cookie that do not fit together
  kCount,
};

inline constexpr std::size_t kAmbiguities = static_cast<std::size_t>(Ambiguity::kCount);

/// As the metrics name them.
inline constexpr std::array<const char*, kAmbiguities> kAmbiguityNames = {
    "none",
    "two_cookies",
    "cookie_and_authorization",
    "authorization_scheme",
    "cookie_name_variant",
    "malformed_header",
    "undecodable_bytes",
    "joined_fields",
    "chunks",
};

}  // namespace sesame
