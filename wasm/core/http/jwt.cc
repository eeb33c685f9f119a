// What cannot be read is an opaque token, never an error.
#include "http/jwt.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "base/byte_order.h"
#include "json/document.h"
#include "json/json_text.h"

namespace sesame {

namespace {

constexpr std::uint64_t kMaxSeconds = 253402300799;  // end of year 9999

// The six bits that a character of base64url or base64 stands for (RFC 4648), or -1.
constexpr int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (is_digit(c)) return c - '0' + 52;
  if (c == '-' || c == '+') return 62;
  if (c == '_' || c == '/') return 63;
  return -1;
}

// Appends what `part` encodes; false if it is not base64. Padding is let pass, which RFC 7515
// section 2 leaves out, and so are bits of the last character that mean nothing.
bool decode_base64(Bytes part, std::string* to) {
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
      to->push_back(static_cast<char>(bits >> count & 0xff));
    }
  }
  return true;
}

struct Jwt {
  std::string content;  // the header's length, the header, the payload
  Bytes payload;        // a view of that
};

bool read_jwt(Bytes token, Jwt* jwt) {
  constexpr Bytes kBearer = "bearer";
  if (token.size() > kBearer.size() && !is_alnum(token[kBearer.size()]) &&
      equals_ignoring_case(token.substr(0, kBearer.size()), kBearer)) {
    token.remove_prefix(kBearer.size() + 1);
  }
  const std::size_t first = token.find('.');
  if (first == 0 || first == Bytes::npos) return false;
  const std::size_t second = token.find('.', first + 1);
  if (second == Bytes::npos) return false;

  constexpr std::size_t kLengthBytes = 4;
  jwt->content.reserve(kLengthBytes + second);
  jwt->content.resize(kLengthBytes);
  if (!decode_base64(token.substr(0, first), &jwt->content)) return false;
  const std::size_t header_end = jwt->content.size();
  store_le32(jwt->content.data(), static_cast<std::uint32_t>(header_end - kLengthBytes));
  if (!decode_base64(token.substr(first + 1, second - first - 1), &jwt->content)) return false;
  jwt->payload = Bytes(jwt->content).substr(header_end);
  // Of an encrypted token the second part is a key, or nothing, and no object.
  constexpr Bytes kSpace = " \t\r\n";
  const std::size_t begin = jwt->payload.find_first_not_of(kSpace);
  const std::size_t end = jwt->payload.find_last_not_of(kSpace);
  return begin != Bytes::npos && jwt->payload[begin] == '{' && jwt->payload[end] == '}';
}

}  // namespace

std::optional<std::string> jwt_content(Bytes token) {
  Jwt jwt;
  if (!read_jwt(token, &jwt)) return std::nullopt;
  return std::move(jwt.content);
}

Bytes bare_token(Bytes value) {
  constexpr Bytes kParameter = "token=";
  if (value.size() > kParameter.size() &&
      equals_ignoring_case(value.substr(0, kParameter.size()), kParameter)) {
    value.remove_prefix(kParameter.size());
  }
  while (value.size() > 1 && value.front() == '"') value.remove_prefix(1);
  while (value.size() > 1 && value.back() == '"') value.remove_suffix(1);
  return value;
}

std::optional<std::string> jwt_subject(Bytes token) {
  Jwt jwt;
  if (!read_jwt(token, &jwt) || check_document(jwt.payload) != Status::kOk) return std::nullopt;
  const std::optional<Bytes> sub = find_value(jwt.payload, "/sub");
  return sub ? std::optional<std::string>(*sub) : std::nullopt;
}

std::optional<TimeMs> jwt_expiry(Bytes token) {
  Jwt jwt;
  if (!read_jwt(token, &jwt) || check_document(jwt.payload) != Status::kOk) return std::nullopt;
  const std::optional<Bytes> exp = find_value(jwt.payload, "/exp");
  if (!exp || !(is_digit(exp->front()) || exp->front() == '-')) return std::nullopt;
  const WholeNumber seconds = read_whole_number(*exp);
  if (seconds.negative) return 0;
  return static_cast<TimeMs>(std::min(seconds.magnitude, kMaxSeconds)) * 1000;
}

}  // namespace sesame
