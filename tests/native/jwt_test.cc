// When a token ends that is a JWT, and what its spellings have in common.
#include "http/jwt.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <string>

namespace sesame {
namespace {

constexpr TimeMs kEndOfYear9999 = 253'402'300'799'000;

std::string base64url(Bytes bytes) {
  constexpr Bytes kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char byte : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(byte);
    for (count += 8; count >= 6; count -= 6) text.push_back(kAlphabet[bits >> (count - 6) & 0x3f]);
  }
  if (count > 0) text.push_back(kAlphabet[bits << (6 - count) & 0x3f]);
  return text;
}

std::string token_with(Bytes claims) {
  return base64url(R"({"alg":"HS256"})") + '.' + base64url(claims) + ".c2ln";
}

std::optional<TimeMs> expiry_of(Bytes claims) { return jwt_expiry(token_with(claims)); }

TEST_CASE("R8: the example of RFC 7519 section 3.1 ends when its exp says") {
  CHECK(jwt_expiry("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
                   ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                   "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
                   ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == 1'300'819'380'000);
}

TEST_CASE("R8: exp is read wherever it stands, in any form of number") {
  CHECK(expiry_of(R"({"exp":1700000000})") == 1'700'000'000'000);
  CHECK(expiry_of(R"( { "sub" : "7" , "exp" : 1700000000 , "iat" : 1 } )") == 1'700'000'000'000);
  CHECK(expiry_of(R"({"\u0065xp":17e8})") == 1'700'000'000'000);
  CHECK(expiry_of(R"({"exp":1.7E+9})") == 1'700'000'000'000);
  CHECK(expiry_of(R"({"exp":17000000000e-1})") == 1'700'000'000'000);
  CHECK(expiry_of(R"({"exp":1,"exp":2})") == 2'000);
  CHECK(expiry_of(R"({"exp":0})") == 0);
}

TEST_CASE("R8: fractions of a second are dropped") {
  CHECK(expiry_of(R"({"exp":1700000000.999})") == 1'700'000'000'000);
  CHECK(expiry_of(R"({"exp":0.999})") == 0);
  CHECK(expiry_of(R"({"exp":1e-999999999999999999999})") == 0);
}

TEST_CASE("R8: an exp outside of what time can be is held at its end") {
  CHECK(expiry_of(R"({"exp":-1})") == 0);
  CHECK(expiry_of(R"({"exp":-1e999})") == 0);
  CHECK(expiry_of(R"({"exp":-0.5})") == 0);
  CHECK(expiry_of(R"({"exp":253402300799})") == kEndOfYear9999);
  CHECK(expiry_of(R"({"exp":253402300800})") == kEndOfYear9999);
  CHECK(expiry_of(R"({"exp":18446744073709551616})") == kEndOfYear9999);
  CHECK(expiry_of(R"({"exp":1e999999999999999999999})") == kEndOfYear9999);
  CHECK(expiry_of(R"({"exp":)" + std::string(4000, '9') + "}") == kEndOfYear9999);
  CHECK(expiry_of(R"({"exp":0e999999999999999999999})") == 0);
}

TEST_CASE("R8: without a numeric exp a token has no end of its own") {
  CHECK_FALSE(expiry_of("{}"));
  CHECK_FALSE(expiry_of(R"({"sub":"7"})"));
  CHECK_FALSE(expiry_of(R"({"exp":"1700000000"})"));
  CHECK_FALSE(expiry_of(R"({"exp":null})"));
  CHECK_FALSE(expiry_of(R"({"exp":[1]})"));
  CHECK_FALSE(expiry_of(R"({"nested":{"exp":1}})"));
}

TEST_CASE("R8: a payload that is no JSON object has no exp") {
  CHECK_FALSE(expiry_of(""));
  CHECK_FALSE(expiry_of("[1]"));
  CHECK_FALSE(expiry_of(R"({"exp":1)"));
  CHECK_FALSE(expiry_of(R"({"exp":1}x)"));
  CHECK_FALSE(expiry_of(std::string("{\"exp\":1}\0", 10)));
  CHECK_FALSE(expiry_of("\xff\xfe"));
}

TEST_CASE("R8: a token whose first two parts are not base64 is opaque") {
  const std::string claims = base64url(R"({"exp":1})");
  CHECK(jwt_expiry("e30." + claims + ".c2ln") == 1000);
  CHECK(jwt_expiry("e30." + claims + ".") == 1000);  // RFC 7519 section 6: unsecured
  CHECK_FALSE(jwt_expiry(""));
  CHECK_FALSE(jwt_expiry(claims));
  CHECK_FALSE(jwt_expiry("e30." + claims));
  CHECK_FALSE(jwt_expiry("." + claims + ".c2ln"));
  CHECK_FALSE(jwt_expiry("e30.." + claims));
  CHECK_FALSE(jwt_expiry("e3!." + claims + ".c2ln"));
  CHECK_FALSE(jwt_expiry("abcde." + claims + ".c2ln"));  // no bytes have five characters
  CHECK_FALSE(jwt_expiry("e30." + claims + "!.c2ln"));
}

TEST_CASE("R8: the signature does not hide an exp, whatever stands in its place") {
  const std::string token = "e30." + base64url(R"({"exp":12})") + ".";
  for (const Bytes signature : {"c2ln", "c2/n", "c2ln.c2ln", "!", "abcde", "c2ln="}) {
    CAPTURE(signature);
    CHECK(jwt_expiry(token + std::string(signature)) == 12'000);
  }
}

TEST_CASE("R8: a cookie that says Bearer before its token has the token's exp") {
  const std::string token = token_with(R"({"exp":12})");
  CHECK(jwt_expiry("Bearer+" + token) == 12'000);
  CHECK(jwt_expiry("bearer " + token) == 12'000);
  CHECK_FALSE(jwt_expiry("Token " + token));
}

TEST_CASE("R3: all spellings of a token have one content, whatever the signature") {
  // '>' and '?' give characters in which base64 and base64url differ.
  const std::string claims = base64url(R"({"sub":"a>>>???b"})");
  REQUIRE(claims.find('-') != std::string::npos);
  REQUIRE(claims.find('_') != std::string::npos);
  std::string other_alphabet = claims;
  for (char& c : other_alphabet) c = c == '-' ? '+' : c == '_' ? '/' : c;
  const auto content = jwt_content("e30." + claims + ".c2ln");
  REQUIRE(content);
  for (const std::string& spelling :
       {"e30." + claims + ".", "e30." + claims + ".Zm9yZ2Vk", "e30=." + claims + "==.c2ln",
        "e31." + claims + ".c2ln", "e30." + other_alphabet + ".c2ln", "e30." + claims + ".a.b",
        "Bearer " + ("e30." + claims) + ".c2ln"}) {
    CAPTURE(spelling);
    CHECK(jwt_content(spelling) == content);
  }
}

TEST_CASE("R3: tokens whose header or payload differ have different contents") {
  const auto content = jwt_content(token_with(R"({"sub":"a"})"));
  REQUIRE(content);
  CHECK(jwt_content(token_with(R"({"sub":"b"})")) != content);
  CHECK(jwt_content(token_with(R"({"sub": "a"})")) != content);  // the JSON is left as it stands
  CHECK(jwt_content("e30." + base64url(R"({"sub":"a"})") + ".c2ln") != content);
  // What moves from the header to the payload.
  CHECK(jwt_content(base64url("{}") + '.' + base64url("{}{}") + ".x") !=
        jwt_content(base64url("{}{}") + '.' + base64url("{}") + ".x"));
}

TEST_CASE("R3: what encrypted tokens and other dotted values begin with is no content") {
  const std::string header = base64url(R"({"alg":"dir","enc":"A256GCM"})");
  CHECK_FALSE(jwt_content(header + "..aXY.Y2lwaGVy.dGFn"));
  CHECK_FALSE(jwt_content(header + ".a2V5.aXY.Y2lwaGVy.dGFn"));
  CHECK_FALSE(jwt_content(base64url(R"({"id":1})") + ".Zx3F2g.c2ln"));  // itsdangerous
  CHECK_FALSE(jwt_content("Fe26.2*1*abc.def"));
  CHECK_FALSE(jwt_content("a.b.c"));
}

TEST_CASE("R3: what stands around a bare token in Authorization is not part of it") {
  CHECK(bare_token("abc") == "abc");
  CHECK(bare_token("\"abc\"") == "abc");
  CHECK(bare_token("token=abc") == "abc");
  CHECK(bare_token("Token=\"abc\"") == "abc");
  CHECK(bare_token("token=") == "token=");
  CHECK(bare_token("\"") == "\"");
}

TEST_CASE("R8: padding does not hide an exp") {
  CHECK(jwt_expiry("e30=." + base64url(R"({"exp":12})") + "==.c2ln") == 12'000);
}

}  // namespace
}  // namespace sesame
