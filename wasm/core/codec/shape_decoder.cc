#include "codec/shape_decoder.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/copy_bytes.h"
#include "codec/shape_bits.h"
#include "codec/shape_program.h"

namespace sesame {
namespace {

constexpr std::size_t kMaxRendered = kMaxHexDigits;
static_assert(kMaxRendered + 2 * kCopyBlock <= kDecodeSlack);

// Goes by blocks: reads and writes up to one behind.
inline char* copy_blocks(char* to, const char* from, std::size_t size) {
  char* const end = to + size;
  do {
    std::memcpy(to, from, kCopyBlock);
    to += kCopyBlock;
    from += kCopyBlock;
  } while (to < end);
  return end;
}

// Eight digits, the lowest four bits first.
inline std::uint64_t hex_digits(std::uint64_t bits) {
  bits = (bits | bits << 16) & 0x0000ffff0000ffff;
  bits = (bits | bits << 8) & 0x00ff00ff00ff00ff;
  bits = (bits | bits << 4) & 0x0f0f0f0f0f0f0f0f;
  const std::uint64_t above_nine = ((bits + 0x0606060606060606) >> 4) & 0x0101010101010101;
  return bits + 0x3030303030303030 + above_nine * ('a' - '0' - 10);
}

[[gnu::noinline]] char* put_hex(char* to, BitReader* bits, unsigned digits) {
  while (digits > 8) {
    store_le64(to, hex_digits(bits->read(32)));
    to += 8;
    digits -= 8;
  }
  store_le64(to, hex_digits(bits->read(digits * 4)));
  return to + digits;
}

inline char* put_uuid(char* to, BitReader* bits) {
  const auto eight = [bits] { return hex_digits(bits->read(32)); };
  store_le64(to, eight());
  const std::uint64_t second = eight();
  store_le64(to + 9, second);
  store_le64(to + 14, second >> 32);
  const std::uint64_t third = eight();
  store_le64(to + 19, third);
  store_le64(to + 24, third >> 32);
  store_le64(to + 28, eight());
  to[8] = to[13] = to[18] = to[23] = '-';
  return to + 36;
}

template <class Number>
inline void put_digits(char* to, Number number, unsigned count) {
  for (; count > 0; number /= 10) to[--count] = static_cast<char>('0' + number % 10);
}

inline char* put_two(char* to, std::uint32_t number, char behind) {
  to[0] = static_cast<char>('0' + number / 10);
  to[1] = static_cast<char>('0' + number % 10);
  to[2] = behind;
  return to + 3;
}

// Fields as `parse_time` packed them; any bits make 64 characters at most.
inline char* put_time(char* to, std::uint64_t time, unsigned digits) {
  const unsigned fraction_bits = digits == 0 ? 0 : digits == 3 ? 10 : 20;
  const auto fraction = static_cast<std::uint32_t>(time & low_bits(fraction_bits));
  time >>= fraction_bits;
  const auto in_day = static_cast<std::uint32_t>(time);
  const auto date = static_cast<std::uint32_t>(time >> 17);
  put_digits(to, (date >> 9) & 0x3fff, 4);
  to[4] = '-';
  to = put_two(to + 5, date >> 5 & 15, '-');
  to = put_two(to, date & 31, 'T');
  to = put_two(to, in_day >> 12 & 31, ':');
  to = put_two(to, in_day >> 6 & 63, ':');
  to = put_two(to, in_day & 63, '.');
  if (digits == 0) return to - 1;
  put_digits(to, fraction, digits);
  return to + digits;
}

inline char* put_integer(char* to, std::uint64_t number) {
  unsigned digits = 1;
  for (std::uint64_t left = number; left >= 10; left /= 10) ++digits;
  put_digits(to, number, digits);
  return to + digits;
}

}  // namespace

std::size_t run_shape(const char* block, const char* encoded, std::size_t size,
                      std::span<char> out) {
  if (out.size() < kDecodeSlack || size > kMaxShapedBytes) return 0;
  char* const begin = out.data();
  char* const stop = begin + std::min(out.size() - kDecodeSlack, kMaxShapedBytes);
  char* to = begin;
  const std::size_t slots = shape_head(block).slots;
  const ShapeOp* op = shape_ops(block);
  const std::size_t end = size * 8;
  BitReader bits(encoded);
  std::uint16_t starts[kMaxSlots + 1];
  std::uint16_t ends[kMaxSlots];
  const auto has_room = [&](std::size_t bytes) {
    return static_cast<std::ptrdiff_t>(bytes) <= stop - to;
  };
  const auto put = [&](ShapeEntry entry) {
    if (!has_room(entry.size)) return false;
    to = copy_blocks(to, block + entry.at, entry.size);
    return true;
  };

  const bool exceptional = bits.read(1) != 0;
  for (std::size_t slot = 0;; ++slot, ++op) {
    if (!put(op->parts[kLiteral]) || bits.position() > end) return 0;
    if (slot == slots) break;
    starts[slot] = static_cast<std::uint16_t>(to - begin);
    if (exceptional && bits.read(1) != 0) {
      auto left = static_cast<std::size_t>(bits.read(kExceptionSizeBits));
      if (!has_room(left) || bits.position() + left * 8 > end) return 0;
      for (; left > 0; --left) *to++ = static_cast<char>(bits.read(8));
      ends[slot] = static_cast<std::uint16_t>(to - begin);
      continue;
    }
    const auto code = static_cast<std::size_t>(bits.read(op->code_bits));
    if (code < dictionary_size(*op)) {
      if (!put(dictionary_entry(block, *op, code))) return 0;
      ends[slot] = static_cast<std::uint16_t>(to - begin);
      continue;
    }
    if (!put(op->parts[kPrefix])) return 0;
    switch (op->form) {
      case SlotForm::kUuid:
        to = put_uuid(to, &bits);
        break;
      case SlotForm::kHex:
        to = put_hex(to, &bits, op->arg);
        break;
      case SlotForm::kTime:
        to = put_time(to, op->base + bits.read(op->value_bits), op->arg);
        break;
      case SlotForm::kInteger:
        to = put_integer(to, op->base + bits.read(op->value_bits));
        break;
      case SlotForm::kReference: {
        std::size_t from = starts[op->arg];
        std::size_t until = ends[op->arg];
        if (until >= from + 2 && begin[from] == '"') {
          ++from;
          --until;
        }
        if (!has_room(until - from)) return 0;
        copy_short(to, begin + from, until - from);
        to += until - from;
        break;
      }
      case SlotForm::kText: {
        const char* const texts = block + op->parts[kSymbols].at;
        const char* const infos = texts + (kMaxSymbolBytes << op->arg);
        for (;;) {
          if (to > stop || bits.position() > end) return 0;
          const auto symbol = static_cast<std::size_t>(bits.read(op->arg));
          if (symbol == 0) {
            const auto byte = static_cast<char>(bits.read(8));
            if (byte == 0) break;
            *to++ = byte;
            continue;
          }
          const auto info = static_cast<std::uint8_t>(infos[symbol]);
          store_le64(to, load_le64(texts + symbol * kMaxSymbolBytes));
          to += info & kSymbolSize;
          if (info >= kSymbolEnd) break;
        }
        break;
      }
      default:
        return 0;
    }
    if (!put(op->parts[kSuffix])) return 0;
    ends[slot] = static_cast<std::uint16_t>(to - begin);
  }
  return bits.position() <= end && (bits.position() + 7) / 8 == size
             ? static_cast<std::size_t>(to - begin)
             : 0;
}

}  // namespace sesame
