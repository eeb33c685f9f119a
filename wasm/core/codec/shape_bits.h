// A stream of bits, lowest first, as the values of a document are written by its shape.
// Neither side looks where the stream ends: who reads asks in time, who writes is given a limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/byte_order.h"

namespace sesame {

/// How many bits `value` needs: 0 for 0.
constexpr unsigned bits_for(std::uint64_t value) {
  return value == 0 ? 0 : 64 - static_cast<unsigned>(__builtin_clzll(value));
}

/// REQUIRES: `count` <= 63.
constexpr std::uint64_t low_bits(unsigned count) { return (std::uint64_t{1} << count) - 1; }

class BitReader {
 public:
  explicit BitReader(const char* data) : data_(data) {}

  /// REQUIRES: `count` <= 56, and 8 readable bytes from the one that the next bit is in.
  std::uint64_t read(unsigned count) {
    const std::uint64_t word = load_le64(data_ + (position_ >> 3)) >> (position_ & 7);
    position_ += count;
    return word & low_bits(count);
  }
  std::size_t position() const { return position_; }

 private:
  const char* data_;
  std::size_t position_ = 0;
};

class BitWriter {
 public:
  /// Writes no more than `limit` bits, and up to 8 bytes behind them.
  BitWriter(char* data, std::size_t limit) : data_(data), limit_(limit) {}

  /// REQUIRES: `count` <= 56 and `value` fits in it.
  [[gnu::noinline]] void write(std::uint64_t value, unsigned count) {
    if (position_ + count > limit_) overflow_ = true;
    if (overflow_) return;
    char* at = data_ + (position_ >> 3);
    const unsigned shift = position_ & 7;
    store_le64(at, (static_cast<unsigned char>(*at) & low_bits(shift)) | value << shift);
    position_ += count;
  }
  /// Replaces the 8 bits that were written at `position`.
  void amend(std::size_t position, std::uint64_t byte) {
    if (overflow_) return;
    char* const at = data_ + (position >> 3);
    const unsigned shift = position & 7;
    store_le64(at, (load_le64(at) & ~(std::uint64_t{0xff} << shift)) | byte << shift);
  }
  std::size_t bytes() const { return (position_ + 7) >> 3; }
  bool overflow() const { return overflow_; }
  std::size_t position() const { return position_; }
  /// Takes back what was written after `position`. An overflow stays.
  void rewind(std::size_t position) { position_ = position; }

 private:
  char* data_;
  std::size_t limit_;
  std::size_t position_ = 0;
  bool overflow_ = false;
};

}  // namespace sesame
