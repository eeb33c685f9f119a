// Reads `exp` from a token. What cannot be read is an opaque token, never an error.
#include "http/jwt.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/ascii.h"
#include "json/document.h"
#include "json/json_text.h"

namespace sesame {

namespace {

constexpr std::uint64_t kMaxSeconds = 253402300799;  // end of year 9999

// The six bits a base64url character stands for (RFC 4648 section 5), or -1.
constexpr int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  if (c == '-') return 62;
  if (c == '_') return 63;
  return -1;
}

// Appends to `to` (if given) what `part` encodes; false if it is not base64url. Padding, which
// RFC 7515 section 2 leaves out, is let pass: a missed `exp` would lengthen a session.
bool decode_base64url(Bytes part, std::string* to) {
  while (!part.empty() && part.back() == '=') part.remove_suffix(1);
  if (part.size() % 4 == 1) return false;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : part) {
    const int value = sextet(c);
    if (value < 0) return false;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      if (to != nullptr) to->push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  return true;
}

}  // namespace

std::optional<TimeMs> jwt_expiry(Bytes token) {
  const std::size_t first = token.find('.');
  if (first == Bytes::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == Bytes::npos) return std::nullopt;

  const Bytes header = token.substr(0, first);
  const Bytes payload = token.substr(first + 1, second - first - 1);
  const Bytes signature = token.substr(second + 1);  // a third dot is refused with it
  std::string claims;
  claims.reserve(payload.size());
  if (header.empty() || !decode_base64url(header, nullptr) ||
      !decode_base64url(signature, nullptr) || !decode_base64url(payload, &claims) ||
      check_document(claims) != Status::kOk) {
    return std::nullopt;
  }

  const std::optional<Bytes> exp = find_value(claims, "/exp");
  if (!exp || !(is_digit(exp->front()) || exp->front() == '-')) return std::nullopt;
  const WholeNumber seconds = read_whole_number(*exp);
  if (seconds.negative) return 0;
  return static_cast<TimeMs>(std::min(seconds.magnitude, kMaxSeconds)) * 1000;
}

}  // namespace sesame
