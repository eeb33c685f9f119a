// Keys: equal exactly if tenant, kind, name, value and secret are.
#include "base/key.h"

#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

namespace sesame {
namespace {

constexpr char kSecretBytes[] = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";
const Bytes kSecret(kSecretBytes, KeyMaker::kSecretBytes);

// Expected values are SIPHASH of `openssl mac`, size 16, over
// u32 LE length, tenant, kind byte, u32 LE length, name, u32 LE length, value.
TEST_CASE("R2: a key is the keyed hash of length-prefixed tenant, kind, name and value") {
  struct Example {
    std::string tenant;
    KeyKind kind;
    std::string name;
    Bytes value;
    Key key;
  };
  const std::vector<Example> examples = {
      {"api.example.com",
       KeyKind::kCookie,
       "session",
       "0123456789abcdef",
       {0x1303ab6f32fa4311, 0xd0890a9731837a54}},
      {"", KeyKind::kBearer, "", "", {0x79aed97844721591, 0x42ccd171d4ab6832}},
      {std::string(128, 't'),
       KeyKind::kCookie,
       "session",
       "v",
       {0x45da97ee8b7d21dd, 0x3bbd26cd6ebca3bb}},
      {std::string(129, 't'),
       KeyKind::kCookie,
       "__Host-session",
       "v",
       {0x85afa1005d9a6130, 0x55ddbae0697eb276}},
      {std::string(160, 't'),
       KeyKind::kCookie,
       "session",
       "v",
       {0x55d572b8f115a973, 0x36e9aac1074e2c3f}},
      {std::string(300, 't'), KeyKind::kUser, "", "n7", {0x70cc5f7106c1c45b, 0x674e55c413e34afc}},
      {"a", KeyKind::kCookie, std::string(400, 'n'), "v", {0x78c08cd685e6fdc4, 0xf37c1fa114138f42}},
  };
  const KeyMaker maker(kSecret);
  for (const Example& example : examples) {
    CAPTURE(example.tenant, example.name, example.value);
    CHECK(maker.make(example.tenant, example.kind, example.name, example.value) == example.key);
  }
}

TEST_CASE("R3: a key of the usual cookie is the same as any other way of making it gives") {
  for (std::size_t name_bytes = 0; name_bytes < 20; ++name_bytes) {
    const std::string name(name_bytes, 'n');
    const KeyMaker usual(kSecret, name);
    const KeyMaker other(kSecret);
    for (std::size_t value_bytes = 0; value_bytes < 40; ++value_bytes) {
      const std::string value(value_bytes, 'v');
      CAPTURE(name, value);
      REQUIRE(usual.make_usual(value) == other.make({}, KeyKind::kCookie, name, value));
      REQUIRE(usual.make_usual(value) == usual.make({}, KeyKind::kCookie, name, value));
    }
  }
}

TEST_CASE("R2: the same value under another name has another key, wherever the bytes stand") {
  const KeyMaker maker(kSecret);
  const Key key = maker.make("t", KeyKind::kCookie, "session", "abc");
  CHECK(key != maker.make("t", KeyKind::kCookie, "__Host-session", "abc"));
  CHECK(key != maker.make("t", KeyKind::kCookie, "sessio", "nabc"));
  CHECK(key != maker.make("t", KeyKind::kCookie, "sessiona", "bc"));
  CHECK(key != maker.make("t", KeyKind::kCookie, "", "sessionabc"));
  // A name that spells out what follows a shorter one.
  const std::string forged(
      "s\x03\x00\x00\x00"
      "a",
      6);
  CHECK(maker.make("t", KeyKind::kCookie, forged, "bc") !=
        maker.make("t", KeyKind::kCookie, "s", "abc"));
}

TEST_CASE("R3: equal inputs give equal keys, wherever their bytes lie") {
  const KeyMaker maker(kSecret);
  const std::string padded = "xapi.example.comxtokenx";
  CHECK(maker.make("api.example.com", KeyKind::kBearer, "", "token") ==
        maker.make(Bytes(padded).substr(1, 15), KeyKind::kBearer, "", Bytes(padded).substr(17, 5)));
  CHECK(KeyMaker(kSecret).make("a", KeyKind::kUser, "", "b") ==
        maker.make("a", KeyKind::kUser, "", "b"));
}

TEST_CASE("R3: bytes that move between tenant and value give another key") {
  const KeyMaker maker(kSecret);
  CHECK(maker.make("ab", KeyKind::kCookie, "", "c") != maker.make("a", KeyKind::kCookie, "", "bc"));
  CHECK(maker.make("", KeyKind::kCookie, "", "abc") != maker.make("abc", KeyKind::kCookie, "", ""));
  // A value that spells out what follows a shorter tenant.
  const std::string forged("\x02\x01\x00\x00\x00z", 6);
  CHECK(maker.make("a", KeyKind::kCookie, "", forged) !=
        maker.make("a" + forged.substr(0, 5), KeyKind::kCookie, "", "z"));
}

TEST_CASE("R3: NUL bytes and case count") {
  const KeyMaker maker(kSecret);
  CHECK(maker.make("a", KeyKind::kCookie, "", Bytes("x\0", 2)) !=
        maker.make("a", KeyKind::kCookie, "", "x"));
  CHECK(maker.make("a", KeyKind::kCookie, "", Bytes("x\0y", 3)) !=
        maker.make("a", KeyKind::kCookie, "", Bytes("x\0z", 3)));
  CHECK(maker.make("a", KeyKind::kCookie, "", "X") != maker.make("a", KeyKind::kCookie, "", "x"));
}

TEST_CASE("R4: the same credential of another tenant, or of another kind, has another key") {
  const KeyMaker maker(kSecret);
  const Key key = maker.make("a.example", KeyKind::kCookie, "", "token");
  CHECK(key != maker.make("b.example", KeyKind::kCookie, "", "token"));
  CHECK(key != maker.make("a.example", KeyKind::kBearer, "", "token"));
  CHECK(key != maker.make("a.example", KeyKind::kUser, "", "token"));
}

TEST_CASE("R2: another secret gives unrelated keys, whichever of its bits differs") {
  const Key key = KeyMaker(kSecret).make("tenant", KeyKind::kCookie, "", "value");
  for (std::size_t bit = 0; bit < 8 * KeyMaker::kSecretBytes; ++bit) {
    std::string secret(kSecret);
    secret[bit / 8] = static_cast<char>(secret[bit / 8] ^ (1 << (bit % 8)));
    const Key other = KeyMaker(secret).make("tenant", KeyKind::kCookie, "", "value");
    CAPTURE(bit);
    CHECK(other.low != key.low);
    CHECK(other.high != key.high);
  }
}

TEST_CASE("R3: both halves of the digest take part in equality") {
  CHECK(Key{1, 2} == Key{1, 2});
  CHECK(Key{1, 2} != Key{1, 3});
  CHECK(Key{1, 2} != Key{3, 2});
}

TEST_CASE("R3: a hundred thousand counting values have as many keys") {
  const KeyMaker maker(kSecret);
  const auto hash = [](const Key& key) { return static_cast<std::size_t>(key.low); };
  std::unordered_set<Key, decltype(hash)> keys(0, hash);
  for (int i = 0; i < 100'000; ++i) {
    keys.insert(maker.make("api", KeyKind::kCookie, "", std::to_string(i)));
  }
  CHECK(keys.size() == 100'000);
}

}  // namespace
}  // namespace sesame
