// The bits and widths of an entry's header: for those who write and read it, nobody else.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sesame::entry_header {

// Key, state, lifetime, [more], shape, body's size, [meta's size], then the fields in the order of
// write_fields.
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

inline constexpr std::uint8_t kSequenceWidths[4] = {0, 1, 2, 4};
inline constexpr std::uint8_t kBornWidths[4] = {0, 2, 3, 4};

}  // namespace sesame::entry_header
