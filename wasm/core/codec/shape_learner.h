// Makes a shape of some documents of one kind, a bounded step at a time.
// A wrong guess costs bits, never bytes that differ: each document is proven when it is encoded.
// Invariant: what a shape holds of documents (keys, values, parts of texts) is in documents of
// kMinOwners different owners. Of numbers it holds how large they are, to some leading bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "codec/shape_lexer.h"
#include "codec/shape_program.h"
#include "codec/shape_symbols.h"

namespace sesame {

class ShapeLearner {
 public:
  enum class State : std::uint8_t { kIdle, kCollecting, kLearning, kLearnt };

  static constexpr std::size_t kMaxSamples = 256;
  static constexpr std::size_t kMinSamples = 8;

  /// Keeps the samples in `arena`. REQUIRES: it is aligned as tokens are.
  void use(char* arena, std::size_t bytes) {
    arena_ = arena;
    arena_bytes_ = bytes;
  }

  State state() const { return state_; }
  const ShapeSketch& sketch() const { return sketch_; }

  /// Begins to collect `wanted` samples of documents like that.
  void begin(const ShapeSketch& sketch, std::size_t wanted);
  /// Takes no two documents of one owner.
  void collect(Bytes document, std::uint64_t owner, const LexedDocument& lexed);
  /// Learns from what there is, or gives up if that is little.
  void stop_collecting();
  /// Forgets the samples.
  void stop();
  /// Works until `work` steps are done, each a nanosecond or two, or a little more. Gives how many
  /// were.
  std::size_t step(std::size_t work);

  /// What was learnt: a shape; empty if it came out too large. Forgets the samples.
  Bytes finish(std::uint8_t generation);

 private:
  enum class Phase : std::uint8_t {
    kDistinct,   // how often the values of a slot are met: its dictionary
    kSplit,      // the others by the form they may have
    kMembers,    // of objects
    kChildren,   // each to its slot
    kForms,      // what a text may be made of
    kPartition,  // which texts are
    kTexts,      // the symbols of the others
    kShared,     // the symbols of exceptions
  };
  enum class Task : std::uint8_t { kDone, kSlot, kText, kTree };

  static constexpr std::uint32_t kEnd = ~std::uint32_t{0};
  static constexpr std::size_t kDistincts = 128;
  static constexpr std::size_t kCandidates = 12;
  static constexpr std::size_t kMaxMembers = 160;

  // Tokens in the order of the documents.
  struct List {
    std::uint32_t head = kEnd, tail = kEnd;
    std::uint16_t count = 0, samples = 0, last = 0;
  };
  struct Work {
    List list;
    Task task = Task::kDone;
    std::uint8_t alternatives = 0;  // before it
    std::uint8_t parts = 0;         // of the value before it
    bool shared = false;            // a text in the symbols of exceptions
  };
  struct Distinct {
    std::uint64_t hash;
    std::uint32_t token;
    std::uint16_t count, samples, last;
    bool is_entry;
  };
  struct Member {
    std::uint32_t key;
    std::uint16_t size, count, samples, last;
  };
  // A form that texts of the slot may have.
  struct Candidate {
    std::uint64_t least, most;
    std::uint32_t cursor;  // in the list of the slot that is referred to
    std::uint32_t token;
    std::uint16_t prefix, size, count, samples, last, source;
    SlotForm form;
    std::uint8_t arg;
    bool has_rest;
  };

  ShapeToken& token(std::uint32_t at) { return reinterpret_cast<ShapeToken*>(arena_)[at]; }
  Bytes text(const ShapeToken& token) const { return {arena_ + token.at, token.size}; }
  Bytes key(const ShapeToken& token) const { return {arena_ + token.at - token.key, token.key}; }
  std::uint32_t new_token(const ShapeToken& from);
  void add(List* list, std::uint32_t at, std::uint32_t ShapeToken::* link);
  std::size_t new_ops(std::size_t count, Task task);
  std::size_t add_form(std::size_t op, Task task, const List& list);
  ShapeEntry append(const char* from, std::size_t bytes);
  ShapeEntry append(Bytes text) { return append(text.data(), text.size()); }

  void next_task();
  void begin_phase(Phase phase);
  void next_list();
  std::size_t visit(std::uint32_t at);
  void end_phase();

  void count_distinct(std::uint32_t at);
  void choose_entries();
  void choose_entries_from(std::size_t count);
  void end_distinct();
  void end_split();
  std::size_t count_members(std::uint32_t at);
  void note_brackets(std::uint32_t at);
  void end_members();
  std::size_t split_children(std::uint32_t at);
  std::size_t find_candidates(std::uint32_t at);
  void find_references(std::uint32_t at);
  void add_candidate(SlotForm form, std::size_t arg, std::uint32_t at, std::size_t prefix,
                     std::size_t size, std::size_t source);
  Bytes source_of(Candidate* candidate, const ShapeToken& token);
  std::size_t match(Candidate* candidate, const ShapeToken& token, std::uint64_t* number);
  std::size_t try_forms(std::uint32_t at);
  void end_forms();
  void partition(std::uint32_t at);
  void end_partition();
  std::uint8_t note_of(std::size_t slot);

  State state_ = State::kIdle;
  Phase phase_;
  bool overflow_, in_texts_;
  unsigned rounds_;
  char* arena_ = nullptr;
  std::size_t arena_bytes_ = 0;
  ShapeSketch sketch_;
  std::size_t wanted_, samples_, tokens_, texts_at_;
  std::uint32_t cursor_;
  std::size_t op_, ops_count_, notes_;
  std::size_t distincts_, rest_, members_, seeds_, candidates_, prefix_, comma_, longest_;
  Candidate* best_;
  List kinds_[3];
  List exceptions_;
  std::size_t size_;  // of the texts
  ShapeEntry shared_;
  std::uint64_t owners_[kMaxSamples];
  ShapeOp ops_[kMaxOps];
  Work work_[kMaxOps];
  Candidate candidate_[kCandidates];
  Distinct distinct_[kDistincts + 1];  // the last stands for all that there was no room for
  Member member_[kMaxMembers];
  SymbolLearner symbols_;
  alignas(ShapeOp) char block_[kMaxBlockBytes];
};

}  // namespace sesame
