#include "codec/shape_learner.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"
#include "codec/shape_bits.h"
#include "codec/shape_encoder.h"

namespace sesame {
namespace {

// Rules of thumb, most of them shares of the values met.
//
// Values that repeat make up all but so little of an enumeration, whose others are exceptions.
constexpr std::size_t kEnumerationRest = 16;
// Among other values, so frequent is what has an entry.
constexpr std::size_t kEntryShare = 12;
constexpr std::size_t kEntries = 6;
constexpr std::size_t kMaxEntryBytes = 4096;
// A form that fewer have is not worth its code.
constexpr std::size_t kFormShare = 24;
constexpr std::size_t kNumberShare = 2;
constexpr std::size_t kMaxForms = 4;
constexpr std::size_t kMaxParts = 5;
// Values that are looked at for what they may be made of.
constexpr std::size_t kSeeds = 3;
constexpr std::size_t kMinReference = 3;
constexpr std::size_t kReferences = 48;
constexpr std::size_t kReferenceSteps = 300;
constexpr std::size_t kMinHex = 12;
constexpr std::size_t kMaxDigits = 16;
constexpr std::size_t kMaxSearched = 128;
// Texts that symbols are learnt from, and how often.
constexpr unsigned kRounds = 5;
constexpr std::size_t kManyTexts = 64;

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

// Counts one more, and those of samples that were not met before.
template <class Counts>
void count_one(Counts* counts, std::uint16_t sample) {
  ++counts->count;
  if (sample <= counts->last) return;
  ++counts->samples;
  counts->last = sample;
}

}  // namespace

void ShapeLearner::begin(const ShapeSketch& sketch, std::size_t wanted) {
  state_ = State::kCollecting;
  sketch_ = sketch;
  wanted_ = wanted;
  samples_ = tokens_ = 0;
  texts_at_ = arena_bytes_;
}

void ShapeLearner::collect(Bytes document, std::uint64_t owner, const LexedDocument& lexed) {
  for (std::size_t i = 0; i < samples_; ++i) {
    if (owners_[i] == owner) return;
  }
  // As many tokens again for parts of values.
  const std::size_t needed = document.size() + 2 * lexed.count * sizeof(ShapeToken);
  if (needed > texts_at_ - std::min(texts_at_, 2 * tokens_ * sizeof(ShapeToken))) {
    return stop_collecting();
  }
  texts_at_ -= document.size();
  std::memcpy(arena_ + texts_at_, document.data(), document.size());
  owners_[samples_++] = owner;
  for (std::size_t i = 0; i < lexed.count; ++i) {
    ShapeToken& copy = token(static_cast<std::uint32_t>(tokens_++));
    copy = lexed.tokens[i];
    copy.at += static_cast<std::uint32_t>(texts_at_);
    copy.sample = static_cast<std::uint16_t>(samples_);
    copy.next = copy.link = kEnd;
  }
  if (samples_ == wanted_) stop_collecting();
}

void ShapeLearner::stop() {
  if (state_ == State::kIdle) return;
  state_ = State::kIdle;
  std::memset(arena_, 0, tokens_ * sizeof(ShapeToken));
  std::memset(arena_ + texts_at_, 0, arena_bytes_ - texts_at_);
  symbols_.begin(0);
}

void ShapeLearner::stop_collecting() {
  if (samples_ < kMinSamples) return stop();
  state_ = State::kLearning;
  overflow_ = in_texts_ = false;
  size_ = sizeof(ShapeHead);
  ops_count_ = notes_ = op_ = 0;
  exceptions_ = {};
  new_ops(1, Task::kSlot);
  for (std::uint32_t at = 0; at < tokens_; at += token(at).tokens) {
    add(&work_[0].list, at, &ShapeToken::next);
  }
  next_task();
}

std::uint32_t ShapeLearner::new_token(const ShapeToken& from) {
  if ((tokens_ + 1) * sizeof(ShapeToken) > texts_at_) return kEnd;
  const auto at = static_cast<std::uint32_t>(tokens_++);
  token(at) = from;
  token(at).tokens = token(at).key = 0;
  return at;
}

void ShapeLearner::add(List* list, std::uint32_t at, std::uint32_t ShapeToken::* link) {
  token(at).*link = kEnd;
  (list->head == kEnd ? list->head : token(list->tail).*link) = at;
  list->tail = at;
  count_one(list, token(at).sample);
}

// The first; 0 if there is no room.
std::size_t ShapeLearner::new_ops(std::size_t count, Task task) {
  const std::size_t first = ops_count_;
  if (first + count > kMaxOps) return 0;
  ops_count_ += count;
  for (std::size_t op = first; op < ops_count_; ++op) {
    ops_[op] = {};
    work_[op] = {};
    work_[op].task = task;
  }
  return first;
}

// Behind the forms that the slot has.
std::size_t ShapeLearner::add_form(std::size_t op, Task task, const List& list) {
  if (list.samples < kMinOwners) return 0;
  const std::size_t form = new_ops(1, task);
  if (form == 0) return 0;
  Work& work = work_[form];
  work.parts = work_[op].parts;
  work.list = list;
  while (ops_[op].next != 0) {
    op = ops_[op].next;
    ++work.alternatives;
  }
  ops_[op].next = static_cast<std::uint16_t>(form);
  return form;
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
    if (cursor_ != kEnd) {
      const std::uint32_t at = cursor_;
      cursor_ = phase_ <= Phase::kSplit ? token(at).next : token(at).link;
      done += 16 + visit(at);
    } else {
      // At worst a part of the choice among all symbols.
      done += phase_ >= Phase::kTexts ? 8192 : 512;
      end_phase();
    }
  }
  return done;
}

// Trees before texts, which may refer to any value before them.
void ShapeLearner::next_task() {
  for (;; ++op_) {
    if (op_ == ops_count_) {
      if (in_texts_) break;
      in_texts_ = true;
      op_ = 0;
    }
    const Task task = work_[op_].task;
    if (task == Task::kDone || (task == Task::kText && !in_texts_)) continue;
    work_[op_].task = Task::kDone;
    distincts_ = members_ = seeds_ = candidates_ = comma_ = longest_ = 0;
    if (task == Task::kSlot) return begin_phase(Phase::kDistinct);
    if (task == Task::kText) return begin_phase(Phase::kForms);
    if (ops_[op_].form == SlotForm::kObject) return begin_phase(Phase::kMembers);
    ops_[op_].rest = static_cast<std::uint16_t>(new_ops(1, Task::kSlot));
    if (ops_[op_].rest != 0) return begin_phase(Phase::kChildren);
    ops_[op_].form = SlotForm::kNone;
  }
  rounds_ = kRounds;
  symbols_.begin(kMaxSymbolBits);
  begin_phase(Phase::kShared);
}

void ShapeLearner::begin_phase(Phase phase) {
  phase_ = phase;
  cursor_ = work_[op_ % kMaxOps].list.head;
  if (phase != Phase::kShared) return;
  op_ = 0;
  cursor_ = exceptions_.head;
}

// In steps.
std::size_t ShapeLearner::visit(std::uint32_t at) {
  const ShapeToken& found = token(at);
  switch (phase_) {
    case Phase::kDistinct:
      count_distinct(at);
      return found.size * 2 + distincts_;
    case Phase::kSplit:
      if (!distinct_[found.mark].is_entry) {
        // A part of a value is a text, whatever it begins with.
        char first = found.tokens == 0 ? '"' : text(found)[0];
        if (found.tokens > 1) first = token(at + 1).key > 0 ? '{' : '[';
        add(&kinds_[first == '{' ? 0 : first == '[' ? 1 : 2], at, &ShapeToken::link);
      }
      return 0;
    case Phase::kMembers:
      return count_members(at);
    case Phase::kChildren:
      return split_children(at);
    case Phase::kForms:
      return try_forms(at);
    case Phase::kPartition:
      partition(at);
      return found.size;
    case Phase::kTexts:
      symbols_.count(text(found).substr(prefix_), found.sample);
      return found.size * 4;
    default:
      symbols_.count(text(found), found.sample);
      return found.size * 4;
  }
}

void ShapeLearner::end_phase() {
  switch (phase_) {
    case Phase::kDistinct:
      return end_distinct();
    case Phase::kSplit:
      return end_split();
    case Phase::kMembers:
      return end_members();
    case Phase::kChildren:
      if (ops_[op_].form == SlotForm::kList) {
        ops_[op_].value_bits = static_cast<std::uint8_t>(bits_for(longest_));
      }
      return next_task();
    case Phase::kForms:
      return end_forms();
    case Phase::kPartition:
      return end_partition();
    case Phase::kTexts:
      if (!symbols_.choose_some()) return;
      begin_phase(Phase::kTexts);
      if (--rounds_ > 0) return;
      ops_[op_].table = append(symbols_.table(), symbols_.table_bytes());
      return next_task();
    default:
      while (op_ < ops_count_) {
        const std::size_t op = op_++;
        if (ops_[op].form != SlotForm::kText) continue;
        cursor_ = work_[op].list.head;
        return;
      }
      if (!symbols_.choose_some()) return;
      begin_phase(Phase::kShared);
      if (--rounds_ > 0) return;
      shared_ = append(symbols_.table(), symbols_.table_bytes());
      state_ = State::kLearnt;
  }
}

// Slots: their dictionaries.

void ShapeLearner::count_distinct(std::uint32_t at) {
  ShapeToken& found = token(at);
  const std::uint64_t hash = hash_bytes(text(found));
  std::size_t place = 0;
  while (place < distincts_ && distinct_[place].hash != hash) ++place;
  if (place == distincts_) {
    if (distincts_ < kDistincts) ++distincts_;
    distinct_[place] = {hash, at, 0, 0, 0, false};
  }
  count_one(&distinct_[place], found.sample);
  found.mark = static_cast<std::uint16_t>(place);
}

// Makes entries of the values that are met so often.
void ShapeLearner::choose_entries_from(std::size_t count) {
  const std::size_t all = work_[op_].list.count;
  std::size_t entries = 0;
  rest_ = all;
  for (std::size_t i = 0; i < distincts_; ++i) {
    Distinct& distinct = distinct_[i];
    distinct.is_entry = distinct.count >= count && distinct.samples >= kMinOwners &&
                        entries < kMaxDictionary && token(distinct.token).size <= kMaxEntryBytes;
    if (!distinct.is_entry) continue;
    ++entries;
    rest_ -= distinct.count;
  }
  if (entries > kEntries && rest_ > all / kEnumerationRest && count <= all) {
    choose_entries_from(all + 1);
  }
}

void ShapeLearner::choose_entries() {
  const std::size_t all = work_[op_].list.count;
  choose_entries_from(kMinOwners);
  if (rest_ > all / kEnumerationRest) choose_entries_from(all / kEntryShare + 2);
}

void ShapeLearner::end_distinct() {
  choose_entries();
  ShapeEntry entries[kMaxDictionary];
  std::size_t count = 0;
  distinct_[kDistincts].is_entry = false;
  for (std::size_t i = 0; i < distincts_; ++i) {
    if (distinct_[i].is_entry) entries[count++] = append(text(token(distinct_[i].token)));
  }
  ops_[op_].table =
      append(reinterpret_cast<const char*>(entries), count * sizeof(ShapeEntry));
  if (rest_ == 0) return next_task();
  for (List& kind : kinds_) kind = {};
  begin_phase(Phase::kSplit);
}

void ShapeLearner::end_split() {
  for (int kind = 0; kind < 3; ++kind) {
    const List& list = kinds_[kind];
    const std::size_t form = list.count * kFormShare < work_[op_].list.count
                                 ? 0
                                 : add_form(op_, kind == 2 ? Task::kText : Task::kTree, list);
    if (form != 0 && kind < 2) ops_[form].form = kind == 0 ? SlotForm::kObject : SlotForm::kList;
  }
  next_task();
}

// Objects and lists.

// Members in an order that the samples agree with, as far as they agree with each other.
std::size_t ShapeLearner::count_members(std::uint32_t at) {
  note_brackets(at);
  const std::uint32_t end = at + token(at).tokens;
  std::size_t place = 0;
  std::size_t steps = 0;
  for (std::uint32_t child = at + 1; child < end; child += token(child).tokens) {
    const ShapeToken& found = token(child);
    const auto is_it = [&](const Member& member) {
      ++steps;
      return member.size == found.key && Bytes(arena_ + member.key, member.size) == key(found);
    };
    Member* const last = member_ + members_;
    Member* member = std::find_if(member_ + place, last, is_it);
    if (member == last) member = std::find_if(member_, member_ + place, is_it);
    if (member == member_ + place && (place == members_ || !is_it(*member))) {
      if (members_ == kMaxMembers) continue;
      std::move_backward(member, last, last + 1);
      ++members_;
      *member = {found.at - found.key, found.key, 0, 0, 0};
    }
    count_one(member, found.sample);
    place = static_cast<std::size_t>(member - member_) + 1;
  }
  return steps * 4;
}

void ShapeLearner::note_brackets(std::uint32_t at) {
  ShapeOp& op = ops_[op_];
  const ShapeToken& found = token(at);
  std::uint32_t from = found.at;
  std::size_t count = 0;
  for (std::uint32_t child = at + 1; child < at + found.tokens; child += token(child).tokens) {
    const std::uint32_t until = token(child).at - token(child).key;
    ShapeEntry& before = count == 0 ? op.prefix : op.table;
    if (before.size == 0) before = append(arena_ + from, until - from);
    from = token(child).at + token(child).size;
    ++count;
  }
  longest_ = std::max(longest_, count);
  if (count > 0 && op.suffix.size == 0) {
    op.suffix = append(arena_ + from, found.at + found.size - from);
  }
}

void ShapeLearner::end_members() {
  ShapeOp& op = ops_[op_];
  const std::size_t all = work_[op_].list.count;
  const auto rare = [](const Member& member) { return member.samples < kMinOwners; };
  members_ = static_cast<std::size_t>(std::remove_if(member_, member_ + members_, rare) - member_);
  const std::size_t first = new_ops(members_, Task::kSlot);
  if (first == 0 || op.prefix.size == 0) return next_task();
  op.rest = static_cast<std::uint16_t>(first);
  op.count = static_cast<std::uint16_t>(members_);
  if (op.table.size == 0) op.table = append(",");
  for (std::size_t i = 0; i < members_; ++i) {
    ShapeOp& slot = ops_[first + i];
    slot.literal = append({block_ + op.table.at, op.table.size});
    slot.literal.size += append(arena_ + member_[i].key, member_[i].size).size;
    slot.optional = member_[i].count < all;
  }
  begin_phase(Phase::kChildren);
}

std::size_t ShapeLearner::split_children(std::uint32_t at) {
  const bool is_object = ops_[op_].form == SlotForm::kObject;
  if (!is_object) note_brackets(at);
  const ShapeOp& op = ops_[op_];
  const std::uint32_t end = at + token(at).tokens;
  std::size_t member = 0;
  std::size_t steps = 0;
  for (std::uint32_t child = at + 1; child < end; child += token(child).tokens) {
    ShapeToken& found = token(child);
    std::size_t next = member;
    while (is_object && next < op.count &&
           shape_text(block_, ops_[op.rest + next].literal).substr(op.table.size) != key(found)) {
      ++next;
    }
    steps += next - member + 4;
    if (is_object && next == op.count) {
      // It is an exception with its key.
      ShapeToken extra = found;
      extra.at -= extra.key;
      extra.size += extra.key;
      const std::uint32_t place = new_token(extra);
      if (place != kEnd) add(&exceptions_, place, &ShapeToken::link);
      continue;
    }
    add(&work_[op.rest + next].list, child, &ShapeToken::next);
    member = is_object ? next + 1 : 0;
  }
  return steps * 4;
}

// Texts.

void ShapeLearner::add_candidate(SlotForm form, std::size_t arg, std::uint32_t at,
                                 std::size_t prefix, std::size_t size, std::size_t source) {
  if (candidates_ == kCandidates) return;
  for (std::size_t i = 0; i < candidates_; ++i) {
    const Candidate& other = candidate_[i];
    if (other.form == form && other.arg == arg && other.source == source &&
        other.prefix == prefix && text(token(at)).starts_with(text(token(other.token)).substr(0, prefix))) {
      return;
    }
  }
  Candidate& added = candidate_[candidates_++];
  added = {};
  added.least = ~std::uint64_t{0};
  added.cursor = form == SlotForm::kReference ? work_[source].list.head : kEnd;
  added.token = at;
  added.prefix = static_cast<std::uint16_t>(prefix);
  added.size = static_cast<std::uint16_t>(size);
  added.source = static_cast<std::uint16_t>(source);
  added.form = form;
  added.arg = static_cast<std::uint8_t>(arg);
}

// What was noted last where that value begins.
Bytes ShapeLearner::source_of(Candidate* candidate, const ShapeToken& value) {
  const auto is_before = [&](std::uint32_t at) {
    const ShapeToken& other = token(at);
    return other.sample < value.sample ||
           (other.sample == value.sample && other.at + other.size <= value.at);
  };
  std::uint32_t& at = candidate->cursor;
  for (std::size_t steps = 0; at != kEnd && steps < kReferenceSteps; ++steps) {
    const std::uint32_t next = token(at).next;
    if (next == kEnd || !is_before(next)) break;
    at = next;
  }
  if (at == kEnd || token(at).sample != value.sample || !is_before(at)) return {};
  return unquoted(text(token(at)));
}

void ShapeLearner::find_references(std::uint32_t at) {
  const Bytes searched = text(token(at)).substr(0, kMaxSearched);
  std::size_t tried = 0;
  for (std::size_t slot = 0; slot < ops_count_ && tried < kReferences; ++slot) {
    // Whole values that are no constants.
    if (ops_[slot].form != SlotForm::kNone || ops_[slot].next == 0 || work_[slot].parts != 0 ||
        work_[slot].list.head == kEnd || token(work_[slot].list.head).tokens != 1 ||
        (ops_[slot].note == 0 && notes_ + 1 == kMaxNotes)) {
      continue;
    }
    ++tried;
    Candidate probe;
    probe.cursor = work_[slot].list.head;
    const Bytes source = source_of(&probe, token(at));
    const std::size_t found = source.size() < kMinReference ? Bytes::npos : searched.find(source);
    // The last places are for other forms.
    if (found == Bytes::npos || candidates_ + 4 >= kCandidates) continue;
    add_candidate(SlotForm::kReference, 0, at, found, source.size(), slot);
  }
}

std::size_t ShapeLearner::find_candidates(std::uint32_t at) {
  const Bytes searched = text(token(at)).substr(0, kMaxSearched);
  find_references(at);
  constexpr struct {
    SlotForm form;
    std::uint8_t arg;
  } kFixed[] = {{SlotForm::kUuid, 0}, {SlotForm::kTime, 6}, {SlotForm::kTime, 3},
                {SlotForm::kTime, 0}};
  for (std::size_t from = 0; from < searched.size();) {
    const Bytes rest = searched.substr(from);
    std::uint64_t number;
    for (const auto& fixed : kFixed) {
      const std::size_t size = match_form(fixed.form, fixed.arg, rest, &number);
      if (size == 0) continue;
      add_candidate(fixed.form, fixed.arg, at, from, size, 0);
      return searched.size() * 16;
    }
    std::size_t size = 0;
    std::size_t digits = 0;
    while (digits < rest.size() && is_digit(rest[digits])) ++digits;
    while (size < rest.size() && is_hex(rest[size])) ++size;
    if (size > digits && size >= kMinHex && size <= kMaxHexDigits) {
      add_candidate(SlotForm::kHex, size, at, from, size, 0);
    } else if (digits > 0) {
      add_candidate(SlotForm::kInteger, 0, at, from, digits, 0);
      const std::size_t fixed = std::min(digits, kMaxDigits);
      add_candidate(SlotForm::kDigits, fixed, at, from, fixed, 0);
      size = digits;
    }
    from += std::max<std::size_t>(size, 1);
  }
  return searched.size() * 16;
}

// How many bytes of the value have the form, behind its prefix.
std::size_t ShapeLearner::match(Candidate* candidate, const ShapeToken& value,
                                std::uint64_t* number) {
  Bytes left = text(value);
  *number = 0;
  if (!strip(text(token(candidate->token)).substr(0, candidate->prefix), &left)) return 0;
  if (candidate->form != SlotForm::kReference) {
    return match_form(candidate->form, candidate->arg, left, number);
  }
  const Bytes source = source_of(candidate, value);
  return strip(source, &left) ? source.size() : 0;
}

std::size_t ShapeLearner::try_forms(std::uint32_t at) {
  const ShapeToken& value = token(at);
  std::size_t steps = value.size;
  const Bytes first = text(token(work_[op_].list.head));
  if (seeds_ == 0) prefix_ = first.size();
  if (seeds_++ < kSeeds && work_[op_].parts < kMaxParts) steps += find_candidates(at);
  prefix_ = std::min<std::size_t>(prefix_, value.size);
  while (!text(value).starts_with(first.substr(0, prefix_))) --prefix_;
  for (Candidate* found = candidate_; found != candidate_ + candidates_; ++found) {
    std::uint64_t number;
    const std::size_t size = match(found, value, &number);
    steps += 8 + size;
    if (size == 0) continue;
    count_one(found, value.sample);
    found->least = std::min(found->least, number);
    found->most = std::max(found->most, number);
    found->has_rest |= found->prefix + size < value.size;
  }
  return steps;
}

std::uint8_t ShapeLearner::note_of(std::size_t slot) {
  if (ops_[slot].note == 0) ops_[slot].note = static_cast<std::uint8_t>(++notes_);
  return ops_[slot].note;
}

void ShapeLearner::end_forms() {
  const std::size_t all = work_[op_].list.count;
  best_ = nullptr;
  std::size_t best_gain = 0;
  for (Candidate* found = candidate_; found != candidate_ + candidates_; ++found) {
    const bool is_number =
        found->form == SlotForm::kInteger || found->form == SlotForm::kDigits;
    const std::size_t share = is_number ? kNumberShare : kFormShare;
    // A reference costs nothing, another form about half.
    const std::size_t gain =
        found->count * found->size * (found->form == SlotForm::kReference ? 2 : 1);
    if (found->samples < kMinOwners || found->count * share < all || gain <= best_gain ||
        (found->most - found->least) >> (kMaxValueBits - 2) != 0) {
      continue;
    }
    best_ = found;
    best_gain = gain;
  }
  ShapeOp& op = ops_[op_];
  if (best_ != nullptr) {
    op.form = best_->form;
    op.arg = best_->arg;
    op.prefix = append(text(token(best_->token)).substr(0, best_->prefix));
    if (op.form == SlotForm::kReference) {
      op.arg = note_of(best_->source);
      best_->cursor = work_[best_->source].list.head;
    } else if (op.form != SlotForm::kHex && op.form != SlotForm::kUuid) {
      // Some more than was met, on either side, and no more than the leading bits of one's own.
      const std::uint64_t margin = (best_->most - best_->least) / 4;
      const unsigned bits = bits_for(best_->most - best_->least + 2 * margin);
      op.base = best_->least - std::min(best_->least, margin);
      op.base &= ~low_bits(bits - std::min(bits, 3u));
      op.value_bits = static_cast<std::uint8_t>(bits_for(best_->most + margin - op.base));
    }
    kinds_[0] = kinds_[1] = {};
    return begin_phase(Phase::kPartition);
  }
  const Bytes first = text(token(work_[op_].list.head));
  // No word is cut in two: that a few samples share half of one says little.
  while (prefix_ > 0 && (first[prefix_ - 1] & 0xc0) != 0) --prefix_;
  op.form = SlotForm::kText;
  op.prefix = append(first.substr(0, prefix_));
  op.arg = kMaxSymbolBits;
  work_[op_].shared = all < kManyTexts;
  if (work_[op_].shared) return next_task();
  rounds_ = kRounds;
  symbols_.begin(kMaxSymbolBits);
  begin_phase(Phase::kTexts);
}

void ShapeLearner::partition(std::uint32_t at) {
  std::uint64_t number;
  const std::size_t size = match(best_, token(at), &number);
  if (size == 0) return add(&kinds_[1], at, &ShapeToken::link);
  if (!best_->has_rest) return;
  ShapeToken rest = token(at);
  rest.at += static_cast<std::uint32_t>(best_->prefix + size);
  rest.size = static_cast<std::uint16_t>(rest.size - best_->prefix - size);
  const std::uint32_t place = new_token(rest);
  if (place != kEnd) add(&kinds_[0], place, &ShapeToken::next);
}

void ShapeLearner::end_partition() {
  if (best_->has_rest) {
    const std::size_t rest = new_ops(1, Task::kSlot);
    ops_[op_].rest = static_cast<std::uint16_t>(rest);
    if (rest != 0) {
      work_[rest].list = kinds_[0];
      work_[rest].parts = static_cast<std::uint8_t>(work_[op_].parts + 1);
    }
  }
  const List& others = kinds_[1];
  if (others.count * kFormShare >= work_[op_].list.count &&
      work_[op_].alternatives + 1u < kMaxForms) {
    const std::uint8_t alternatives = work_[op_].alternatives;
    const std::size_t form = add_form(op_, Task::kText, others);
    if (form != 0) work_[form].alternatives = static_cast<std::uint8_t>(alternatives + 1);
  }
  next_task();
}

Bytes ShapeLearner::finish(std::uint8_t generation) {
  static constexpr char kPadding[kCopyBlock + alignof(ShapeOp)] = {};
  const std::size_t padding = kCopyBlock + (alignof(ShapeOp) - size_ % alignof(ShapeOp));
  const bool fits =
      !overflow_ && size_ + padding + ops_count_ * sizeof(ShapeOp) <= kMaxBlockBytes;
  stop();
  if (!fits) return {};
  std::memcpy(block_ + size_, kPadding, padding);
  const std::size_t ops_at = size_ + padding;
  for (std::size_t op = 0; op < ops_count_; ++op) {
    if (work_[op].shared) ops_[op].table = shared_;
    if (ops_[op].form != SlotForm::kNone) continue;
    std::size_t codes = dictionary_size(ops_[op]);
    for (std::size_t form = ops_[op].next; form != 0; form = ops_[form].next) ++codes;
    ops_[op].code_bits = static_cast<std::uint8_t>(bits_for(codes == 0 ? 0 : codes - 1));
  }
  const std::size_t bytes = ops_at + ops_count_ * sizeof(ShapeOp);
  std::memcpy(block_ + ops_at, ops_, ops_count_ * sizeof(ShapeOp));
  auto& head = *reinterpret_cast<ShapeHead*>(block_);
  head = {0,
          static_cast<std::uint16_t>(bytes),
          static_cast<std::uint16_t>(ops_count_),
          static_cast<std::uint16_t>(ops_at),
          generation,
          kMaxSymbolBits,
          shared_,
          sketch_};
  head.checksum = shape_checksum({block_, bytes});
  return {block_, bytes};
}

}  // namespace sesame
