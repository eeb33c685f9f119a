// The store: what every store has to keep, and beside a simple reference what it may forget.
#include "lru_store.h"

#include <cstdint>
#include <map>
#include <string>

#include "support.h"

namespace sesame::testing {
namespace {

Key key(std::uint64_t n) { return {n, ~n}; }

EntryInfo info_until(TimeMs drop_at) {
  EntryInfo info;
  info.drop_at = info.expires_at = drop_at;
  info.http_status = 200;
  return info;
}

// What an entry of these lengths takes.
std::size_t size_of(std::size_t meta_bytes, std::size_t body_bytes) {
  LruStore store(1 << 20);
  store.put(key(1), info_until(1), std::string(meta_bytes, 'm'), std::string(body_bytes, 'b'), 0);
  return store.used_bytes();
}

TEST_CASE("R7: what is put is found as it was, and every part of its info") {
  LruStore store(1 << 20);
  const EntryInfo info{.filled_at = 1,
                       .fresh_until = 2,
                       .drop_at = 3,
                       .expires_at = 4,
                       .born_at = 5,
                       .used_at = 6,
                       .sequence = 7,
                       .user_tag = 8,
                       .http_status = 401};
  const std::string body("a\0b\xff", 4);
  REQUIRE(store.put(key(1), info, "meta", body, 0));
  EntryView view;
  REQUIRE(store.find(key(1), 0, &view));
  CHECK(view.info.filled_at == 1);
  CHECK(view.info.fresh_until == 2);
  CHECK(view.info.drop_at == 3);
  CHECK(view.info.expires_at == 4);
  CHECK(view.info.born_at == 5);
  CHECK(view.info.used_at == 6);
  CHECK(view.info.sequence == 7);
  CHECK(view.info.user_tag == 8);
  CHECK(view.info.http_status == 401);
  CHECK(view.meta == "meta");
  CHECK(view.body == body);
  CHECK(store.entries() == 1);
  CHECK_FALSE(store.find(key(2), 0, &view));
}

TEST_CASE("R3: keys that differ in either half are different entries") {
  LruStore store(1 << 20);
  REQUIRE(store.put({1, 1}, info_until(9), "", "one", 0));
  REQUIRE(store.put({1, 2}, info_until(9), "", "two", 0));
  REQUIRE(store.put({2, 1}, info_until(9), "", "three", 0));
  EntryView view;
  REQUIRE(store.find({1, 2}, 0, &view));
  CHECK(view.body == "two");
  CHECK_FALSE(store.find({2, 2}, 0, &view));
  CHECK(store.erase({1, 2}));
  CHECK(store.find({1, 1}, 0, &view));
}

TEST_CASE("R50: putting again replaces, and counts the bytes once") {
  LruStore store(1 << 20);
  REQUIRE(store.put(key(1), info_until(9), "m", "long body", 0));
  REQUIRE(store.put(key(1), info_until(9), "", "b", 0));
  EntryView view;
  REQUIRE(store.find(key(1), 0, &view));
  CHECK(view.body == "b");
  CHECK(view.meta.empty());
  CHECK(store.entries() == 1);
  CHECK(store.used_bytes() == size_of(0, 1));
  CHECK(store.erase(key(1)));
  CHECK_FALSE(store.erase(key(1)));
  CHECK(store.entries() == 0);
  CHECK(store.used_bytes() < size_of(0, 0));
}

TEST_CASE("R15: set_info changes what is beside the bytes, and only that") {
  LruStore store(1 << 20);
  CHECK_FALSE(store.set_info(key(1), info_until(9)));
  REQUIRE(store.put(key(1), info_until(9), "meta", "body", 0));
  const std::size_t used = store.used_bytes();
  EntryInfo info = info_until(20);
  info.sequence = 5;
  REQUIRE(store.set_info(key(1), info));
  EntryView view;
  REQUIRE(store.find(key(1), 0, &view));
  CHECK(view.info.drop_at == 20);
  CHECK(view.info.sequence == 5);
  CHECK(view.meta == "meta");
  CHECK(view.body == "body");
  CHECK(store.used_bytes() == used);
}

TEST_CASE("R50: room is made by forgetting the longest unused") {
  LruStore store(3 * size_of(0, 4));
  for (std::uint64_t n = 1; n <= 3; ++n) REQUIRE(store.put(key(n), info_until(9), "", "body", 0));
  EntryView view;
  REQUIRE(store.find(key(1), 0, &view));
  REQUIRE(store.put(key(4), info_until(9), "", "body", 0));
  CHECK_FALSE(store.find(key(2), 0, &view));
  CHECK(store.find(key(1), 0, &view));
  CHECK(store.find(key(3), 0, &view));
  CHECK(store.evictions() == 1);
  CHECK(store.used_bytes() <= store.budget_bytes());
}

TEST_CASE("R50: what can never fit is not put, and leaves its key without an entry") {
  LruStore store(size_of(0, 100));
  REQUIRE(store.put(key(1), info_until(9), "", "old", 0));
  CHECK_FALSE(store.put(key(1), info_until(9), "", std::string(101, 'x'), 0));
  EntryView view;
  CHECK_FALSE(store.find(key(1), 0, &view));
  CHECK(store.entries() == 0);
  CHECK(store.put(key(1), info_until(9), "", std::string(100, 'x'), 0));
}

TEST_CASE("R51: a step forgets at most a few of what is due, and nothing else") {
  LruStore store(1 << 20);
  for (std::uint64_t n = 0; n < 100; ++n) {
    REQUIRE(store.put(key(n), info_until(n < 50 ? 10 : 20), "", "body", 0));
  }
  store.step(9);
  CHECK(store.entries() == 100);
  store.step(10);
  CHECK(store.entries() >= 95);
  for (int i = 0; i < 200; ++i) store.step(10);
  CHECK(store.entries() == 50);
  CHECK(store.evictions() == 0);
}

TEST_CASE("R50: a store never exceeds its budget, and holds what a reference holds or nothing") {
  const std::size_t budget = 40 * size_of(0, 64);
  LruStore store(budget);
  std::map<std::uint64_t, std::string> reference;
  std::uint64_t random = 42;
  std::uint64_t found = 0;
  for (int i = 0; i < 200'000; ++i) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    const std::uint64_t n = random >> 33 & 127;
    const auto length = static_cast<std::size_t>(random >> 45 & 255);
    EntryView view;
    switch (random >> 60) {
      case 0:
        REQUIRE((!store.erase(key(n)) || reference.count(n) > 0));
        reference.erase(n);
        break;
      case 1:
      case 2:
      case 3:
        reference[n] = std::string(length, static_cast<char>('a' + i % 26));
        REQUIRE(store.put(key(n), info_until(1000), reference[n].substr(0, length / 4),
                          reference[n], 0));
        break;
      case 4:
        store.step(0);
        break;
      default:
        if (!store.find(key(n), 0, &view)) break;
        ++found;
        REQUIRE(reference.count(n) > 0);
        REQUIRE(view.body == reference[n]);
        REQUIRE(view.meta == reference[n].substr(0, reference[n].size() / 4));
    }
    REQUIRE(store.used_bytes() <= budget);
  }
  CHECK(found > 10'000);
  CHECK(store.evictions() > 1000);
}

}  // namespace
}  // namespace sesame::testing
