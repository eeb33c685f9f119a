// Splits a document into its skeleton, which others share, and its slots, which hold its values.
// Takes any bytes: of what is no JSON it makes a split that is good for nothing, and no harm.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/types.h"
#include "codec/shape_program.h"

namespace sesame {

struct ShapeSlot {
  std::uint16_t at, size;
};

struct LexedDocument {
  std::uint64_t skeleton;
  std::size_t count;
  ShapeSlot slots[kMaxSlots];

  Bytes value(Bytes document, std::size_t slot) const {
    return {document.data() + slots[slot].at, slots[slot].size};
  }
};

/// What a reference to a value means: a string without its quotes, else all of it.
inline Bytes unquoted(Bytes value) {
  return value.size() >= 2 && value[0] == '"' ? value.substr(1, value.size() - 2) : value;
}

/// False if it has no slot, too many, or is too long.
bool lex_document(Bytes document, LexedDocument* lexed);

}  // namespace sesame
