// The few questions about ASCII that HTTP fields ask (RFC 9110 section 5.6). No locale.
#pragma once

#include <cstddef>

#include "base/types.h"

namespace sesame {

constexpr bool is_ows(char c) { return c == ' ' || c == '\t'; }

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

constexpr bool is_alnum(char c) {
  const char lower = to_lower(c);
  return is_digit(c) || (lower >= 'a' && lower <= 'z');
}

/// What a hexadecimal digit stands for, or -1.
constexpr int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// True if `text` is `lower` in any case. REQUIRES: `lower` is in lower case.
constexpr bool equals_ignoring_case(Bytes text, Bytes lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (to_lower(text[i]) != lower[i]) return false;
  }
  return true;
}

/// `text` without the optional white space around it.
constexpr Bytes trim_ows(Bytes text) {
  while (!text.empty() && is_ows(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_ows(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace sesame
