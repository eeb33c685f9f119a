// A codec that stores every document as it is: for tests of a store that are about no codec.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codec/body_codec.h"

namespace sesame {

/// Everything as it is.
class RawCodec final : public BodyCodec {
 public:
  Encoded encode(Bytes document, std::uint64_t, std::span<char> out) override {
    std::copy(document.begin(), document.end(), out.begin());
    return {kRawShape, document.size()};
  }
  std::size_t decode(ShapeId shape, Bytes encoded, std::span<char> out) const override {
    if (shape != kRawShape || encoded.size() > out.size()) return 0;
    std::copy(encoded.begin(), encoded.end(), out.begin());
    return encoded.size();
  }
  void retain(ShapeId) override {}
  void release(ShapeId) override {}
  std::size_t used_bytes() const override { return 0; }
  std::size_t budget_bytes() const override { return 0; }
  std::uint32_t shape_limit() const override { return 1; }
  std::size_t saved_bytes(ShapeId) const override { return 0; }
  void save_shape(ShapeId, std::span<char>) const override {}
  bool load_shape(ShapeId, Bytes) override { return false; }
  void clear() override {}
};

}  // namespace sesame
