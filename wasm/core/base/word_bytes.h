// Eight bytes at a time: which bytes of a word are of a kind. Byte 0 is the lowest.
// A function sets the top bit of the bytes that it finds; the other bits mean nothing. The lowest
// that it finds is right; above it there may be false positives, so that "is there any" is right as
// well.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/byte_order.h"
#include "base/types.h"

namespace sesame {

constexpr std::uint64_t repeat(unsigned char byte) { return byte * 0x0101010101010101U; }

inline constexpr std::uint64_t kTopBits = repeat(0x80);

constexpr std::uint64_t bytes_equal_to(unsigned char byte, std::uint64_t word) {
  const std::uint64_t difference = word ^ repeat(byte);
  return (difference - repeat(0x01)) & ~difference;
}

/// Bytes below `floor`, and 0x7f and above: all that is not ASCII.
constexpr std::uint64_t bytes_outside(unsigned char floor, std::uint64_t word) {
  return (word - repeat(floor)) | (word + repeat(0x01));
}

/// What is left of `text` from `at` on, less than eight bytes, with `filler` behind it.
inline std::uint64_t load_last(Bytes text, std::size_t at, unsigned char filler) {
  const std::size_t left = text.size() - at;
  if (left == 0) return repeat(filler);
  const unsigned missing = 8 * (8 - static_cast<unsigned>(left));
  const std::uint64_t fill = repeat(filler) << (64 - missing);
  if (text.size() >= 8) return load_le64(text.data() + text.size() - 8) >> missing | fill;
  std::uint64_t word = 0;
  for (std::size_t i = left; i > 0; --i) {
    word = word << 8 | static_cast<unsigned char>(text[at + i - 1]);
  }
  return word | fill;
}

/// Whether `byte` is in `text`.
inline bool has_byte(Bytes text, unsigned char byte) {
  std::uint64_t found = 0;
  std::size_t at = 0;
  for (; text.size() - at >= 8; at += 8) found |= bytes_equal_to(byte, load_le64(text.data() + at));
  const auto filler = static_cast<unsigned char>(byte ^ 0x80);
  return ((found | bytes_equal_to(byte, load_last(text, at, filler))) & kTopBits) != 0;
}

}  // namespace sesame
