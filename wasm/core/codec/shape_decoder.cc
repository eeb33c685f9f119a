#include "codec/shape_decoder.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/copy_bytes.h"
#include "codec/shape_bits.h"
#include "codec/shape_lexer.h"
#include "codec/shape_program.h"

namespace sesame {
namespace {

constexpr std::size_t kMaxRendered = kMaxHexDigits;
// More than any document has: so much work at most is one without exceptions.
constexpr unsigned kMaxPlaces = 1u << 16;
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

[[gnu::noinline]] char* put_uuid(char* to, BitReader* bits) {
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
[[gnu::noinline]] char* put_time(char* to, std::uint64_t time, unsigned digits) {
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

[[gnu::noinline]] char* put_integer(char* to, std::uint64_t number) {
  unsigned digits = 1;
  for (std::uint64_t left = number; left >= 10; left /= 10) ++digits;
  put_digits(to, number, digits);
  return to + digits;
}

class Decoder {
 public:
  Decoder(const char* block, const char* encoded, std::size_t size, std::span<char> out)
      : block_(block),
        ops_(shape_ops(block)),
        bits_(encoded),
        end_(size * 8),
        begin_(out.data()),
        to_(out.data()),
        stop_(out.data() + std::min(out.size() - kDecodeSlack, kMaxShapedBytes)) {}

  std::size_t run() {
    exceptional_ = bits_.read(1) != 0;
    read_distance();
    if (!put_element(ops_[0])) return 0;
    return (bits_.position() + 7) / 8 == end_ / 8 ? static_cast<std::size_t>(to_ - begin_) : 0;
  }

 private:
  struct Note {
    std::uint16_t at, size;
  };

  bool has_room(std::size_t bytes) const {
    return static_cast<std::ptrdiff_t>(bytes) <= stop_ - to_;
  }

  bool put(ShapeEntry entry) {
    if (!has_room(entry.size)) return false;
    to_ = copy_blocks(to_, block_ + entry.at, entry.size);
    return true;
  }

  void read_distance() {
    until_ = exceptional_ ? static_cast<unsigned>(bits_.read(kDistanceBits)) : 0;
    skips_ = until_ == kMaxDistance;
    if (until_ == 0) {
      exceptional_ = false;
      until_ = kMaxPlaces;
    }
  }

  // At a place where there may be an exception.
  Exception exception() {
    if (--until_ != 0) [[likely]]
      return Exception::kNone;
    return next_exception();
  }

  [[gnu::noinline]] Exception next_exception() {
    if (!exceptional_) {
      failed_ = true;
      return Exception::kNone;
    }
    if (!skips_) return static_cast<Exception>(bits_.read(kExceptionBits));
    read_distance();
    return exception();
  }

  [[gnu::noinline]] bool put_exception() {
    const ShapeHead& head = shape_head(block_);
    if (!put_text(head.symbols, head.symbol_bits)) return false;
    read_distance();
    return true;
  }

  // Of a list, or the root.
  bool put_element(const ShapeOp& slot) {
    return exception() == Exception::kValue ? put_exception() : put_slot(slot);
  }

  bool put_slot(const ShapeOp& slot) {
    if (bits_.position() > end_ || failed_) return false;
    char* const from = to_;
    auto code = static_cast<std::size_t>(bits_.read(slot.code_bits));
    const std::size_t entries = dictionary_size(slot);
    if (code < entries) {
      if (!put(dictionary_entry(block_, slot, code))) return false;
    } else {
      std::size_t form = slot.next;
      for (code -= entries; code > 0 && form != 0; --code) form = ops_[form].next;
      if (form == 0 || !put_form(ops_[form])) return false;
    }
    if (slot.note != 0) {
      notes_[slot.note] = {static_cast<std::uint16_t>(from - begin_),
                           static_cast<std::uint16_t>(to_ - from)};
    }
    return true;
  }

  bool put_form(const ShapeOp& form) {
    if (!put(form.prefix)) return false;
    switch (form.form) {
      case SlotForm::kUuid:
        to_ = put_uuid(to_, &bits_);
        break;
      case SlotForm::kHex:
        to_ = put_hex(to_, &bits_, form.arg);
        break;
      case SlotForm::kTime:
        to_ = put_time(to_, form.base + bits_.read(form.value_bits), form.arg);
        break;
      case SlotForm::kInteger:
        to_ = put_integer(to_, form.base + bits_.read(form.value_bits));
        break;
      case SlotForm::kDigits:
        put_digits(to_, form.base + bits_.read(form.value_bits), form.arg);
        to_ += form.arg;
        break;
      case SlotForm::kReference: {
        const Bytes value = unquoted({begin_ + notes_[form.arg].at, notes_[form.arg].size});
        if (!has_room(value.size())) return false;
        copy_short(to_, value.data(), value.size());
        to_ += value.size();
        break;
      }
      case SlotForm::kText:
        return put_text(form.table, form.arg);
      case SlotForm::kObject:
        return put_members(form);
      case SlotForm::kList:
        return put_elements(form);
      default:
        return false;
    }
    return form.rest == 0 || put_slot(ops_[form.rest]);
  }

  bool put_text(ShapeEntry table, unsigned symbol_bits) {
    const char* const texts = block_ + table.at;
    const char* const infos = texts + (kMaxSymbolBytes << symbol_bits);
    for (;;) {
      if (to_ > stop_ || bits_.position() > end_) return false;
      const auto symbol = static_cast<std::size_t>(bits_.read(symbol_bits));
      if (symbol == 0) {
        const auto byte = static_cast<char>(bits_.read(8));
        if (byte == 0) return true;
        *to_++ = byte;
        continue;
      }
      const auto info = static_cast<std::uint8_t>(infos[symbol]);
      store_le64(to_, load_le64(texts + symbol * kMaxSymbolBytes));
      to_ += info & kSymbolSize;
      if (info >= kSymbolEnd) return true;
    }
  }

  // Its bracket is put.
  bool put_members(const ShapeOp& object) {
    const ShapeOp* const slots = ops_ + object.rest;
    const std::uint16_t comma = object.table.size;
    bool is_first = true;
    for (std::size_t member = 0;;) {
      const Exception found = exception();
      if (failed_ || bits_.position() > end_) return false;
      if (found == Exception::kExtra) {
        if (!(is_first || put(object.table)) || !put_exception()) return false;
        is_first = false;
        continue;
      }
      if (member == object.count) return put(object.suffix);
      const ShapeOp& slot = slots[member++];
      if (found == Exception::kAbsent) {
        read_distance();
        continue;
      }
      if (found == Exception::kNone && slot.optional != 0 && bits_.read(1) == 0) continue;
      ShapeEntry key = slot.literal;
      if (is_first) {
        key = {static_cast<std::uint16_t>(key.at + comma),
               static_cast<std::uint16_t>(key.size - comma)};
      }
      is_first = false;
      if (!put(key) || !(found == Exception::kValue ? put_exception() : put_slot(slot))) {
        return false;
      }
    }
  }

  bool put_elements(const ShapeOp& list) {
    auto left = static_cast<std::size_t>(bits_.read(list.value_bits));
    for (bool is_first = true; left > 0; --left, is_first = false) {
      if (!(is_first || put(list.table)) || !put_element(ops_[list.rest])) return false;
    }
    return put(list.suffix);
  }

  const char* block_;
  const ShapeOp* ops_;
  BitReader bits_;
  std::size_t end_;
  char* begin_;
  char* to_;
  char* stop_;
  unsigned until_ = 0;
  bool exceptional_ = false;
  bool skips_ = false;
  bool failed_ = false;
  Note notes_[kMaxNotes] = {};
};

}  // namespace

std::size_t run_shape(const char* block, const char* encoded, std::size_t size,
                      std::span<char> out) {
  if (out.size() < kDecodeSlack || size > kMaxShapedBytes) return 0;
  return Decoder(block, encoded, size, out).run();
}

}  // namespace sesame
