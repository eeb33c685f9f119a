#include "codec/shape_program.h"

namespace sesame {

std::uint32_t shape_checksum(Bytes block) {
  const std::uint64_t skeleton = shape_head(block.data()).skeleton;
  const std::uint64_t hash =
      hash_bytes(block.substr(offsetof(ShapeHead, bytes)), skeleton * 0x9e3779b97f4a7c15 + 1);
  return static_cast<std::uint32_t>(hash ^ hash >> 32);
}

bool is_shape(Bytes block) {
  const std::size_t size = block.size();
  if (size < sizeof(ShapeHead) || size > kMaxBlockBytes) return false;
  const ShapeHead& head = shape_head(block.data());
  const std::size_t ops_end = sizeof(ShapeHead) + (head.slots + std::size_t{1}) * sizeof(ShapeOp);
  if (head.bytes != size || head.checksum != shape_checksum(block) || head.slots > kMaxSlots ||
      size < ops_end + kCopyBlock) {
    return false;
  }
  const auto is_inside = [&](ShapeEntry entry) {
    return std::size_t{entry.at} + entry.size <= size - kCopyBlock;
  };
  const ShapeOp* op = shape_ops(block.data());
  for (std::size_t slot = 0; slot <= head.slots; ++slot, ++op) {
    for (const ShapeEntry& part : op->parts) {
      if (!is_inside(part)) return false;
    }
    for (std::size_t i = 0; i < dictionary_size(*op); ++i) {
      if (!is_inside(dictionary_entry(block.data(), *op, i))) return false;
    }
    // What decoding takes an argument for is safe with any that is as small.
    std::size_t limit = kMaxHexDigits + 1;
    if (op->form == SlotForm::kReference) limit = slot;
    if (op->form == SlotForm::kText) {
      limit = kMaxSymbolBits + 1;
      if (op->parts[kSymbols].size < kSymbolRecord << (op->arg % limit)) return false;
    }
    if (op->form > SlotForm::kText || op->arg >= limit || op->code_bits > 7 ||
        op->value_bits > kMaxValueBits) {
      return false;
    }
  }
  return true;
}

}  // namespace sesame
