#include "codec/shape_lexer.h"

#include <algorithm>

namespace sesame {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

class Lexer {
 public:
  Lexer(Bytes document, LexedDocument* lexed) : document_(document), lexed_(lexed) {}

  bool run() {
    lexed_->count = 0;
    lexed_->sketch.fill(0xffff);
    skip_space();
    if (!value(at_, at_, 0)) return false;
    skip_space();
    // Space around it belongs to the brackets of the root.
    lexed_->tokens[0].at = 0;
    lexed_->tokens[0].size = static_cast<std::uint16_t>(document_.size());
    return at_ == document_.size();
  }

 private:
  char here() const { return at_ < document_.size() ? document_[at_] : '\0'; }
  void skip_space() {
    while (is_space(here())) ++at_;
  }
  bool skip(char c) {
    if (here() != c) return false;
    ++at_;
    skip_space();
    return true;
  }

  bool string() {
    for (++at_; at_ < document_.size(); ++at_) {
      if (document_[at_] == '"') {
        ++at_;
        return true;
      }
      if (document_[at_] == '\\') ++at_;
    }
    return false;
  }

  bool scalar() {
    const std::size_t from = at_;
    for (; at_ < document_.size(); ++at_) {
      const char c = document_[at_];
      if (is_space(c) || c == ',' || c == ':' || c == '"' || c == ']' || c == '}') break;
    }
    return at_ > from;
  }

  void note_key(Bytes key) {
    std::uint64_t hash = hash_bytes(key);
    for (auto& least : lexed_->sketch) {
      hash = (hash ^ hash >> 29) * 0x9e3779b97f4a7c15;
      least = std::min(least, static_cast<std::uint16_t>(hash >> 48));
    }
  }

  // The bytes of a list or an object from behind the first bracket on.
  bool children(char close, unsigned depth) {
    const bool is_object = close == '}';
    std::size_t glue = ++at_;
    skip_space();
    while (here() != close) {
      const std::size_t key = at_;
      if (is_object) {
        if (here() != '"' || !string()) return false;
        note_key(document_.substr(key, at_ - key));
        skip_space();
        if (!skip(':')) return false;
      }
      if (!value(glue, key, depth)) return false;
      glue = at_;
      skip_space();
      if (here() == close) break;
      if (!skip(',') || here() == close) return false;
    }
    ++at_;
    return true;
  }

  bool value(std::size_t glue, std::size_t key, unsigned depth) {
    if (lexed_->count == kMaxTokens || depth == kMaxTreeDepth) return false;
    const std::size_t index = lexed_->count++;
    const std::size_t from = at_;
    const char first = here();
    const bool is_whole = first == '"'   ? string()
                          : first == '{' ? children('}', depth + 1)
                          : first == '[' ? children(']', depth + 1)
                                         : scalar();
    lexed_->tokens[index] = {static_cast<std::uint32_t>(from),
                             static_cast<std::uint16_t>(at_ - from),
                             static_cast<std::uint16_t>(lexed_->count - index),
                             static_cast<std::uint16_t>(from - glue),
                             static_cast<std::uint16_t>(from - key),
                             0,
                             0,
                             0,
                             0};
    return is_whole;
  }

  Bytes document_;
  LexedDocument* lexed_;
  std::size_t at_ = 0;
};

}  // namespace

bool lex_document(Bytes document, LexedDocument* lexed) {
  // NUL ends a text of symbols.
  return document.size() <= kMaxShapedBytes && document.find('\0') == Bytes::npos &&
         Lexer(document, lexed).run();
}

}  // namespace sesame
