#include "codec/shape_encoder.h"

#include <cstring>

#include "base/ascii.h"
#include "codec/shape_bits.h"

namespace sesame {
namespace {

constexpr std::size_t kMaxIntegerDigits = 18;
constexpr char kTimePattern[] = "0000-00-00T00:00:00.";
constexpr std::size_t kWholeTime = sizeof kTimePattern - 2;
constexpr char kUuidPattern[] = "00000000-0000-0000-0000-000000000000";

unsigned hex_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  return c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10) : 16;
}

// Fields next to each other: it need not be a date that there is.
bool parse_time(Bytes text, unsigned digits, std::uint64_t* packed) {
  static constexpr std::uint8_t kBits[] = {14, 4, 5, 5, 6, 6, 20};
  const std::size_t size = kWholeTime + digits + (digits > 0 ? 1 : 0);
  if (text.size() != size) return false;
  const std::uint8_t* bits = kBits;
  std::uint64_t number = 0;
  *packed = 0;
  for (std::size_t i = 0; i <= size; ++i) {
    const char expected = i == size ? ' ' : i <= kWholeTime ? kTimePattern[i] : '0';
    if (expected == '0') {
      if (!is_digit(text[i])) return false;
      number = number * 10 + static_cast<unsigned>(text[i] - '0');
      continue;
    }
    if ((i < size && text[i] != expected) || number >> *bits != 0) return false;
    *packed = *packed << (digits == 3 && *bits == 20 ? 10 : *bits) | number;
    ++bits;
    number = 0;
  }
  return true;
}

struct Encoder {
  const char* block;
  Bytes document;
  const LexedDocument& lexed;
  SymbolMatcher* matcher;
  BitWriter bits;

  bool put_form(const ShapeOp& op, Bytes middle) {
    std::uint64_t number = 0;
    switch (op.form) {
      case SlotForm::kNone:
        return false;
      case SlotForm::kReference:
        return middle == unquoted(lexed.value(document, op.arg));
      case SlotForm::kText: {
        matcher->use(block + op.parts[kSymbols].at, op.arg);
        const auto units = matcher->split(middle);
        for (const std::size_t unit : units) {
          if (unit < kByteUnit) {
            bits.write(unit, op.arg);
          } else {
            bits.write((unit - kByteUnit) << op.arg, op.arg + 8u);
          }
        }
        return !units.empty();
      }
      default:
        if (!has_form(op.form, op.arg, middle, &number)) return false;
        if (op.form == SlotForm::kInteger || op.form == SlotForm::kTime) {
          number -= op.base;
          if (number >> op.value_bits != 0) return false;
          bits.write(number, op.value_bits);
          return true;
        }
        for (const char c : middle) {
          if (c != '-') bits.write(hex_value(c), 4);
        }
        return true;
    }
  }

  bool put_value(const ShapeOp& op, Bytes value) {
    const std::size_t entries = dictionary_size(op);
    for (std::size_t i = 0; i < entries; ++i) {
      if (value != shape_text(block, dictionary_entry(block, op, i))) continue;
      bits.write(i, op.code_bits);
      return true;
    }
    if (!strip(shape_text(block, op.parts[kPrefix]), shape_text(block, op.parts[kSuffix]),
               &value)) {
      return false;
    }
    bits.write(entries, op.code_bits);
    return put_form(op, value);
  }

  [[gnu::noinline]] bool put_document(bool exceptional) {
    bits.write(exceptional, 1);
    const ShapeOp* op = shape_ops(block);
    for (std::size_t slot = 0; slot < lexed.count; ++slot, ++op) {
      const Bytes value = lexed.value(document, slot);
      const std::size_t before = bits.position();
      if (exceptional) bits.write(0, 1);
      if (put_value(*op, value)) continue;
      if (!exceptional || value.size() >> kExceptionSizeBits != 0) return false;
      bits.rewind(before);
      bits.write(1, 1);
      bits.write(value.size(), kExceptionSizeBits);
      for (const char c : value) bits.write(static_cast<unsigned char>(c), 8);
    }
    return !bits.overflow();
  }
};

}  // namespace

bool strip(Bytes prefix, Bytes suffix, Bytes* text) {
  const std::size_t affixes = prefix.size() + suffix.size();
  if (text->size() < affixes || std::memcmp(text->data(), prefix.data(), prefix.size()) != 0 ||
      std::memcmp(text->data() + text->size() - suffix.size(), suffix.data(), suffix.size()) != 0) {
    return false;
  }
  *text = {text->data() + prefix.size(), text->size() - affixes};
  return true;
}

bool has_form(SlotForm form, unsigned arg, Bytes text, std::uint64_t* number) {
  switch (form) {
    case SlotForm::kTime:
      return parse_time(text, arg, number);
    case SlotForm::kInteger:
      if (text.empty() || text.size() > kMaxIntegerDigits || (text[0] == '0' && text.size() > 1)) {
        return false;
      }
      *number = 0;
      for (const char c : text) {
        if (!is_digit(c)) return false;
        *number = *number * 10 + static_cast<unsigned>(c - '0');
      }
      return true;
    default: {
      if (form == SlotForm::kUuid) arg = sizeof kUuidPattern - 1;
      if (text.size() != arg) return false;
      for (std::size_t i = 0; i < arg; ++i) {
        const bool dash = form == SlotForm::kUuid && kUuidPattern[i] == '-';
        if (dash ? text[i] != '-' : hex_value(text[i]) > 15) return false;
      }
      return true;
    }
  }
}

std::size_t encode_by_shape(const char* block, Bytes document, const LexedDocument& lexed,
                            char* out, SymbolMatcher* matcher) {
  if (lexed.count != shape_head(block).slots) return 0;
  for (const bool exceptional : {false, true}) {
    Encoder encoder{block, document, lexed, matcher, BitWriter(out, (document.size() - 1) * 8)};
    if (encoder.put_document(exceptional)) return encoder.bits.bytes();
  }
  return 0;
}

}  // namespace sesame
