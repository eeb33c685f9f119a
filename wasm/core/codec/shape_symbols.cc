#include "codec/shape_symbols.h"

#include "codec/shape_bits.h"

namespace sesame {
namespace {

constexpr unsigned kChosenAtOnce = 8;
// A byte without a symbol costs an escape, so single bytes weigh more than their length.
constexpr std::size_t kSingleWeight = 4;
constexpr unsigned kMaxProbes = 8;

std::uint64_t first_bytes(std::uint64_t word, std::size_t count) {
  return count >= kMaxSymbolBytes ? word : word & low_bits(static_cast<unsigned>(count * 8));
}

}  // namespace

void SymbolMatcher::use(const char* symbols, unsigned bits) {
  symbols_ = symbols;
  count_ = std::size_t{1} << bits;
  std::memset(first_, 0, sizeof first_);
  for (std::size_t symbol = 1; symbol < count_; ++symbol) {
    auto& first = first_[static_cast<std::uint8_t>(symbols[symbol * kMaxSymbolBytes])];
    if (size(symbol) == 0) continue;
    next_[symbol] = first;
    first = static_cast<std::uint8_t>(symbol);
  }
}

std::size_t SymbolMatcher::match(std::uint64_t word) const {
  std::size_t best = 0;
  std::size_t best_size = 0;
  for (std::size_t symbol = first_[word & 0xff]; symbol != 0; symbol = next_[symbol]) {
    const std::size_t bytes = size(symbol);
    if (bytes <= best_size || first_bytes(text(symbol) ^ word, bytes) != 0) continue;
    best = symbol;
    best_size = bytes;
  }
  return best;
}

void SymbolLearner::Count::add(std::uint16_t sample) {
  if (count < UINT16_MAX) ++count;
  // Where texts of several slots are counted samples come again: rather too few than too many.
  if (sample <= last) return;
  ++samples;
  last = sample;
}

std::size_t SymbolLearner::Count::gain(std::size_t weight) const {
  return samples < kMinOwners ? 0 : count * weight;
}

void SymbolLearner::begin(unsigned bits) {
  bits_ = bits;
  std::memset(table_, 0, sizeof table_);
  begin_round();
}

void SymbolLearner::begin_round() {
  choosing_ = false;
  matcher_.use(table_, bits_);
  std::memset(units_, 0, sizeof units_);
  std::memset(pairs_, 0, sizeof pairs_);
}

void SymbolLearner::count(Bytes text, std::uint16_t sample) {
  std::size_t last = 0;
  matcher_.split(text, [&](std::size_t unit) {
    units_[unit].add(sample);
    std::size_t at = last * 0x9e37 + unit * 0x85eb;
    for (unsigned probe = 0; last != 0 && probe < kMaxProbes; ++probe) {
      Pair& pair = pairs_[at++ % kPairs];
      if (pair.count.count == 0) {
        pair.first = static_cast<std::uint16_t>(last);
        pair.second = static_cast<std::uint16_t>(unit);
      }
      if (pair.first != last || pair.second != unit) continue;
      pair.count.add(sample);
      break;
    }
    last = unit;
  });
}

std::uint64_t SymbolLearner::unit_text(std::size_t unit) const {
  return unit < kByteUnit ? matcher_.text(unit) : unit - kByteUnit;
}

std::size_t SymbolLearner::unit_size(std::size_t unit) const {
  return unit < kByteUnit ? matcher_.size(unit) : 1;
}

void SymbolLearner::add_candidate(std::uint64_t text, std::size_t size, std::size_t gain) {
  if (gain < 2 || size > kMaxSymbolBytes) return;
  candidate_[candidates_++] = {text, static_cast<std::uint32_t>(gain),
                               static_cast<std::uint32_t>(size)};
}

void SymbolLearner::collect_candidates() {
  candidates_ = 0;
  chosen_ = 0;
  for (std::size_t unit = 1; unit < kUnits; ++unit) {
    const std::size_t size = unit_size(unit);
    add_candidate(unit_text(unit), size, units_[unit].gain(size == 1 ? kSingleWeight : size));
  }
  for (const Pair& pair : pairs_) {
    const std::size_t size = unit_size(pair.first);
    const std::size_t both = size + unit_size(pair.second);
    if (both > kMaxSymbolBytes) continue;
    add_candidate(unit_text(pair.first) | unit_text(pair.second) << size * 8, both,
                  pair.count.gain(both));
  }
  std::memset(table_, 0, sizeof table_);
}

bool SymbolLearner::choose_some() {
  if (!choosing_) {
    choosing_ = true;
    collect_candidates();
  }
  char* const infos = table_ + (kMaxSymbolBytes << bits_);
  for (unsigned i = 0; i < kChosenAtOnce; ++i) {
    Candidate* best = candidate_;
    for (Candidate* other = candidate_; other < candidate_ + candidates_; ++other) {
      if (other->gain > best->gain) best = other;
    }
    if (candidates_ == 0 || best->gain == 0 || chosen_ + 1 == std::size_t{1} << bits_) {
      begin_round();
      return true;
    }
    best->gain = 0;
    const bool ends = best->text >> (best->size - 1) * 8 == 0;
    const auto info = static_cast<char>(ends ? (best->size - 1) | kSymbolEnd : best->size);
    std::size_t symbol = 1;
    while (symbol <= chosen_ &&
           (load_le64(table_ + symbol * kMaxSymbolBytes) != best->text || infos[symbol] != info)) {
      ++symbol;
    }
    store_le64(table_ + symbol * kMaxSymbolBytes, best->text);
    infos[symbol] = info;
    if (symbol > chosen_) chosen_ = symbol;
  }
  return false;
}

}  // namespace sesame
