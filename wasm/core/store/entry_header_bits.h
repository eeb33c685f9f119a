// The bits and widths of an entry's header: for those who write and read it, nobody else.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sesame::entry_header {

// clang-format off
// Sizes in bytes; [ ] only where the state says so; numbers are little-endian, sizes varints of 7
// bits a byte, the lowest first.
//
//   0                16      17         18
//   +----------------+-------+----------+----------+-----------+-----------+-------------+
//   | key         16 | state | lifetime | [more 1] | shape 1-4 | body's 1-4| [meta's 1-4]|
//   |                |     1 |        1 |          |           | size      |  size       |
//   +----------------+-------+----------+----------+-----------+-----------+-------------+
//   | sequence 0,1,2,4 | [user's tag 4] | times, see below         | meta    | body        |
//   +------------------+----------------+--------------------------+---------+-------------+
//
//   state      7           6          5          4   3        2   1     0
//            [extended | has meta | has user | sequence's | use     | dead ]
//                                              width 0 1 2 4   0-3
//   more       7   6   5     4          3             2      1   0
//            [ - | has cookie's end | asks first | has used | has own end | fine | born's width
//                                                                                  0 2 3 4 ]
//
//   times of a shared lifetime:  | filled 2, or 4 if fine | born 0,2,3,4 |
//     [of born's second, unless fine 1] | [end 4] | [used 4] | [cookie's end 4] |
//     `filled` counts from the segment's base, `born` back from it, the others on from it; in
//     seconds, or in milliseconds if fine (`used` always); of the second in which it was born, so
//     many times 4 ms. What is not there the lifetime tells.
//   times of an explicit one (lifetime 0xff):
//     | filled 8 | fresh until 8 | drop at 8 | expires 8 | born 8 | used 8 | HTTP status 2 |
//     [cookie's end 8] |
// clang-format on
inline constexpr std::size_t kStateAt = 16;
inline constexpr std::uint8_t kDead = 0x01;
inline constexpr unsigned kUseShift = 1;
inline constexpr unsigned kSequenceShift = 3;
inline constexpr std::uint8_t kHasUser = 0x20;
inline constexpr std::uint8_t kHasMeta = 0x40;
inline constexpr std::uint8_t kIsExtended = 0x80;

inline constexpr std::uint8_t kBornMask = 0x03;
inline constexpr std::uint8_t kIsFine = 0x04;
inline constexpr std::uint8_t kHasOwnEnd = 0x08;
inline constexpr std::uint8_t kHasUsed = 0x10;
inline constexpr std::uint8_t kAsksFirst = 0x20;
inline constexpr std::uint8_t kHasCookieEnd = 0x40;

inline constexpr std::uint8_t kSequenceWidths[4] = {0, 1, 2, 4};
inline constexpr std::uint8_t kBornWidths[4] = {0, 2, 3, 4};

}  // namespace sesame::entry_header
