// Little-endian loads and stores at any alignment: what WebAssembly and the wire formats here
// speak.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sesame {

static_assert(std::endian::native == std::endian::little || std::endian::native == std::endian::big,
              "mixed-endian machines are not supported");

/// REQUIRES: 8 readable bytes at `from`.
inline std::uint64_t load_le64(const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

/// REQUIRES: 4 writable bytes at `to`.
inline void store_le32(char* to, std::uint32_t word) {
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap32(word);
  std::memcpy(to, &word, sizeof word);
}

/// REQUIRES: 8 writable bytes at `to`.
inline void store_le64(char* to, std::uint64_t word) {
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  std::memcpy(to, &word, sizeof word);
}

}  // namespace sesame
