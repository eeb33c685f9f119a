// What the session cookies of one header amount to (rule R1).
// What nearly every request goes through is inline and copies nothing; what is odd is in
// cookie_reader.cc, which is compiled for size.
// Invariant: what two servers might read differently is ambiguous.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/word_bytes.h"
#include "http/ambiguity.h"
#include "http/cookie_names.h"
#include "http/cookie_value.h"

namespace sesame {

// The first byte above ' ', '!' and '"': below are the bytes that a plain pair has none of.
inline constexpr unsigned char kFirstPlain = '#';

// The top bit of each byte that is none of a plain pair's; the other bits mean nothing. As in
// word_bytes.h, above the lowest there may be false positives.
constexpr std::uint64_t odd_bytes(std::uint64_t word) {
  return bytes_outside(kFirstPlain, word) | bytes_equal_to(',', word);
}

// Splits a header at its ';', and notes which pairs hold something else than plain bytes.
class PairScanner {
 public:
  explicit PairScanner(Bytes header) : header_(header) {}

  // The next pair, without the space before it. False behind the last. Inline: what it compares
  // with stays in registers from pair to pair.
  [[gnu::always_inline]] bool next(Bytes* pair, bool* is_plain) {
    if (at_ > header_.size()) return false;
    if (at_ < header_.size() && header_[at_] == ' ') ++at_;
    std::uint64_t odd = 0;
    std::size_t at = at_;
    std::uint64_t word = 0;
    std::uint64_t ends = 0;
    while (header_.size() - at >= 8) {
      word = load_le64(header_.data() + at);
      ends = bytes_equal_to(';', word) & kTopBits;
      if (ends != 0) break;
      odd |= odd_bytes(word);
      at += 8;
    }
    if (ends == 0) {
      // Behind the end stands a ';', so that every pair has one.
      word = load_last(header_, at, ';');
      ends = bytes_equal_to(';', word) & kTopBits;
    }
    const std::uint64_t first = ends & (0 - ends);
    odd |= odd_bytes(word) & (first - 1);
    at += static_cast<std::size_t>(std::countr_zero(first)) / 8;
    *pair = {header_.data() + at_, at - at_};
    *is_plain = (odd & kTopBits) == 0;
    at_ = at + 1;
    return true;
  }

 private:
  Bytes header_;
  std::size_t at_ = 0;
};

// What some reader decodes in a value, looked for in one pass.
struct Escapes {
  explicit Escapes(Bytes value) {
    std::uint64_t backslashes = 0;
    std::uint64_t percents = 0;
    const auto look = [&](std::uint64_t word) {
      backslashes |= bytes_equal_to('\\', word);
      percents |= bytes_equal_to('%', word);
    };
    std::size_t at = 0;
    for (; value.size() - at >= 8; at += 8) look(load_le64(value.data() + at));
    look(load_last(value, at, ' '));
    has_backslash = (backslashes & kTopBits) != 0;
    has_percent = (percents & kTopBits) != 0;
  }

  bool has_backslash;
  bool has_percent;
};

// What the session cookies seen so far amount to.
class CookieReader {
 public:
  CookieReader(Bytes header, const CookieNames& names) : header_(header), names_(names) {}

  // One pass, no allocation.
  Ambiguity read() {
    PairScanner pairs(header_);
    Bytes pair;
    bool is_plain = false;
    while (pairs.next(&pair, &is_plain)) {
      const Ambiguity fault = is_plain ? read_plain(pair) : read_odd(pair);
      if (fault != Ambiguity::kNone) return fault;
    }
    return has_chunks_ ? fit_chunks() : fit_whole();
  }

  bool has_credential() const { return has_chunks_ || !value_.empty(); }
  Bytes name() const { return names_.name(index_); }
  std::uint32_t name_number() const { return index_; }

  // The one value, decoded if it has more than one spelling.
  Bytes value(CredentialScratch* scratch) const {
    if (!has_chunks_) {
      if (is_bare_ || !has_spellings(value_)) return value_;
      scratch->reserve(value_.size());
      append_decoded(value_, scratch);
      return scratch->filled();
    }
    return joined_value(scratch);
  }

 private:
  Bytes joined_value(CredentialScratch* scratch) const;

  Ambiguity read_plain(Bytes pair) {
    if (!names_.may_match(pair)) return Ambiguity::kNone;
    // Nearly all session cookies are written like this.
    std::uint32_t index = 0;
    if (names_.begins_with_name(pair, &index)) {
      const Bytes value = pair.substr(names_.name(index).size() + 1);
      const Escapes escapes(value);
      if (!escapes.has_backslash) {
        is_bare_ |= !value.empty() && !escapes.has_percent;
        return note_whole(index, value);
      }
    }
    return read_candidate(pair, true);
  }

  Ambiguity read_odd(Bytes pair);

  Ambiguity read_candidate(Bytes text, bool is_plain);

  // An empty cookie is no credential. But beside a full one of its name they are two that differ,
  // and which of them counts is the origin's to say. Past 64 names, some share a bit: then more is
  // ambiguous than need be, never less.
  Ambiguity note_whole(std::uint32_t index, Bytes value) {
    const std::uint64_t bit = std::uint64_t{1} << (index % 64);
    if (value.empty()) {
      empty_bits_ |= bit;
    } else if (value_.empty()) {
      index_ = index;
      value_ = value;
    } else if (index != index_ || value != value_) {
      return Ambiguity::kTwoCookies;
    }
    return Ambiguity::kNone;
  }

  Ambiguity note_chunk(const NameMatch& match, Bytes value);

  Ambiguity fit_whole() const {
    if (value_.empty()) return Ambiguity::kNone;
    if ((empty_bits_ >> (index_ % 64) & 1) != 0) return Ambiguity::kTwoCookies;
    const bool announces = value_.front() == 'c' && announced_chunks() > 0;
    return announces ? Ambiguity::kChunks : Ambiguity::kNone;
  }

  Ambiguity fit_chunks();

  unsigned announced_chunks() const;

  struct RawBytes {
    const char* data;
    std::uint32_t size;
  };
  Bytes chunk_value(unsigned chunk) const { return {chunks_[chunk].data, chunks_[chunk].size}; }

  Bytes header_;
  const CookieNames& names_;
  std::uint64_t empty_bits_ = 0;  // names seen with an empty value
  std::uint32_t index_ = 0;       // the name of the credential
  Bytes value_;
  bool is_bare_ = false;  // the value has been seen to have one spelling
  bool has_chunks_ = false;
  ChunkStyle style_ = ChunkStyle::kNone;
  std::uint32_t chunks_of_ = 0;
  unsigned chunk_count_ = 0;
  RawBytes chunks_[CookieNames::kMaxChunks];  // NOLINT: written before the first is noted
};

}  // namespace sesame
