// nlohmann_json reads the tokens that make a text JSON, or not. Its parser and its DOM stay out:
// they would double the module. Everything else is found by position in the text.
#include "json/document.h"

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/byte_order.h"
#include "base/siphash.h"
#include "json/json_scan.h"
#include "json/json_text.h"

namespace sesame {

namespace {

// What the lexer is shown: a type of its own, so that it keeps no copy of what it has read.
enum class Shown : char {};

// Takes the place of texts in the lexer: what a token is, is all that it is asked.
struct NoText {
  using value_type = char;
  static void clear() {}
  static void push_back(char /*c*/) {}
  static const char* data() { return ""; }
  static std::size_t size() { return 0; }
};

struct LexerTypes {
  using number_integer_t = std::int64_t;
  using number_unsigned_t = std::uint64_t;
  using number_float_t = double;
  using string_t = NoText;
};

}  // namespace

}  // namespace sesame

// NOLINTBEGIN(cert-dcl58-cpp): for a type of ours both may be specialised.
template <>
struct std::char_traits<sesame::Shown> {
  using char_type = sesame::Shown;
  using int_type = int;
  static constexpr int eof() { return -1; }
  static constexpr sesame::Shown to_char_type(int c) { return static_cast<sesame::Shown>(c); }
  static constexpr int to_int_type(sesame::Shown c) { return static_cast<unsigned char>(c); }
};

template <>
class std::vector<sesame::Shown> {
 public:
  static void clear() {}
  static void push_back(sesame::Shown /*c*/) {}
  static void pop_back() {}
  static constexpr bool empty() { return false; }
};
// NOLINTEND(cert-dcl58-cpp)

namespace sesame {

namespace {

// Feeds the parser a text that is JSON exactly if the document is. nlohmann_json differs from
// RFC 8259 in three places, each levelled here on the way, with no change in structure:
// - It takes a NUL for the end of the input. It is shown another control character.
// - It refuses numbers that no double holds, such as 1e999. No run of digits is shown longer than
//   two, which keeps the grammar: only whether a run starts with 0 or has one digit matters there.
// - It refuses half a surrogate pair written as an escape, which JSON.stringify makes of a string
//   cut in the middle of an emoji. Such escapes are shown as others.
class ParserInput {
 public:
  using char_type = Shown;

  ParserInput(const char* at, const char* end) : at_(at), end_(end) {}

  // The next one, or -1 at the end.
  int get_character() {
    look();
    return at_ == end_ ? -1 : (++at_, static_cast<unsigned char>(shown_));
  }

 private:
  enum class In : std::uint8_t { kStructure, kString, kEscape, kUnicodeEscape };

  void look() {
    if (in_ == In::kStructure) {
      while (digits_ == 2 && at_ != end_ && is_digit(*at_)) ++at_;
      digits_ = at_ != end_ && is_digit(*at_) ? digits_ + 1 : 0;
    }
    if (at_ == end_) return;
    shown_ = *at_ == '\0' ? '\1' : *at_;
    switch (in_) {
      case In::kStructure:
        if (shown_ == '"') in_ = In::kString;
        break;
      case In::kString:
        if (shown_ == '"') in_ = In::kStructure;
        if (shown_ == '\\') in_ = In::kEscape;
        break;
      case In::kEscape:
        in_ = shown_ == 'u' ? In::kUnicodeEscape : In::kString;
        break;
      case In::kUnicodeEscape:  // surrogates are D800 to DFFF
        if (to_lower(shown_) == 'd') shown_ = '1';
        in_ = In::kString;
        break;
    }
  }

  const char* at_;
  const char* end_;
  char shown_ = 0;
  In in_ = In::kStructure;
  int digits_ = 0;  // shown of the current run
};

// The grammar of RFC 8259 above nlohmann_json's tokens. Its own parser would come with the texts of
// its errors, which nobody is shown, and with exceptions' types: 3.5 kB. The fuzz target compares.
class DocumentParser {
 public:
  DocumentParser(const char* begin, const char* end) : lexer_(ParserInput(begin, end)) {}

  Status parse() {
    Expected expected = Expected::kValue;
    bool is_object = false;
    for (bool is_first = true;; is_first = false) {
      // The one call, and a way out at once: the lexer becomes a part of this function, and the
      // compiler sees that nobody reads the texts of its errors.
      const Token token = lexer_.scan();
      if (token == Token::parse_error) return Status::kNotJson;
      if (is_first) is_object = token == Token::begin_object;
      const bool is_in_object = depth_ > 0 && in_object_[depth_ - 1];
      if (expected == Expected::kNext && depth_ == 0) {
        if (token != Token::end_of_input) return Status::kNotJson;
        return is_object ? Status::kOk : Status::kNotObject;
      }
      if (expected == Expected::kNext || expected == Expected::kFirst) {
        if (token == (is_in_object ? Token::end_object : Token::end_array)) {
          --depth_;
          expected = Expected::kNext;
          continue;
        }
        const Expected inside = is_in_object ? Expected::kName : Expected::kValue;
        if (expected == Expected::kNext) {
          if (token != Token::value_separator) return Status::kNotJson;
          expected = inside;
          continue;
        }
        expected = inside;
      }
      if (expected == Expected::kName) {
        if (token != Token::value_string) return Status::kNotJson;
        expected = Expected::kColon;
      } else if (expected == Expected::kColon) {
        if (token != Token::name_separator) return Status::kNotJson;
        expected = Expected::kValue;
      } else if (token == Token::begin_object || token == Token::begin_array) {
        if (depth_ == kMaxDepth) return Status::kTooDeep;
        in_object_[depth_++] = token == Token::begin_object;
        expected = Expected::kFirst;
      } else {
        if (!is_scalar(token)) return Status::kNotJson;
        expected = Expected::kNext;
      }
    }
  }

 private:
  using Lexer = nlohmann::detail::lexer<LexerTypes, ParserInput>;
  using Token = Lexer::token_type;

  enum class Expected : std::uint8_t {
    kValue,
    kFirst,  ///< what a container begins with, or its end
    kName,
    kColon,
    kNext,  ///< the separator behind a value, or the container's end
  };

  static bool is_scalar(Token token) {
    return token >= Token::literal_true && token <= Token::value_float;
  }

  Lexer lexer_;
  std::size_t depth_ = 0;
  std::bitset<kMaxDepth> in_object_;
};

bool is_number(Bytes value) { return is_digit(value.front()) || value.front() == '-'; }

// What comes before the bytes of an identifier, so that no string looks like a number.
constexpr char kTextId = 's';
constexpr char kNumberId = 'n';

// Whole numbers in plain digits, as a program prints them that has read the document: one that asks
// to end the sessions of user 7 must reach the user 7.0.
void append_number(std::string* to, Bytes number) {
  const WholeNumber whole = read_whole_number(number);
  if (!whole.exact) {
    to->append(number);
    return;
  }
  if (whole.negative && whole.magnitude != 0) to->push_back('-');
  append_digits(to, whole.magnitude);
}

// One token of a JSON pointer, its escapes undone (RFC 6901 section 3). Empty if they are wrong.
std::optional<std::string> unescape_token(Bytes token) {
  std::string plain;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      plain.push_back(token[i]);
      continue;
    }
    if (++i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
    plain.push_back(token[i] == '0' ? '~' : '/');
  }
  return plain;
}

std::optional<Bytes> find_member(Bytes object, Bytes name) {
  std::optional<Bytes> found;
  for (JsonMembers members(object); members.next();) {
    if (json_string_is(members.name(), name)) found = members.value();
  }
  return found;
}

std::optional<Bytes> find_element(Bytes array, Bytes index) {
  // Digits alone, without a zero before others.
  if (index.empty() || (index.size() > 1 && index.front() == '0') ||
      !std::all_of(index.begin(), index.end(), is_digit)) {
    return std::nullopt;
  }
  std::uint64_t wanted = read_whole_number(index).magnitude;
  for (JsonMembers elements(array); elements.next(); --wanted) {
    if (wanted == 0) return elements.value();
  }
  return std::nullopt;
}

// The members of a document, found once for however many pointers.
class FirstMembers {
 public:
  explicit FirstMembers(Bytes text) : value_(json_value(text)) {
    if (value_.empty() || value_.front() != '{') return;
    for (JsonMembers members(value_); members.next();) {
      add(members.name());
      add(members.value());
    }
  }

  /// What a pointer of one token points to.
  std::optional<Bytes> find(Bytes pointer) const {
    if (value_.empty() || value_.front() != '{') return find_value(value_, pointer);
    if (pointer.empty() || pointer.front() != '/') return std::nullopt;
    const std::optional<std::string> name = unescape_token(pointer.substr(1));
    if (!name) return std::nullopt;
    for (std::size_t end = places_.size(); end > 0; end -= 4) {
      if (json_string_is(part(end - 4), *name)) return part(end - 2);
    }
    return std::nullopt;
  }

 private:
  [[gnu::noinline]] void add(Bytes part) {
    places_.push_back(static_cast<std::uint32_t>(part.data() - value_.data()));
    places_.push_back(static_cast<std::uint32_t>(part.size()));
  }
  Bytes part(std::size_t at) const { return {value_.data() + places_[at], places_[at + 1]}; }

  Bytes value_;
  // Where the name and the value of each member begin, and how long they are: of numbers the module
  // has a vector anyway.
  std::vector<std::uint32_t> places_;
};

bool is_object(Bytes value) { return !value.empty() && value.front() == '{'; }

// A hash of the names of an object's members, in whatever order, and of those of the objects in it.
// What is deeper than the stack should be asked to go counts as it stands: other values are other
// members then.
std::uint64_t hash_members(Bytes object, std::size_t depth) {
  constexpr std::size_t kMaxCalls = 64;
  if (depth == kMaxCalls) {
    SipHash128 hash(1, depth);
    hash.update(object);
    return hash.finish().low;
  }
  std::uint64_t sum = 0;
  for (JsonMembers members(object); members.next();) {
    std::string name;
    append_decoded(&name, members.name());
    if (is_object(members.value())) {
      // No name holds this byte, so that no longer name is the same.
      name.push_back('\xff');
      char bytes[sizeof sum];
      store_le64(bytes, hash_members(members.value(), depth + 1));
      name.append(bytes, sizeof bytes);
    }
    SipHash128 hash(1, depth);
    hash.update(name);
    sum += hash.finish().low;
  }
  return sum;
}

}  // namespace

Status check_document(Bytes text) {
  // The parser would skip a byte-order mark. No JSON text begins with this byte.
  if (!text.empty() && text.front() == '\xef') return Status::kNotJson;

  return DocumentParser(text.data(), text.data() + text.size()).parse();
}

std::optional<Bytes> find_value(Bytes text, Bytes pointer) {
  std::optional<Bytes> value = json_value(text);
  if (value->empty()) return std::nullopt;
  while (value && !pointer.empty()) {
    if (pointer.front() != '/') return std::nullopt;
    pointer.remove_prefix(1);
    const Bytes escaped = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(escaped.size());
    const std::optional<std::string> token = unescape_token(escaped);
    if (!token) return std::nullopt;

    switch (value->front()) {
      case '{':
        value = find_member(*value, *token);
        break;
      case '[':
        value = find_element(*value, *token);
        break;
      default:
        return std::nullopt;
    }
  }
  return value;
}

std::optional<std::string> user_id_of(Bytes value) {
  std::optional<std::string> id;
  if (value.front() == '"' && value.size() > 2) {
    append_decoded(&id.emplace(1, kTextId), value);
  } else if (is_number(value)) {
    append_number(&id.emplace(1, kNumberId), value);
  }
  return id;
}

std::optional<std::string> find_user_id(Bytes text, const std::vector<std::string>& pointers) {
  const FirstMembers members(text);
  Bytes begun;  // the first token of the pointer before, which many share
  std::optional<Bytes> inside;
  for (const std::string& pointer : pointers) {
    const Bytes rest = Bytes(pointer).substr(std::min(pointer.find('/', 1), pointer.size()));
    const Bytes first = Bytes(pointer).substr(0, pointer.size() - rest.size());
    if (first != begun || begun.empty()) inside = members.find(first);
    begun = first;
    if (!inside) continue;
    const std::optional<Bytes> value = find_value(*inside, rest);
    if (!value) continue;
    std::optional<std::string> id = user_id_of(*value);
    if (id) return id;
  }
  return std::nullopt;
}

bool have_same_members(Bytes one, Bytes other) {
  return hash_members(json_value(one), 0) == hash_members(json_value(other), 0);
}

std::string project(Bytes text, const std::vector<std::string>& fields) {
  const auto is_wanted = [&fields](Bytes name) {
    return std::any_of(fields.begin(), fields.end(),
                       [name](const std::string& field) { return json_string_is(name, field); });
  };
  std::string result;
  result.reserve(text.size());
  result.push_back('{');
  for (JsonMembers members(json_value(text)); members.next();) {
    if (!is_wanted(members.name())) continue;
    if (result.size() > 1) result.push_back(',');
    result.append(members.name()).push_back(':');
    result.append(members.value());
  }
  result.push_back('}');
  return result;
}

}  // namespace sesame
