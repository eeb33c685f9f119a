// Finds its way in JSON text without building anything: positions, member by member.
// REQUIRES throughout: text that check_document() accepted. In any other text the answers mean
// nothing, but nothing outside it is read and every loop ends.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/types.h"

namespace sesame {

constexpr bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

inline std::size_t skip_json_space(Bytes text, std::size_t at) {
  while (at < text.size() && is_json_space(text[at])) ++at;
  return at;
}

/// The position after the string whose opening quote is at `at`.
inline std::size_t skip_json_string(Bytes text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

/// The position after the number, `true`, `false` or `null` that begins at `at`.
inline std::size_t skip_json_scalar(Bytes text, std::size_t at) {
  const auto ends = [](char c) { return c == ',' || c == '}' || c == ']' || is_json_space(c); };
  for (++at; at < text.size() && !ends(text[at]);) ++at;
  return at;
}

/// The position after the value that begins at `at`. Counts brackets, so depth costs no stack.
inline std::size_t skip_json_value(Bytes text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = skip_json_string(text, at);
    } else if (c == '{' || c == '[') {
      ++depth;
      ++at;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      --depth;
      ++at;
    } else if (depth == 0) {
      return skip_json_scalar(text, at);
    } else {
      ++at;
      continue;
    }
    if (depth == 0) return at;
  }
  return at;
}

/// A document without the white space around it.
inline Bytes json_value(Bytes text) {
  text.remove_prefix(skip_json_space(text, 0));
  while (!text.empty() && is_json_space(text.back())) text.remove_suffix(1);
  return text;
}

/// Walks over the members of an object or the elements of an array.
class JsonMembers {
 public:
  /// REQUIRES: `container` begins with its bracket.
  explicit JsonMembers(Bytes container)
      : text_(container), in_object_(!container.empty() && container.front() == '{') {}

  /// Steps to the next one; false past the last.
  bool next() {
    at_ = skip_json_space(text_, at_);
    if (at_ < text_.size() && text_[at_] == ',') at_ = skip_json_space(text_, at_ + 1);
    if (at_ >= text_.size() || text_[at_] == '}' || text_[at_] == ']') return false;
    if (in_object_) {
      const std::size_t end = skip_json_string(text_, at_);
      name_ = text_.substr(at_, end - at_);
      at_ = skip_json_space(text_, end);
      at_ = skip_json_space(text_, std::min(at_ + 1, text_.size()));  // past the colon
    }
    const std::size_t end = skip_json_value(text_, at_);
    value_ = text_.substr(at_, end - at_);
    at_ = end;
    return !value_.empty();
  }

  Bytes name() const { return name_; }  ///< as written, with its quotes; empty in an array
  Bytes value() const { return value_; }

 private:
  Bytes text_;
  bool in_object_;
  std::size_t at_ = 1;  // past the bracket
  Bytes name_;
  Bytes value_;
};

}  // namespace sesame
