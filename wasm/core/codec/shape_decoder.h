// Puts a document back from its shape and its encoded values. Safe on any bytes.
#pragma once

#include <cstddef>
#include <span>

namespace sesame {

/// Behind the document, so many bytes of the output may be overwritten.
inline constexpr std::size_t kDecodeSlack = 128;
/// The document's size; 0 if these are no document of that shape, or if there is no room.
/// REQUIRES: is_shape(block); kEncodedSlack readable bytes behind `encoded`.
std::size_t run_shape(const char* block, const char* encoded, std::size_t size,
                      std::span<char> out);

}  // namespace sesame
