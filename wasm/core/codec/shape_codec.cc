#include "codec/shape_codec.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "base/copy_bytes.h"
#include "codec/shape_decoder.h"
#include "codec/shape_encoder.h"
#include "codec/shape_learner.h"
#include "codec/shape_lexer.h"
#include "codec/shape_program.h"

namespace sesame {
namespace {

// What an allocator keeps beside a block, or rounds it up by.
constexpr std::size_t kAllocatorBytes = 32;
constexpr std::size_t kMaxShapes = 256;
// Of two documents of one kind so many parts of their sketches are alike, of 16; of others one or
// two.
constexpr unsigned kAlike = 6;
// Parts of a sketch by which it is known again, and how many must be.
constexpr std::size_t kSightedParts = 8;
constexpr std::size_t kSightings = 512;
constexpr unsigned kSighted = 4;
// Samples take this much, and a share of the budget beyond the least one.
constexpr std::size_t kMinArena = 112 * 1024;
constexpr std::size_t kArenaShare = 3;
// Steps of learning with each encode().
constexpr std::size_t kLearnWork = 16 * 1024;
// A first shape is learnt of few documents, so that there soon is one, and learnt anew of more
// after so many; all are when documents are larger than they were.
constexpr std::size_t kFirstSamples = 16;
constexpr std::uint32_t kSecondAt = 64;
constexpr std::uint32_t kSizesOf = 256;
constexpr std::uint32_t kGrowth = 8;
// How many documents of other shapes are met, for each that is wanted, before learning begins with
// less.
constexpr std::size_t kPatience = 512;
// Where there was no room for what was learnt, nothing is for so many documents.
constexpr std::size_t kQuiet = 256;
constexpr std::size_t kPause = 16 * 1024;

std::size_t copy_raw(Bytes bytes, std::span<char> out) {
  if (bytes.size() > out.size()) return 0;
  copy_bytes(out.data(), bytes.data(), bytes.size());
  return bytes.size();
}

}  // namespace

struct ShapeCodec::Shape {
  char* block = nullptr;
  std::uint32_t retained = 0;
  std::uint32_t encoded = 0;  // since it was learnt
  std::uint32_t sizes = 0;    // of those after the last multiple of kSizesOf
  std::uint32_t usual = 0;    // of the first so many
  bool is_current = false;
  bool is_outgrown = false;

  const ShapeHead& head() const { return shape_head(block); }
};

struct ShapeCodec::Room {
  std::size_t patience = 0;
  std::size_t pause = 0;
  std::size_t quiet = 0;  // documents since one of an unknown kind
  ShapeLearner learner;
  LexedDocument lexed;
  std::array<Shape, kMaxShapes> shapes;  // number 1 is the first
  std::array<std::array<std::uint16_t, kSightings>, kSightedParts> sightings{};
  SymbolMatcher matcher;
  char encoded[kMaxShapedBytes + kEncodedSlack];
  char proof[kMaxShapedBytes + kDecodeSlack];
};

ShapeCodec::ShapeCodec(std::size_t budget_bytes) : budget_(budget_bytes) {
  static_assert(sizeof(Room) + kMinArena + 3 * kAllocatorBytes + kMaxBlockBytes <= kMinBudget);
  static_assert(kMaxShapedBytes + kDecodeSlack == kDecodeBytes);
  if (budget_bytes < kMinBudget) return;
  const std::size_t arena_bytes =
      kMinArena + (std::min(budget_bytes, kUsefulBudget) - kMinBudget) / kArenaShare;
  arena_.reset(new (std::nothrow) char[arena_bytes]);
  if (arena_ != nullptr) room_.reset(new (std::nothrow) Room);
  if (room_ == nullptr) return;
  room_->learner.use(arena_.get(), arena_bytes);
  used_ = sizeof(Room) + arena_bytes + 2 * kAllocatorBytes;
  limit_ = kMaxShapes;
}

ShapeCodec::~ShapeCodec() { clear(); }

bool ShapeCodec::is_shape_id(ShapeId id) const {
  return id != kRawShape && id <= limit_ && room_->shapes[id - 1u].block != nullptr;
}

std::size_t ShapeCodec::shapes() const {
  std::size_t count = 0;
  for (std::uint32_t id = 1; id <= limit_; ++id) count += is_shape_id(static_cast<ShapeId>(id));
  return count;
}

// The one that serves such documents best, and in how many parts their sketches agree.
ShapeCodec::Shape* ShapeCodec::find(const ShapeSketch& sketch, unsigned* agreed) const {
  Shape* best = nullptr;
  *agreed = 0;
  for (Shape& shape : room_->shapes) {
    if (!shape.is_current) continue;
    const unsigned agrees = agreement(shape.head().sketch, sketch);
    if (agrees <= *agreed) continue;
    best = &shape;
    *agreed = agrees;
  }
  return best;
}

void ShapeCodec::drop(Shape* shape) {
  used_ -= shape->head().bytes + kAllocatorBytes;
  delete[] shape->block;
  *shape = {};
}

// One that is free, where there is room for so many bytes: if need be by dropping shapes of which
// nothing is kept.
ShapeCodec::Shape* ShapeCodec::free_shape(std::size_t bytes) {
  Shape* free = nullptr;
  std::size_t tried = 0;
  for (;;) {
    Shape& shape = room_->shapes[tried % kMaxShapes];
    if (shape.block == nullptr) free = &shape;
    if (free != nullptr && used_ + bytes + kAllocatorBytes <= budget_) return free;
    if (tried == 2 * kMaxShapes) return nullptr;
    // Only the second time round.
    if (tried++ >= kMaxShapes && shape.block != nullptr && shape.retained == 0) {
      drop(&shape);
      free = &shape;
    }
  }
}

// REQUIRES: `shape` is free, or null; there is room.
bool ShapeCodec::put(Shape* shape, Bytes block) {
  if (shape == nullptr) return false;
  shape->block = new (std::nothrow) char[block.size()];
  if (shape->block == nullptr) return false;
  std::memcpy(shape->block, block.data(), block.size());
  if (!is_shape({shape->block, block.size()})) {
    delete[] shape->block;
    shape->block = nullptr;
    return false;
  }
  used_ += block.size() + kAllocatorBytes;
  // The younger of two is the one to go on with.
  unsigned agreed;
  Shape* other = find(shape->head().sketch, &agreed);
  if (agreed != shape->head().sketch.size()) other = nullptr;
  shape->is_current = other == nullptr || other->head().generation <= shape->head().generation;
  if (other != nullptr && shape->is_current) {
    other->is_current = false;
    if (other->retained == 0) drop(other);
  }
  return true;
}

BodyCodec::Encoded ShapeCodec::encode(Bytes document, std::uint64_t owner,
                                      std::span<char> out) {
  work_ += document.size();
  if (room_ != nullptr && !document.empty()) {
    learn_on();
    if (lex_document(document, &room_->lexed)) {
      unsigned agreed;
      Shape* const shape = find(room_->lexed.sketch, &agreed);
      const std::size_t size = shape == nullptr ? 0 : encode_shaped(shape, document);
      if (agreed >= kAlike) note_size(shape, size == 0 ? document.size() : size);
      learn_from(agreed >= kAlike ? shape : nullptr, document, owner);
      if (size > 0) {
        const auto id = static_cast<ShapeId>(shape - room_->shapes.data() + 1);
        return {id, copy_raw({room_->encoded, size}, out)};
      }
    }
  }
  return {kRawShape, copy_raw(document, out)};
}

// The size, or 0 if the bytes as they are must do.
std::size_t ShapeCodec::encode_shaped(Shape* shape, Bytes document) {
  Room& room = *room_;
  const std::size_t size =
      encode_by_shape(shape->block, document, room.lexed, room.encoded, &room.matcher, &work_);
  if (size == 0) return 0;
  work_ += document.size();
  const std::size_t proven = run_shape(shape->block, room.encoded, size, room.proof);
  return Bytes(room.proof, proven) == document ? size : 0;
}

void ShapeCodec::note_size(Shape* shape, std::size_t size) {
  shape->sizes += static_cast<std::uint32_t>(size);
  if (++shape->encoded == kSecondAt && shape->head().generation == 1) shape->is_outgrown = true;
  if (shape->encoded % kSizesOf != 0) return;
  if (shape->usual == 0) shape->usual = shape->sizes;
  if (shape->sizes > shape->usual + shape->usual / kGrowth) shape->is_outgrown = true;
  shape->sizes = 0;
}

bool ShapeCodec::is_known(const ShapeSketch& sketch) {
  unsigned known = 0;
  for (std::size_t i = 0; i < kSightedParts; ++i) {
    std::uint16_t& sighting = room_->sightings[i][sketch[i] % kSightings];
    known += sighting == sketch[i];
    sighting = sketch[i];
  }
  return known >= kSighted;
}

// `shape` is that of the document's kind, if any.
void ShapeCodec::learn_from(const Shape* shape, Bytes document, std::uint64_t owner) {
  Room& room = *room_;
  ShapeLearner& learner = room.learner;
  const ShapeSketch& sketch = room.lexed.sketch;
  if (learner.state() == ShapeLearner::State::kCollecting) {
    if (agreement(sketch, learner.sketch()) >= kAlike) {
      learner.collect(document, owner, room.lexed);
    } else if (--room.patience == 0) {
      learner.stop_collecting();
    }
  }
  if (room.pause > 0 && --room.pause > 0) return;
  if (learner.state() != ShapeLearner::State::kIdle) return;
  // New kinds first.
  if (shape == nullptr) room.quiet = 0;
  if (shape == nullptr ? !is_known(sketch) : !shape->is_outgrown || ++room.quiet < kQuiet) return;
  const std::size_t wanted = shape == nullptr ? kFirstSamples : ShapeLearner::kMaxSamples;
  room.patience = wanted * kPatience;
  learner.begin(shape == nullptr ? sketch : shape->head().sketch, wanted);
  learner.collect(document, owner, room.lexed);
}

void ShapeCodec::learn_on() {
  Room& room = *room_;
  work_ += room.learner.step(kLearnWork);
  if (room.learner.state() != ShapeLearner::State::kLearnt) return;
  unsigned agreed;
  const Shape* const before = find(room.learner.sketch(), &agreed);
  const bool is_next = agreed == room.learner.sketch().size();
  const unsigned generation = is_next ? before->head().generation : 0;
  const Bytes block =
      room.learner.finish(static_cast<std::uint8_t>(std::min(generation + 1, 255u)));
  if (block.empty() || !put(free_shape(block.size()), block)) room.pause = kPause;
}

std::size_t ShapeCodec::decode(ShapeId shape, Bytes encoded, std::span<char> out) const {
  if (shape == kRawShape) return copy_raw(encoded, out);
  if (!is_shape_id(shape) || encoded.size() > kMaxShapedBytes) return 0;
  Room& room = *room_;
  const char* const block = room.shapes[shape - 1u].block;
  const std::span<char> to = out.size() >= kDecodeBytes ? out : std::span<char>(room.proof);
  const std::size_t size = run_shape(block, encoded.data(), encoded.size(), to);
  return to.data() == out.data() ? size : copy_raw({to.data(), size}, out);
}

void ShapeCodec::retain(ShapeId shape) {
  if (is_shape_id(shape)) ++room_->shapes[shape - 1u].retained;
}

void ShapeCodec::release(ShapeId shape) {
  if (!is_shape_id(shape)) return;
  Shape& entry = room_->shapes[shape - 1u];
  if (entry.retained == 0 || --entry.retained > 0) return;
  // One that is current may be used again.
  if (!entry.is_current) drop(&entry);
}

std::size_t ShapeCodec::saved_bytes(ShapeId shape) const {
  return is_shape_id(shape) ? room_->shapes[shape - 1u].head().bytes : 0;
}

void ShapeCodec::save_shape(ShapeId shape, std::span<char> out) const {
  copy_raw({room_->shapes[shape - 1u].block, saved_bytes(shape)}, out);
}

bool ShapeCodec::load_shape(ShapeId shape, Bytes saved) {
  if (room_ == nullptr || shape == kRawShape || shape > limit_ || is_shape_id(shape)) return false;
  Shape& entry = room_->shapes[shape - 1u];
  // That one is free was asked; but for room, which of them free_shape() finds does not matter.
  if (saved.size() > kMaxBlockBytes || free_shape(saved.size()) == nullptr || !put(&entry, saved)) {
    return false;
  }
  entry.retained = 1;
  return true;
}

void ShapeCodec::clear() {
  if (room_ == nullptr) return;
  for (Shape& shape : room_->shapes) {
    if (shape.block != nullptr) drop(&shape);
  }
  room_->learner.stop();
  room_->sightings = {};
  room_->pause = 0;
}

}  // namespace sesame
