// What a shape is: one block of memory that says how the documents of one skeleton are written.
// A document is, in turn, a literal of the skeleton and a slot's value, and a literal at the end.
// Encoded it is a bit that says whether some slot holds what its shape did not foresee, then the
// slots: where that bit is set a bit that says whether this one does (then size and bytes follow);
// else a code, which is an entry of the slot's dictionary or says that the slot's form follows.
// A block holds offsets and no pointers: saving it is copying it. Of another machine's byte order
// it is refused by its checksum.
// Invariant: is_shape() holds of every block that is decoded by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/types.h"

namespace sesame {

inline constexpr std::size_t kMaxShapedBytes = 16 * 1024;  ///< longer documents have no shape
inline constexpr std::size_t kMaxSlots = 160;
inline constexpr std::size_t kMaxBlockBytes = 40 * 1024;
inline constexpr std::size_t kMaxDictionary = 64;
inline constexpr unsigned kExceptionSizeBits = 14;
inline constexpr std::size_t kMaxSymbolBytes = 8;
inline constexpr unsigned kMaxSymbolBits = 7;
inline constexpr std::size_t kMaxHexDigits = 64;
inline constexpr unsigned kMaxValueBits = 56;

/// What stands between a slot's prefix and its suffix.
enum class SlotForm : std::uint8_t {
  kNone,       ///< nothing but the dictionary
  kUuid,       ///< lower case
  kHex,        ///< `arg` digits, lower case
  kTime,       ///< 2025-06-01T12:00:00, with `arg` digits of a fraction
  kInteger,    ///< digits, no zero in front
  kReference,  ///< the value of slot `arg`, without its quotes
  kText,       ///< symbols, of `arg` bits each
};

struct ShapeEntry {
  std::uint16_t at, size;
};

/// The texts of an operation.
enum ShapePart : std::uint8_t {
  kLiteral,
  kPrefix,
  kSuffix,
  kDictionary,  ///< ShapeEntry, each
  kSymbols,     ///< 8 bytes each, then one byte each: kSymbolEnd and the size
  kShapeParts,
};

struct ShapeOp {
  std::uint64_t base;  ///< of times and integers: what is written is the difference to it
  ShapeEntry parts[kShapeParts];
  std::uint8_t code_bits;
  SlotForm form;
  std::uint8_t arg, value_bits;
};
static_assert(sizeof(ShapeOp) == 32);

struct ShapeHead {
  std::uint64_t skeleton;
  std::uint32_t checksum;  ///< of all that follows it
  std::uint16_t bytes;
  std::uint8_t slots;
  std::uint8_t generation;
};
static_assert(sizeof(ShapeHead) == 16);

/// Set where a text ends with the symbol. Symbol 0 is an escape: a byte follows, NUL for the end.
inline constexpr std::uint8_t kSymbolEnd = 0x80;
inline constexpr std::uint8_t kSymbolSize = 0x0f;
inline constexpr std::size_t kSymbolRecord = kMaxSymbolBytes + 1;

/// Copies go by such blocks: behind the last text of a block so many bytes may be read.
inline constexpr std::size_t kCopyBlock = 16;

inline const ShapeHead& shape_head(const char* block) {
  return *reinterpret_cast<const ShapeHead*>(block);
}
/// One for each slot, and one of which only the literal counts.
inline const ShapeOp* shape_ops(const char* block) {
  return reinterpret_cast<const ShapeOp*>(block + sizeof(ShapeHead));
}

inline Bytes shape_text(const char* block, ShapeEntry entry) {
  return {block + entry.at, entry.size};
}
inline std::size_t dictionary_size(const ShapeOp& op) {
  return op.parts[kDictionary].size / sizeof(ShapeEntry);
}
inline ShapeEntry dictionary_entry(const char* block, const ShapeOp& op, std::size_t index) {
  ShapeEntry entry;
  std::memcpy(&entry, block + op.parts[kDictionary].at + index * sizeof entry, sizeof entry);
  return entry;
}

inline std::uint64_t hash_bytes(Bytes bytes, std::uint64_t hash = 0xcbf29ce484222325) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}
std::uint32_t shape_checksum(Bytes block);
/// True if decoding by it is safe, whatever is decoded. REQUIRES: `block` is aligned.
bool is_shape(Bytes block);

}  // namespace sesame
