// Documents by shape: what documents of one kind have in common (keys, punctuation, constants,
// frequent parts of texts) is kept once, as a grammar, and of each document what it makes of it, in
// few bits. Documents are of one kind if they share most keys; members may be absent, lists of any
// length, values of several sorts.
// Must not know: sessions, keys, time. Whatever has no shape, or gains nothing by it, is kept as it
// is.
//
// A shape is learnt from documents whose kind was met before, a bounded step with each
// encode(). When more documents are known, or they are no more as they were, it is learnt anew:
// what was encoded stays readable by the old shape, which lives for as long as it is retained.
// A shape holds nothing that fewer than kMinOwners owners' documents have in common; the documents
// that it is learnt from are kept until it is, in no snapshot.
//
// Invariants: what was encoded was decoded and compared before it is handed out; memory never
// passes the budget; a call's work is bounded by its document's size and by constants; the same
// calls in the same order give the same results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "codec/body_codec.h"
#include "codec/shape_program.h"

namespace sesame {

class ShapeCodec final : public BodyCodec {
 public:
  /// With a smaller budget everything is kept as it is, and nothing is used.
  static constexpr std::size_t kMinBudget = 384 * 1024;
  /// More than this is hardly ever of use.
  static constexpr std::size_t kUsefulBudget = 1024 * 1024;
  /// Into a smaller buffer than this, decoding may cost a copy more.
  static constexpr std::size_t kDecodeBytes = 16 * 1024 + 128;

  explicit ShapeCodec(std::size_t budget_bytes);
  ~ShapeCodec() override;
  ShapeCodec(const ShapeCodec&) = delete;
  ShapeCodec& operator=(const ShapeCodec&) = delete;

  Encoded encode(Bytes document, std::uint64_t owner, std::span<char> out) override;
  std::size_t decode(ShapeId shape, Bytes encoded, std::span<char> out) const override;
  void retain(ShapeId shape) override;
  void release(ShapeId shape) override;
  std::size_t used_bytes() const override { return used_; }
  std::size_t budget_bytes() const override { return budget_; }
  std::uint32_t shape_limit() const override { return limit_ + 1; }
  std::size_t saved_bytes(ShapeId shape) const override;
  void save_shape(ShapeId shape, std::span<char> out) const override;
  bool load_shape(ShapeId shape, Bytes saved) override;
  void clear() override;

  /// Shapes that there are now.
  std::size_t shapes() const;
  /// Steps of work of all encode() so far; a step is a nanosecond or two.
  std::uint64_t work() const { return work_; }

 private:
  struct Room;
  struct Shape;

  bool is_shape_id(ShapeId id) const;
  Shape* find(const ShapeSketch& sketch, unsigned* agreed) const;
  bool is_known(const ShapeSketch& sketch);
  std::size_t encode_shaped(Shape* shape, Bytes document);
  void note_size(Shape* shape, std::size_t size);
  void learn_on();
  void learn_from(const Shape* shape, Bytes document, std::uint64_t owner);
  Shape* free_shape(std::size_t bytes);
  bool put(Shape* shape, Bytes block);
  void drop(Shape* shape);

  std::size_t budget_;
  std::size_t used_ = 0;
  std::uint32_t limit_ = 0;
  std::uint64_t work_ = 0;
  std::unique_ptr<Room> room_;  // none where the budget is too small
  std::unique_ptr<char[]> arena_;
};

}  // namespace sesame
