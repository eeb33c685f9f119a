// Decoding of JSON strings and numbers without a locale and without floating point.
#include "json/json_text.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/ascii.h"

namespace sesame {

namespace {

// Appends a code point in UTF-8.
void append_utf8(std::string* to, std::uint32_t code) {
  const auto put = [to](std::uint32_t byte) { to->push_back(static_cast<char>(byte)); };
  if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3f));
    put(0x80 | (code >> 6 & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

// The four hexadecimal digits at `at`.
std::uint32_t read_hex4(Bytes text, std::size_t at) {
  std::uint32_t code = 0;
  for (const char c : text.substr(std::min(at, text.size()), 4)) {
    code = code << 4 |
           (static_cast<std::uint32_t>(is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10) & 0xf);
  }
  return code;
}

// Appends what the escape stands for whose four digits are at `at`, together with the other half of
// its surrogate pair. Returns the position after it.
std::size_t append_unicode_escape(std::string* to, Bytes text, std::size_t at) {
  std::uint32_t code = read_hex4(text, at);
  at = std::min(at + 4, text.size());
  if (code >= 0xd800 && code < 0xdc00 && text.substr(at, 2) == "\\u") {
    const std::uint32_t second = read_hex4(text, at + 2);
    if (second >= 0xdc00 && second < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
      at = std::min(at + 6, text.size());
    }
  }
  append_utf8(to, code);
  return at;
}

}  // namespace

void append_decoded(std::string* to, Bytes quoted) {
  constexpr Bytes kLetters = "bfnrt";
  constexpr Bytes kMeanings = "\b\f\n\r\t";
  const Bytes text = string_contents(quoted);
  std::size_t at = 0;
  while (at < text.size()) {
    const char c = text[at++];
    if (c != '\\' || at == text.size()) {
      to->push_back(c);
      continue;
    }
    const char escaped = text[at++];
    if (escaped == 'u') {
      at = append_unicode_escape(to, text, at);
    } else {
      const std::size_t which = kLetters.find(escaped);
      to->push_back(which == Bytes::npos ? escaped : kMeanings[which]);
    }
  }
}

bool json_string_is(Bytes quoted, Bytes plain) {
  const Bytes contents = string_contents(quoted);
  if (contents.find('\\') == Bytes::npos) return contents == plain;
  std::string decoded;
  append_decoded(&decoded, quoted);
  return decoded == plain;
}

WholeNumber read_whole_number(Bytes number) {
  constexpr std::uint64_t kLargest = ~std::uint64_t{0};
  // Exponents past this change nothing: no document has as many digits.
  constexpr std::int64_t kFar = std::int64_t{1} << 40;

  WholeNumber result;
  result.negative = !number.empty() && number.front() == '-';
  if (result.negative) number.remove_prefix(1);

  const std::size_t exponent_at = std::min(number.find_first_of("eE"), number.size());
  const Bytes mantissa = number.substr(0, exponent_at);
  std::int64_t exponent = 0;
  bool exponent_negative = false;
  for (const char c : number.substr(exponent_at)) {
    if (c == '-') exponent_negative = true;
    if (is_digit(c)) exponent = std::min(exponent * 10 + (c - '0'), kFar);
  }
  if (exponent_negative) exponent = -exponent;

  // How many digits stand before the decimal point once the exponent has moved it.
  std::int64_t whole_digits =
      static_cast<std::int64_t>(std::min(mantissa.find('.'), mantissa.size())) + exponent;
  const auto append = [&result](std::uint64_t digit) {
    if (result.magnitude > (kLargest - digit) / 10) {
      result.magnitude = kLargest;
      result.exact = false;
    } else {
      result.magnitude = result.magnitude * 10 + digit;
    }
  };
  for (const char c : mantissa) {
    if (!is_digit(c)) continue;
    if (whole_digits > 0) {
      append(static_cast<std::uint64_t>(c - '0'));
    } else if (c != '0') {
      result.exact = false;
    }
    --whole_digits;
  }
  for (; whole_digits > 0 && result.magnitude != 0 && result.exact; --whole_digits) append(0);
  return result;
}

void append_digits(std::string* to, std::uint64_t number) {
  if (number >= 10) append_digits(to, number / 10);
  to->push_back(static_cast<char>('0' + number % 10));
}

}  // namespace sesame
