#include "store/segment_index.h"

#include <catch2/catch_test_macros.hpp>
#include <cstring>
#include <map>
#include <vector>

#include "store/change_filter.h"
#include "store/ghost_set.h"
#include "store_support.h"

namespace sesame {
namespace {

using store_testing::numbered_key;
using store_testing::Random;

// Keys where entries would begin, at every 16 bytes.
struct Table {
  static constexpr unsigned kShift = 4;

  explicit Table(std::uint32_t buckets, std::size_t entries)
      : slots(buckets * SegmentIndex::kWays),
        arena((entries + 1) << kShift),
        index(slots.data(), buckets, 20, arena.data(), kShift) {}

  Location write(const Key& key) {
    char* const entry = arena.data() + (used << kShift);
    std::memcpy(entry, &key.low, 8);
    std::memcpy(entry + 8, &key.high, 8);
    return static_cast<Location>(++used);
  }

  std::vector<SegmentIndex::Slot> slots;
  std::vector<char> arena;
  std::size_t used = 0;
  SegmentIndex index;
};

}  // namespace

TEST_CASE("R3: the index fills to its load, and finds each key where it was put") {
  constexpr std::uint32_t kBuckets = 4096;
  constexpr std::size_t kEntries = kBuckets * SegmentIndex::kWays * SegmentIndex::kLoadNumerator /
                                   SegmentIndex::kLoadDenominator;
  Table table(kBuckets, kEntries);
  std::size_t refused = 0;
  std::map<std::uint64_t, Location> where;
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    const Location location = table.write(numbered_key(i));
    if (table.index.insert(numbered_key(i), location)) {
      where[i] = location;
    } else {
      ++refused;
    }
  }
  CHECK(refused < kEntries / 1000);
  for (const auto& [i, location] : where) {
    SegmentIndex::Slot* const slot = table.index.find(numbered_key(i));
    REQUIRE(slot != nullptr);
    REQUIRE(table.index.location(*slot) == location);
    REQUIRE(table.index.find_location(numbered_key(i), location) == slot);
  }
  for (std::uint64_t i = kEntries; i < 2 * kEntries; ++i) {
    REQUIRE(table.index.find(numbered_key(i)) == nullptr);
  }
}

TEST_CASE("R3: keys that differ in one bit only are told apart") {
  Table table(4, 512);
  const Key key = numbered_key(1);
  REQUIRE(table.index.insert(key, table.write(key)));
  for (unsigned bit = 0; bit < 128; ++bit) {
    Key other = key;
    (bit < 64 ? other.low : other.high) ^= std::uint64_t{1} << (bit % 64);
    REQUIRE(table.index.find(other) == nullptr);
  }
  CHECK(table.index.find(key) != nullptr);
}

TEST_CASE("R51: two full buckets refuse a key, and take it once one of theirs is gone") {
  Table table(2, 64);
  std::uint64_t number = 0;
  std::size_t held = 0;
  for (; held < 16; ++number) {
    held += table.index.insert(numbered_key(number), table.write(numbered_key(number))) ? 1 : 0;
    REQUIRE(number < 64);
  }
  const Key late = numbered_key(1000);
  const Location location = table.write(late);
  REQUIRE_FALSE(table.index.insert(late, location));
  SegmentIndex::remove(table.index.slots_of(late)[3]);
  REQUIRE(table.index.insert(late, location));
  REQUIRE(table.index.find(late) != nullptr);
}

TEST_CASE("a moved entry is found at its new place, a removed one nowhere") {
  Table table(8, 64);
  const Key key = numbered_key(5);
  REQUIRE(table.index.insert(key, table.write(key)));
  const Location to = table.write(key);
  table.index.move(table.index.find(key), to);
  CHECK(table.index.location(*table.index.find(key)) == to);
  SegmentIndex::remove(table.index.find(key));
  CHECK(table.index.find(key) == nullptr);
}

TEST_CASE("ghosts are remembered once, the newest of them, and seldom wrongly") {
  std::vector<std::uint64_t> words(1024);
  GhostSet ghosts(words.data(), 1024);
  CHECK_FALSE(ghosts.claim(numbered_key(1), 1));
  for (std::uint64_t i = 0; i < 2000; ++i) ghosts.add(numbered_key(i));
  std::size_t remembered = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    remembered += ghosts.claim(numbered_key(i), GhostSet::kPerWord) ? 1 : 0;
  }
  CHECK(remembered > 1950);
  std::size_t again = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    again += ghosts.claim(numbered_key(i), GhostSet::kPerWord) ? 1 : 0;
  }
  CHECK(again < 20);

  for (std::uint64_t i = 0; i < 60'000; ++i) ghosts.add(numbered_key(i));
  std::size_t old = 0;
  std::size_t wrong = 0;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    old += ghosts.claim(numbered_key(i), GhostSet::kPerWord) ? 1 : 0;
    wrong += ghosts.claim(numbered_key(1'000'000 + i), GhostSet::kPerWord) ? 1 : 0;
  }
  CHECK(old < 150);
  CHECK(wrong < 150);
}

TEST_CASE("R52: a filter of changed keys never forgets one, whatever size it is read at") {
  for (unsigned from = 4; from <= 10; ++from) {
    for (unsigned to = 4; to <= 10; ++to) {
      std::vector<char> source(std::size_t{1} << from);
      std::vector<char> target(std::size_t{1} << to);
      ChangeFilter changes(source.data(), from);
      ChangeFilter merged(target.data(), to);
      CHECK(merged.merge(changes.saved()));
      CHECK(merged.saved().empty());
      changes.add(numbered_key(1));
      changes.add(numbered_key(2));
      CHECK(merged.merge(changes.saved()));
      CHECK(merged.may_hold(numbered_key(1)));
      CHECK(merged.may_hold(numbered_key(2)));
      std::size_t wrong = 0;
      for (std::uint64_t i = 3; i < 1003; ++i) wrong += merged.may_hold(numbered_key(i)) ? 1 : 0;
      CHECK(wrong <= 1000 * 4 / (std::size_t{8} << std::min(from, to)) + 20);
      CHECK_FALSE(merged.merge("abc"));
    }
  }
}

}  // namespace sesame
