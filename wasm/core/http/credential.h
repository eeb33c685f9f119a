// Reads who a request claims to be from its `Cookie` and `Authorization` headers (rules R1, R3).
// Invariants: a credential is reported only if exactly one is present and every common reader sees
// the same; everything doubtful is ambiguous, with a reason, and the origin decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/types.h"
#include "http/ambiguity.h"
#include "http/cookie_names.h"
#include "http/cookie_value.h"

namespace sesame {

enum class CredentialKind : std::uint32_t {
  kAnonymous = 0,  ///< no credential at all
  kCookie = 1,     ///< one session cookie
  kBearer = 2,     ///< one `Authorization` of a scheme that carries a whole credential
  kAmbiguous = 3,  ///< more than one, or one that readers may read differently
};

struct Credential {
  CredentialKind kind = CredentialKind::kAnonymous;
  Ambiguity ambiguity = Ambiguity::kNone;
  std::uint32_t name_number = 0;  ///< of a cookie: which of the configured names it has
  Bytes name;   ///< the configured name of the cookie, or the scheme in lower case
  Bytes value;  ///< the same for every spelling of the credential
};

/// The credentials that a request names, each spelled as a header of its own.
class NamedCredentials {
 public:
  std::size_t size() const { return starts_.size(); }
  /// 'c' and a whole `Cookie` header, or 'a' and a whole `Authorization`.
  Bytes operator[](std::size_t index) const { return line_at(starts_[index]); }
  Bytes cookie(std::size_t index) const { return header(index, 'c'); }         ///< or empty
  Bytes authorization(std::size_t index) const { return header(index, 'a'); }  ///< or empty

  /// Begins one more; it is what is appended to the text from here on.
  std::string* add(char mark);
  /// Puts them in order, none twice.
  void sort();

 private:
  Bytes header(std::size_t index, char mark) const;
  Bytes line_at(std::uint32_t start) const;

  std::string text_;  // with a '\n' before each: no header holds any
  std::vector<std::uint32_t> starts_;
};

class CredentialReader {
 public:
  /// `cookie_names`: of the session cookie, compared case-sensitively. `schemes`: those of
  /// `Authorization` that carry a whole credential, compared in any case. `order`: which of
  /// `cookie` and `bearer` count; of those the first that a request has is its credential, and the
  /// other is not looked at. Empty: a request that has both is ambiguous.
  CredentialReader(const std::vector<std::string>& cookie_names,
                   const std::vector<std::string>& schemes,
                   const std::vector<std::string>& order = {});

  /// Reads the credential of one request.
  /// `cookie_header`: the `Cookie` field as received (RFC 6265 section 5.4; several fields joined
  /// by
  /// "; "), or empty. `authorization`: the `Authorization` field, or empty. The value points into
  /// them, or into `scratch` if it had to be decoded. REQUIRES: `scratch` has been wiped.
  ///
  /// Cookies:
  /// - The same cookie twice with the same bytes is one credential; with others, ambiguous. Two
  ///   different names of session cookies at once are ambiguous.
  /// - Numbered chunks are one credential in the order of their numbers, under the name that they
  ///   are chunks of. With gaps, in two styles, or beside the whole cookie they are ambiguous.
  /// - An empty session cookie (`session=`) is no credential: servers leave it behind at logout.
  /// But
  ///   beside a full one of the same name it is one that differs: ambiguous.
  /// - Other cookies may hold what they like, but for control characters, quotes that are not
  /// closed
  ///   and what some reader takes for another session cookie.
  /// - Pairs without '=' belong to other applications and are skipped (browsers send them).
  ///
  /// Authorization: scheme, one or more spaces, a value of visible ASCII without ',' and ';', at
  /// which some reader would cut it.
  Credential read(Bytes cookie_header, Bytes authorization, CredentialScratch* scratch) const;

  /// Every credential that a request names, ambiguous or not, each as a request of its own: what
  /// ends or changes a session has to reach all of them (rule R1). As many as its headers have room
  /// for; some may be ambiguous by themselves.
  NamedCredentials all_named(Bytes cookie_header, Bytes authorization) const;

  /// Number 0; empty if none is configured.
  Bytes first_cookie_name() const { return names_.size() == 0 ? Bytes{} : names_.name(0); }

 private:
  Credential read_authorization(Bytes authorization) const;
  Bytes scheme_of(Bytes authorization) const;

  CookieNames names_;
  std::vector<std::string> schemes_;  // in lower case
  bool reads_cookies_ = true;
  bool reads_authorization_ = true;
  bool cookie_stands_ = false;  // whatever `Authorization` comes with it
  bool bearer_stands_ = false;  // whatever cookies come with it
};

}  // namespace sesame
