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
// Steps for each byte of a document, and for each of these.
constexpr std::size_t kWorkPerByte = 24;
constexpr std::size_t kMinWork = 4096;

unsigned hex_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  return c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10) : 16;
}

std::size_t time_size(unsigned digits) { return kWholeTime + digits + (digits > 0 ? 1 : 0); }

// Fields next to each other: it need not be a date that there is.
bool parse_time(Bytes text, unsigned digits, std::uint64_t* packed) {
  static constexpr std::uint8_t kBits[] = {14, 4, 5, 5, 6, 6, 20};
  const std::size_t size = time_size(digits);
  if (text.size() < size) return false;
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

class Encoder {
 public:
  Encoder(const char* block, Bytes document, char* out, SymbolMatcher* matcher, bool exceptional)
      : block_(block),
        ops_(shape_ops(block)),
        document_(document),
        matcher_(matcher),
        bits_(out, (document.size() - 1) * 8),
        left_(kMinWork + document.size() * kWorkPerByte),
        exceptional_(exceptional) {}

  // The size, or 0.
  std::size_t run(const ShapeToken& root, std::uint64_t* work) {
    const std::size_t limit = left_;
    bits_.write(exceptional_, 1);
    write_distance();
    const bool is_written = put_element(ops_[0], root) && !bits_.overflow();
    *work += limit - left_;
    return is_written ? bits_.bytes() : 0;
  }

 private:
  bool has_work(std::size_t steps) {
    if (left_ < steps || bits_.overflow()) return false;
    left_ -= steps;
    return true;
  }

  Bytes text(std::size_t from, std::size_t until) const {
    return {document_.data() + from, until - from};
  }
  Bytes text(const ShapeToken& token) const { return {document_.data() + token.at, token.size}; }
  static std::size_t end_of(const ShapeToken& token) { return token.at + token.size; }

  // Room for the distance to the next exception, which is 0 until there is one.
  void write_distance() {
    since_ = 0;
    distance_at_ = bits_.position();
    if (exceptional_) bits_.write(0, kDistanceBits);
  }

  // At a place where there may be an exception.
  void pass_place() {
    if (++since_ < kMaxDistance || !exceptional_) return;
    bits_.amend(distance_at_, kMaxDistance);
    write_distance();
    since_ = 1;
  }

  bool put_exception(Exception kind, Bytes value) {
    if (!exceptional_) return false;
    bits_.amend(distance_at_, since_);
    bits_.write(static_cast<unsigned>(kind), kExceptionBits);
    const ShapeHead& head = shape_head(block_);
    if (kind != Exception::kAbsent && !put_text(head.symbols, head.symbol_bits, value)) {
      return false;
    }
    write_distance();
    return true;
  }

  bool put_element(const ShapeOp& slot, const ShapeToken& token) {
    pass_place();
    const std::size_t before = bits_.position();
    if (put_slot(slot, text(token), &token)) return true;
    bits_.rewind(before);
    return put_exception(Exception::kValue, text(token));
  }

  // `token` is null for a part of a value.
  bool put_slot(const ShapeOp& slot, Bytes value, const ShapeToken* token) {
    const std::size_t entries = dictionary_size(slot);
    if (!has_work(4 + entries)) return false;
    std::size_t code = 0;
    while (code < entries && value != shape_text(block_, dictionary_entry(block_, slot, code))) {
      ++code;
    }
    bool is_written = code < entries;
    if (is_written) bits_.write(code, slot.code_bits);
    for (std::size_t form = slot.next; form != 0 && !is_written; form = ops_[form].next, ++code) {
      const std::size_t before = bits_.position();
      bits_.write(code, slot.code_bits);
      is_written = put_form(ops_[form], value, token);
      if (!is_written) bits_.rewind(before);
    }
    if (is_written && slot.note != 0) notes_[slot.note] = unquoted(value);
    return is_written;
  }

  bool put_form(const ShapeOp& form, Bytes value, const ShapeToken* token) {
    if (!has_work(4 + form.prefix.size) || !strip(shape_text(block_, form.prefix), &value)) {
      return false;
    }
    std::size_t size = 0;
    std::uint64_t number = 0;
    switch (form.form) {
      case SlotForm::kObject:
        return token != nullptr && put_members(form, *token);
      case SlotForm::kList:
        return token != nullptr && put_elements(form, *token);
      case SlotForm::kText:
        return put_text(form.table, form.arg, value);
      case SlotForm::kReference:
        size = strip(notes_[form.arg], &value) ? notes_[form.arg].size() : 0;
        break;
      default:
        size = match_form(form.form, form.arg, value, &number);
        if (size == 0) return false;
        if (form.form == SlotForm::kUuid || form.form == SlotForm::kHex) {
          for (const char c : value.substr(0, size)) {
            if (c != '-') bits_.write(hex_value(c), 4);
          }
        } else {
          number -= form.base;
          if (number >> form.value_bits != 0) return false;
          bits_.write(number, form.value_bits);
        }
        value.remove_prefix(size);
    }
    if (size == 0 || !has_work(size)) return false;
    return form.rest == 0 ? value.empty() : put_slot(ops_[form.rest], value, nullptr);
  }

  bool put_text(ShapeEntry table, unsigned symbol_bits, Bytes value) {
    if (!has_work((std::size_t{2} << symbol_bits) + value.size() * 4)) return false;
    matcher_->use(block_ + table.at, symbol_bits);
    matcher_->split(value, [&](std::size_t unit) {
      if (unit < kByteUnit) {
        bits_.write(unit, symbol_bits);
      } else {
        bits_.write((unit - kByteUnit) << symbol_bits, symbol_bits + 8u);
      }
    });
    return true;
  }

  // Whether brackets and commas are as the form has them: behind these nothing fails that is no
  // exception.
  bool has_brackets(const ShapeOp& form, const ShapeToken& token) {
    const Bytes comma = shape_text(block_, form.table);
    if (!has_work(token.tokens)) return false;
    std::size_t from = token.at;
    Bytes before = shape_text(block_, form.prefix);
    const ShapeToken* const end = &token + token.tokens;
    for (const ShapeToken* child = &token + 1; child != end; child += child->tokens) {
      if (text(from, child->at - child->key) != before) return false;
      if (form.form == SlotForm::kObject && child->key == 0) return false;
      before = comma;
      from = end_of(*child);
    }
    const std::string_view close = shape_text(block_, form.suffix);
    if (token.tokens > 1) return text(from, end_of(token)) == close;
    const Bytes open = shape_text(block_, form.prefix);
    return text(token).size() == open.size() + close.size() && text(token).ends_with(close);
  }

  Bytes key(const ShapeToken& token) const { return text(token.at - token.key, token.at); }

  // `count` if there is none.
  std::size_t find_member(const ShapeOp& object, std::size_t from, const ShapeToken& child) {
    for (; from < object.count && has_work(1); ++from) {
      const Bytes literal = shape_text(block_, ops_[object.rest + from].literal);
      if (literal.substr(object.table.size) == key(child)) return from;
    }
    return object.count;
  }

  bool put_members(const ShapeOp& object, const ShapeToken& token) {
    if (!has_brackets(object, token)) return false;
    const ShapeOp* const slots = ops_ + object.rest;
    std::size_t member = 0;
    const ShapeToken* const end = &token + token.tokens;
    for (const ShapeToken* child = &token + 1;; child += child->tokens) {
      const bool is_end = child == end;
      const std::size_t next = is_end ? object.count : find_member(object, member, *child);
      if (!is_end && next == object.count) {
        pass_place();
        if (!put_exception(Exception::kExtra, text(child->at - child->key, end_of(*child)))) {
          return false;
        }
        continue;
      }
      for (; member < next; ++member) {
        if (!put_absent(slots[member])) return false;
      }
      if (is_end) break;
      if (!put_member(slots[member++], *child)) return false;
    }
    pass_place();
    return true;
  }

  bool put_absent(const ShapeOp& slot) {
    pass_place();
    if (slot.optional == 0) return put_exception(Exception::kAbsent, {});
    bits_.write(0, 1);
    return true;
  }

  bool put_member(const ShapeOp& slot, const ShapeToken& token) {
    pass_place();
    const std::size_t before = bits_.position();
    if (slot.optional != 0) bits_.write(1, 1);
    if (put_slot(slot, text(token), &token)) return true;
    bits_.rewind(before);
    return put_exception(Exception::kValue, text(token));
  }

  bool put_elements(const ShapeOp& list, const ShapeToken& token) {
    if (!has_brackets(list, token)) return false;
    const ShapeToken* const end = &token + token.tokens;
    std::size_t count = 0;
    for (const ShapeToken* child = &token + 1; child != end; child += child->tokens) ++count;
    if (count >> list.value_bits != 0) return false;
    bits_.write(count, list.value_bits);
    for (const ShapeToken* child = &token + 1; child != end; child += child->tokens) {
      if (!put_element(ops_[list.rest], *child)) return false;
    }
    return true;
  }

  const char* block_;
  const ShapeOp* ops_;
  Bytes document_;
  SymbolMatcher* matcher_;
  BitWriter bits_;
  std::size_t left_;
  bool exceptional_;
  unsigned since_ = 0;
  std::size_t distance_at_ = 0;
  Bytes notes_[kMaxNotes] = {};
};

std::size_t match_pattern(Bytes text, std::size_t size, bool is_uuid) {
  if (text.size() < size) return 0;
  for (std::size_t i = 0; i < size; ++i) {
    const bool dash = is_uuid && kUuidPattern[i] == '-';
    if (dash ? text[i] != '-' : hex_value(text[i]) > 15) return 0;
  }
  return size;
}

}  // namespace

bool strip(Bytes prefix, Bytes* text) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

std::size_t match_form(SlotForm form, unsigned arg, Bytes text, std::uint64_t* number) {
  switch (form) {
    case SlotForm::kTime:
      return parse_time(text, arg, number) ? time_size(arg) : 0;
    case SlotForm::kInteger:
    case SlotForm::kDigits: {
      const bool is_fixed = form == SlotForm::kDigits;
      const std::size_t limit = is_fixed ? arg : kMaxIntegerDigits;
      std::size_t size = 0;
      *number = 0;
      for (; size < text.size() && size < limit && is_digit(text[size]); ++size) {
        *number = *number * 10 + static_cast<unsigned>(text[size] - '0');
      }
      if (is_fixed) return size == arg ? size : 0;
      return size > 1 && text[0] == '0' ? 0 : size;
    }
    case SlotForm::kUuid:
      return match_pattern(text, sizeof kUuidPattern - 1, true);
    default:
      return match_pattern(text, arg, false);
  }
}

std::size_t encode_by_shape(const char* block, Bytes document, const LexedDocument& lexed,
                            char* out, SymbolMatcher* matcher, std::uint64_t* work) {
  for (const bool exceptional : {false, true}) {
    const std::size_t size =
        Encoder(block, document, out, matcher, exceptional).run(lexed.tokens[0], work);
    if (size > 0) return size;
  }
  return 0;
}

}  // namespace sesame
