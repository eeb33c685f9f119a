// Whole words at a time, however the input was cut.
#include "base/siphash.h"

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/byte_order.h"

namespace sesame {

namespace {

// What sets the 128-bit variant apart from the 64-bit one, at the start and between both halves.
constexpr std::uint64_t kWideStart = 0xee;
constexpr std::uint64_t kWideSecondHalf = 0xdd;

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void compress(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }

  std::uint64_t finalize() {
    for (int i = 0; i < 4; ++i) round();
    return v0 ^ v1 ^ v2 ^ v3;
  }
};

// The last `count` < 8 bytes of a piece, lowest first.
inline std::uint64_t load_tail(const char* from, std::size_t count) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[i])) << (8 * i);
  }
  return word;
}

}  // namespace

SipHash128::SipHash128(std::uint64_t key_low, std::uint64_t key_high)
    : v0_(0x736f6d6570736575U ^ key_low),
      v1_(0x646f72616e646f6dU ^ key_high ^ kWideStart),
      v2_(0x6c7967656e657261U ^ key_low),
      v3_(0x7465646279746573U ^ key_high) {}

void SipHash128::update(Bytes piece) {
  // A local copy: the piece's bytes may alias members, so that the compiler would otherwise write
  // the state back before every load.
  State state{v0_, v1_, v2_, v3_};
  std::uint64_t pending = pending_;
  const char* at = piece.data();
  std::size_t left = piece.size();
  // Words are put together by shifting, so pending bytes never force a loop over single bytes.
  const unsigned held = 8 * static_cast<unsigned>(length_ & 7);
  length_ += left;

  if (held == 0) {
    for (; left >= 8; at += 8, left -= 8) state.compress(load_le64(at));
    pending = load_tail(at, left);
  } else {
    for (; left >= 8; at += 8, left -= 8) {
      const std::uint64_t word = load_le64(at);
      state.compress(pending | word << held);
      pending = word >> (64 - held);
    }
    const std::uint64_t tail = load_tail(at, left);
    pending |= tail << held;
    if (held + 8 * left >= 64) {
      state.compress(pending);
      pending = tail >> (64 - held);
    }
  }

  v0_ = state.v0;
  v1_ = state.v1;
  v2_ = state.v2;
  v3_ = state.v3;
  pending_ = pending;
}

SipHash128::Digest SipHash128::finish() {
  State state{v0_, v1_, v2_, v3_};
  state.compress(pending_ | length_ << 56);
  state.v2 ^= kWideStart;
  const std::uint64_t low = state.finalize();
  state.v1 ^= kWideSecondHalf;
  return {low, state.finalize()};
}

}  // namespace sesame
