#include "codec/shape_lexer.h"

namespace sesame {
namespace {

constexpr std::size_t kMaxArray = 256;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

bool is_structure(char c) {
  return c == ',' || c == ':' || c == '[' || c == ']' || c == '{' || c == '}' || c == '"' ||
         is_space(c);
}

/// REQUIRES: a quote at `at`. Behind the string, or the text's size if it does not end.
std::size_t string_end(Bytes text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '"') return at + 1;
    if (text[at] == '\\') ++at;
  }
  return text.size();
}

/// A short array of scalars is one value: such lists differ in length. Else the place itself.
std::size_t array_end(Bytes text, std::size_t at) {
  const Bytes near = text.substr(0, at + kMaxArray);
  for (std::size_t i = at + 1; i < near.size();) {
    if (near[i] == ']') return i + 1;
    if (near[i] == '[' || near[i] == '{') break;
    i = near[i] == '"' ? string_end(near, i) : i + 1;
  }
  return at;
}

}  // namespace

bool lex_document(Bytes document, LexedDocument* lexed) {
  lexed->count = 0;
  lexed->skeleton = hash_bytes({});
  if (document.size() > kMaxShapedBytes) return false;
  std::size_t literal = 0;
  for (std::size_t at = 0; at < document.size();) {
    const char c = document[at];
    std::size_t end = at;
    if (c == '"') {
      end = string_end(document, at);
      std::size_t next = end;
      while (next < document.size() && is_space(document[next])) ++next;
      if (next < document.size() && document[next] == ':') {  // a key
        at = next + 1;
        continue;
      }
    } else if (c == '[') {
      end = array_end(document, at);
    } else if (!is_structure(c)) {
      while (end < document.size() && !is_structure(document[end])) ++end;
    }
    if (end == at) {
      ++at;
      continue;
    }
    if (lexed->count == kMaxSlots) return false;
    lexed->slots[lexed->count++] = {static_cast<std::uint16_t>(at),
                                    static_cast<std::uint16_t>(end - at)};
    // 0xff is in no text: where a slot begins is part of the skeleton.
    lexed->skeleton =
        hash_bytes("\xff", hash_bytes(document.substr(literal, at - literal), lexed->skeleton));
    literal = at = end;
  }
  lexed->skeleton = hash_bytes(document.substr(literal), lexed->skeleton);
  return lexed->count > 0;
}

}  // namespace sesame
