// Texts in symbols of up to eight bytes: the table that serves a slot's texts best is learnt from
// some of them, in rounds, as FSST does (Boncz, Neumann, Leis: VLDB 2020). A text ends with a NUL,
// which is no byte of JSON, so that symbols may say that a text ends with them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/byte_order.h"
#include "codec/shape_program.h"

namespace sesame {

inline constexpr std::size_t kByteUnit = 1u << kMaxSymbolBits;

/// Splits texts by the longest symbols of a table.
class SymbolMatcher {
 public:
  /// `symbols` as ShapeOp has them.
  void use(const char* symbols, unsigned bits);

  /// Calls `each` with the text in turn, as symbols and as bytes that none fits, which are
  /// kByteUnit and more; the last is the end of the text. REQUIRES: the text has no NUL.
  template <class Each>
  void split(Bytes text, Each each) const {
    for (std::size_t at = 0; at <= text.size();) {
      char near[kMaxSymbolBytes] = {};
      text.copy(near, kMaxSymbolBytes, at);
      const std::uint64_t word = load_le64(near);
      const std::size_t symbol = match(word);
      each(symbol != 0 ? symbol : kByteUnit + (word & 0xff));
      at += symbol != 0 ? size(symbol) : 1;
    }
  }

  std::uint64_t text(std::size_t symbol) const {
    return load_le64(symbols_ + symbol * kMaxSymbolBytes);
  }
  /// Counts the NUL that stands for a text's end, where the symbol ends with it.
  std::size_t size(std::size_t symbol) const {
    const auto info = static_cast<std::uint8_t>(symbols_[count_ * kMaxSymbolBytes + symbol]);
    return (info & kSymbolSize) + (info / kSymbolEnd);
  }

 private:
  std::size_t match(std::uint64_t word) const;

  const char* symbols_ = nullptr;
  std::size_t count_ = 0;
  std::uint8_t first_[256];       // a symbol that begins with a byte
  std::uint8_t next_[kByteUnit];  // another that begins so
};

/// Nothing is learnt that fewer owners' documents have in common: what is one user's alone is in no
/// shape.
inline constexpr unsigned kMinOwners = 3;

class SymbolLearner {
 public:
  /// A table of at most two to the `bits`.
  void begin(unsigned bits);
  /// Counts what it is made of, in this round. `sample` is that of a document: a symbol is in
  /// kMinOwners of them. REQUIRES: those of one document follow each other.
  void count(Bytes text, std::uint16_t sample);
  /// After all were counted: some of what makes the next table. True when it is made.
  bool choose_some();

  unsigned bits() const { return bits_; }
  const char* table() const { return table_; }
  std::size_t table_bytes() const { return kSymbolRecord << bits_; }

 private:
  static constexpr std::size_t kUnits = kByteUnit + 256;
  static constexpr std::size_t kPairs = 2048;

  struct Candidate {
    std::uint64_t text;
    std::uint32_t gain;
    std::uint32_t size;
  };
  struct Count {
    std::uint16_t count, samples, last;

    void add(std::uint16_t sample);
    std::size_t gain(std::size_t weight) const;
  };
  struct Pair {
    std::uint16_t first, second;
    Count count;
  };

  void begin_round();
  std::uint64_t unit_text(std::size_t unit) const;
  std::size_t unit_size(std::size_t unit) const;
  void add_candidate(std::uint64_t text, std::size_t size, std::size_t gain);
  void collect_candidates();
  unsigned bits_;
  bool choosing_;
  std::size_t candidates_, chosen_;
  SymbolMatcher matcher_;
  char table_[kByteUnit * kSymbolRecord + kCopyBlock];
  Count units_[kUnits];
  Pair pairs_[kPairs];
  Candidate candidate_[kUnits + kPairs];
};

}  // namespace sesame
