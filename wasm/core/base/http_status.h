// The HTTP status codes that decisions depend on (RFC 9110 section 15, RFC 6585 section 4).
// Knows nothing else.
#pragma once

#include <cstdint>

namespace sesame::http {

inline constexpr std::uint16_t kOk = 200;
inline constexpr std::uint16_t kPartialContent = 206;
inline constexpr std::uint16_t kNotModified = 304;
inline constexpr std::uint16_t kBadRequest = 400;
inline constexpr std::uint16_t kUnauthorized = 401;
inline constexpr std::uint16_t kForbidden = 403;
inline constexpr std::uint16_t kRequestTimeout = 408;
inline constexpr std::uint16_t kTooEarly = 425;
inline constexpr std::uint16_t kTooManyRequests = 429;

/// Beside a status of success, or of a redirect, that is the origin's clear "no" all the same
/// (R80).
inline constexpr std::uint16_t kUnauthenticated = 0x400;

/// 2xx.
constexpr bool is_success(int http_status) { return http_status >= 200 && http_status <= 299; }

/// A 3xx or 4xx that answers the question, be it with "no": it asks the client neither to come
/// again nor to use what it has.
constexpr bool is_final(int http_status) {
  return http_status >= 300 && http_status <= 499 && http_status != kNotModified &&
         http_status != kRequestTimeout && http_status != kTooEarly &&
         http_status != kTooManyRequests;
}

/// Whether an answer may be the origin's clear "no" by what else it says (rule R80): a success, or
/// a redirect.
constexpr bool may_refuse(int http_status) {
  return is_success(http_status) || (is_final(http_status) && http_status < kBadRequest);
}

}  // namespace sesame::http
