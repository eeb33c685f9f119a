// What a snapshot's writer and reader agree on.
// A snapshot is a row of frames: the payload's size, a MAC over the last frame's MAC and this
// payload, the payload. The first payload begins with the magic and the version; each is a row of
// records, and the last one ends with kEnd. So what was cut off, altered, swapped, repeated or made
// under another secret or in another context is found, frame by frame, before it is read (SPEC
// R52). Numbers are little-endian. The secret itself, credentials and hash keys are not in it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/byte_order.h"
#include "base/siphash.h"
#include "store/entry_format.h"

namespace sesame {

inline constexpr Bytes kSnapshotMagic = "SESAMESN";
inline constexpr std::uint32_t kSnapshotVersion = 4;
inline constexpr std::size_t kSnapshotSecretBytes = 16;

// clang-format off
//   snapshot | frame | frame | ... | frame |
//
//   frame    0          4                  20
//            +----------+------------------+---------------------------------+
//            | size   4 | MAC           16 | payload                    size |
//            +----------+------------------+---------------------------------+
//            MAC = SipHash-2-4-128 under a key of the secret and the context, over the MAC of the
//            frame before (zeros before the first) and the payload
//
//   payload  | [magic 8 "SESAMESN" | version 4] | record | record | ...
//            The first frame alone has magic and version.
//
//   record   +--------+----------------------------------------------------------------------+
//            | kind 1 | what follows, by kind                                                |
//            +--------+----------------------------------------------------------------------+
//            base     1 | time 8 | sequence 4 | living bytes 4 | queue 1 |   of the entries behind it
//            lifetime 2 | number 1 | fresh for 8 | kept for 8 | lives for 8 | status 2 | own end 1 |
//            shape    3 | number 2 | size 4 | the codec's bytes |
//            entry    4 | header, meta and body as in a segment |
//            end      5 | entries 8 | some stand twice 1 | size 4 | filter of keys to leave out |
//            head     6 | size 4 | the owner's bytes |    of a session cache: newest event 8
//            tail     7 | size 4 | the owner's bytes |    of a session cache: tombstones, 32 each:
//                                                         key 16 | guarded until 8 | until 8
//   Order: head, shapes, entries with their bases and lifetimes, tails, end.
// clang-format on
enum class RecordKind : std::uint8_t {
  kBase = 1,      ///< of the segment that entries come from: time (8), sequence (4), living bytes
                  ///< (4), queue (1)
  kLifetime = 2,  ///< number (1), three durations (8 each), status (2), has_own_end (1)
  kShape = 3,     ///< number (2), size (4), bytes
  kEntry = 4,     ///< header, meta, body, as in a segment
  kEnd = 5,   ///< entries (8), whether some stand twice (1), filter's size (4), filter of keys to
              ///< leave out
  kHead = 6,  ///< size (4), bytes of the store's owner; before all entries
  kTail = 7,  ///< the same, after all entries
};
inline constexpr std::size_t kBaseBytes = 8 + 4 + 4 + 1;
inline constexpr std::size_t kLifetimeBytes = 1 + 3 * 8 + 2 + 1;
inline constexpr std::size_t kShapeHeadBytes = 2 + 4;
inline constexpr std::size_t kEndHeadBytes = 8 + 1 + 4;
inline constexpr std::size_t kStateHeadBytes = 4;

inline constexpr std::size_t kMacBytes = 16;
inline constexpr std::size_t kFrameHeadBytes = 4 + kMacBytes;
/// A reader needs so much behind a frame: a header is read without asking where the bytes end.
inline constexpr std::size_t kFrameSlack = kMaxHeaderBytes + 8;

/// The MACs of a row of frames.
class SnapshotMac {
 public:
  /// `context`: what the reader must agree about, whatever it says. REQUIRES: `secret` holds
  /// kSnapshotSecretBytes.
  SnapshotMac(Bytes secret, Bytes context) {
    // A key of its own: the secret serves to hash credentials as well.
    SipHash128 derive(load_le64(secret.data()), load_le64(secret.data() + 8));
    derive.update("sesame snapshot 1");
    derive.update(context);
    const SipHash128::Digest key = derive.finish();
    key_low_ = key.low;
    key_high_ = key.high;
  }

  using Mac = std::array<char, kMacBytes>;

  /// The MAC of the next frame.
  const Mac& add(Bytes payload) {
    SipHash128 hash(key_low_, key_high_);
    hash.update({last_.data(), last_.size()});
    hash.update(payload);
    const SipHash128::Digest digest = hash.finish();
    store_le64(last_.data(), digest.low);
    store_le64(last_.data() + 8, digest.high);
    return last_;
  }

 private:
  std::uint64_t key_low_ = 0;
  std::uint64_t key_high_ = 0;
  Mac last_{};
};

}  // namespace sesame
