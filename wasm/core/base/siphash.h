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

  struct Digest {
    std::uint64_t low;
    std::uint64_t high;
  };
  /// The digest of all pieces. REQUIRES: called once, last.
  Digest finish();

 private:
  std::uint64_t v0_, v1_, v2_, v3_;
  std::uint64_t pending_ = 0;  // bytes not yet a full word, lowest first
  std::uint64_t length_ = 0;
};

}  // namespace sesame
