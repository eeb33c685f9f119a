// Who a request claims to be. `session` and `__Host-session` are the session cookies throughout.
#include "http/credential.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

namespace sesame {
namespace {

const std::vector<std::string> kNames = {"session", "__Host-session"};

Credential read(Bytes cookies, Bytes authorization = {}) {
  return read_credential(cookies, authorization, kNames);
}

bool is_ambiguous(const Credential& credential) {
  return credential.kind == CredentialKind::kAmbiguous && credential.name.empty() &&
         credential.value.empty();
}

bool is_anonymous(const Credential& credential) {
  return credential.kind == CredentialKind::kAnonymous && credential.name.empty() &&
         credential.value.empty();
}

bool is_cookie(const Credential& credential, Bytes value, Bytes name = "session") {
  return credential.kind == CredentialKind::kCookie && credential.name == name &&
         credential.value == value;
}

bool is_bearer(const Credential& credential, Bytes value) {
  return credential.kind == CredentialKind::kBearer && credential.name.empty() &&
         credential.value == value;
}

bool is_inside(Bytes part, const std::string& whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

TEST_CASE("R1: no cookie and no authorization is anonymous") {
  CHECK(is_anonymous(read("")));
  CHECK(is_anonymous(read("theme=dark; lang=ar")));
  CHECK(is_anonymous(read("session")));
  CHECK(is_anonymous(read(";;  ; ;")));
  CHECK(is_anonymous(read_credential("session=a", "", {})));
}

TEST_CASE("R1: one session cookie is the credential, wherever it stands") {
  CHECK(is_cookie(read("session=abc"), "abc"));
  CHECK(is_cookie(read("session=abc; theme=dark"), "abc"));
  CHECK(is_cookie(read("theme=dark; session=abc"), "abc"));
  CHECK(is_cookie(read("a=1; __Host-session=xyz; b=2"), "xyz", "__Host-session"));
  CHECK(is_cookie(read("a=1;session=abc;b=2"), "abc"));
}

TEST_CASE("R1: name and value point into the header") {
  const std::string header = "theme=dark; session=abc; lang=ar";
  const Credential credential = read(header);
  CHECK(is_inside(credential.name, header));
  CHECK(is_inside(credential.value, header));
  const std::string authorization = "Bearer token";
  CHECK(is_inside(read("", authorization).value, authorization));
}

TEST_CASE("R1: a session cookie is found at every position of the header") {
  for (std::size_t before = 0; before < 40; ++before) {
    for (std::size_t after = 0; after < 20; ++after) {
      const std::string header =
          "p=" + std::string(before, '-') + "; session=v; q=" + std::string(after, '-');
      CAPTURE(header);
      REQUIRE(is_cookie(read(header), "v"));
    }
  }
}

TEST_CASE("R1: names are compared whole and case-sensitively") {
  CHECK(is_anonymous(read("Session=abc")));
  CHECK(is_anonymous(read("xsession=abc")));
  CHECK(is_anonymous(read("session2=abc")));
  CHECK(is_anonymous(read("my session=abc")));
  CHECK(is_anonymous(read("=abc")));
  CHECK(is_anonymous(read("a=session=abc")));
}

TEST_CASE("R1: white space around names and values is dropped, inside it stays") {
  CHECK(is_cookie(read("  session = abc  ;a=1"), "abc"));
  CHECK(is_cookie(read("\tsession\t=\tabc\t"), "abc"));
  CHECK(is_cookie(read("session=a b"), "a b"));
}

TEST_CASE("R1: '=' belongs to the value after the first, and quotes stay") {
  CHECK(is_cookie(read("session=a=b=="), "a=b=="));
  CHECK(is_cookie(read("session=\"abc\""), "\"abc\""));
  CHECK(is_cookie(read("session=a\"b"), "a\"b"));
}

TEST_CASE("R1: the same session cookie twice is one credential") {
  CHECK(is_cookie(read("session=abc; session=abc"), "abc"));
  CHECK(is_cookie(read("session=abc; x=1; session= abc "), "abc"));
}

TEST_CASE("R1: two session cookies that differ are ambiguous") {
  CHECK(is_ambiguous(read("session=abc; session=abd")));
  CHECK(is_ambiguous(read("session=abc; session=ab")));
  CHECK(is_ambiguous(read("session=abc; session=\"abc\"")));
  CHECK(is_ambiguous(read("session=abc; a=1; b=2; session=ABC")));
}

TEST_CASE("R1: two names of session cookies at once are ambiguous, even with one value") {
  CHECK(is_ambiguous(read("session=abc; __Host-session=abc")));
  CHECK(is_ambiguous(read("__Host-session=abc; session=xyz")));
}

TEST_CASE("R1: an empty session cookie is no credential") {
  CHECK(is_anonymous(read("session=")));
  CHECK(is_anonymous(read("session=   ; theme=dark")));
  CHECK(is_anonymous(read("session=; __Host-session=")));
  CHECK(is_cookie(read("session=; __Host-session=abc"), "abc", "__Host-session"));
  CHECK(is_cookie(read("__Host-session=abc; session="), "abc", "__Host-session"));
  CHECK(is_bearer(read("session=", "Bearer abc"), "abc"));
}

TEST_CASE("R1: an empty and a full session cookie of one name differ") {
  CHECK(is_ambiguous(read("session=; session=abc")));
  CHECK(is_ambiguous(read("session=abc; session=")));
  CHECK(is_ambiguous(read("session=; __Host-session=; session=abc")));
}

TEST_CASE("R1: pairs without '=' are somebody else's") {
  CHECK(is_cookie(read("junk; session=abc; more junk"), "abc"));
  CHECK(is_cookie(read("session; session=abc"), "abc"));
}

TEST_CASE("R1: a control character anywhere in the cookie header is malformed") {
  for (int code = 0; code < 256; ++code) {
    const char c = static_cast<char>(code);
    const bool malformed = (code < 0x20 && c != '\t') || code == 0x7f;
    CAPTURE(code);
    for (std::size_t padding = 0; padding < 9; ++padding) {
      const std::string header =
          "session=v; other=" + std::string(padding, 'x') + c + std::string(8 - padding, 'x');
      CHECK(is_ambiguous(read(header)) == malformed);
    }
    CHECK(is_ambiguous(read(std::string("a=1") + c)) == malformed);
    CHECK(is_ambiguous(read(c + std::string("a=1"))) == malformed);
  }
}

TEST_CASE("R1: a quote that does not close before the next ';' is malformed") {
  CHECK(is_ambiguous(read("session=\"a;b\"")));
  CHECK(is_ambiguous(read("session=\"")));
  CHECK(is_ambiguous(read("session=\"abc")));
  CHECK(is_cookie(read("session=abc; theme=\"da;rk\""), "abc"));
}

TEST_CASE("R1: bytes above ASCII are part of the value") {
  CHECK(is_cookie(read("session=\xd8\xa3\xff\x80"), "\xd8\xa3\xff\x80"));
}

TEST_CASE("R1: one bearer token is the credential") {
  CHECK(is_bearer(read("", "Bearer abc"), "abc"));
  CHECK(is_bearer(read("theme=dark", "bearer abc"), "abc"));
  CHECK(is_bearer(read("", "BEARER   abc"), "abc"));
  CHECK(is_bearer(read("", " Bearer abc "), "abc"));
  CHECK(is_bearer(read("", "Bearer AZaz09-._~+/=="), "AZaz09-._~+/=="));
}

TEST_CASE("R1: anything else in Authorization is ambiguous") {
  for (const Bytes authorization :
       {"Bearer", "Bearer ", "Bearer  ", "Bearer\tabc", "Bearerabc", "Beare abc", "Basic YTpi",
        "Bearer a b", "Bearer a,b", "Bearer abc, Bearer abc", "Bearer =", "Bearer a=b",
        "Bearer \"abc\"", "Bearer a\x01", "Bearer \xd8\xa3", "abc", "Bearer: abc"}) {
    CAPTURE(authorization);
    CHECK(is_ambiguous(read("", authorization)));
    CHECK(is_ambiguous(read("session=abc", authorization)));
  }
}

TEST_CASE("R1: a cookie and a bearer at once are ambiguous, even with one value") {
  CHECK(is_ambiguous(read("session=abc", "Bearer abc")));
  CHECK(is_ambiguous(read("session=abc; session=abd", "Bearer abc")));
  CHECK(is_ambiguous(read("a=\x01", "Bearer abc")));
}

}  // namespace
}  // namespace sesame
