// Reads Cache-Control leniently where that keeps less: what is in doubt counts as stated.
#include "http/cache_control.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/ascii.h"

namespace sesame {

namespace {

constexpr std::int64_t kMaxSeconds = std::int64_t{1} << 31;  // RFC 9111 section 1.2.2

// Where the directive ends that begins `text`: at the first comma outside quotes. A quote that is
// never closed is an ordinary character, as is every one after it, lest it hide a `no-store`.
std::size_t directive_length(Bytes text, bool* quotes_close) {
  std::size_t at = 0;
  while (at < text.size() && text[at] != ',') {
    if (text[at] == '"' && *quotes_close) {
      std::size_t close = at + 1;
      while (close < text.size() && text[close] != '"') close += text[close] == '\\' ? 2 : 1;
      *quotes_close = close < text.size();
      if (*quotes_close) at = close;
    }
    ++at;
  }
  return at;
}

// Whole seconds; 0 if it is anything else (RFC 9111 section 4.2.1). Senders should not quote the
// number, recipients ought to take it (section 5.2).
DurationMs read_seconds(Bytes value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  std::int64_t seconds = 0;
  for (const char c : value) {
    if (!is_digit(c)) return 0;
    seconds = std::min(seconds * 10 + (c - '0'), kMaxSeconds);
  }
  return seconds * 1000;
}

}  // namespace

CacheControl read_cache_control(Bytes value) {
  CacheControl result;
  bool quotes_close = true;
  while (!value.empty()) {
    const std::size_t length = directive_length(value, &quotes_close);
    const Bytes directive = value.substr(0, length);
    value.remove_prefix(std::min(value.size(), length + 1));

    const std::size_t equals = directive.find('=');
    const Bytes name = trim_ows(directive.substr(0, equals));
    const Bytes argument = equals == Bytes::npos ? Bytes{} : trim_ows(directive.substr(equals + 1));
    if (equals_ignoring_case(name, "no-store")) {
      result.no_store = true;
    } else if (equals_ignoring_case(name, "no-cache")) {
      // With an argument it is a list of fields, and says nothing of the document.
      if (argument.empty()) result.no_cache = true;
    } else if (equals_ignoring_case(name, "must-revalidate")) {
      result.must_revalidate = true;
    } else if (equals_ignoring_case(name, "max-age")) {
      const DurationMs age = read_seconds(argument);
      result.max_age_ms = std::min(result.max_age_ms.value_or(age), age);
    }
  }
  return result;
}

}  // namespace sesame
