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
inline std::uint64_t load_tail(Bytes piece, std::size_t count) {
  const char* const end = piece.data() + piece.size();
  if (count == 0) return 0;
  if (piece.size() >= 8) return load_le64(end - 8) >> (64 - 8 * count);
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) {
    word |= static_cast<std::uint64_t>(static_cast<unsigned char>(*(end - count + i))) << (8 * i);
  }
  return word;
}

}  // namespace

SipHash128::SipHash128(std::uint64_t key_low, std::uint64_t key_high)
    : v0_(0x736f6d6570736575U ^ key_low),
      v1_(0x646f72616e646f6dU ^ key_high ^ kWideStart),
      v2_(0x6c7967656e657261U ^ key_low),
      v3_(0x7465646279746573U ^ key_high) {}

void SipHash128::update(Bytes piece) { absorb(0, 0, piece); }

void SipHash128::update_with_length(Bytes field) {
  absorb(static_cast<std::uint32_t>(field.size()), 32, field);
}

void SipHash128::absorb(std::uint64_t first, unsigned first_bits, Bytes piece) {
  // A local copy: the piece's bytes may alias members, so that the compiler would otherwise write
  // the state back before every load.
  State state{v0_, v1_, v2_, v3_};
  std::uint64_t pending = pending_;
  unsigned held = 8 * static_cast<unsigned>(length_ & 7);
  length_ += first_bits / 8 + piece.size();

  // Words are put together by shifting, so pending bytes never force a loop over single bytes.
  const auto add = [&](std::uint64_t word, unsigned bits) {
    pending |= word << held;
    held += bits;
    if (held < 64) return;
    state.compress(pending);
    held -= 64;
    // Twice, as a shift by 64 is none.
    pending = word >> 1 >> (bits - held - 1);
  };
  add(first, first_bits);
  const char* at = piece.data();
  std::size_t left = piece.size();
  for (; left >= 8; at += 8, left -= 8) add(load_le64(at), 64);
  add(load_tail(piece, left), 8 * static_cast<unsigned>(left));

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
