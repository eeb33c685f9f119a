// SipHash-2-4 with a 128-bit result (Aumasson, Bernstein; reference implementation's
// `siphash(..., outlen = 16)`), over input that arrives in pieces and is never copied together.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/types.h"

namespace sesame {

class SipHash128 {
 public:
  SipHash128(std::uint64_t key_low, std::uint64_t key_high);

  void update(Bytes piece);
  /// The same as of its length, four bytes with the lowest first, and then of the field.
  void update_with_length(Bytes field);

  struct Digest {
    std::uint64_t low;
    std::uint64_t high;
  };
  /// The digest of all pieces. REQUIRES: called once, last.
  Digest finish();

 private:
  // `first`, whose bits above `first_bits` < 64 are 0, and then the piece.
  void absorb(std::uint64_t first, unsigned first_bits, Bytes piece);

  std::uint64_t v0_, v1_, v2_, v3_;
  std::uint64_t pending_ = 0;  // bytes not yet a full word, lowest first
  std::uint64_t length_ = 0;
};

}  // namespace sesame
