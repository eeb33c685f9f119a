// Reads who a request claims to be from its `Cookie` and `Authorization` headers (SPEC R1).
// Invariant: a credential is reported only if exactly one is present and well-formed; everything
// doubtful is ambiguous, and the origin decides.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/types.h"

namespace sesame {

enum class CredentialKind : std::uint32_t {
  kAnonymous = 0,  ///< no credential at all
  kCookie = 1,     ///< one session cookie
  kBearer = 2,     ///< one `Authorization: Bearer` token
  kAmbiguous = 3,  ///< two that differ, a cookie and a bearer, another scheme, or malformed
};

/// What makes a request ambiguous.
enum class Ambiguity : std::uint8_t {
  kNone,
  kMalformedCookie,         ///< a control character, or a quote that is not closed
  kCookiesDiffer,           ///< session cookies that contradict each other
  kAuthorization,           ///< an `Authorization` that is no bearer token
  kCookieAndAuthorization,  ///< a credential in each
};

struct Credential {
  CredentialKind kind = CredentialKind::kAnonymous;
  Bytes name;   ///< the cookie's name; empty for a bearer
  Bytes value;  ///< points into the header it was read from
  Ambiguity ambiguity = Ambiguity::kNone;
};

/// Reads the credential of one request.
/// `cookie_header`: the `Cookie` field as received (RFC 6265 section 5.4; several fields joined by
/// "; "), or empty. `authorization`: the `Authorization` field, or empty.
/// `cookie_names`: the names of the session cookie, compared case-sensitively.
///
/// - The same cookie twice with the same value is one credential; with another value, ambiguous.
///   Two different session-cookie names at once are ambiguous.
/// - An empty session cookie (`session=`) is no credential: servers leave it behind at logout. But
///   beside a full one of the same name it is one that differs: ambiguous.
/// - Optional white space around names and values is dropped; a quoted value keeps its quotes. One
///   whose opening quote is not closed before the next ';' is malformed: servers disagree on it.
/// - Pairs without '=' belong to somebody else and are skipped (browsers send them).
/// - A control character (below 0x20 other than HTAB, or 0x7f) anywhere in the cookie header is
///   malformed.
/// - Bearer: scheme in any case, one or more spaces, one token68 (RFC 6750 section 2.1, RFC 9110
///   section 11.2). Anything else in `Authorization`, another scheme included, is ambiguous.
Credential read_credential(Bytes cookie_header, Bytes authorization,
                           const std::vector<std::string>& cookie_names);

}  // namespace sesame
