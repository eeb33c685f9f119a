#include "codec/shape_program.h"

#include <algorithm>

namespace sesame {

unsigned agreement(const ShapeSketch& one, const ShapeSketch& other) {
  unsigned same = 0;
  for (std::size_t i = 0; i < one.size(); ++i) same += one[i] == other[i];
  return same;
}

std::uint32_t shape_checksum(Bytes block) {
  const std::uint64_t hash = hash_bytes(block.substr(offsetof(ShapeHead, bytes)));
  return static_cast<std::uint32_t>(hash ^ hash >> 32);
}

namespace {

// What decoding takes an argument for is safe with any that is as small.
std::size_t arg_limit(const ShapeOp& op) {
  switch (op.form) {
    case SlotForm::kText:
      return kMaxSymbolBits + 1;
    case SlotForm::kReference:
      return kMaxNotes;
    default:
      return kMaxHexDigits + 1;
  }
}

}  // namespace

bool is_shape(Bytes block) {
  const std::size_t size = block.size();
  if (size < sizeof(ShapeHead) + sizeof(ShapeOp) || size > kMaxBlockBytes) return false;
  const ShapeHead& head = shape_head(block.data());
  const std::size_t texts_end = head.ops_at;
  if (head.bytes != size || head.checksum != shape_checksum(block) || head.ops == 0 ||
      head.ops > kMaxOps || texts_end % alignof(ShapeOp) != 0 ||
      texts_end + head.ops * sizeof(ShapeOp) != size) {
    return false;
  }
  const auto is_inside = [&](ShapeEntry entry) {
    return std::size_t{entry.at} + entry.size + kCopyBlock <= texts_end;
  };
  const auto is_table = [&](ShapeEntry table, std::size_t bits) {
    return bits <= kMaxSymbolBits && is_inside(table) && table.size >= kSymbolRecord << bits;
  };
  if (!is_table(head.symbols, head.symbol_bits)) return false;
  std::uint8_t depths[kMaxOps] = {};
  const ShapeOp* op = shape_ops(block.data());
  for (std::size_t index = 0; index < head.ops; ++index, ++op) {
    const auto leads_to = [&](std::size_t other) {
      if (other <= index || other >= head.ops) return false;
      depths[other] = std::max(depths[other], static_cast<std::uint8_t>(depths[index] + 1));
      return depths[other] <= kMaxOpDepth;
    };
    const bool is_slot = op->form == SlotForm::kNone;
    const bool is_list = op->form == SlotForm::kList;
    if (!is_inside(op->literal) || !is_inside(op->prefix) || !is_inside(op->suffix) ||
        !is_inside(op->table) || op->form > SlotForm::kList || op->arg >= arg_limit(*op) ||
        op->code_bits > kMaxCodeBits || op->value_bits > kMaxValueBits || op->note >= kMaxNotes ||
        (op->form == SlotForm::kText && !is_table(op->table, op->arg)) ||
        (op->next != 0 && !leads_to(op->next))) {
      return false;
    }
    for (std::size_t i = 0; is_slot && i < dictionary_size(*op); ++i) {
      if (!is_inside(dictionary_entry(block.data(), *op, i))) return false;
    }
    if (op->form == SlotForm::kObject) {
      if (op->count > kMaxOps) return false;
      for (std::size_t i = 0; i < op->count; ++i) {
        const std::size_t member = op->rest + i;
        if (!leads_to(member)) return false;
        // Its key may stand without the comma.
        if (shape_ops(block.data())[member].literal.size < op->table.size) return false;
      }
    } else if ((is_list || op->rest != 0) && !leads_to(op->rest)) {
      return false;
    }
    const std::size_t child = op->rest;
    if ((op->form == SlotForm::kObject ? op->count > 0 : !is_slot && child != 0) &&
        shape_ops(block.data())[child].form != SlotForm::kNone) {
      return false;
    }
  }
  return shape_ops(block.data())->form == SlotForm::kNone;
}

}  // namespace sesame
