// Writes a document's values by its shape, and knows which form a value has.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/shape_lexer.h"
#include "codec/shape_program.h"
#include "codec/shape_symbols.h"

namespace sesame {

/// True if `text` is a value of that form, one of numbers, times or hexadecimal digits; `number`
/// is what times and integers are written as.
bool has_form(SlotForm form, unsigned arg, Bytes text, std::uint64_t* number);

/// Takes off what `text` begins and ends with; false if it does not.
bool strip(Bytes prefix, Bytes suffix, Bytes* text);

/// Writes to `out`, which has room for the document and 8 bytes more. Gives 0 if it would not be
/// shorter.
std::size_t encode_by_shape(const char* block, Bytes document, const LexedDocument& lexed,
                            char* out, SymbolMatcher* matcher);

}  // namespace sesame
