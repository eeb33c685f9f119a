// Writes a document by its shape, and knows which form a text has.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/shape_lexer.h"
#include "codec/shape_program.h"
#include "codec/shape_symbols.h"

namespace sesame {

/// How many bytes `text` begins with that have this form, one of numbers, times or hexadecimal
/// digits; 0: none. `number` is what times and numbers are written as.
std::size_t match_form(SlotForm form, unsigned arg, Bytes text, std::uint64_t* number);

/// True if `text` begins with the prefix, which is then taken off.
bool strip(Bytes prefix, Bytes* text);

/// Writes to `out`, which has room for the document and 8 bytes more. Gives 0 if it would not be
/// shorter. Adds the steps that it took to `work`; they are bounded by the document's size.
std::size_t encode_by_shape(const char* block, Bytes document, const LexedDocument& lexed,
                            char* out, SymbolMatcher* matcher, std::uint64_t* work);

}  // namespace sesame
