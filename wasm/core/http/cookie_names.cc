// Which names are taken for which. What readers do to a name, beside comparing it:
// - Django, Starlette, Tornado, Werkzeug strip Unicode white space around it (of the UTF-8 text or
// of
//   its bytes as Latin-1), Go, Rack, Express and browsers ASCII's;
// - Perl's CGI and PHP before 7.4.11 decode percent-escapes and '+' in it;
// - PHP drops leading spaces, ends it at a NUL, turns ' ', '.' and '[' into '_', and reads
//   `session[x]` as an array named `session`;
// - Java's trim() takes everything up to a space off both ends, NULs as well;
// - ASP.NET compares names in any case;
// - Werkzeug before 2.2.3 skipped an '=' before it.
// A host that decodes header bytes may have put U+FFFD in place of any byte that is not ASCII; so
// those count as what some reader strips, wherever they stand.
#include "http/cookie_names.h"

#include <algorithm>

#include "base/ascii.h"

namespace sesame {

namespace {

constexpr std::uint8_t kAnything = 0x80;
constexpr std::size_t kSharedBits = 7;

// What some reader strips from a name, at its ends or everywhere.
constexpr bool is_stripped(unsigned char byte) {
  return byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\' || byte == '=';
}

constexpr bool is_space(unsigned char byte) { return byte == ' ' || byte == '+'; }

// Names that PHP and ASP.NET do not tell apart fold to the same.
constexpr char fold(char c) {
  if (c == '.' || c == '[' || c == ' ' || c == '+') return '_';
  return to_lower(c);
}

// Reads a name byte by byte, its percent-escapes decoded.
class NameReader {
 public:
  explicit NameReader(Bytes raw) : rest_(raw) {}

  // False at the end.
  bool next(unsigned char* byte) {
    if (rest_.empty()) return false;
    std::size_t length = 1;
    *byte = static_cast<unsigned char>(rest_[0]);
    if (rest_[0] == '%' && rest_.size() >= 3) {
      const int high = hex_digit(rest_[1]);
      const int low = hex_digit(rest_[2]);
      if (high >= 0 && low >= 0) {
        *byte = static_cast<unsigned char>(high << 4 | low);
        length = 3;
      }
    }
    rest_.remove_prefix(length);
    return true;
  }

  // Whether nothing follows that a reader which strips the end of a name would keep, or which ends
  // it at a NUL.
  bool is_at_end() const {
    NameReader ahead(rest_);
    unsigned char byte = 0;
    while (ahead.next(&byte) && byte != 0) {
      if (!is_stripped(byte) && !is_space(byte)) return false;
    }
    return true;
  }

 private:
  Bytes rest_;
};

// The number of a chunk, or kMaxChunks if it is none.
unsigned chunk_number(Bytes digits) {
  const bool is_number =
      !digits.empty() && digits.size() <= 2 && std::all_of(digits.begin(), digits.end(), is_digit);
  if (!is_number || (digits.size() == 2 && digits[0] == '0')) return CookieNames::kMaxChunks;
  unsigned number = 0;
  for (const char c : digits) number = number * 10 + static_cast<unsigned>(c - '0');
  return number;
}

// What stands behind a configured name: nothing, the index of a PHP array, or a chunk's number.
bool is_name_end(NameReader rest) {
  if (rest.is_at_end()) return true;
  unsigned char byte = 0;
  while (rest.next(&byte) && is_stripped(byte)) {
  }
  if (byte == '[') return true;
  const bool is_asp_net = to_lower(static_cast<char>(byte)) == 'c';
  if (is_asp_net) {
    if (!rest.next(&byte)) return false;
  } else {
    if (fold(static_cast<char>(byte)) != '_' || !rest.next(&byte)) return false;
    if (fold(static_cast<char>(byte)) == '_' && !rest.next(&byte)) return false;
  }
  char digits[2] = {static_cast<char>(byte)};
  std::size_t count = 1;
  while (!rest.is_at_end()) {
    if (count == sizeof digits || !rest.next(&byte)) return false;
    digits[count++] = static_cast<char>(byte);
  }
  const unsigned number = chunk_number({digits, count});
  return number != CookieNames::kMaxChunks && !(is_asp_net && number == 0);
}

// Whether some reader takes `raw` for the name that folds to `folded`, or for its chunk. Spaces
// before it are dropped by all readers; one inside is '_' to some, and one behind it either.
bool reads_as(Bytes raw, Bytes folded) {
  NameReader reader(raw);
  unsigned char byte = 0;
  bool is_leading = true;
  std::size_t matched = 0;
  while (matched < folded.size()) {
    if (!reader.next(&byte)) return false;
    if (is_stripped(byte)) continue;
    if (is_leading && is_space(byte)) continue;
    is_leading = false;
    if (fold(static_cast<char>(byte)) != folded[matched]) return false;
    ++matched;
  }
  return is_name_end(reader);
}

// Which chunk of `name` that is; style kNone if none.
NameMatch match_chunk(Bytes name, Bytes raw) {
  const Bytes rest = raw.substr(name.size());
  NameMatch match;
  std::size_t prefix = 1;
  switch (rest.front()) {
    case '.':
      match.style = ChunkStyle::kDot;
      break;
    case '_':
      match.style = ChunkStyle::kUnderscore;
      if (rest.size() > 1 && rest[1] == '_') {
        match.style = ChunkStyle::kTwoUnderscores;
        prefix = 2;
      }
      break;
    case 'C':
      match.style = ChunkStyle::kAspNet;
      break;
    default:
      return {};
  }
  match.chunk = chunk_number(rest.substr(prefix));
  if (match.chunk == CookieNames::kMaxChunks) return {};
  if (match.style == ChunkStyle::kAspNet) {
    if (match.chunk == 0) return {};
    --match.chunk;
  }
  match.kind = NameKind::kChunk;
  return match;
}

}  // namespace

CookieNames::CookieNames(const std::vector<std::string>& configured)
    : names_(new Name[configured.size()]) {
  const auto is_chunk_of_another = [&configured](const std::string& name) {
    return std::any_of(configured.begin(), configured.end(), [&name](const std::string& other) {
      return name.size() > other.size() && name.starts_with(other) &&
             match_chunk(other, name).kind == NameKind::kChunk;
    });
  };
  for (const std::string& name : configured) {
    if (name.empty() || is_chunk_of_another(name)) continue;
    Name& added = names_[size_++];
    added.name = name;
    for (const char c : name) added.folded.push_back(fold(c));
    const std::size_t head_bytes = std::min(kHeadBytes, name.size() + 1);
    char head[kHeadBytes] = {};
    for (std::size_t i = 0; i < head_bytes; ++i) head[i] = i < name.size() ? name[i] : '=';
    added.head = load_le64(head);
    added.head_mask = ~std::uint64_t{0} >> (8 * (kHeadBytes - head_bytes));
  }
  second_.fill(kAnything);
  for (std::size_t index = 0; index < size_; ++index) {
    note_first_bytes(names_[index].name, index);
  }
  if (size_ == 0) return;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool means_anything = is_stripped(static_cast<unsigned char>(byte)) ||
                                is_space(static_cast<unsigned char>(byte)) || byte == '%';
    if (means_anything) first_[byte] = second_[byte] = 0xff;
  }
  first_['$'] = 0xff;
}

void CookieNames::note_first_bytes(Bytes name, std::size_t index) {
  const auto bit = static_cast<std::uint8_t>(1u << (index % kSharedBits));
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char folded = fold(static_cast<char>(byte));
    if (folded == fold(name[0])) first_[byte] |= bit;
    // Behind a name of one byte stands the '=', or whatever makes a variant or a chunk of it.
    if (name.size() == 1 || folded == fold(name[1])) second_[byte] |= bit;
  }
}

bool CookieNames::has_rest_of(Bytes name, Bytes pair) {
  return pair.size() > name.size() && pair[name.size()] == '=' && pair.starts_with(name);
}

NameMatch CookieNames::match(Bytes raw) const {
  const Bytes name = trim_ows(raw);
  const NameMatch exact = match_exactly(name);
  if (exact.kind != NameKind::kOther) return exact;
  if (!name.empty() && name[0] == '$' && equals_ignoring_case(name, "$version")) {
    return {.kind = NameKind::kLegacy};
  }
  NameMatch match;
  if (is_variant(raw, &match.index)) match.kind = NameKind::kVariant;
  return match;
}

// Whole names come first: one may look like another's chunk only to whoever folds.
NameMatch CookieNames::match_exactly(Bytes name) const {
  for (std::uint32_t index = 0; index < size_; ++index) {
    if (name == names_[index].name) return {.kind = NameKind::kWhole, .index = index};
  }
  for (std::uint32_t index = 0; index < size_; ++index) {
    const Bytes own = names_[index].name;
    if (name.size() <= own.size() || !name.starts_with(own)) continue;
    NameMatch match = match_chunk(own, name);
    match.index = index;
    if (match.kind == NameKind::kChunk) return match;
  }
  return {};
}

bool CookieNames::is_variant(Bytes raw, std::uint32_t* index) const {
  for (*index = 0; *index < size_; ++*index) {
    if (reads_as(raw, names_[*index].folded)) return true;
  }
  return false;
}

}  // namespace sesame
