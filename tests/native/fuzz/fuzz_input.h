// What fuzz targets share: how they say that something does not hold, and how an input is read. It
// must not know what is tested. Behind its end, an input has zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace sesame::testing {

// The line is what a finding says first.
inline void require(bool holds, int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "line %d does not hold\n", line);
  std::abort();
}

class FuzzInput {
 public:
  FuzzInput(const std::uint8_t* data, std::size_t size) : next_(data), end_(data + size) {}
  bool is_empty() const { return next_ == end_; }
  std::uint8_t byte() { return next_ == end_ ? std::uint8_t{0} : *next_++; }
  std::size_t below(std::size_t limit) { return byte() % limit; }
  std::uint64_t word(int bytes) {
    std::uint64_t word = 0;
    for (int i = 0; i < bytes; ++i) word = word << 8 | byte();
    return word;
  }
  std::uint32_t word() { return static_cast<std::uint32_t>(word(4)); }

 private:
  const std::uint8_t* next_;
  const std::uint8_t* end_;
};

}  // namespace sesame::testing
