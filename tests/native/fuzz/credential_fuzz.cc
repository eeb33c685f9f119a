// Headers from nowhere good: nothing crashes, and the answer is that of a slow reader which splits
// and compares. Input: the cookie header up to the first line feed, then the authorization.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "http/credential.h"
#include "http/jwt.h"

namespace {

using sesame::Bytes;
using sesame::Credential;
using sesame::CredentialKind;

const std::vector<std::string> kNames = {"session", "sid", "s"};

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_inside(Bytes part, Bytes whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

Bytes trim(Bytes text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == Bytes::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

struct Expected {
  CredentialKind kind = CredentialKind::kAnonymous;
  std::string value;
};

const Expected kAmbiguous{CredentialKind::kAmbiguous, {}};

std::optional<std::string> bearer_token(Bytes authorization) {
  std::string scheme(authorization.substr(0, 7));
  for (char& c : scheme) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (scheme != "bearer ") return std::nullopt;
  const std::size_t start = authorization.find_first_not_of(' ', 7);
  if (start == Bytes::npos) return std::nullopt;
  const Bytes token = authorization.substr(start);
  const std::size_t body = std::min(
      token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                              "-._~+/"),
      token.size());
  if (body == 0 || token.find_first_not_of('=', body) != Bytes::npos) return std::nullopt;
  return std::string(token);
}

Expected slow_read(Bytes cookies, Bytes authorization) {
  for (const char c : cookies) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7f) return kAmbiguous;
  }

  std::set<std::pair<std::string, std::string>> seen;
  for (std::size_t start = 0; start <= cookies.size();) {
    const std::size_t end = std::min(cookies.find(';', start), cookies.size());
    const Bytes pair = cookies.substr(start, end - start);
    start = end + 1;
    const std::size_t equals = pair.find('=');
    if (equals == Bytes::npos) continue;
    const std::string name(trim(pair.substr(0, equals)));
    const std::string value(trim(pair.substr(equals + 1)));
    if (std::find(kNames.begin(), kNames.end(), name) == kNames.end()) continue;
    if (value.substr(0, 1) == "\"" && (value.size() == 1 || value.back() != '"')) return kAmbiguous;
    seen.emplace(name, value);
  }
  std::vector<std::pair<std::string, std::string>> full;
  for (const auto& cookie : seen) {
    if (!cookie.second.empty()) full.push_back(cookie);
  }
  if (full.size() > 1) return kAmbiguous;
  if (full.size() == 1 && seen.count({full[0].first, ""}) != 0) return kAmbiguous;

  authorization = trim(authorization);
  if (authorization.empty()) {
    if (full.empty()) return {};
    return {CredentialKind::kCookie, full[0].second};
  }
  const std::optional<std::string> token = bearer_token(authorization);
  if (!token || !full.empty()) return kAmbiguous;
  return {CredentialKind::kBearer, *token};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t split = std::min(input.find('\n'), input.size());
  // Blocks of their own, so that a read past either is seen.
  const std::string cookies = input.substr(0, split);
  const std::string authorization = input.substr(std::min(split + 1, input.size()));

  const Credential credential = sesame::read_credential(cookies, authorization, kNames);
  const Expected expected = slow_read(cookies, authorization);
  require(credential.kind == expected.kind);
  require(credential.value == expected.value);

  switch (credential.kind) {
    case CredentialKind::kCookie:
      require(is_inside(credential.name, cookies) && is_inside(credential.value, cookies));
      require(!credential.name.empty() && !credential.value.empty());
      break;
    case CredentialKind::kBearer:
      require(credential.name.empty() && !credential.value.empty());
      require(is_inside(credential.value, authorization));
      break;
    case CredentialKind::kAnonymous:
    case CredentialKind::kAmbiguous:
      require(credential.name.empty() && credential.value.empty());
      break;
  }

  const auto expiry = sesame::jwt_expiry(credential.value);
  require(!expiry || (*expiry >= 0 && *expiry <= 253'402'300'799'000));
  return 0;
}
