// The keys that changed since a snapshot began, as a set of bits that has no "no longer": what it
// may hold is left out of the snapshot. A wrong "yes" costs an origin call; there is no wrong "no".
// Must not know: entries, the snapshot's format.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/key.h"
#include "base/types.h"

namespace sesame {

/// Stands for all entries that carry a tag: something happened to their user.
constexpr Key key_of_tag(std::uint32_t user_tag) {
  return {user_tag, user_tag * 0x9e3779b97f4a7c15ULL >> 32};
}

class ChangeFilter {
 public:
  ChangeFilter() = default;
  /// REQUIRES: `bytes` holds 2^`log2_bytes` bytes; `log2_bytes` is less than 29.
  ChangeFilter(char* bytes, unsigned log2_bytes) : bytes_(bytes), log2_bytes_(log2_bytes) {
    clear();
  }

  void clear() {
    std::memset(bytes_, 0, std::size_t{1} << log2_bytes_);
    is_empty_ = true;
  }
  void add(const Key& key) {
    const std::uint32_t bit = bit_of(key);
    bytes_[bit >> 3] = static_cast<char>(bytes_[bit >> 3] | (1 << (bit & 7)));
    is_empty_ = false;
  }
  bool may_hold(const Key& key) const {
    const std::uint32_t bit = bit_of(key);
    return !is_empty_ && ((bytes_[bit >> 3] >> (bit & 7)) & 1) != 0;
  }

  /// Nothing if empty.
  Bytes saved() const { return is_empty_ ? Bytes() : Bytes(bytes_, std::size_t{1} << log2_bytes_); }

  /// Adds what another filter held, of whatever size. False if that is none's.
  bool merge(Bytes saved) {
    if (saved.empty()) return true;
    unsigned log2 = 0;
    while (log2 < 28 && (std::size_t{1} << log2) < saved.size()) ++log2;
    if ((std::size_t{1} << log2) != saved.size()) return false;
    if (log2 == log2_bytes_) {
      for (std::size_t i = 0; i < saved.size(); ++i) {
        bytes_[i] = static_cast<char>(bytes_[i] | saved[i]);
      }
      is_empty_ = false;
      return true;
    }
    // A bit stands for the keys whose hash begins with its number: the larger filter's are finer.
    const unsigned finest = 3 + std::max(log2, log2_bytes_);
    for (std::uint64_t i = 0; i < std::uint64_t{1} << finest; ++i) {
      const std::size_t from = static_cast<std::size_t>(i >> (finest - 3 - log2));
      const std::size_t to = static_cast<std::size_t>(i >> (finest - 3 - log2_bytes_));
      if (((saved[from >> 3] >> (from & 7)) & 1) == 0) continue;
      bytes_[to >> 3] = static_cast<char>(bytes_[to >> 3] | (1 << (to & 7)));
      is_empty_ = false;
    }
    return true;
  }

 private:
  std::uint32_t bit_of(const Key& key) const {
    return static_cast<std::uint32_t>(key.high) >> (32 - 3 - log2_bytes_);
  }

  char* bytes_ = nullptr;
  unsigned log2_bytes_ = 0;
  bool is_empty_ = true;
};

}  // namespace sesame
