// Makes a shape of some documents of one skeleton, a bounded step at a time.
// A wrong guess costs bits, never bytes that differ: each document is proven when it is encoded.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/shape_lexer.h"
#include "codec/shape_program.h"
#include "codec/shape_symbols.h"

namespace sesame {

class ShapeLearner {
 public:
  enum class State : std::uint8_t { kIdle, kCollecting, kLearning, kLearnt };

  static constexpr std::size_t kMaxSamples = 256;
  static constexpr std::size_t kMinSamples = 8;
  static constexpr std::size_t kArenaBytes = 128 * 1024;

  State state() const { return state_; }
  std::uint64_t skeleton() const { return skeleton_; }
  std::size_t samples() const { return samples_; }

  /// Begins to collect `wanted` samples of a skeleton.
  void begin(std::uint64_t skeleton, std::size_t wanted);
  void collect(Bytes document, const LexedDocument& lexed);
  /// Learns from what there is, or gives up if that is little.
  void stop_collecting();
  void stop() { state_ = State::kIdle; }
  /// Works until `work` steps are done, each a nanosecond or two, or a little more. Gives how many
  /// were.
  std::size_t step(std::size_t work);

  /// What was learnt: a shape, but for its generation; for finish(). Empty if it came out too
  /// large.
  Bytes finish(std::uint8_t generation);

 private:
  enum class Phase : std::uint8_t { kDistinct, kForms, kTexts };
  static constexpr std::size_t kDistincts = 128;
  static constexpr std::size_t kCandidates = 8;

  struct Sample {
    const char* document;
    const ShapeSlot* slots;
  };
  struct Distinct {
    std::uint64_t hash;
    std::uint16_t sample, count;
    bool is_entry;
  };
  // A form that the values of the slot may have.
  struct Candidate {
    std::uint64_t least, most;
    std::uint16_t prefix, suffix, count;
    SlotForm form;
    std::uint8_t arg;
  };

  Bytes value(std::size_t sample, std::size_t slot) const;
  bool is_entry(std::size_t sample) const { return distinct_[of_sample_[sample]].is_entry; }
  void begin_slot();
  void begin_phase(Phase phase);
  std::size_t learn_from(std::size_t sample);
  void count_distinct(std::size_t sample);
  void choose_entries();
  void choose_entries_from(std::size_t count);
  void find_candidates(std::size_t sample);
  void add_candidate(SlotForm form, std::size_t arg, std::size_t at, std::size_t size);
  void try_forms(std::size_t sample);
  bool end_phase();
  void end_slot(const Candidate& form);
  ShapeEntry append(const char* from, std::size_t bytes);

  State state_ = State::kIdle;
  Phase phase_;
  bool overflow_;
  unsigned rounds_;
  std::uint64_t skeleton_;
  std::size_t wanted_, samples_, slots_, first_size_, arena_used_;
  std::size_t slot_, index_;
  std::size_t distincts_, rest_;
  Bytes first_;  // the first value that is no entry, whose ends the others may share
  std::size_t prefix_, candidates_;
  std::size_t size_;  // of the block
  Candidate candidate_[kCandidates];
  Distinct distinct_[kDistincts + 1];  // the last stands for all that there was no room for
  std::uint8_t of_sample_[kMaxSamples];
  Sample sample_[kMaxSamples];
  SymbolLearner symbols_;
  alignas(ShapeHead) char block_[kMaxBlockBytes];
  alignas(ShapeSlot) char arena_[kArenaBytes];
};

}  // namespace sesame
