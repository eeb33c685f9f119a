// What readers do to a value: Express, PHP, Rack, Perl's CGI and ASP.NET Core decode
// percent-escapes, Rack and CGI '+' as well; Python's and Go's take the quotes off, and Python's
// decodes `\"` and
// `\073` inside of them; CGI and readers of RFC 2109 end a value at a comma, Python's at white
// space.
#include "http/cookie_value.h"

#include <algorithm>
#include <cstdint>

#include "base/ascii.h"
#include "base/word_bytes.h"

namespace sesame {

namespace {

constexpr bool is_octal(char c) { return c >= '0' && c <= '7'; }

bool is_quoted(Bytes value) {
  return value.size() >= 2 && value.front() == '"' && value.back() == '"';
}

// Takes one byte, or one escape of a quoted string, off the front.
char take_unquoted(Bytes* text, bool is_inside_quotes) {
  char c = text->front();
  std::size_t length = 1;
  if (is_inside_quotes && c == '\\' && text->size() > 1) {
    c = (*text)[1];
    length = 2;
    if (text->size() > 3 && c <= '3' && is_octal(c) && is_octal((*text)[2]) &&
        is_octal((*text)[3])) {
      c = static_cast<char>((c - '0') << 6 | ((*text)[2] - '0') << 3 | ((*text)[3] - '0'));
      length = 4;
    }
  }
  text->remove_prefix(length);
  return c;
}

}  // namespace

void CredentialScratch::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  bytes_ = std::unique_ptr<char[]>(new char[capacity]);
  capacity_ = capacity;
}

void CredentialScratch::overwrite() {
  // Through a volatile pointer: nobody reads it any more, and it must happen all the same.
  for (volatile char* at = bytes_.get(); used_ > 0; --used_) *at++ = 0;
}

Ambiguity fault_of_value(Bytes value) {
  const bool has_quotes = is_quoted(value);
  if (has_quotes) value = value.substr(1, value.size() - 2);
  for (std::size_t at = 0; at < value.size(); ++at) {
    const auto byte = static_cast<unsigned char>(value[at]);
    if (byte >= 0x80) return Ambiguity::kUndecodableBytes;
    if (byte == ',') return Ambiguity::kJoinedFields;
    const bool is_allowed_in_quotes = byte == ' ' || byte == '\\';
    if (byte < 0x20 || byte == 0x7f || byte == '"' || (is_allowed_in_quotes && !has_quotes)) {
      return Ambiguity::kMalformedHeader;
    }
    if (byte != '\\') continue;
    if (at + 1 == value.size()) return Ambiguity::kMalformedHeader;
    if (value[at + 1] == '"' || value[at + 1] == '\\') ++at;
  }
  return Ambiguity::kNone;
}

bool has_spellings(Bytes value) { return value.front() == '"' || has_byte(value, '%'); }

void append_decoded(Bytes value, CredentialScratch* to) {
  const bool has_quotes = is_quoted(value);
  if (has_quotes) value = value.substr(1, value.size() - 2);
  // What a reader takes off first it looks at no more: an escape is decoded once.
  while (!value.empty()) {
    char c = take_unquoted(&value, has_quotes);
    if (c == '%') {
      Bytes ahead = value;
      const int high = ahead.empty() ? -1 : hex_digit(take_unquoted(&ahead, has_quotes));
      const int low = ahead.empty() || high < 0 ? -1 : hex_digit(take_unquoted(&ahead, has_quotes));
      if (low >= 0) {
        c = static_cast<char>(high << 4 | low);
        value = ahead;
      }
    }
    to->push(c == ' ' ? '+' : c);
  }
}

}  // namespace sesame
