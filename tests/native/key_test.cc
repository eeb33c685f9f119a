// Keys: equal exactly if tenant, kind, value and secret are.
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
// u32 LE length, tenant, kind byte, u32 LE length, value.
TEST_CASE("R2: a key is the keyed hash of length-prefixed tenant, kind and value") {
  struct Example {
    std::string tenant;
    KeyKind kind;
    Bytes value;
    Key key;
  };
  const std::vector<Example> examples = {
      {"api.example.com",
       KeyKind::kCookie,
       "0123456789abcdef",
       {0xc04ed1d9cc050c86, 0x4440d9d925708f5b}},
      {"", KeyKind::kBearer, "", {0x84032b95b1e99b18, 0x3354888df37ca946}},
      {std::string(128, 't'), KeyKind::kCookie, "v", {0x74538af69f69184d, 0xafdc4511009c3e03}},
      {std::string(129, 't'), KeyKind::kCookie, "v", {0xa636016a9515c313, 0x771459802a3d609f}},
      {std::string(300, 't'), KeyKind::kUser, "n7", {0xa6348a961710449d, 0xade072458d43cd91}},
  };
  const KeyMaker maker(kSecret);
  for (const Example& example : examples) {
    CAPTURE(example.tenant, example.value);
    CHECK(maker.make(example.tenant, example.kind, example.value) == example.key);
  }
}

TEST_CASE("R3: equal inputs give equal keys, wherever their bytes lie") {
  const KeyMaker maker(kSecret);
  const std::string padded = "xapi.example.comxtokenx";
  CHECK(maker.make("api.example.com", KeyKind::kBearer, "token") ==
        maker.make(Bytes(padded).substr(1, 15), KeyKind::kBearer, Bytes(padded).substr(17, 5)));
  CHECK(KeyMaker(kSecret).make("a", KeyKind::kUser, "b") == maker.make("a", KeyKind::kUser, "b"));
}

TEST_CASE("R3: bytes that move between tenant and value give another key") {
  const KeyMaker maker(kSecret);
  CHECK(maker.make("ab", KeyKind::kCookie, "c") != maker.make("a", KeyKind::kCookie, "bc"));
  CHECK(maker.make("", KeyKind::kCookie, "abc") != maker.make("abc", KeyKind::kCookie, ""));
  // A value that spells out what follows a shorter tenant.
  const std::string forged("\x02\x01\x00\x00\x00z", 6);
  CHECK(maker.make("a", KeyKind::kCookie, forged) !=
        maker.make("a" + forged.substr(0, 5), KeyKind::kCookie, "z"));
}

TEST_CASE("R3: NUL bytes and case count") {
  const KeyMaker maker(kSecret);
  CHECK(maker.make("a", KeyKind::kCookie, Bytes("x\0", 2)) !=
        maker.make("a", KeyKind::kCookie, "x"));
  CHECK(maker.make("a", KeyKind::kCookie, Bytes("x\0y", 3)) !=
        maker.make("a", KeyKind::kCookie, Bytes("x\0z", 3)));
  CHECK(maker.make("a", KeyKind::kCookie, "X") != maker.make("a", KeyKind::kCookie, "x"));
}

TEST_CASE("R4: the same credential of another tenant, or of another kind, has another key") {
  const KeyMaker maker(kSecret);
  const Key key = maker.make("a.example", KeyKind::kCookie, "token");
  CHECK(key != maker.make("b.example", KeyKind::kCookie, "token"));
  CHECK(key != maker.make("a.example", KeyKind::kBearer, "token"));
  CHECK(key != maker.make("a.example", KeyKind::kUser, "token"));
}

TEST_CASE("R2: another secret gives unrelated keys, whichever of its bits differs") {
  const Key key = KeyMaker(kSecret).make("tenant", KeyKind::kCookie, "value");
  for (std::size_t bit = 0; bit < 8 * KeyMaker::kSecretBytes; ++bit) {
    std::string secret(kSecret);
    secret[bit / 8] = static_cast<char>(secret[bit / 8] ^ (1 << (bit % 8)));
    const Key other = KeyMaker(secret).make("tenant", KeyKind::kCookie, "value");
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
    keys.insert(maker.make("api", KeyKind::kCookie, std::to_string(i)));
  }
  CHECK(keys.size() == 100'000);
}

}  // namespace
}  // namespace sesame
