// Tombstones: dead keys stay dead, and a table without room for another one says so.
#include "session/tombstones.h"

#include <cstdint>

#include "support.h"

namespace sesame::testing {
namespace {

Key key(std::uint64_t n) { return {n, ~n}; }

TEST_CASE("R8: a tombstone holds until the end of the session") {
  TombstoneTable table(4);
  CHECK_FALSE(table.contains(key(1), 0));
  table.add(key(1), 10, 100, 0);
  CHECK(table.contains(key(1), 0));
  CHECK(table.contains(key(1), 99));
  CHECK_FALSE(table.contains(key(1), 100));
  CHECK_FALSE(table.contains(key(2), 0));
  CHECK_FALSE(table.contains({1, 1}, 0));
}

TEST_CASE("R10: a tombstone holds while a late fill could arrive, though its session has ended") {
  TombstoneTable table(4);
  table.add(key(1), 10, 5, 0);
  CHECK(table.contains(key(1), 9));
  CHECK_FALSE(table.contains(key(1), 10));
}

TEST_CASE("R8: a key that is buried again holds for the longer of its times") {
  TombstoneTable table(4);
  table.add(key(1), 10, 100, 0);
  table.add(key(1), 20, 50, 10);
  CHECK(table.size() == 1);
  CHECK(table.contains(key(1), 99));
  table.add(key(1), 30, 200, 20);
  CHECK(table.contains(key(1), 199));
}

TEST_CASE("R12: a login removes a tombstone, and the key may be buried again") {
  TombstoneTable table(2);
  table.add(key(1), 10, 100, 0);
  table.remove(key(1));
  table.remove(key(2));
  CHECK_FALSE(table.contains(key(1), 0));
  CHECK(table.size() == 0);
  table.add(key(1), 10, 100, 0);
  CHECK(table.contains(key(1), 0));
}

TEST_CASE("R50, R54: a full table forgets what is not guarded any more, and else takes no other") {
  TombstoneTable table(3);
  for (std::uint64_t n = 0; n < 3; ++n) {
    REQUIRE(table.add(key(n), 10 + static_cast<TimeMs>(n), 1000, 0));
  }
  CHECK_FALSE(table.add(key(3), 30, 1000, 9));
  for (std::uint64_t n = 0; n < 3; ++n) CHECK(table.contains(key(n), 9));
  CHECK_FALSE(table.contains(key(3), 9));

  // Nothing late can arrive for key 0 any more: forgetting it is only less sure.
  CHECK(table.add(key(3), 30, 1000, 10));
  CHECK_FALSE(table.contains(key(0), 10));
  CHECK(table.contains(key(1), 10));
  CHECK_FALSE(table.add(key(4), 30, 1000, 10));
  CHECK(table.add(key(4), 30, 1000, 11));
  CHECK_FALSE(table.contains(key(1), 11));
  CHECK(table.contains(key(2), 11));
  CHECK(table.size() == 3);
}

TEST_CASE("R54: of one user there are no more tombstones than one user may have") {
  TombstoneTable table(64, 3);
  for (std::uint64_t n = 0; n < 3; ++n) CHECK(table.add(key(n), 100, 100, 0, 7));
  CHECK_FALSE(table.add(key(3), 100, 100, 0, 7));
  CHECK_FALSE(table.contains(key(3), 0));
  CHECK(table.add(key(2), 100, 200, 0, 7));  // buried again, it is the same one
  CHECK(table.add(key(3), 100, 100, 0, 8));
  for (std::uint64_t n = 10; n < 20; ++n) CHECK(table.add(key(n), 100, 100, 0));
  table.remove(key(0));
  CHECK(table.add(key(4), 100, 100, 0, 7));
  CHECK_FALSE(table.add(key(5), 100, 100, 0, 7));
  // One whose time has passed counts no more, swept or not.
  CHECK(table.add(key(5), 300, 300, 100, 7));
  CHECK(table.size() == 15);
}

TEST_CASE("R50: burying one key again and again pushes no other one out") {
  TombstoneTable table(4);
  table.add(key(1), 10, 100, 0);
  for (int i = 0; i < 12; ++i) CHECK(table.add(key(2), 10, 100, 0));
  CHECK(table.contains(key(1), 0));
  CHECK(table.contains(key(2), 0));
  for (std::uint64_t n = 3; n < 7; ++n) CHECK(table.add(key(n), 10, 100, 10));
  CHECK(table.size() == 4);
  CHECK_FALSE(table.contains(key(2), 10));
}

TEST_CASE("R51: a place behind many that are guarded is found, a few steps later at most") {
  constexpr std::uint64_t kCapacity = 4096;
  TombstoneTable table(kCapacity);
  for (std::uint64_t n = 0; n < kCapacity; ++n) REQUIRE(table.add(key(n), 1000, 1000, 0));
  table.remove(key(kCapacity - 1));
  for (std::uint64_t i = 0; i < kCapacity / 8; ++i) table.step(0);
  CHECK(table.add(key(kCapacity), 1000, 1000, 0));
  CHECK_FALSE(table.add(key(kCapacity + 1), 1000, 1000, 0));
  for (std::uint64_t n = 0; n + 1 < kCapacity; ++n) REQUIRE(table.contains(key(n), 999));
}

TEST_CASE("R51: tombstones whose time has passed are forgotten, a few a step") {
  TombstoneTable table(64);
  for (std::uint64_t n = 0; n < 64; ++n) table.add(key(n), 10, n < 32 ? 20 : 100, 0);
  table.step(20);
  CHECK(table.size() >= 60);
  for (int i = 0; i < 64; ++i) table.step(20);
  CHECK(table.size() == 32);
  CHECK(table.contains(key(40), 20));
  for (int i = 0; i < 64; ++i) table.step(100);
  CHECK(table.size() == 0);
}

TEST_CASE("R50: a long life of burials, logins and steps keeps every tombstone that it took") {
  TombstoneTable table(8);
  TimeMs guarded_until[32] = {};
  std::uint32_t random = 1;
  int refused = 0;
  for (TimeMs now = 0; now < 20'000; ++now) {
    random = random * 1664525 + 1013904223;
    const std::uint64_t n = random >> 20 & 31;
    if (random >> 30 == 0) {
      table.remove(key(n));
      guarded_until[n] = 0;
    } else if (random >> 28 > 10) {
      if (table.add(key(n), now + 25, now + 50, now)) {
        guarded_until[n] = now + 25;
      } else {
        ++refused;
        REQUIRE_FALSE(table.contains(key(n), now));
      }
    }
    table.step(now);
    REQUIRE(table.size() <= 8);
    for (std::uint64_t each = 0; each < 32; ++each) {
      if (now < guarded_until[each]) REQUIRE(table.contains(key(each), now));
    }
  }
  CHECK(refused > 100);
}

}  // namespace
}  // namespace sesame::testing
