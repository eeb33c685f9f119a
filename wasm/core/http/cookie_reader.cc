// What is rare in a Cookie field, and all that one names, whatever its readers may make of it.
#include "http/cookie_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "base/ascii.h"
#include "http/credential.h"

namespace sesame {

namespace {

// A byte at which some reader begins another cookie, or does not know how to go on.
constexpr bool is_separator(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= ' ' || byte >= 0x7f || c == ',' || c == '"';
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

// A pair of the header, with the white space that may surround its parts. No '=': it has no name.
struct Pair {
  explicit Pair(Bytes text) : equals(text.find('=')) {
    // Some reader skips an '=' before a name.
    const std::size_t first = text.find_first_not_of("= \t");
    if (first != Bytes::npos && equals < first) equals = text.find('=', first);
    if (equals == Bytes::npos) return;
    name = text.substr(0, equals);
    value = trim_ows(text.substr(equals + 1));
  }

  std::size_t equals;
  Bytes name;
  Bytes value;
};

// Finds what may be a session cookie's name inside of another pair, where some reader begins a new
// one.
class InnerNames {
 public:
  InnerNames(Bytes pair, const CookieNames& names) : pair_(pair), names_(names) {
    // What the pair itself begins with is its own name.
    while (at_ < pair.size() && is_ows(pair[at_])) ++at_;
  }

  bool next(Bytes* name, Bytes* value) {
    while (++at_ < pair_.size()) {
      if (!is_separator(pair_[at_ - 1]) || is_separator(pair_[at_])) continue;
      if (!names_.may_match(pair_.substr(at_))) continue;
      if (!find_equals()) return false;
      *name = pair_.substr(at_, name_end_ - at_);
      *value = trim_ows(pair_.substr(equals_ + 1));
      return true;
    }
    return false;
  }

 private:
  // The next '=', looked for once for all names before it: the work is that of one pass.
  bool find_equals() {
    if (equals_ != Bytes::npos && equals_ > at_) return true;
    equals_ = pair_.find('=', at_);
    if (equals_ == Bytes::npos) return false;
    for (name_end_ = equals_; is_ows(pair_[name_end_ - 1]); --name_end_) {
    }
    return true;
  }

  Bytes pair_;
  const CookieNames& names_;
  std::size_t at_ = 0;
  std::size_t equals_ = Bytes::npos;
  std::size_t name_end_ = 0;
};

}  // namespace

// A pair with white space, quotes, commas, or bytes that are no text.
Ambiguity CookieReader::read_odd(Bytes pair) {
  if (std::any_of(pair.begin(), pair.end(), is_control)) return Ambiguity::kMalformedHeader;
  const bool is_candidate = names_.may_match(pair);
  if (is_candidate) {
    if (const Ambiguity fault = read_candidate(pair, false); fault != Ambiguity::kNone) {
      return fault;
    }
  }
  InnerNames inner(pair, names_);
  Bytes name;
  Bytes value;
  while (inner.next(&name, &value)) {
    if (names_.match(name).kind != NameKind::kOther) return Ambiguity::kJoinedFields;
  }
  // Where quotes are not closed before the ';', a server that reads quoted strings goes on.
  value = Pair(pair).value;
  const bool is_open =
      !value.empty() && value.front() == '"' && (value.size() < 2 || value.back() != '"');
  return is_open ? Ambiguity::kMalformedHeader : Ambiguity::kNone;
}

Ambiguity CookieReader::read_candidate(Bytes text, bool is_plain) {
  const Pair pair(text);
  if (pair.equals == Bytes::npos) return Ambiguity::kNone;
  const NameMatch match = names_.match(pair.name);
  switch (match.kind) {
    case NameKind::kOther:
      return Ambiguity::kNone;
    case NameKind::kVariant:
      return pair.name.find("\xef\xbf\xbd") == Bytes::npos ? Ambiguity::kCookieNameVariant
                                                           : Ambiguity::kUndecodableBytes;
    case NameKind::kLegacy:
      return Ambiguity::kMalformedHeader;
    case NameKind::kWhole:
    case NameKind::kChunk:
      break;
  }
  if (!is_plain || pair.value.find('\\') != Bytes::npos) {
    const Ambiguity fault = fault_of_value(pair.value);
    if (fault != Ambiguity::kNone) return fault;
  }
  const Bytes value = pair.value == "\"\"" ? Bytes{} : pair.value;
  return match.kind == NameKind::kWhole ? note_whole(match.index, value) : note_chunk(match, value);
}

Ambiguity CookieReader::note_chunk(const NameMatch& match, Bytes value) {
  if (!has_chunks_) {
    has_chunks_ = true;
    chunks_of_ = match.index;
    style_ = match.style;
    std::memset(chunks_, 0, sizeof chunks_);
  }
  if (match.index != chunks_of_ || match.style != style_ || value.empty()) {
    return Ambiguity::kChunks;
  }
  RawBytes& chunk = chunks_[match.chunk];
  if (chunk.size == 0) {
    chunk = {value.data(), static_cast<std::uint32_t>(value.size())};
    ++chunk_count_;
    return Ambiguity::kNone;
  }
  return chunk_value(match.chunk) == value ? Ambiguity::kNone : Ambiguity::kChunks;
}

Ambiguity CookieReader::fit_chunks() {
  for (unsigned chunk = 0; chunk < chunk_count_; ++chunk) {
    if (chunks_[chunk].size == 0) return Ambiguity::kChunks;
  }
  if (!value_.empty() && index_ != chunks_of_) return Ambiguity::kTwoCookies;
  const bool has_whole = !value_.empty() || (empty_bits_ >> (chunks_of_ % 64) & 1) != 0;
  const bool fits = style_ == ChunkStyle::kAspNet ? announced_chunks() == chunk_count_ : !has_whole;
  index_ = chunks_of_;
  return fits ? Ambiguity::kNone : Ambiguity::kChunks;
}

// How many chunks the whole cookie says that there are (ASP.NET): its value is no secret then,
// and the same for many users.
unsigned CookieReader::announced_chunks() const {
  constexpr Bytes kPrefix = "chunks";
  if (value_.size() < kPrefix.size() + 2 || !value_.starts_with(kPrefix)) return 0;
  const char mark = value_[kPrefix.size()];
  const Bytes digits = value_.substr(kPrefix.size() + 1);
  const bool is_count =
      (mark == '-' || mark == ':') && std::all_of(digits.begin(), digits.end(), is_digit);
  if (!is_count) return 0;
  unsigned count = 0;
  for (const char c : digits) {
    count = std::min(count * 10 + static_cast<unsigned>(c - '0'), CookieNames::kMaxChunks + 1);
  }
  return std::max(count, 1u);
}

Bytes CookieReader::joined_value(CredentialScratch* scratch) const {
  scratch->reserve(header_.size());
  for (unsigned chunk = 0; chunk < chunk_count_; ++chunk) {
    append_decoded(chunk_value(chunk), scratch);
  }
  return scratch->filled();
}

namespace {

// Up to where a reader that ends values at commas and spaces would read.
Bytes cut_value(Bytes value) {
  if (!value.empty() && value.front() == '"') {
    const std::size_t end = value.find('"', 1);
    return end == Bytes::npos ? Bytes{} : value.substr(0, end + 1);
  }
  const auto end = std::find_if(value.begin(), value.end(), is_separator);
  return value.substr(0, static_cast<std::size_t>(end - value.begin()));
}

// The value as it stands, or else as far as it can be read; or empty.
Bytes readable_part(Bytes value) {
  if (fault_of_value(value) == Ambiguity::kNone) return value;
  value = cut_value(value);
  return fault_of_value(value) == Ambiguity::kNone ? value : Bytes{};
}

void append_pair(Bytes name, Bytes value, std::string* to) {
  to->append(name).push_back('=');
  to->append(value);
}

void append_number(unsigned number, std::string* to) {
  if (number >= 10) append_number(number / 10, to);
  to->push_back(static_cast<char>('0' + number % 10));
}

// Collects the cookies of one header that are, or may be taken for, session cookies.
class NamedCookies {
 public:
  NamedCookies(const CookieNames& names, NamedCredentials* found) : names_(names), found_(found) {}

  void read(Bytes header) {
    while (!header.empty()) {
      const std::size_t end = std::min(header.find(';'), header.size());
      read_pair(header.substr(0, end));
      header.remove_prefix(std::min(end + 1, header.size()));
    }
    if (chunks_.empty()) return;
    for (std::uint32_t index = 0; index < names_.size(); ++index) {
      for (const ChunkStyle style : kChunkStyles) add_chunks(index, style);
    }
  }

 private:
  struct Chunk {
    NameMatch match;
    Bytes name;
    Bytes value;
  };
  // Those of one cookie by their numbers; null: there is none.
  using ChunksByNumber = std::array<const Chunk*, CookieNames::kMaxChunks>;

  void read_pair(Bytes pair) {
    while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
    if (const Pair own(pair); own.equals != Bytes::npos) note(own.name, own.value);
    InnerNames inner(pair, names_);
    Bytes name;
    Bytes value;
    while (inner.next(&name, &value)) note(name, value);
  }

  void note(Bytes name, Bytes value) {
    const NameMatch match = names_.match(name);
    if (match.kind == NameKind::kOther || match.kind == NameKind::kLegacy) return;
    value = readable_part(value);
    if (value.empty()) return;
    if (match.kind == NameKind::kChunk) {
      chunks_.push_back({match, trim_ows(name), value});
      return;
    }
    append_pair(names_.name(match.index), value, found_->add('c'));
  }

  // Of two with one number, either may be the session's.
  void add_chunks(std::uint32_t index, ChunkStyle style) {
    ChunksByNumber first{};
    ChunksByNumber last{};
    for (const Chunk& chunk : chunks_) {
      if (chunk.match.index != index || chunk.match.style != style) continue;
      last[chunk.match.chunk] = &chunk;
      if (first[chunk.match.chunk] == nullptr) first[chunk.match.chunk] = &chunk;
    }
    add_joined(first);
    add_joined(last);
  }

  // Those that stand in order from the first on: what is behind a gap is left over from another.
  void add_joined(const ChunksByNumber& chunks) {
    if (chunks[0] == nullptr) return;
    std::string* const joined = found_->add('c');
    unsigned count = 0;
    for (; count < chunks.size() && chunks[count] != nullptr; ++count) {
      if (count > 0) joined->append("; ");
      append_pair(chunks[count]->name, chunks[count]->value, joined);
    }
    if (chunks[0]->match.style != ChunkStyle::kAspNet) return;
    joined->append("; ");
    append_pair(names_.name(chunks[0]->match.index), "chunks-", joined);
    append_number(count, joined);
  }

  const CookieNames& names_;
  NamedCredentials* found_;
  std::vector<Chunk> chunks_;
};

}  // namespace

std::string* NamedCredentials::add(char mark) {
  text_.push_back('\n');
  starts_.push_back(static_cast<std::uint32_t>(text_.size()));
  text_.push_back(mark);
  return &text_;
}

void NamedCredentials::sort() {
  const auto is_before = [this](std::uint32_t a, std::uint32_t b) {
    return line_at(a) < line_at(b);
  };
  const auto is_same = [this](std::uint32_t a, std::uint32_t b) {
    return line_at(a) == line_at(b);
  };
  // Shell's way: a tenth of the code that std::sort brings into the module, for a rare call.
  const std::size_t count = starts_.size();
  for (std::size_t gap = count / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11) {
    for (std::size_t i = gap; i < count; ++i) {
      const std::uint32_t start = starts_[i];
      std::size_t at = i;
      for (; at >= gap && is_before(start, starts_[at - gap]); at -= gap) {
        starts_[at] = starts_[at - gap];
      }
      starts_[at] = start;
    }
  }
  starts_.erase(std::unique(starts_.begin(), starts_.end(), is_same), starts_.end());
}

Bytes NamedCredentials::header(std::size_t index, char mark) const {
  const Bytes line = (*this)[index];
  return line[0] == mark ? line.substr(1) : Bytes{};
}

Bytes NamedCredentials::line_at(std::uint32_t start) const {
  return Bytes(text_).substr(start, text_.find('\n', start) - start);
}

// Here, as it runs once, and what a request needs is compiled for speed.
CredentialReader::CredentialReader(const std::vector<std::string>& cookie_names,
                                   const std::vector<std::string>& schemes,
                                   const std::vector<std::string>& order)
    : names_(cookie_names), schemes_(schemes) {
  if (!order.empty()) {
    cookie_stands_ = Bytes(order.front()) == "cookie";
    bearer_stands_ = !cookie_stands_;
    reads_cookies_ = cookie_stands_ || order.size() > 1;
    reads_authorization_ = bearer_stands_ || order.size() > 1;
  }
  for (std::string& scheme : schemes_) {
    std::transform(scheme.begin(), scheme.end(), scheme.begin(), to_lower);
  }
}

NamedCredentials CredentialReader::all_named(Bytes cookie_header, Bytes authorization) const {
  NamedCredentials found;
  NamedCookies(names_, &found).read(cookie_header);
  // Several fields of `Authorization` may have been joined with commas.
  while (!authorization.empty()) {
    const std::size_t end = std::min(authorization.find(','), authorization.size());
    const Bytes field = trim_ows(authorization.substr(0, end));
    const Bytes scheme = scheme_of(field);
    if (!scheme.empty()) {
      const Bytes token = trim_ows(field.substr(scheme.size()));
      std::string* const header = found.add('a');
      header->append(scheme).push_back(' ');
      header->append(token.substr(0, token.find_first_of(" \t;")));
    }
    authorization.remove_prefix(std::min(end + 1, authorization.size()));
  }
  found.sort();
  return found;
}

}  // namespace sesame
