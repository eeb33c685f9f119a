// Reads the Cookie field in one pass of eight bytes at a time, and copies nothing.
// Invariant: what two servers might read differently is ambiguous (SPEC R1).
#include "http/credential.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "base/byte_order.h"

namespace sesame {

namespace {

constexpr std::uint64_t kLowBits = 0x7f7f7f7f7f7f7f7fU;
constexpr std::uint64_t kTopBits = 0x8080808080808080U;

constexpr std::uint64_t repeat(unsigned char byte) { return byte * 0x0101010101010101U; }

// The top bit of every byte of `word` that is zero. Exact: no carry crosses bytes.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
  return ~(((word & kLowBits) + kLowBits) | word) & kTopBits;
}

// The top bit of every byte of `word` that means something in a Cookie field: ';' and the control
// characters. Eight at a time, as nearly all bytes are none of them.
constexpr std::uint64_t special_bytes(std::uint64_t word) {
  const std::uint64_t low = word & kLowBits;
  const std::uint64_t below_space = ~(low + repeat(0x80 - 0x20));
  const std::uint64_t is_delete = low + repeat(0x01);
  const std::uint64_t controls = (below_space | is_delete) & ~word & kTopBits;
  return controls | zero_bytes(word ^ repeat(';'));
}

// Up to 7 bytes, filled up with bytes that mean nothing.
inline std::uint64_t load_padded(const char* from, std::size_t count) {
  char padded[8] = {'x', 'x', 'x', 'x', 'x', 'x', 'x', 'x'};
  for (std::size_t i = 0; i < count; ++i) padded[i] = from[i];
  return load_le64(padded);
}

// RFC 6265 section 4.1.1: quotes come in pairs, around the value. Where they do not, a server that
// reads quoted strings sees another value than one that splits at ';'.
bool has_stray_quote(Bytes value) {
  if (value.empty() || value.front() != '"') return false;
  return value.size() < 2 || value.back() != '"';
}

bool is_token68(Bytes text) {
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  if (text.empty()) return false;
  for (const char c : text) {
    const bool allowed =
        is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/';
    if (!allowed) return false;
  }
  return true;
}

// What the session cookies seen so far amount to.
class CookieReader {
 public:
  CookieReader(Bytes header, const std::vector<std::string>& names)
      : header_(header), names_(names) {}

  // One pass, no allocation. False if the header is malformed or its session cookies contradict
  // each other.
  bool read() {
    const char* const data = header_.data();
    const std::size_t size = header_.size();
    for (std::size_t at = 0; at < size; at += 8) {
      const std::uint64_t word =
          size - at >= 8 ? load_le64(data + at) : load_padded(data + at, size - at);
      for (std::uint64_t marks = special_bytes(word); marks != 0; marks &= marks - 1) {
        if (!mark(at + static_cast<std::size_t>(std::countr_zero(marks)) / 8)) return false;
      }
    }
    return end_pair(size);
  }

  Ambiguity ambiguity() const { return ambiguity_; }
  Bytes name() const { return found_name_; }
  Bytes value() const { return found_value_; }

 private:
  bool mark(std::size_t at) {
    if (header_[at] != ';') return header_[at] == '\t';
    const bool consistent = end_pair(at);
    pair_start_ = at + 1;
    return consistent;
  }

  bool end_pair(std::size_t end) {
    const char* const begin = header_.data() + pair_start_;
    const Bytes pair = trim_ows(Bytes(begin, end - pair_start_));
    for (std::size_t index = 0; index < names_.size(); ++index) {
      const Bytes name = names_[index];
      const std::size_t equals = equals_behind(name, pair);
      if (equals == kNone) continue;
      const Bytes value = trim_ows({pair.data() + equals + 1, pair.size() - equals - 1});
      return !has_stray_quote(value) && note(index, {pair.data(), name.size()}, value);
    }
    return true;
  }

  // Where the '=' stands, if the pair is of that name, in which there is none.
  static std::size_t equals_behind(Bytes name, Bytes pair) {
    if (pair.size() <= name.size()) return kNone;
    std::size_t at = 0;
    while (at < name.size() && pair[at] == name[at]) ++at;
    if (at < name.size()) return kNone;
    while (at < pair.size() && is_ows(pair[at])) ++at;
    return at < pair.size() && pair[at] == '=' ? at : kNone;
  }

  // An empty cookie is no credential. But beside a full one of its name they are two that differ,
  // and which of them counts is the origin's to say. Past 64 names, some share a bit: then more is
  // ambiguous than need be, never less.
  bool note(std::size_t index, Bytes name, Bytes value) {
    const std::uint64_t bit = std::uint64_t{1} << (index % 64);
    if (value.empty()) {
      empty_bits_ |= bit;
    } else if (found_bit_ == 0) {
      found_bit_ = bit;
      found_name_ = name;
      found_value_ = value;
    } else if (name != found_name_ || value != found_value_) {
      return contradicts();
    }
    return (empty_bits_ & found_bit_) == 0 || contradicts();
  }

  bool contradicts() {
    ambiguity_ = Ambiguity::kCookiesDiffer;
    return false;
  }

  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  Bytes header_;
  const std::vector<std::string>& names_;
  std::size_t pair_start_ = 0;
  std::uint64_t empty_bits_ = 0;  // names seen with an empty value
  std::uint64_t found_bit_ = 0;   // the name of the credential; 0 while there is none
  Bytes found_name_;
  Bytes found_value_;
  Ambiguity ambiguity_ = Ambiguity::kMalformedCookie;  // if it is ambiguous
};

Credential ambiguous(Ambiguity ambiguity) {
  return {CredentialKind::kAmbiguous, {}, {}, ambiguity};
}

// The token of `Bearer token68`; empty if it is anything else.
Bytes read_bearer(Bytes authorization) {
  constexpr Bytes kScheme = "bearer";
  if (authorization.size() <= kScheme.size() || authorization[kScheme.size()] != ' ' ||
      !equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) {
    return {};
  }
  authorization.remove_prefix(kScheme.size());
  while (!authorization.empty() && authorization.front() == ' ') authorization.remove_prefix(1);
  return is_token68(authorization) ? authorization : Bytes{};
}

}  // namespace

Credential read_credential(Bytes cookie_header, Bytes authorization,
                           const std::vector<std::string>& cookie_names) {
  CookieReader cookies(cookie_header, cookie_names);
  if (!cookies.read()) return ambiguous(cookies.ambiguity());

  authorization = trim_ows(authorization);
  if (authorization.empty()) {
    if (cookies.value().empty()) return {};
    return {CredentialKind::kCookie, cookies.name(), cookies.value(), Ambiguity::kNone};
  }

  const Bytes token = read_bearer(authorization);
  if (token.empty()) return ambiguous(Ambiguity::kAuthorization);
  if (!cookies.value().empty()) return ambiguous(Ambiguity::kCookieAndAuthorization);
  return {CredentialKind::kBearer, {}, token, Ambiguity::kNone};
}

}  // namespace sesame
