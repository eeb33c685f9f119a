// Headers from nowhere good: nothing crashes, and where one session cookie is told, readers of
// every kind see it and no other. Input: the cookie header up to the first line feed, then the
// authorization.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz_input.h"
#include "http/credential.h"
#include "http/jwt.h"

namespace {

using sesame::testing::require;

using sesame::Ambiguity;
using sesame::Bytes;
using sesame::Credential;
using sesame::CredentialKind;
using sesame::CredentialReader;
using sesame::CredentialScratch;

const std::vector<std::string> kNames = {"session", "sid", "s"};
const CredentialReader kReader(kNames, {"Bearer", "Token"});

bool is_inside(Bytes part, Bytes whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(const std::string& text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool is_escape =
        text[at] == '%' && at + 2 < text.size() && hex(text[at + 1]) >= 0 && hex(text[at + 2]) >= 0;
    decoded.push_back(is_escape ? static_cast<char>(hex(text[at + 1]) * 16 + hex(text[at + 2]))
                                : text[at]);
    if (is_escape) at += 2;
  }
  return decoded;
}

// What the slow readers strip around a name: white space of any alphabet, and what is no text.
std::string stripped(std::string text) {
  const auto is_kept = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte < 0x7f;
  };
  while (!text.empty() && !is_kept(text.back())) text.pop_back();
  while (!text.empty() && !is_kept(text.front())) text.erase(0, 1);
  return text;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Without quotes around it and backslashes inside of them; spaces as '+'.
std::string value_of(std::string text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.erase(0, 1);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    std::string inner;
    for (std::size_t at = 1; at + 1 < text.size(); ++at) {
      if (text[at] == '\\') return "\\";  // left to credential_test.cc
      inner.push_back(text[at]);
    }
    text = inner;
  }
  text = percent_decoded(text);
  std::replace(text.begin(), text.end(), ' ', '+');
  return text;
}

// Every value that a reader which splits at `separators` has for a session cookie.
std::vector<std::string> slow_read(Bytes header, Bytes separators) {
  std::vector<std::string> values;
  for (std::size_t start = 0; start <= header.size();) {
    const std::size_t end = std::min(header.find_first_of(separators, start), header.size());
    const std::string pair(header.substr(start, end - start));
    start = end + 1;
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = lower(stripped(percent_decoded(pair.substr(0, equals))));
    if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) continue;
    const std::string value = value_of(pair.substr(equals + 1));
    if (!value.empty()) values.push_back(value);
  }
  return values;
}

void check_readers(Bytes header, const Credential& credential) {
  // Chunks, which ASP.NET counts in the whole cookie, are left to credential_test.cc.
  const bool is_whole = credential.kind == CredentialKind::kCookie &&
                        !slow_read(header, ";").empty() && header.find("chunks") == Bytes::npos;
  for (const Bytes separators : {";", ";,", "; ", ";, \t\""}) {
    const auto values = slow_read(header, separators);
    if (credential.kind == CredentialKind::kAnonymous) require(values.empty());
    if (!is_whole || separators.find('"') != Bytes::npos) continue;
    for (const std::string& value : values) {
      // A quoted value may hold spaces, at which no reader that knows quotes cuts it.
      const bool is_cut = separators == "; " && credential.value.find('+') != Bytes::npos;
      require(value == credential.value || value == "\\" || is_cut);
    }
  }
}

void check_named(Bytes cookies, Bytes authorization, const Credential& credential) {
  bool is_among = false;
  CredentialScratch scratch;
  const auto named = kReader.all_named(cookies, authorization);
  for (std::size_t i = 0; i < named.size(); ++i) {
    scratch.wipe();
    require(named.cookie(i).empty() != named.authorization(i).empty());
    const Credential each = kReader.read(named.cookie(i), named.authorization(i), &scratch);
    is_among |= each.kind == credential.kind && each.name == credential.name &&
                each.value == credential.value;
  }
  const bool has_one =
      credential.kind == CredentialKind::kCookie || credential.kind == CredentialKind::kBearer;
  require(is_among || !has_one);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t split = std::min(input.find('\n'), input.size());
  // Blocks of their own, so that a read past either is seen.
  const std::string cookies = input.substr(0, split);
  const std::string authorization = input.substr(std::min(split + 1, input.size()));

  CredentialScratch scratch;
  const Credential credential = kReader.read(cookies, authorization, &scratch);
  require((credential.kind == CredentialKind::kAmbiguous) ==
          (credential.ambiguity != Ambiguity::kNone));
  switch (credential.kind) {
    case CredentialKind::kCookie:
      require(!credential.name.empty() && !credential.value.empty());
      require(is_inside(credential.value, scratch.is_used() ? scratch.filled() : Bytes(cookies)));
      require(credential.value.size() <= cookies.size());
      break;
    case CredentialKind::kBearer:
      require(credential.name == "bearer" || credential.name == "token");
      require(!credential.value.empty() && is_inside(credential.value, authorization));
      break;
    case CredentialKind::kAnonymous:
    case CredentialKind::kAmbiguous:
      require(credential.name.empty() && credential.value.empty());
      break;
  }
  check_readers(cookies, credential);
  check_named(cookies, authorization, credential);

  // Another application's cookie changes nothing.
  CredentialScratch other_scratch;
  const Credential other = kReader.read("zz=1; " + cookies, authorization, &other_scratch);
  require(other.kind == credential.kind && other.ambiguity == credential.ambiguity);
  require(other.name == credential.name && other.value.size() == credential.value.size());

  const auto expiry = sesame::jwt_expiry(credential.value);
  require(!expiry || (*expiry >= 0 && *expiry <= 253'402'300'799'000));
  const auto content = sesame::jwt_content(credential.value);
  require(!expiry || content.has_value());
  require(!content || sesame::jwt_content(std::string(credential.value) + "x") == content);
  sesame::bare_token(credential.value);
  return 0;
}
