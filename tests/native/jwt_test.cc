// When a bearer token ends that is a JWT.
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

TEST_CASE("R8: a token that has not three base64url parts is opaque") {
  const std::string claims = base64url(R"({"exp":1})");
  CHECK(jwt_expiry("e30." + claims + ".c2ln") == 1000);
  CHECK(jwt_expiry("e30." + claims + ".") == 1000);  // RFC 7519 section 6: unsecured
  CHECK_FALSE(jwt_expiry(""));
  CHECK_FALSE(jwt_expiry(claims));
  CHECK_FALSE(jwt_expiry("e30." + claims));
  CHECK_FALSE(jwt_expiry("." + claims + ".c2ln"));
  CHECK_FALSE(jwt_expiry("e30.." + claims));
  CHECK_FALSE(jwt_expiry("e30." + claims + ".c2ln.c2ln"));
  CHECK_FALSE(jwt_expiry("e30." + claims + ".c2ln."));
  CHECK_FALSE(jwt_expiry("e3+." + claims + ".c2ln"));
  CHECK_FALSE(jwt_expiry("e30." + claims + ".c2/n"));
  CHECK_FALSE(jwt_expiry("e30." + claims + "!.c2ln"));
  CHECK_FALSE(jwt_expiry("e30." + claims + ".abcde"));  // no bytes have five characters
}

TEST_CASE("R8: padding does not hide an exp") {
  CHECK(jwt_expiry("e30=." + base64url(R"({"exp":12})") + "==.c2ln") == 12'000);
}

}  // namespace
}  // namespace sesame
