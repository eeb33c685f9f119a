// Copies short runs of bytes. Emscripten's memcpy goes byte by byte where both sides are not
// aligned alike, which entries never are; words at any alignment are what WebAssembly is good at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sesame {

/// For what is surely short. REQUIRES: the two do not overlap.
inline void copy_short(char* to, const char* from, std::size_t count) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const auto copy_word = [](char* word_to, const char* word_from) {
    std::uint64_t word;
    std::memcpy(&word, word_from, kWord);
    std::memcpy(word_to, &word, kWord);
  };
  if (count < kWord) {
    for (std::size_t i = 0; i < count; ++i) to[i] = from[i];
    return;
  }
  for (std::size_t i = 0; i + kWord < count; i += kWord) copy_word(to + i, from + i);
  // The last word overlaps the one before it.
  copy_word(to + count - kWord, from + count - kWord);
}

/// REQUIRES: the two do not overlap.
inline void copy_bytes(char* to, const char* from, std::size_t count) {
  constexpr std::size_t kLong = 512;
  if (count < kLong) return copy_short(to, from, count);
  std::memcpy(to, from, count);
}

}  // namespace sesame
