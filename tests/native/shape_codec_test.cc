// The codec by shapes: what goes in comes out, within its budget and in bounded work.
#include "codec/shape_codec.h"

#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "codec/shape_program.h"
#include "shape_generators.h"

namespace {

using sesame::Bytes;
using sesame::kRawShape;
using sesame::ShapeCodec;
using sesame::ShapeId;
using sesame::test::DocumentMaker;

constexpr std::size_t kRoom = 20 * 1024;

struct Stored {
  ShapeId shape;
  std::string bytes;
};

// Encodes as the store does: what it keeps it retains.
Stored store(ShapeCodec& codec, const std::string& document, std::uint64_t owner = 0) {
  static std::array<char, 64 * 1024> out;
  static std::uint64_t owners = 0;
  if (owner == 0) owner = ++owners;
  const auto encoded = codec.encode(document, owner, {out.data(), document.size()});
  codec.retain(encoded.shape);
  REQUIRE(encoded.size <= document.size());
  REQUIRE(codec.used_bytes() <= codec.budget_bytes());
  return {encoded.shape, {out.data(), encoded.size}};
}

std::string read(const ShapeCodec& codec, const Stored& stored, std::size_t room = kRoom) {
  const auto out = std::make_unique<char[]>(room);
  const std::string readable = stored.bytes + std::string(sesame::kEncodedSlack, '\xff');
  const Bytes encoded(readable.data(), stored.bytes.size());
  const std::size_t size = codec.decode(stored.shape, encoded, {out.get(), room});
  return {out.get(), size};
}

void teach_profiles(ShapeCodec& codec, std::uint64_t seed = 1, unsigned documents = 2000) {
  DocumentMaker make(seed);
  for (unsigned i = 0; i < documents; ++i) codec.release(store(codec, make.profile()).shape);
}

// The document of another application: no key is the same.
std::string of_kind(const std::string& document, unsigned kind) {
  std::string other;
  for (std::size_t at = 0; at < document.size(); ++at) {
    if (document.compare(at, 2, "\":") == 0) other += "_" + std::to_string(kind);
    other += document[at];
  }
  return other;
}

// `SESAME_DOCUMENTS=1000000` makes the long run of it.
unsigned documents_wanted() {
  const char* const wanted = std::getenv("SESAME_DOCUMENTS");
  return wanted == nullptr ? 100'000 : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

const std::vector<std::string>& oddities() {
  static const std::vector<std::string> all = {
      "",
      "{}",
      "[]",
      "{\"a\":1}",
      "\"lonely\"",
      "{\"a\":1,\"a\":1,\"a\":2}",
      "{\"\":\"\",\"\":\"\"}",
      "{\"n\":[-0,-1,1e5,1E+2,0.1e-7,123456789012345678901234567890,1.0,1.00]}",
      "{\"n\":-0,\"m\":1e400,\"o\":00,\"p\":0x1F,\"q\":+1,\"r\":.5,\"s\":NaN}",
      "{\"s\":\"\\u0000\\ud83d\\ude00\\\\\\\"\\/\\b\"}",
      "{\"s\":\"\\ud800\",\"t\":\"\\u00e9\\u00E9\"}",
      std::string("{\"s\":\"a\0b\"}", 11),
      "{\"s\":\"\xff\xfe\x80\"}",
      "{\"s\":\"unterminated",
      "{\"s\":\"escape at the end\\",
      "{\"a\":[[[[[[[[[[1]]]]]]]]],\"b\":{\"c\":{\"d\":{}}}}",
      " \t\r\n{ \"a\" :\n 1 , \"b\"\t: [ 1 , 2 ] }\n",
      R"({"t":"2025-02-30T25:61:61.999Z","u":"0000-00-00T00:00:00","v":"9999-12-31T23:59:59Z"})",
      R"({"u":"550E8400-e29b-41d4-a716-446655440000","v":"550e8400-e29b-41d4-a716-44665544000"})",
      "{\"i\":999999999999999999,\"j\":1000000000000000000,\"k\":18446744073709551616,\"l\":007}",
      "\xef\xbb\xbf{\"a\":1}",
      "{\"deep\":" + std::string(5000, '[') + std::string(5000, ']') + "}",
      "{\"long\":\"" + std::string(15'000, 'x') + "\"}",
      "{\"longer\":\"" + std::string(17'000, 'x') + "\"}",
      std::string(300, '"'),
      std::string(3000, '1'),
  };
  return all;
}

}  // namespace

TEST_CASE("shapes: oddities come back byte for byte, learnt from or met once") {
  ShapeCodec codec(ShapeCodec::kUsefulBudget);
  DocumentMaker make(5);
  for (const std::string& odd : oddities()) {
    for (unsigned i = 0; i < 400; ++i) {
      // The same skeleton often enough to be learnt, with some other value here and there.
      std::string document = odd;
      for (char& c : document) {
        if (c >= '0' && c <= '9' && make.chance(10)) c = static_cast<char>('0' + make.below(10));
      }
      const Stored stored = store(codec, document);
      REQUIRE(read(codec, stored) == document);
      REQUIRE(read(codec, stored, document.size()) == document);
      codec.release(stored.shape);
    }
  }
}

TEST_CASE("shapes: odd values in documents of a known shape come back byte for byte") {
  ShapeCodec codec(ShapeCodec::kUsefulBudget);
  DocumentMaker make(6);
  for (unsigned i = 0; i < 4000; ++i) {
    store(codec, i % 2 == 0 ? make.profile() : make.account());
  }
  std::vector<std::string> values = oddities();
  for (const char* value : {"0123456",
                            "00",
                            "0",
                            "-0",
                            "-123456",
                            "1e5",
                            "123456.",
                            "99999999999999999999",
                            R"("2025-02-30T25:61:61.999Z")",
                            R"("2025-02-30T95:61:61.999Z")",
                            R"("2025-02-30 25:61:61.999Z")",
                            R"("9999-99-99T99:99:99.999Z")",
                            R"("2025-06-01T00:00:00.9999Z")",
                            R"("2025-06-01T00:00:00Z")",
                            R"("F47AC10B-58CC-4372-A567-0E02B2C3D479")",
                            R"("f47ac10b58cc4372a5670e02b2c3d479")",
                            R"("f47ac10b-58cc-4372-a567-0e02b2c3d47")",
                            R"("507F1f77bcf86cd799439011")",
                            R"("")",
                            R"(")",
                            "true",
                            R"("a\"@gmail.com")"}) {
    values.emplace_back(value);
  }
  for (const std::string& odd : values) {
    for (const char* name : {R"("id":)", R"("email":)", R"("name":)", R"("createdAt":)",
                             R"("push":)", R"("number": )", R"("_id": )", R"("phone": )"}) {
      for (std::string document : {make.profile(), make.account()}) {
        const std::size_t key = document.find(name);
        if (key == std::string::npos) continue;
        const std::size_t at = key + std::string(name).size();
        document.replace(at, document.find_first_of(",}", at) - at, odd);
        REQUIRE(read(codec, store(codec, document)) == document);
      }
    }
  }
}

TEST_CASE(
    "shapes: generated documents come back byte for byte, Arabic and Latin, whole and spoilt") {
  ShapeCodec codec(ShapeCodec::kUsefulBudget);
  DocumentMaker make(7);
  std::vector<std::pair<Stored, std::string>> kept(512);
  for (unsigned i = 0; i < documents_wanted(); ++i) {
    // Some are kept for longer than their shape is the current one.
    auto& [stored, document] = kept[make.below(kept.size())];
    if (read(codec, stored) != document) FAIL(document);
    codec.release(stored.shape);
    document = make.any();
    stored = store(codec, document);
    if (read(codec, stored, document.size()) != document) FAIL(document);
  }
}

TEST_CASE("shapes: a profile of 490 bytes takes no more than 48") {
  ShapeCodec codec(ShapeCodec::kUsefulBudget);
  teach_profiles(codec);
  DocumentMaker make(8);
  std::size_t bytes = 0;
  for (unsigned i = 0; i < 1000; ++i) bytes += store(codec, make.profile()).bytes.size();
  CHECK(bytes <= 48 * 1000);
}

TEST_CASE("shapes: when documents change the shape is learnt anew, and the old one still reads") {
  ShapeCodec codec(ShapeCodec::kUsefulBudget);
  teach_profiles(codec);
  DocumentMaker make(9);
  const std::string old_document = make.profile();
  const Stored old_stored = store(codec, old_document);
  const auto changed = [&] {
    std::string document = make.profile();
    document.replace(document.find("\"role\":\"") + 8, 4, "member-of-team-" + make.syllables(4));
    return document;
  };
  const Stored first = store(codec, changed());
  codec.release(first.shape);
  for (unsigned i = 0; i < 3000; ++i) codec.release(store(codec, changed()).shape);
  const Stored after = store(codec, changed());
  CHECK(after.shape != old_stored.shape);
  CHECK(after.bytes.size() + 10 < first.bytes.size());
  CHECK(read(codec, old_stored) == old_document);
  // The last reference gone, so is a shape that is not current.
  const std::size_t before = codec.shapes();
  codec.release(old_stored.shape);
  CHECK(codec.shapes() == before - 1);
  CHECK(read(codec, old_stored).empty());
}

TEST_CASE("shapes: hostile documents cost no more than twice the normal work") {
  constexpr unsigned kDocuments = 5000;
  const auto work_per_byte = [](auto document_of) {
    ShapeCodec codec(ShapeCodec::kUsefulBudget);
    std::size_t bytes = 0;
    for (unsigned i = 0; i < kDocuments; ++i) {
      const std::string document = document_of(i);
      bytes += document.size();
      store(codec, document);
    }
    return static_cast<double>(codec.work()) / static_cast<double>(bytes);
  };
  DocumentMaker make(10);
  const double normal = work_per_byte([&](unsigned) { return make.profile(); });
  const auto renamed = [&](const std::string& key) {
    std::string document = make.profile();
    return document.replace(document.find("emailVerified"), 13, key);
  };
  CHECK(work_per_byte([&](unsigned) { return renamed(make.hex(12)); }) <= 2 * normal);
  CHECK(work_per_byte([&](unsigned i) { return renamed("k" + std::to_string(i / 2)); }) <=
        2 * normal);
  CHECK(work_per_byte([&](unsigned i) { return renamed("k" + std::to_string(i % 300)); }) <=
        2 * normal);
  CHECK(work_per_byte([&](unsigned i) { return renamed("k" + std::to_string(i / 40)); }) <=
        2 * normal);
}

TEST_CASE("shapes: no single document makes the codec learn for long") {
  ShapeCodec codec(ShapeCodec::kUsefulBudget);
  DocumentMaker make(11);
  std::uint64_t most = 0;
  for (unsigned i = 0; i < 3000; ++i) {
    const std::string document = i % 2 == 0 ? make.profile() : make.account();
    const std::uint64_t before = codec.work();
    store(codec, document);
    most = std::max(most, codec.work() - before);
  }
  CHECK(most <= 32 * 1024 + 5 * 600);
}

TEST_CASE("shapes: memory stays within the budget, and below the least one is all raw") {
  DocumentMaker make(12);
  ShapeCodec none(ShapeCodec::kMinBudget - 1);
  for (unsigned i = 0; i < 200; ++i) {
    const std::string document = make.profile();
    const Stored stored = store(none, document);
    REQUIRE(stored.shape == kRawShape);
    REQUIRE(stored.bytes == document);
  }
  CHECK(none.used_bytes() == 0);
  CHECK(none.shape_limit() == 1);

  // More shapes than there is room for, all retained and then none: store() asks each time.
  ShapeCodec codec(ShapeCodec::kMinBudget);
  std::vector<std::pair<Stored, std::string>> kept;
  for (unsigned i = 0; i < 20; ++i) {
    for (unsigned tries = 0; tries < 600; ++tries) {
      const std::string document = of_kind(make.profile(), i);
      kept.emplace_back(store(codec, document), document);
    }
  }
  const std::size_t full = codec.used_bytes();
  CHECK(codec.shapes() >= 4);
  CHECK(codec.shapes() < 20);
  for (const auto& [stored, document] : kept) REQUIRE(read(codec, stored) == document);
  for (const auto& [stored, document] : kept) codec.release(stored.shape);
  CHECK(codec.used_bytes() <= full);
  // What nobody needs makes room for what is new.
  for (unsigned i = 0; i < 20'000; ++i) {
    codec.release(store(codec, of_kind(make.profile(), 99)).shape);
  }
  const std::string document = of_kind(make.profile(), 99);
  CHECK(store(codec, document).bytes.size() < document.size() / 3);
  codec.clear();
  CHECK(codec.shapes() == 0);
}

TEST_CASE("shapes: saved shapes read in another codec, under their numbers, and serve there") {
  ShapeCodec codec(ShapeCodec::kUsefulBudget);
  DocumentMaker make(13);
  std::vector<std::pair<Stored, std::string>> kept;
  for (unsigned i = 0; i < 4000; ++i) {
    const std::string document = i % 2 == 0 ? make.profile() : make.account();
    kept.emplace_back(store(codec, document), document);
  }
  ShapeCodec other(ShapeCodec::kUsefulBudget);
  for (std::uint32_t id = 1; id < codec.shape_limit(); ++id) {
    const auto shape = static_cast<ShapeId>(id);
    std::string saved(codec.saved_bytes(shape), '\0');
    if (saved.empty()) continue;
    codec.save_shape(shape, saved);
    REQUIRE(other.load_shape(shape, saved));
    REQUIRE_FALSE(other.load_shape(shape, saved));  // the number is taken
  }
  CHECK(other.shapes() == codec.shapes());
  for (const auto& [stored, document] : kept) REQUIRE(read(other, stored) == document);
  // The newest is the one that goes on.
  const std::string document = make.profile();
  const Stored here = store(codec, document);
  const Stored there = store(other, document);
  CHECK(here.shape == there.shape);
  CHECK(here.bytes == there.bytes);
  CHECK_FALSE(other.load_shape(kRawShape, "x"));
  CHECK_FALSE(other.load_shape(static_cast<ShapeId>(other.shape_limit()), "x"));
}

TEST_CASE("shapes: a saved shape that was altered is refused, or is safe to decode by") {
  ShapeCodec codec(ShapeCodec::kUsefulBudget);
  teach_profiles(codec);
  DocumentMaker make(14);
  const Stored stored = store(codec, make.profile());
  std::string saved(codec.saved_bytes(stored.shape), '\0');
  codec.save_shape(stored.shape, saved);
  ShapeCodec other(ShapeCodec::kMinBudget);
  REQUIRE_FALSE(other.load_shape(1, ""));
  REQUIRE_FALSE(other.load_shape(1, Bytes(saved).substr(1)));
  REQUIRE_FALSE(other.load_shape(1, Bytes(saved).substr(0, saved.size() - 1)));
  unsigned accepted = 0;
  for (std::size_t at = 0; at < saved.size(); ++at) {
    std::string altered = saved;
    altered[at] = static_cast<char>(altered[at] ^ (1 << make.below(8)));
    REQUIRE_FALSE(other.load_shape(1, altered));
    // As if somebody could sign it.
    const auto checksum = sesame::shape_checksum(altered);
    sesame::ShapeHead head;
    std::memcpy(&head, altered.data(), sizeof head);
    head.checksum = checksum;
    std::memcpy(altered.data(), &head, sizeof head);
    if (!other.load_shape(1, altered)) continue;
    ++accepted;
    (void)read(other, {1, stored.bytes});
    (void)read(other, {1, stored.bytes}, 300);
    (void)store(other, make.profile());
    other.clear();
  }
  CHECK(accepted > 0);
  CHECK(other.used_bytes() < ShapeCodec::kMinBudget - sesame::kMaxBlockBytes);
}

TEST_CASE("shapes: any bytes decode to something that fits, or to nothing") {
  ShapeCodec codec(ShapeCodec::kUsefulBudget);
  teach_profiles(codec);
  DocumentMaker make(15);
  const std::string document = make.profile();
  const Stored stored = store(codec, document);
  REQUIRE(stored.shape != kRawShape);
  CHECK(read(codec, stored, document.size() - 1).empty());
  for (std::size_t size = 0; size < stored.bytes.size(); ++size) {
    CHECK(read(codec, {stored.shape, stored.bytes.substr(0, size)}).empty());
  }
  CHECK(read(codec, {stored.shape, stored.bytes + '\0'}).empty());
  for (unsigned i = 0; i < 20'000; ++i) {
    std::string bytes = stored.bytes;
    bytes.resize(make.below(100), static_cast<char>(make.next()));
    for (unsigned n = 0; n < 4 && !bytes.empty(); ++n) {
      bytes[make.below(bytes.size())] = static_cast<char>(make.next());
    }
    (void)read(codec, {stored.shape, bytes}, i % 2 == 0 ? kRoom : make.below(700));
    (void)read(codec, {static_cast<ShapeId>(make.next()), bytes});
  }
}

TEST_CASE("shapes: the same calls give the same results") {
  ShapeCodec one(ShapeCodec::kUsefulBudget);
  ShapeCodec two(ShapeCodec::kUsefulBudget);
  DocumentMaker make(16);
  for (unsigned i = 0; i < 5000; ++i) {
    const std::string document = make.any();
    const Stored first = store(one, document);
    const Stored second = store(two, document);
    REQUIRE(first.shape == second.shape);
    REQUIRE(first.bytes == second.bytes);
    REQUIRE(one.used_bytes() == two.used_bytes());
  }
}

TEST_CASE("shapes: what only one owner's documents hold is in no shape, however often it is met") {
  ShapeCodec codec(ShapeCodec::kUsefulBudget);
  DocumentMaker make(17);
  constexpr unsigned kLoud = 7;
  for (unsigned i = 0; i < 6000; ++i) {
    std::string document = make.profile();
    const bool is_loud = i % 3 == 0;
    if (is_loud) {
      // A value, a part of others, and a member that nobody else has.
      document.replace(document.find("\"role\":\"") + 8, 4, "quetzalcoatlus");
      document.replace(document.find("\"name\":\"") + 8, 3, "quetzalcoatl");
      document.insert(document.size() - 1, ",\"quetzalcoatlus\":[\"quetzalcoatlus\"]");
    }
    const Stored stored = store(codec, document, is_loud ? kLoud : 1000 + i);
    REQUIRE(read(codec, stored) == document);
    codec.release(stored.shape);
  }
  CHECK(codec.shapes() > 0);
  for (std::uint32_t id = 1; id < codec.shape_limit(); ++id) {
    std::string saved(codec.saved_bytes(static_cast<ShapeId>(id)), '\0');
    if (!saved.empty()) codec.save_shape(static_cast<ShapeId>(id), saved);
    for (const char* part : {"quetz", "coatl", "zal"}) {
      REQUIRE(saved.find(part) == std::string::npos);
    }
  }
}

TEST_CASE("shapes: of 600 equally common sets of members all are encoded, in a third of the bytes") {
  ShapeCodec codec(ShapeCodec::kUsefulBudget);
  DocumentMaker make(18);
  std::size_t bytes = 0;
  std::size_t raw = 0;
  for (unsigned i = 0; i < 6000; ++i) {
    std::string document = make.profile();
    document.insert(document.size() - 1, ",\"member_" + std::to_string(i % 600) + "\":true");
    const Stored stored = store(codec, document);
    REQUIRE(read(codec, stored) == document);
    if (i < 3000) continue;
    REQUIRE(stored.shape != kRawShape);
    bytes += stored.bytes.size();
    raw += document.size();
  }
  CHECK(bytes * 3 < raw);
}

TEST_CASE("shapes: documents with members absent, nulls filled and lists of any length are small") {
  ShapeCodec codec(ShapeCodec::kUsefulBudget);
  DocumentMaker make(19);
  std::size_t bytes = 0;
  std::size_t raw = 0;
  for (unsigned i = 0; i < 8000; ++i) {
    std::string teams;
    for (std::uint64_t left = make.below(6); left > 0; --left) {
      teams += teams.empty() ? "" : ",";
      teams += R"({"id":")" + make.uuid() + R"(","owner":)" + make.flag(30) +
               (make.chance(50) ? R"(,"since":")" + make.time(false) + "\"" : "") + "}";
    }
    std::string document = make.profile();
    document.insert(document.size() - 1, ",\"teams\":[" + teams + "]");
    if (make.chance(30)) {
      document.replace(document.find("null"), 4, "\"" + make.time(true) + "\"");
    }
    if (make.chance(30)) {
      const std::size_t from = document.find(",\"locale\"");
      document.erase(from, document.find(",\"timezone\"") - from);
    }
    const Stored stored = store(codec, document);
    REQUIRE(read(codec, stored) == document);
    if (i < 4000) continue;
    bytes += stored.bytes.size();
    raw += document.size();
  }
  CHECK(bytes * 5 < raw);
}
