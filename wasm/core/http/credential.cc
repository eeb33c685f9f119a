// Copies nothing that need not be decoded.
// Invariant: what two servers might read differently is ambiguous (rule R1).
#include "http/credential.h"

#include <algorithm>
#include <cstddef>

#include "base/ascii.h"
#include "http/cookie_reader.h"

namespace sesame {

namespace {

// Why the value of an `Authorization` is no credential.
Ambiguity fault_of_token(Bytes token) {
  if (token.empty()) return Ambiguity::kMalformedHeader;
  for (const char c : token) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == ',') return Ambiguity::kJoinedFields;
    if (byte > ' ' && byte < 0x7f && c != ';') continue;
    return byte < 0x80 ? Ambiguity::kMalformedHeader : Ambiguity::kUndecodableBytes;
  }
  return Ambiguity::kNone;
}

Credential ambiguous(Ambiguity reason) {
  Credential credential;
  credential.kind = CredentialKind::kAmbiguous;
  credential.ambiguity = reason;
  return credential;
}

}  // namespace

Credential CredentialReader::read(Bytes cookie_header, Bytes authorization,
                                  CredentialScratch* scratch) const {
  authorization = reads_authorization_ ? trim_ows(authorization) : Bytes{};
  if (!reads_cookies_ || (bearer_stands_ && !authorization.empty())) cookie_header = {};
  CookieReader cookies(cookie_header, names_);
  if (!cookie_header.empty()) {
    const Ambiguity fault = cookies.read();
    if (fault != Ambiguity::kNone) return ambiguous(fault);
  }
  const bool has_cookie = !cookie_header.empty() && cookies.has_credential();
  if (authorization.empty() || (has_cookie && cookie_stands_)) {
    if (!has_cookie) return {};
    return {.kind = CredentialKind::kCookie,
            .ambiguity = Ambiguity::kNone,
            .name_number = cookies.name_number(),
            .name = cookies.name(),
            .value = cookies.value(scratch)};
  }
  if (has_cookie) return ambiguous(Ambiguity::kCookieAndAuthorization);
  return read_authorization(authorization);
}

// The scheme of a trimmed header, as the configuration has it; empty if it is none of those.
Bytes CredentialReader::scheme_of(Bytes authorization) const {
  const std::size_t end = std::min(authorization.find_first_of(" \t"), authorization.size());
  const Bytes given = authorization.substr(0, end);
  const auto found = std::find_if(schemes_.begin(), schemes_.end(), [given](const auto& scheme) {
    return equals_ignoring_case(given, scheme);
  });
  return found == schemes_.end() ? Bytes{} : Bytes(*found);
}

Credential CredentialReader::read_authorization(Bytes authorization) const {
  const Bytes scheme = scheme_of(authorization);
  if (scheme.empty()) return ambiguous(Ambiguity::kAuthorizationScheme);
  authorization.remove_prefix(scheme.size());
  while (!authorization.empty() && authorization.front() == ' ') authorization.remove_prefix(1);
  const Ambiguity fault = fault_of_token(authorization);
  if (fault != Ambiguity::kNone) return ambiguous(fault);
  return {.kind = CredentialKind::kBearer,
          .ambiguity = Ambiguity::kNone,
          .name_number = 0,
          .name = scheme,
          .value = authorization};
}

}  // namespace sesame
