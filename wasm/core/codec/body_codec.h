// How a store writes a document's bytes: as they are, or by the shape it shares with others.
// The seam between the store and the codec: neither knows the other's memory.
// Invariant: decoding what was encoded gives the same bytes, for as long as the shape is retained.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/types.h"

namespace sesame {

using ShapeId = std::uint16_t;
inline constexpr ShapeId kRawShape = 0;

/// Behind what is decoded, so many bytes may be read (and count for nothing).
inline constexpr std::size_t kEncodedSlack = 64;

class BodyCodec {
 public:
  struct Encoded {
    ShapeId shape;
    std::size_t size;
  };

  virtual ~BodyCodec() = default;

  /// Writes `document` to `out`, which is at least as long; never makes it longer. `owner` tells
  /// users apart: what is learnt of documents several owners have in common.
  virtual Encoded encode(Bytes document, std::uint64_t owner, std::span<char> out) = 0;
  /// Writes the document to `out` and returns its size; 0 if it does not fit or makes no sense.
  /// REQUIRES: kEncodedSlack readable bytes behind `encoded`.
  virtual std::size_t decode(ShapeId shape, Bytes encoded, std::span<char> out) const = 0;

  /// Every stored entry holds a reference on its shape.
  virtual void retain(ShapeId shape) = 0;
  virtual void release(ShapeId shape) = 0;

  virtual std::size_t used_bytes() const = 0;
  virtual std::size_t budget_bytes() const = 0;  ///< `used_bytes` never passes it

  // For snapshots. Shapes keep their numbers: entries hold them.
  /// Every shape's number is below this.
  virtual std::uint32_t shape_limit() const = 0;
  /// What `save_shape` writes; 0 if there is none of that number.
  virtual std::size_t saved_bytes(ShapeId shape) const = 0;
  /// REQUIRES: `out` is as long as that.
  virtual void save_shape(ShapeId shape, std::span<char> out) const = 0;
  /// Takes a saved shape and retains it once. False if it is not one, or does not fit.
  virtual bool load_shape(ShapeId shape, Bytes saved) = 0;
  /// Forgets every shape, references or not.
  virtual void clear() = 0;
};

}  // namespace sesame
