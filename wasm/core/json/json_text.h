// What JSON strings and numbers stand for, read from their text.
// REQUIRES throughout: text that check_document() accepted. In any other text the answers mean
// nothing, but nothing outside it is read.
#pragma once

#include <cstdint>
#include <string>

#include "base/types.h"

namespace sesame {

/// What stands between the quotes of a string, escapes as they are.
inline Bytes string_contents(Bytes quoted) {
  return quoted.size() < 2 ? Bytes{} : quoted.substr(1, quoted.size() - 2);
}

/// Appends what the string stands for, escapes undone, in UTF-8; never more bytes than its text
/// has. `quoted` has its quotes. An escaped half of a surrogate pair becomes U+FFFD, as it does
/// wherever JavaScript turns a string into bytes, so that names from there match.
void append_decoded(std::string* to, Bytes quoted);

/// True if `quoted`, decoded, is `plain`.
bool json_string_is(Bytes quoted, Bytes plain);

/// The whole part of a JSON number.
struct WholeNumber {
  bool negative = false;
  std::uint64_t magnitude = 0;  ///< held at the largest there is
  bool exact = true;            ///< false if the number has a fraction or is too large
};

WholeNumber read_whole_number(Bytes number);

/// Appends its plain digits.
void append_digits(std::string* to, std::uint64_t number);

}  // namespace sesame
