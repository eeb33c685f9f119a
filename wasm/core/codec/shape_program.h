// What a shape is: one block of memory that says how the documents of one kind are written, as a
// grammar. Its parts are operations of two sorts, by turns:
//
//   slot   what may stand at a place: an entry of its dictionary, or one of its forms. Encoded: a
//          code of `code_bits`, which counts the entries first, then the forms.
//   form   how such a value is written: an object, a list, or a text that begins with `prefix`
//          and goes on with a UUID, a time, a reference to a value before it ..., and what is
//          left of it in the slot `rest`.
//
//   object | presence of an optional member 1 bit, and its slot | ... |
//   list   | count | a slot for each element |
//
// What no operation foresees is an exception: at each member, element, end of an object and at the
// root there may be one. A document begins with a bit that says whether there are any. Then 8 bits
// say at which of these places, counted from here, the next is: 0 for none, 255 for none up to
// there. An exception is its kind and, but for an absent member, a text in the shape's own symbols.
//
//   block  | ShapeHead | texts, dictionaries, symbols | ShapeOp | ... |
//
// A block holds offsets and no pointers: saving it is copying it. Of another machine's byte order
// it is refused by its checksum.
// Invariant: is_shape() holds of every block that is decoded by. An operation leads to later ones
// only, so that decoding ends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/types.h"

namespace sesame {

inline constexpr std::size_t kMaxShapedBytes = 16 * 1024;  ///< longer documents have no shape
inline constexpr std::size_t kMaxBlockBytes = 48 * 1024;
inline constexpr std::size_t kMaxOps = 512;
inline constexpr std::size_t kMaxOpDepth = 48;
inline constexpr std::size_t kMaxDictionary = 64;
inline constexpr unsigned kMaxCodeBits = 8;
inline constexpr std::size_t kMaxNotes = 32;
inline constexpr std::size_t kMaxSymbolBytes = 8;
inline constexpr unsigned kMaxSymbolBits = 7;
inline constexpr std::size_t kMaxHexDigits = 64;
inline constexpr unsigned kMaxValueBits = 56;
inline constexpr unsigned kDistanceBits = 8;
inline constexpr unsigned kMaxDistance = 255;
inline constexpr unsigned kExceptionBits = 2;

/// How a value is written.
enum class SlotForm : std::uint8_t {
  kNone,       ///< a slot
  kUuid,       ///< lower case
  kHex,        ///< `arg` digits, lower case
  kTime,       ///< 2025-06-01T12:00:00, with `arg` digits of a fraction
  kInteger,    ///< digits, no zero in front
  kDigits,     ///< `arg` digits
  kReference,  ///< the value noted under `arg`, without its quotes
  kText,       ///< symbols, of `arg` bits each, to the end of the value
  kObject,
  kList,
};

enum class Exception : std::uint8_t {
  kExtra,   ///< a member that there is no slot for stands before this place: key and value
  kValue,   ///< the value is another than its slot allows
  kAbsent,  ///< the member is absent, and not an optional one
  kNone,
};

struct ShapeEntry {
  std::uint16_t at, size;
};

struct ShapeOp {
  std::uint64_t base;      ///< of times and numbers: what is written is the difference to it
  ShapeEntry literal;      ///< slot of a member: comma and key
  ShapeEntry prefix;       ///< form: what the value begins with; of objects and lists: `{`
  ShapeEntry suffix;       ///< of objects and lists: `}`
  ShapeEntry table;        ///< slot: ShapeEntry each; text: 8 bytes each, then kSymbolEnd and size
                           ///< in one byte each; of objects and lists: the comma
  std::uint16_t next;      ///< slot: its first form; form: its slot's next form; 0: none
  std::uint16_t rest;      ///< form: the slot of what follows; of objects and lists: the first slot
  std::uint16_t count;     ///< of objects: members
  SlotForm form;
  std::uint8_t arg;
  std::uint8_t code_bits;  ///< of slots
  std::uint8_t value_bits;  ///< of times and numbers; of lists: of the count
  std::uint8_t note;        ///< slot: its value is noted for references; 0: it is not
  std::uint8_t optional;
  std::uint8_t unused[4];
};
static_assert(sizeof(ShapeOp) == 40);

/// What documents of one kind have in common: of the hashes of their keys the least, by several
/// measures (MinHash). Two documents agree in about as many as they share keys.
using ShapeSketch = std::array<std::uint16_t, 16>;

struct ShapeHead {
  std::uint32_t checksum;  ///< of all that follows it
  std::uint16_t bytes;
  std::uint16_t ops;
  std::uint16_t ops_at;
  std::uint8_t generation;
  std::uint8_t symbol_bits;
  ShapeEntry symbols;  ///< of exceptions
  ShapeSketch sketch;
};
static_assert(sizeof(ShapeHead) == 48);

/// Set where a text ends with the symbol. Symbol 0 is an escape: a byte follows, NUL for the end.
inline constexpr std::uint8_t kSymbolEnd = 0x80;
inline constexpr std::uint8_t kSymbolSize = 0x0f;
inline constexpr std::size_t kSymbolRecord = kMaxSymbolBytes + 1;

/// Copies go by such blocks: behind the last text of a block so many bytes may be read.
inline constexpr std::size_t kCopyBlock = 16;

inline const ShapeHead& shape_head(const char* block) {
  return *reinterpret_cast<const ShapeHead*>(block);
}
inline const ShapeOp* shape_ops(const char* block) {
  return reinterpret_cast<const ShapeOp*>(block + shape_head(block).ops_at);
}
inline Bytes shape_text(const char* block, ShapeEntry entry) {
  return {block + entry.at, entry.size};
}
inline std::size_t dictionary_size(const ShapeOp& slot) {
  return slot.table.size / sizeof(ShapeEntry);
}
inline ShapeEntry dictionary_entry(const char* block, const ShapeOp& slot, std::size_t index) {
  ShapeEntry entry;
  std::memcpy(&entry, block + slot.table.at + index * sizeof entry, sizeof entry);
  return entry;
}

inline std::uint64_t hash_bytes(Bytes bytes, std::uint64_t hash = 0xcbf29ce484222325) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}
/// In how many of its parts two sketches agree.
unsigned agreement(const ShapeSketch& one, const ShapeSketch& other);
std::uint32_t shape_checksum(Bytes block);
/// True if decoding by it is safe, whatever is decoded. REQUIRES: `block` is aligned.
bool is_shape(Bytes block);

}  // namespace sesame
