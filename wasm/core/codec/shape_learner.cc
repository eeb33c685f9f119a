#include "codec/shape_learner.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"
#include "codec/shape_bits.h"
#include "codec/shape_encoder.h"

namespace sesame {
namespace {

// Rules of thumb, most of them shares of the samples.
//
// Values that repeat make up all but so little of an enumeration, whose others are exceptions.
constexpr std::size_t kEnumerationRest = 16;
// Among other values, so frequent is what has an entry.
constexpr std::size_t kEntryShare = 12;
constexpr std::size_t kEntries = 6;
constexpr std::size_t kMaxEntryBytes = 128;
// All but so few values have the form of a slot; those are exceptions.
constexpr std::size_t kFormRest = 16;
constexpr std::size_t kMinReference = 3;
constexpr std::size_t kMinHex = 12;
constexpr std::size_t kMaxSearched = 128;
constexpr std::size_t kReferences = 48;
// Texts that symbols are learnt from, and how often.
constexpr unsigned kRounds = 5;
constexpr std::size_t kManyTexts = 64;
constexpr unsigned kFewSymbolBits = 6;

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

}  // namespace

void ShapeLearner::begin(std::uint64_t skeleton, std::size_t wanted) {
  state_ = State::kCollecting;
  skeleton_ = skeleton;
  wanted_ = wanted;
  samples_ = arena_used_ = 0;
}

void ShapeLearner::collect(Bytes document, const LexedDocument& lexed) {
  if (samples_ > 0 && lexed.count != slots_) return;
  if (samples_ == 0) {
    slots_ = lexed.count;
    first_size_ = document.size();
  }
  const std::size_t slot_bytes = slots_ * sizeof(ShapeSlot);
  const std::size_t bytes = (slot_bytes + document.size() + 1) / 2 * 2;
  if (bytes > kArenaBytes - arena_used_) return stop_collecting();
  char* const at = arena_ + arena_used_;
  std::memcpy(at, lexed.slots, slot_bytes);
  std::memcpy(at + slot_bytes, document.data(), document.size());
  sample_[samples_++] = {at + slot_bytes, reinterpret_cast<const ShapeSlot*>(at)};
  arena_used_ += bytes;
  if (samples_ == wanted_) stop_collecting();
}

void ShapeLearner::stop_collecting() {
  if (samples_ < kMinSamples) return stop();
  state_ = State::kLearning;
  overflow_ = false;
  size_ = sizeof(ShapeHead) + (slots_ + 1) * sizeof(ShapeOp);
  std::memset(block_, 0, size_);
  slot_ = 0;
  begin_slot();
}

Bytes ShapeLearner::value(std::size_t sample, std::size_t slot) const {
  const ShapeSlot& found = sample_[sample].slots[slot];
  return {sample_[sample].document + found.at, found.size};
}

ShapeEntry ShapeLearner::append(const char* from, std::size_t bytes) {
  const std::size_t at = size_;
  if (bytes > kMaxBlockBytes - kCopyBlock - at) {
    overflow_ = true;
    return {};
  }
  std::copy_n(from, bytes, block_ + at);
  size_ += bytes;
  return {static_cast<std::uint16_t>(at), static_cast<std::uint16_t>(bytes)};
}

std::size_t ShapeLearner::step(std::size_t work) {
  std::size_t done = 0;
  while (state_ == State::kLearning && done < work) {
    if (index_ < samples_) {
      done += learn_from(index_++);
    } else {
      done += 8192;  // at worst a part of the choice among all symbols
      if (!end_phase()) continue;
      ++slot_;
      begin_slot();
    }
  }
  return done;
}

void ShapeLearner::begin_slot() {
  const ShapeSlot* const slots = sample_[0].slots;
  const ShapeSlot before = slot_ == 0 ? ShapeSlot{0, 0} : slots[slot_ - 1];
  const std::size_t from = std::size_t{before.at} + before.size;
  ShapeOp& op = reinterpret_cast<ShapeOp*>(block_ + sizeof(ShapeHead))[slot_];
  const std::size_t until = slot_ < slots_ ? slots[slot_].at : first_size_;
  op.parts[kLiteral] = append(sample_[0].document + from, until - from);
  if (slot_ == slots_) {
    state_ = State::kLearnt;
    return;
  }
  distincts_ = 0;
  begin_phase(Phase::kDistinct);
}

void ShapeLearner::begin_phase(Phase phase) {
  phase_ = phase;
  index_ = 0;
}

std::size_t ShapeLearner::learn_from(std::size_t sample) {
  const Bytes text = value(sample, slot_);
  if (phase_ == Phase::kDistinct) {
    count_distinct(sample);
  } else if (!is_entry(sample)) {
    if (phase_ == Phase::kForms) {
      try_forms(sample);
    } else {
      symbols_.count({text.data() + prefix_, text.size() - prefix_});
    }
  }
  return 64 + distincts_ + text.size() * 4;
}

void ShapeLearner::count_distinct(std::size_t sample) {
  const std::uint64_t hash = hash_bytes(value(sample, slot_));
  std::size_t at = 0;
  while (at < distincts_ && distinct_[at].hash != hash) ++at;
  if (at == distincts_) {
    if (distincts_ < kDistincts) ++distincts_;
    distinct_[at] = {hash, static_cast<std::uint16_t>(sample), 0, false};
  }
  ++distinct_[at].count;
  of_sample_[sample] = static_cast<std::uint8_t>(at);
}

// Makes entries of the values that are met so often.
void ShapeLearner::choose_entries_from(std::size_t count) {
  std::size_t entries = 0;
  rest_ = samples_;
  for (std::size_t i = 0; i < distincts_; ++i) {
    Distinct& distinct = distinct_[i];
    distinct.is_entry = distinct.count >= count && entries < kMaxDictionary &&
                        value(distinct.sample, slot_).size() <= kMaxEntryBytes;
    if (!distinct.is_entry) continue;
    ++entries;
    rest_ -= distinct.count;
  }
  if (entries > kEntries && rest_ > samples_ / kEnumerationRest && count <= samples_) {
    choose_entries_from(samples_ + 1);
  }
}

void ShapeLearner::choose_entries() {
  choose_entries_from(2);
  if (rest_ > samples_ / kEnumerationRest) choose_entries_from(samples_ / kEntryShare + 2);
}

void ShapeLearner::add_candidate(SlotForm form, std::size_t arg, std::size_t at, std::size_t size) {
  if (candidates_ == kCandidates) return;
  candidate_[candidates_++] = {~std::uint64_t{0},
                               0,
                               static_cast<std::uint16_t>(at),
                               static_cast<std::uint16_t>(first_.size() - at - size),
                               0,
                               form,
                               static_cast<std::uint8_t>(arg)};
}

// What the first value may be made of; whether the others are is found out then.
void ShapeLearner::find_candidates(std::size_t sample) {
  const Bytes text(first_.data(), std::min(first_.size(), kMaxSearched));
  for (std::size_t slot = 0; slot < slot_ && slot < kReferences; ++slot) {
    const Bytes source = unquoted(value(sample, slot));
    for (std::size_t at = 0; at + source.size() <= text.size(); ++at) {
      if (source.size() < kMinReference || candidates_ == kCandidates / 2 ||
          std::memcmp(text.data() + at, source.data(), source.size()) != 0) {
        continue;
      }
      add_candidate(SlotForm::kReference, slot, at, source.size());
      break;
    }
  }
  constexpr struct {
    SlotForm form;
    std::uint8_t arg, size;
  } kFixed[] = {{SlotForm::kUuid, 0, 36},
                {SlotForm::kTime, 6, 26},
                {SlotForm::kTime, 3, 23},
                {SlotForm::kTime, 0, 19}};
  for (std::size_t at = 0; at < text.size(); ++at) {
    const Bytes rest(text.data() + at, text.size() - at);
    std::uint64_t number;
    for (const auto& fixed : kFixed) {
      if (rest.size() < fixed.size ||
          !has_form(fixed.form, fixed.arg, {rest.data(), fixed.size}, &number)) {
        continue;
      }
      return add_candidate(fixed.form, fixed.arg, at, fixed.size);
    }
    std::size_t size = 0;
    bool is_number = true;
    for (; size < rest.size() && is_hex(rest[size]); ++size) is_number &= is_digit(rest[size]);
    if (is_number && has_form(SlotForm::kInteger, 0, {rest.data(), size}, &number)) {
      add_candidate(SlotForm::kInteger, 0, at, size);
    } else if (size >= kMinHex && size <= kMaxHexDigits) {
      add_candidate(SlotForm::kHex, size, at, size);
    }
    if (size > 0) at += size - 1;
  }
}

void ShapeLearner::try_forms(std::size_t sample) {
  const Bytes text = value(sample, slot_);
  if (first_.empty()) {
    first_ = text;
    prefix_ = text.size();
    find_candidates(sample);
  }
  prefix_ = std::min(prefix_, text.size());
  while (std::memcmp(text.data(), first_.data(), prefix_) != 0) --prefix_;

  for (Candidate* found = candidate_; found != candidate_ + candidates_; ++found) {
    Bytes middle = text;
    std::uint64_t number = 0;
    if (!strip({first_.data(), found->prefix},
               {first_.data() + first_.size() - found->suffix, found->suffix}, &middle) ||
        (found->form == SlotForm::kReference
             ? middle != unquoted(value(sample, found->arg))
             : !has_form(found->form, found->arg, middle, &number))) {
      continue;
    }
    ++found->count;
    if (number < found->least) found->least = number;
    if (number > found->most) found->most = number;
  }
}

// True at the end of the slot.
bool ShapeLearner::end_phase() {
  switch (phase_) {
    case Phase::kDistinct:
      choose_entries();
      if (rest_ <= samples_ / kEnumerationRest) {
        end_slot({});
        return true;
      }
      first_ = {};
      candidates_ = 0;
      begin_phase(Phase::kForms);
      return false;
    case Phase::kForms: {
      for (std::size_t i = 0; i < candidates_; ++i) {
        if (candidate_[i].count < rest_ - rest_ / kFormRest ||
            (candidate_[i].most - candidate_[i].least) >> (kMaxValueBits - 1) != 0) {
          continue;
        }
        end_slot(candidate_[i]);
        return true;
      }
      // No word is cut in two: that a few samples share half of one says little.
      while (prefix_ > 0 && (first_[prefix_ - 1] & 0xc0) != 0) --prefix_;
      rounds_ = kRounds;
      symbols_.begin(rest_ < kManyTexts ? kFewSymbolBits : kMaxSymbolBits);
      begin_phase(Phase::kTexts);
      return false;
    }
    default:
      if (!symbols_.choose_some()) return false;
      begin_phase(Phase::kTexts);
      if (--rounds_ > 0) return false;
      end_slot({0, 0, static_cast<std::uint16_t>(prefix_), 0, 0, SlotForm::kText,
                static_cast<std::uint8_t>(symbols_.bits())});
      return true;
  }
}

void ShapeLearner::end_slot(const Candidate& form) {
  ShapeOp& op = reinterpret_cast<ShapeOp*>(block_ + sizeof(ShapeHead))[slot_];
  ShapeEntry entries[kMaxDictionary];
  std::size_t count = 0;
  for (std::size_t i = 0; i < distincts_; ++i) {
    if (!distinct_[i].is_entry) continue;
    const Bytes text = value(distinct_[i].sample, slot_);
    entries[count++] = append(text.data(), text.size());
  }
  op.form = form.form;
  op.arg = form.arg;
  op.parts[kDictionary] =
      append(reinterpret_cast<const char*>(entries), count * sizeof(ShapeEntry));
  op.parts[kPrefix] = append(first_.data(), form.prefix);
  op.parts[kSuffix] = append(first_.data() + first_.size() - form.suffix, form.suffix);
  if (form.form == SlotForm::kText) {
    op.parts[kSymbols] = append(symbols_.table(), symbols_.table_bytes());
  }
  op.code_bits =
      static_cast<std::uint8_t>(bits_for(count - (form.form == SlotForm::kNone ? 1 : 0)));
  if (form.form != SlotForm::kTime && form.form != SlotForm::kInteger) return;
  // Some more than was met, on either side.
  const std::uint64_t margin = (form.most - form.least) / 4;
  op.base = form.least - (form.least < margin ? form.least : margin);
  op.value_bits = static_cast<std::uint8_t>(bits_for(form.most + margin - op.base));
}

Bytes ShapeLearner::finish(std::uint8_t generation) {
  static constexpr char kPadding[kCopyBlock] = {};
  state_ = State::kIdle;
  if (overflow_) return {};
  std::memcpy(block_ + size_, kPadding, kCopyBlock);
  size_ += kCopyBlock;
  auto& head = *reinterpret_cast<ShapeHead*>(block_);
  head = {skeleton_, 0, static_cast<std::uint16_t>(size_), static_cast<std::uint8_t>(slots_),
          generation};
  head.checksum = shape_checksum({block_, size_});
  return {block_, size_};
}

}  // namespace sesame
