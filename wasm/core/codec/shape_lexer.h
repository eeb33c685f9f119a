// Splits a document into the values of its tree.
// Takes any bytes: of what is no JSON it makes no tree, or one that is good for nothing, and no
// harm.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/types.h"
#include "codec/shape_program.h"

namespace sesame {

inline constexpr std::size_t kMaxTokens = 1024;
inline constexpr unsigned kMaxTreeDepth = 16;

/// A value. Those in it stand behind it, in their order.
struct ShapeToken {
  std::uint32_t at;
  std::uint16_t size;
  std::uint16_t tokens;  ///< its own and those in it
  std::uint16_t glue;    ///< bytes between the bracket or value before it, and it
  std::uint16_t key;     ///< how many of these begin with the key
  // For the learner.
  std::uint16_t sample;
  std::uint16_t mark;
  std::uint32_t next;  ///< the next value of the slot
  std::uint32_t link;  ///< the next value of the form
};

struct LexedDocument {
  ShapeSketch sketch;
  std::size_t count;
  ShapeToken tokens[kMaxTokens];
};

/// What a reference to a value means: a string without its quotes, else all of it.
inline Bytes unquoted(Bytes value) {
  return value.size() >= 2 && value[0] == '"' ? value.substr(1, value.size() - 2) : value;
}

/// False if it is no tree, or too large a one.
bool lex_document(Bytes document, LexedDocument* lexed);

}  // namespace sesame
