// Who a request claims to be. `session` and `__Host-session` are the session cookies throughout,
// and the schemes those of the defaults.
#include "http/credential.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace sesame {
namespace {

using Names = std::vector<std::string>;

const Names kSchemes = {"Bearer", "Token", "ApiKey", "JWT"};

// Reads with these names; what it has read stays until the next call.
Credential read_as(const Names& names, Bytes cookies, Bytes authorization = {}) {
  static CredentialScratch scratch;
  static std::string name;
  scratch.wipe();
  const CredentialReader reader(names, kSchemes);
  Credential credential = reader.read(cookies, authorization, &scratch);
  name = credential.name;
  credential.name = name;
  return credential;
}

Credential read(Bytes cookies, Bytes authorization = {}) {
  return read_as({"session", "__Host-session"}, cookies, authorization);
}

Ambiguity reason(Bytes cookies, Bytes authorization = {}) {
  return read(cookies, authorization).ambiguity;
}

bool is_ambiguous(const Credential& credential) {
  return credential.kind == CredentialKind::kAmbiguous &&
         credential.ambiguity != Ambiguity::kNone && credential.name.empty() &&
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
  return credential.kind == CredentialKind::kBearer && credential.name == "bearer" &&
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
  CHECK(is_anonymous(read_as({}, "session=a")));
}

TEST_CASE("R1: one session cookie is the credential, wherever it stands") {
  CHECK(is_cookie(read("session=abc"), "abc"));
  CHECK(is_cookie(read("session=abc; theme=dark"), "abc"));
  CHECK(is_cookie(read("theme=dark; session=abc"), "abc"));
  CHECK(is_cookie(read("a=1; __Host-session=xyz; b=2"), "xyz", "__Host-session"));
  CHECK(is_cookie(read("a=1;session=abc;b=2"), "abc"));
}

TEST_CASE("R1: a value that need not be decoded points into the header") {
  const std::string header = "theme=dark; session=abc; lang=ar";
  CHECK(is_inside(read(header).value, header));
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

TEST_CASE("R1: names are compared whole") {
  CHECK(is_anonymous(read("xsession=abc")));
  CHECK(is_anonymous(read("session2=abc")));
  CHECK(is_anonymous(read("=abc")));
  CHECK(is_anonymous(read("a=session=abc")));
}

TEST_CASE("R1: white space around names and values is dropped") {
  CHECK(is_cookie(read("  session = abc  ;a=1"), "abc"));
  CHECK(is_cookie(read("\tsession\t=\tabc\t"), "abc"));
}

TEST_CASE("R1: '=' belongs to the value after the first") {
  CHECK(is_cookie(read("session=a=b=="), "a=b=="));
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
    if (c == '"') continue;  // a quote that is not closed
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
  CHECK(is_ambiguous(read("session=abc; theme=\"da;rk\"")));
  CHECK(is_cookie(read("session=abc; theme=\"dark\"; prefs={\"a\":\"b\"}"), "abc"));
}

TEST_CASE("R1: one bearer token is the credential") {
  CHECK(is_bearer(read("", "Bearer abc"), "abc"));
  CHECK(is_bearer(read("theme=dark", "bearer abc"), "abc"));
  CHECK(is_bearer(read("", "BEARER   abc"), "abc"));
  CHECK(is_bearer(read("", " Bearer abc "), "abc"));
  CHECK(is_bearer(read("", "Bearer AZaz09-._~+/=="), "AZaz09-._~+/=="));
}

TEST_CASE("R1: schemes that carry a whole credential do so with values that are not token68") {
  for (const Bytes value : {"12|abc", "\"abc\"", "a=b", "token=\"abc\"", "~`!@#$%^&*()[]{}"}) {
    CAPTURE(value);
    CHECK(is_bearer(read("", "Bearer " + std::string(value)), value));
  }
  for (const Bytes scheme : {"token", "TOKEN", "ApiKey", "apikey", "jwt"}) {
    CAPTURE(scheme);
    const std::string authorization = std::string(scheme) + " abc";
    const Credential credential = read("", authorization);
    CHECK(credential.kind == CredentialKind::kBearer);
    CHECK(credential.value == "abc");
    CHECK(credential.name.size() == scheme.size());
    CHECK(credential.name != "bearer");
  }
}

TEST_CASE("R1: a scheme is compared in any case, and is the credential's name") {
  CHECK(read("", "tOkEn abc").name == "token");
  CHECK(read("", "Token abc").name != read("", "Bearer abc").name);
}

TEST_CASE("R1: any other scheme is ambiguous, and the reason says so") {
  for (const Bytes authorization :
       {"Basic YTpi", "Negotiate YTpi", "NTLM YTpi", "Digest username=\"a\"", "DPoP abc",
        "Beare abc", "Bearerabc", "abc", "Bearer: abc", "Bearer,abc",
        "AWS4-HMAC-SHA256 Credential=a"}) {
    CAPTURE(authorization);
    CHECK(reason("", authorization) == Ambiguity::kAuthorizationScheme);
  }
}

TEST_CASE("R1: an Authorization value that readers cut in different places is ambiguous") {
  for (const Bytes authorization : {"Bearer", "Bearer ", "Bearer\tabc", "Bearer a b", "Bearer a;b",
                                    "Bearer a\x01", "Bearer a\tb", "Bearer a\x7f"}) {
    CAPTURE(authorization);
    CHECK(reason("", authorization) == Ambiguity::kMalformedHeader);
  }
  CHECK(reason("", "Bearer a,b") == Ambiguity::kJoinedFields);
  CHECK(reason("", "Bearer abc, Bearer abc") == Ambiguity::kJoinedFields);
  CHECK(reason("", "Bearer a\xef\xbf\xbd") == Ambiguity::kUndecodableBytes);
  CHECK(reason("", "Bearer \xd8\xa3") == Ambiguity::kUndecodableBytes);
}

TEST_CASE("R1: every ambiguous header is ambiguous beside another credential as well") {
  for (const Bytes authorization : {"Basic YTpi", "Bearer", "Bearer a,b", "Bearer abc", "abc"}) {
    CAPTURE(authorization);
    CHECK(reason("session=abc", authorization) == Ambiguity::kCookieAndAuthorization);
  }
}

TEST_CASE("R1: an order of credentials says which one counts where a request has both") {
  const auto read_by = [](const Names& order, Bytes cookies, Bytes authorization) {
    CredentialScratch scratch;
    const CredentialReader reader({"session"}, kSchemes, order);
    const Credential credential = reader.read(cookies, authorization, &scratch);
    return std::string(credential.kind == CredentialKind::kAmbiguous ? "?" : credential.value);
  };
  const Names bearer_first = {"bearer", "cookie"};
  const Names cookie_first = {"cookie", "bearer"};
  CHECK(read_by(bearer_first, "session=c", "Bearer b") == "b");
  CHECK(read_by(cookie_first, "session=c", "Bearer b") == "c");
  CHECK(read_by({"bearer"}, "session=c", "Bearer b") == "b");
  CHECK(read_by({"cookie"}, "session=c", "Bearer b") == "c");
  for (const Names& order : {bearer_first, cookie_first}) {
    CHECK(read_by(order, "session=c", "") == "c");
    CHECK(read_by(order, "theme=dark", "Bearer b") == "b");
    CHECK(read_by(order, "session=", "Bearer b") == "b");
  }
  CHECK(read_by({"bearer"}, "session=c", "").empty());
  CHECK(read_by({"cookie"}, "", "Bearer b").empty());

  // What is not looked at makes nothing ambiguous.
  CHECK(read_by(bearer_first, "session=c; session=d", "Bearer b") == "b");
  CHECK(read_by(cookie_first, "session=c", "Basic YTpi") == "c");
  CHECK(read_by({"cookie"}, "session=c", "Bearer a,b") == "c");
  CHECK(read_by({"cookie"}, "", "Basic YTpi").empty());
  CHECK(read_by(bearer_first, "session=c", "Basic YTpi") == "?");
  CHECK(read_by(cookie_first, "session=c; session=d", "Bearer b") == "?");
  CHECK(read_by(cookie_first, "", "Basic YTpi") == "?");
}

TEST_CASE("R3: every spelling of a cookie's value is one credential") {
  for (const Bytes spelling : {"abc", "%61bc", "a%62c", "%61%62%63", "\"abc\"", "\"%61bc\"",
                               "\"\\141bc\"", "\"\\abc\"", "  abc  "}) {
    CAPTURE(spelling);
    CHECK(is_cookie(read("session=" + std::string(spelling)), "abc"));
  }
  CHECK(is_cookie(read("session=s%3Aab%2Fc%3d"), "s:ab/c="));
  CHECK(is_cookie(read("session=\"a\\073b\""), "a;b"));
  CHECK(is_cookie(read("session=\"a\\\"b\""), "a\"b"));
  CHECK(is_cookie(read("session=\"Bearer abc\""), "Bearer+abc"));
  for (const Bytes spelling : {"a+b", "a%20b", "a%2Bb", "a%2bb", "\"a b\""}) {
    CAPTURE(spelling);
    CHECK(is_cookie(read("session=" + std::string(spelling)), "a+b"));
  }
}

TEST_CASE("R3: what is no escape stays, and an escape is decoded once") {
  for (const Bytes value : {"%", "%4", "%zz", "a%4", "%%", "a%g1"}) {
    CAPTURE(value);
    CHECK(is_cookie(read("session=" + std::string(value)), value));
  }
  CHECK(is_cookie(read("session=%2561bc"), "%61bc"));
  CHECK(is_cookie(read("session=%%361"), "%61"));
  CHECK(is_cookie(read("session=a%00b"), Bytes("a\0b", 3)));
}

TEST_CASE("R3: a value in empty quotes is an empty one") {
  CHECK(is_anonymous(read("session=\"\"")));
  CHECK(is_ambiguous(read("session=\"\"; session=abc")));
}

TEST_CASE("R3: a session cookie whose value two readers may cut differently is ambiguous") {
  CHECK(reason("session=abc,def") == Ambiguity::kJoinedFields);
  CHECK(reason("session=\"abc,def\"") == Ambiguity::kJoinedFields);
  for (const Bytes value : {"a b", "a\tb", "a\"b", "a\\b", "\"a\"b\"", "\"a\\\"", "abc\""}) {
    CAPTURE(value);
    CHECK(reason("session=" + std::string(value)) == Ambiguity::kMalformedHeader);
  }
}

TEST_CASE("R3: bytes that a host may not have given as they came make a session ambiguous") {
  for (const Bytes bytes : {"\xef\xbf\xbd", "\xff", "\xa0", "\xc2\xa0", "\xd8\xa3"}) {
    for (const std::string& value :
         {std::string(bytes), "a" + std::string(bytes), std::string(bytes) + "a",
          "a" + std::string(bytes) + "a", "\"" + std::string(bytes) + "\""}) {
      CAPTURE(value);
      CHECK(reason("session=" + value) == Ambiguity::kUndecodableBytes);
    }
    // Those of other cookies cost nothing.
    const std::string other = "a" + std::string(bytes) + "=" + std::string(bytes);
    CAPTURE(other);
    CHECK(is_cookie(read(other + "; session=abc; b=" + std::string(bytes)), "abc"));
  }
  CHECK(reason("session\xef\xbf\xbd=abc") == Ambiguity::kUndecodableBytes);
}

TEST_CASE("R3: a name that some reader takes for a session cookie's is ambiguous") {
  const std::vector<std::string> names = {
      // Django, Starlette, Tornado, Werkzeug; as bytes, as UTF-8 of them, and the other way round
      "\xa0session", "session\xa0", "\xc2\xa0session", "session\xc2\xa0", "\xc3\x82\xc2\xa0session",
      "\xe2\x80\x83session", "\xe3\x80\x80session", "\x85session", "\xc2\x85session",
      "\xef\xbb\xbfsession", "\xe2\x80\x8bsession",
      // Perl's CGI, PHP before 7.4.11
      "%73ession", "sessio%6E", "%73%65%73%73%69%6f%6e", "%20session", "session%20", "+session",
      "session%00x", "session%0a", "%C2%A0session",
      // ASP.NET
      "Session", "SESSION", "sessioN",
      // Java's trim() behind a decoder of escapes
      "%00session", "\"%00session", "%00%09session", "%1fsession",
      // PHP
      "session[]", "session[x]", "session[", "..Host-session", "_.Host-session", "[_Host-session",
      " .%5FHost-session", "__host-session", "__Host-Session",
      // Werkzeug before 2.2.3
      "=session", "==session", "= session",
      // readers of quoted names
      "\"session\"", "\"session", "session\\",
      // chunks, as PHP and ASP.NET read them
      "Session.0", "session%2e0", "\xa0session.0", "session[0", "SESSION__1", "sessionc1"};
  for (const std::string& name : names) {
    CAPTURE(name);
    const Ambiguity fault = reason(name + "=ATT");
    CHECK(fault == Ambiguity::kCookieNameVariant);
    CHECK(is_ambiguous(read("session=abc; " + name + "=ATT")));
    CHECK(is_ambiguous(read(name + "=ATT; session=abc")));
    CHECK(is_ambiguous(read("a=1;" + name + " = ATT; session=abc; b=2")));
  }
}

TEST_CASE("R1: a name that no reader takes for a session cookie's costs nothing") {
  for (const Bytes name :
       {"sessions",  "session2",        "session-id",   "session_id", "session.sig", "session_2024",
        "sessionid", "session_",        "session.",     "session.00", "session.100", "session.1a",
        "_session",  "xsession",        "my_session",   "se",         "s",           "_",
        "__Host-",   "__Host-sessions", "Host-session", "ses%73on",   "%session",    "sess%zzion",
        "session%",  "sessionC0",       "sessionC",     "sessioncx",  "$session"}) {
    CAPTURE(name);
    CHECK(is_cookie(read("session=abc; " + std::string(name) + "=x"), "abc"));
    CHECK(is_cookie(read(std::string(name) + "=x; session=abc"), "abc"));
    CHECK(is_anonymous(read(std::string(name) + "=x")));
  }
}

TEST_CASE("R3: names of one character are told from their variants as well") {
  CHECK(is_cookie(read_as({"s"}, "s=abc; a=1"), "abc", "s"));
  CHECK(is_cookie(read_as({"s"}, "sa=1; s=abc"), "abc", "s"));
  CHECK(is_ambiguous(read_as({"s"}, "S=abc")));
  CHECK(is_ambiguous(read_as({"s"}, "\xa0s=abc")));
  CHECK(is_ambiguous(read_as({"s"}, "%73=abc")));
}

TEST_CASE("R3: PHP's names are told from those that it does not tell from them") {
  CHECK(is_cookie(read_as({"app.sid"}, "app.sid=abc"), "abc", "app.sid"));
  CHECK(is_ambiguous(read_as({"app.sid"}, "app_sid=abc")));
  CHECK(is_ambiguous(read_as({"app_sid"}, "app.sid=abc")));
  CHECK(is_ambiguous(read_as({"app_sid"}, "app[sid=abc")));
  CHECK(is_ambiguous(read_as({"app_sid"}, "app sid=abc")));
  CHECK(is_ambiguous(read_as({"app_sid"}, "app+sid=abc")));
  CHECK(is_cookie(read_as({"app.sid", "app_sid"}, "app.sid=abc"), "abc", "app.sid"));
}

TEST_CASE("R3: fields that a host has joined with a comma are ambiguous") {
  for (const Bytes header :
       {"theme=dark, session=abc", "session=abc, theme=dark", "session=abc, session=abc",
        "session=abc, session=def", "theme=dark,session=abc", "theme=dark,  session=abc",
        "a=1; theme=dark, __Host-session=abc; b=2", "theme=dark, %73ession=abc",
        "theme=dark, session.0=abc", "theme=dark, \xa0session=abc"}) {
    CAPTURE(header);
    CHECK(reason(header) == Ambiguity::kJoinedFields);
  }
  // What other cookies hold is theirs.
  CHECK(is_cookie(read("theme=a,b; session=abc; list=1, 2, x=3"), "abc"));
  CHECK(is_anonymous(read("theme=dark, lang=en")));
}

TEST_CASE(
    "R3: a session cookie inside of another pair, where some reader begins anew, is ambiguous") {
  for (const Bytes header :
       {"theme=x session=ATT; session=abc", "session=abc; theme=x session=ATT",
        "theme=\"x\"session=ATT; session=abc", "theme=x\tsession = ATT", "theme=\"x session=ATT\"",
        "theme=\xc2\xa0session=ATT", "theme session=ATT", "x y z session=ATT", "my session=abc"}) {
    CAPTURE(header);
    CHECK(reason(header) == Ambiguity::kJoinedFields);
  }
  CHECK(is_anonymous(read("a=session=abc")));
  CHECK(is_cookie(read("next=/login?session=1&b=2; session=abc"), "abc"));
  CHECK(is_cookie(read("note=the session is over; session=abc"), "abc"));
}

TEST_CASE("R1: $Version turns some readers into others, so the request is ambiguous") {
  for (const Bytes header : {"$Version=1; session=abc", "session=abc; $version=\"1\"",
                             "$VERSION=0; session=abc; $Path=/"}) {
    CAPTURE(header);
    CHECK(reason(header) == Ambiguity::kMalformedHeader);
  }
  CHECK(is_cookie(read("session=abc; $Path=/"), "abc"));
}

TEST_CASE("R1: numbered chunks are one credential, in the order of their numbers") {
  CHECK(is_cookie(read("session.0=ab; session.1=cd"), "abcd"));
  CHECK(is_cookie(read("session.1=cd; a=1; session.0=ab"), "abcd"));
  CHECK(is_cookie(read("session_0=ab; session_1=cd"), "abcd"));
  CHECK(is_cookie(read("session__0=ab; session__1=cd; session__2=ef"), "abcdef"));
  CHECK(is_cookie(read("session.0=ab"), "ab"));
  CHECK(is_cookie(read("session.0=ab; session.0=ab; session.1=cd"), "abcd"));
  CHECK(is_cookie(read("session.0=%61b; session.1=\"cd\""), "abcd"));
  CHECK(is_cookie(read("__Host-session.0=ab"), "ab", "__Host-session"));
  std::string header;
  std::string value;
  for (int chunk = 11; chunk >= 0; --chunk) {
    header += "session." + std::to_string(chunk) + "=" + std::to_string(chunk) + "; ";
    value.insert(0, std::to_string(chunk));
  }
  CHECK(is_cookie(read(header), value));
}

TEST_CASE("R1: chunks that do not fit together are ambiguous") {
  for (const Bytes header :
       {"session.1=cd", "session.0=ab; session.2=ef", "session.0=ab; session_1=cd",
        "session_0=ab; session__1=cd", "session.0=ab; session=abcd", "session=abcd; session.0=ab",
        "session=; session.0=ab", "session.0=ab; session.0=xy",
        "session.0=", "session.0=ab; session.1=", "session.0=ab; __Host-session.1=cd",
        "sessionC1=ab", "session=chunks-2", "session=chunks-2; sessionC1=ab",
        "session=chunks-1; sessionC1=ab; sessionC2=cd", "session=chunks-1; session.0=ab",
        "session=chunks:2", "session=chunks-0"}) {
    CAPTURE(header);
    CHECK(reason(header) == Ambiguity::kChunks);
  }
  CHECK(reason("session.0=ab; __Host-session=cd") == Ambiguity::kTwoCookies);
}

TEST_CASE("R1: ASP.NET's chunks are one credential: the whole cookie only counts them") {
  CHECK(is_cookie(read("session=chunks-2; sessionC1=ab; sessionC2=cd"), "abcd"));
  CHECK(is_cookie(read("sessionC2=cd; sessionC1=ab; session=chunks:2"), "abcd"));
  CHECK(is_cookie(read("session=chunks-x"), "chunks-x"));
  CHECK(is_cookie(read("session=chunksy"), "chunksy"));
}

TEST_CASE("R1: a configured name that is another's chunk is that chunk") {
  const Names names = {"n", "n.0", "n.1"};
  CHECK(is_cookie(read_as(names, "n.0=ab; n.1=cd"), "abcd", "n"));
  CHECK(is_cookie(read_as({"n.0", "n.1", "n"}, "n.0=ab; n.1=cd"), "abcd", "n"));
  CHECK(is_cookie(read_as(names, "n=abcd"), "abcd", "n"));
  CHECK(is_ambiguous(read_as(names, "n.1=cd")));
  CHECK(is_cookie(read_as({"n.0", "n.1"}, "n.1=cd"), "cd", "n.1"));
}

TEST_CASE("R1: each reason has a name for the operator, and no two the same") {
  for (std::size_t one = 0; one < kAmbiguities; ++one) {
    for (std::size_t other = 0; other < one; ++other) {
      CHECK(Bytes(kAmbiguityNames[one]) != kAmbiguityNames[other]);
    }
  }
  CHECK(Bytes(kAmbiguityNames[static_cast<std::size_t>(reason("session=a; session=b"))]) ==
        "two_cookies");
}

std::vector<std::string> named(Bytes cookies, Bytes authorization = {}) {
  const CredentialReader reader({"session", "__Host-session"}, kSchemes);
  std::vector<std::string> all;
  const NamedCredentials found = reader.all_named(cookies, authorization);
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK(found.cookie(i).empty() != found.authorization(i).empty());
    all.emplace_back(found[i].substr(1));
  }
  return all;
}

TEST_CASE("R1: every credential that an ambiguous request names is found") {
  using All = std::vector<std::string>;
  CHECK(named("session=a; x=1; session=b") == All{"session=a", "session=b"});
  CHECK(named("session=a; session=a") == All{"session=a"});
  CHECK(named("session=a; __Host-session=b", "Bearer c") ==
        All{"bearer c", "__Host-session=b", "session=a"});
  CHECK(named("session=a", "Basic YTpi") == All{"session=a"});
  CHECK(named("", "Bearer a, token b") == All{"bearer a", "token b"});
  CHECK(named("session=a; session=") == All{"session=a"});
  CHECK(named("session=a, session=b; theme=x session=c") ==
        All{"session=a", "session=b", "session=c"});
  CHECK(named("\xa0session=a; %73ession=b") == All{"session=a", "session=b"});
  CHECK(named("session.1=b; session.0=a; session=c") ==
        All{"session.0=a; session.1=b", "session=c"});
  CHECK(named("session.0=x; session.0=a; session.1=b") ==
        All{"session.0=a; session.1=b", "session.0=x; session.1=b"});
  CHECK(named("session.0=a; session.2=b") == All{"session.0=a"});
  CHECK(named("session=chunks-2; sessionC1=a") ==
        All{"session=chunks-2", "sessionC1=a; session=chunks-1"});
  CHECK(named("theme=dark", "Basic YTpi").empty());
  CHECK(named("session=a\x01; session=b") == All{"session=a", "session=b"});
}

TEST_CASE("R1: however many cookies stand before it, a session cookie is among those named") {
  std::string header;
  for (int i = 0; i < 500; ++i) header += "session=planted" + std::to_string(i) + "; ";
  const auto all = named(header + "session=own");
  CHECK(all.size() == 501);
  CHECK(std::find(all.begin(), all.end(), "session=own") != all.end());
}

// --- Properties: many random cases from one seed, which a failure names. ---

using Random = std::mt19937;

std::size_t below(Random& random, std::size_t bound) { return random() % bound; }

// What session cookies are made of, with the characters that have spellings.
std::string random_value(Random& random) {
  constexpr Bytes kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~!#$&'()*/:<=>?@[]^`{|}+";
  std::string value;
  for (std::size_t left = 1 + below(random, 40); left > 0; --left) {
    value.push_back(kAlphabet[below(random, kAlphabet.size())]);
  }
  return value;
}

// The same value as some library might write it, or a thief.
std::string spelled(Random& random, const std::string& value) {
  constexpr char kUpper[] = "0123456789ABCDEF";
  constexpr char kLower[] = "0123456789abcdef";
  const bool is_quoted = below(random, 3) == 0;
  std::string text;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    switch (below(random, is_quoted ? 5 : 3)) {
      case 0:
        text.append({'%', kUpper[byte >> 4], kUpper[byte & 15]});
        break;
      case 1:
        text.append({'%', kLower[byte >> 4], kLower[byte & 15]});
        break;
      case 3:
        text.append({'\\', static_cast<char>('0' + (byte >> 6)),
                     static_cast<char>('0' + (byte >> 3 & 7)),
                     static_cast<char>('0' + (byte & 7))});
        break;
      default:
        text.push_back(c);
    }
  }
  return is_quoted ? '"' + text + '"' : text;
}

std::string read_value(const std::string& header) {
  const Credential credential = read(header);
  REQUIRE(credential.kind == CredentialKind::kCookie);
  return std::string(credential.value);
}

TEST_CASE("R3: random spellings of a value are one credential, whole or in chunks") {
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    const std::string value = random_value(random);
    const std::string one = spelled(random, value);
    const std::string other = spelled(random, value);
    CAPTURE(seed, value, one, other);
    REQUIRE(read_value("session=" + one) == value);
    REQUIRE(read_value("a=1; session=" + other + "; b=2") == value);
    const std::size_t cut = below(random, value.size());
    if (cut == 0) continue;
    REQUIRE(read_value("session.1=" + spelled(random, value.substr(cut)) +
                       "; session.0=" + spelled(random, value.substr(0, cut))) == value);
  }
}

TEST_CASE("R3: random values that differ are different credentials, however they are spelled") {
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    const std::string one = random_value(random);
    std::string other = one;
    const std::size_t at = below(random, other.size());
    other[at] = other[at] == 'A' ? 'B' : 'A';
    CAPTURE(seed, one, other);
    REQUIRE(read_value("session=" + spelled(random, one)) !=
            read_value("session=" + spelled(random, other)));
  }
}

TEST_CASE("R3: a random name with strippable bytes, escapes or another case is never a plain one") {
  const std::vector<std::string> strippable = {
      "\xa0", "\xc2\xa0", "\xe2\x80\x89", "%20", "%09", "\xef\xbf\xbd", "+", "%C2%A0", "\"", "="};
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    std::string name;
    for (const char c : std::string("session")) {
      const auto byte = static_cast<unsigned char>(c);
      switch (below(random, 3)) {
        case 0:
          name.push_back(static_cast<char>(byte ^ 0x20));
          break;
        case 1:
          name.append({'%', static_cast<char>('0' + (byte >> 4)), "0123456789abcdef"[byte & 15]});
          break;
        default:
          name.push_back(c);
      }
    }
    if (below(random, 2) == 0) name.insert(0, strippable[below(random, strippable.size())]);
    const std::string& last = strippable[below(random, strippable.size() - 1)];
    if (below(random, 2) == 0) name += last;
    if (name == "session") continue;
    CAPTURE(seed, name);
    REQUIRE(is_ambiguous(read("a=1; " + name + "=ATT; session=abc")));
    REQUIRE(is_ambiguous(read("session=abc; " + name + "=ATT")));
  }
}

TEST_CASE(
    "R1: the quick look at a pair's name finds a name exactly where comparing all of it does") {
  const Names configured = {"s", "session", "__Host-session", "sessionid", "seven77", "eight888"};
  const CookieNames names(configured);
  std::size_t found = 0;
  for (std::uint32_t seed = 0; seed < 20000; ++seed) {
    Random random(seed);
    std::string pair =
        configured[below(random, configured.size())] + "=" + std::string(below(random, 12), 'v');
    // Half of them with one byte that is another, missing, or one too many.
    const std::size_t at = below(random, pair.size());
    switch (below(random, 6)) {
      case 0:
        pair[at] = static_cast<char>(pair[at] ^ 1 << below(random, 8));
        break;
      case 1:
        pair.erase(at, 1);
        break;
      case 2:
        pair.insert(at, 1, pair[at]);
        break;
      default:
        break;
    }
    const std::string name = pair.substr(0, pair.find('='));
    const auto expected = std::find(configured.begin(), configured.end(), name);
    const bool is_one = expected != configured.end() && name.size() < pair.size();
    std::uint32_t index = 0;
    CAPTURE(pair);
    REQUIRE(names.begins_with_name(pair, &index) == (is_one && pair.size() >= 8));
    if (!is_one) continue;
    const auto number = static_cast<std::uint32_t>(expected - configured.begin());
    const NameMatch match = names.match(name);
    REQUIRE(match.kind == NameKind::kWhole);
    REQUIRE(match.index == number);
    if (pair.size() < 8) continue;
    ++found;
    REQUIRE(index == number);
  }
  CHECK(found > 5000);
}

TEST_CASE(
    "R3: a credential is read and numbered alike, whether its pair is long enough to be looked at "
    "quickly") {
  const Names configured = {"s", "id", "session"};
  for (std::uint32_t number = 0; number < configured.size(); ++number) {
    for (std::size_t bytes = 1; bytes < 20; ++bytes) {
      const std::string value(bytes, 'v');
      const std::string header = "a=1; " + configured[number] + "=" + value + "; b=2";
      const Credential credential = read_as(configured, header);
      CAPTURE(number, value);
      REQUIRE(is_cookie(credential, value, configured[number]));
      REQUIRE(credential.name_number == number);
    }
  }
}

TEST_CASE("R1: the credentials that a random request names are those that it was made of") {
  for (std::uint32_t seed = 0; seed < 1000; ++seed) {
    Random random(seed);
    std::vector<std::string> expected;
    std::string header;
    for (std::size_t left = 2 + below(random, 4); left > 0; --left) {
      const std::string value = spelled(random, random_value(random));
      const std::string name = below(random, 2) == 0 ? "session" : "__Host-session";
      header.append(name).append("=").append(value);
      header += below(random, 2) == 0 ? "; " : "; theme=a b; ";
      expected.push_back(std::string(name).append("=").append(value));
    }
    std::sort(expected.begin(), expected.end());
    expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
    CAPTURE(seed, header);
    REQUIRE(named(header) == expected);
  }
}

TEST_CASE("R1: a cookie and a bearer at once are ambiguous, even with one value") {
  CHECK(is_ambiguous(read("session=abc", "Bearer abc")));
  CHECK(is_ambiguous(read("session=abc; session=abd", "Bearer abc")));
  CHECK(is_ambiguous(read("a=\x01", "Bearer abc")));
}

}  // namespace
}  // namespace sesame
