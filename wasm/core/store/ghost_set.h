// Keys that were forgotten lately after a short visit: ten bits each, a fixed number of them, the
// oldest replaced first. It may err: a wrong "yes" costs a little room, a wrong "no" one more
// visit. Must not know: entries, segments.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/key.h"

namespace sesame {

class GhostSet {
 public:
  /// A word holds so many, the newest lowest.
  static constexpr unsigned kPerWord = 6;

  GhostSet() = default;
  /// REQUIRES: `words` holds `count` zeros.
  GhostSet(std::uint64_t* words, std::uint32_t count) : words_(words), count_(count) {}

  void add(const Key& key) {
    std::uint64_t& word = word_of(key);
    word = (word << kPrintBits) | print_of(key);
    is_empty_ = false;
  }

  /// True if the key is among the newest `depth` of its word; then it no longer is.
  bool claim(const Key& key, unsigned depth) {
    if (is_empty_) return false;
    std::uint64_t& word = word_of(key);
    for (unsigned i = 0; i < depth; ++i) {
      const unsigned shift = i * kPrintBits;
      if (((word >> shift) & kPrintMask) != print_of(key)) continue;
      // Those that came before it move up.
      const std::uint64_t newer = word & ((std::uint64_t{1} << shift) - 1);
      word = (word >> (shift + kPrintBits) << shift) | newer;
      return true;
    }
    return false;
  }

 private:
  static constexpr unsigned kPrintBits = 10;
  static constexpr std::uint64_t kPrintMask = (1u << kPrintBits) - 1;

  std::uint64_t& word_of(const Key& key) const {
    return words_[((key.high & 0xffffffffu) * count_) >> 32];
  }
  // 0 is nobody's.
  static std::uint64_t print_of(const Key& key) { return 1 + (key.low >> 16) % kPrintMask; }

  std::uint64_t* words_ = nullptr;
  std::uint32_t count_ = 0;
  bool is_empty_ = true;
};

}  // namespace sesame
