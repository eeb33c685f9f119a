// Tombstones: dead keys stay dead, and where one had to go early the table says so.
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

TEST_CASE("R50: a full table forgets the oldest; guarded ones are not forgotten silently") {
  TombstoneTable table(3);
  for (std::uint64_t n = 0; n < 3; ++n) table.add(key(n), 10 + static_cast<TimeMs>(n), 1000, 0);
  CHECK(table.unguarded_until() <= 0);

  // Nothing late can arrive for key 0 any more: forgetting it is only less sure.
  table.add(key(3), 30, 1000, 10);
  CHECK(table.unguarded_until() <= 10);
  CHECK_FALSE(table.contains(key(0), 10));

  table.add(key(4), 30, 1000, 10);
  CHECK_FALSE(table.contains(key(1), 10));
  CHECK(table.unguarded_until() == 11);
  table.add(key(5), 30, 1000, 10);
  CHECK(table.unguarded_until() == 12);
  table.add(key(6), 30, 1000, 12);
  CHECK(table.unguarded_until() == 30);
  CHECK(table.size() == 3);
}

TEST_CASE("R50: burying one key again and again pushes no other one out") {
  TombstoneTable table(4);
  table.add(key(1), 10, 100, 0);
  for (int i = 0; i < 12; ++i) table.add(key(2), 10, 100, 0);
  CHECK(table.contains(key(1), 0));
  CHECK(table.contains(key(2), 0));
  CHECK(table.unguarded_until() <= 0);
  for (std::uint64_t n = 3; n < 7; ++n) table.add(key(n), 10, 100, 10);
  CHECK(table.size() == 4);
  CHECK_FALSE(table.contains(key(2), 10));
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

TEST_CASE(
    "R50: a long life of burials, logins and steps keeps every guarded tombstone or says so") {
  TombstoneTable table(8);
  TimeMs guarded_until[32] = {};
  std::uint32_t random = 1;
  for (TimeMs now = 0; now < 20'000; ++now) {
    random = random * 1664525 + 1013904223;
    const std::uint64_t n = random >> 20 & 31;
    if (random >> 30 == 0) {
      table.remove(key(n));
      guarded_until[n] = 0;
    } else if (random >> 28 > 12) {
      table.add(key(n), now + 10, now + 50, now);
      guarded_until[n] = now + 10;
    }
    table.step(now);
    REQUIRE(table.size() <= 8);
    for (std::uint64_t each = 0; each < 32; ++each) {
      if (now < guarded_until[each] && now >= table.unguarded_until()) {
        REQUIRE(table.contains(key(each), now));
      }
    }
  }
}

}  // namespace
}  // namespace sesame::testing
