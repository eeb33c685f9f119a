// The table of successions: families of credentials that are one session (rule R85).
#include "session/successions.h"

#include <catch2/catch_test_macros.hpp>
#include <vector>

namespace sesame {
namespace {

using Member = SuccessionTable::Member;

Member member(std::uint64_t number) {
  const Key key{number * 0x9e3779b97f4a7c15, number};
  return {key, key};
}

std::vector<std::uint64_t> relatives(const SuccessionTable& table, std::uint64_t number) {
  std::vector<std::uint64_t> numbers;
  for (const Member& each : table.relatives(member(number).key)) numbers.push_back(each.key.high);
  return numbers;
}

TEST_CASE("R85: each credential of a session knows the others, the first one first") {
  SuccessionTable table(64);
  CHECK(relatives(table, 1).empty());
  REQUIRE(table.link(member(1), member(2), 100, 0));
  REQUIRE(table.link(member(2), member(3), 100, 0));
  REQUIRE(table.link(member(1), member(4), 100, 0));
  CHECK(relatives(table, 1) == std::vector<std::uint64_t>{2, 3, 4});
  CHECK(relatives(table, 3) == std::vector<std::uint64_t>{1, 2, 4});
  CHECK(table.link(member(4), member(2), 100, 0));
  CHECK(table.size() == 4);
}

TEST_CASE("R85: a credential is in one session only, and none follows itself") {
  SuccessionTable table(64);
  REQUIRE(table.link(member(1), member(2), 100, 0));
  REQUIRE(table.link(member(3), member(4), 100, 0));
  CHECK_FALSE(table.link(member(1), member(4), 100, 0));
  CHECK_FALSE(table.link(member(5), member(2), 100, 0));
  CHECK_FALSE(table.link(member(6), member(6), 100, 0));
  CHECK(relatives(table, 4) == std::vector<std::uint64_t>{3});
  CHECK_FALSE(table.contains(member(5).key));
}

TEST_CASE("R85: a session that rotates on keeps its first credential and the newest") {
  SuccessionTable table(64);
  for (std::uint64_t i = 1; i < 100; ++i) REQUIRE(table.link(member(i), member(i + 1), 1000, 0));
  CHECK(relatives(table, 100) == std::vector<std::uint64_t>{1, 94, 95, 96, 97, 98, 99});
  CHECK(table.size() == SuccessionTable::kMaxMembers);
  // One that was forgotten and comes back is put behind the first.
  REQUIRE(table.link(member(1), member(50), 1000, 0));
  CHECK(relatives(table, 50).size() == SuccessionTable::kMaxMembers - 1);
}

TEST_CASE("R85: a session that is dissolved has credentials of their own, and room") {
  SuccessionTable table(4);
  REQUIRE(table.link(member(1), member(2), 100, 0));
  REQUIRE(table.link(member(2), member(3), 100, 0));
  table.dissolve(member(2).key);
  CHECK(table.size() == 0);
  for (std::uint64_t i : {1, 2, 3}) CHECK(relatives(table, i).empty());
  CHECK(table.link(member(2), member(4), 100, 0));
  CHECK(relatives(table, 2) == std::vector<std::uint64_t>{4});
}

TEST_CASE("R53, R85: nothing that is guarded makes room for others, and what is not does") {
  SuccessionTable table(4);
  REQUIRE(table.link(member(1), member(2), 100, 0));
  REQUIRE(table.link(member(3), member(4), 50, 0));
  CHECK_FALSE(table.link(member(5), member(6), 200, 49));
  CHECK(relatives(table, 4) == std::vector<std::uint64_t>{3});
  CHECK(relatives(table, 2) == std::vector<std::uint64_t>{1});
  REQUIRE(table.link(member(5), member(6), 200, 50));
  CHECK(relatives(table, 5) == std::vector<std::uint64_t>{6});
  CHECK(relatives(table, 2) == std::vector<std::uint64_t>{1});
  CHECK_FALSE(table.contains(member(3).key));
}

TEST_CASE("R51, R85: a full table of ended guards takes new families without end") {
  SuccessionTable table(32);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const auto now = static_cast<TimeMs>(i);
    REQUIRE(table.link(member(2 * i + 1), member(2 * i + 2), now + 3, now));
    CHECK(relatives(table, 2 * i + 2) == std::vector<std::uint64_t>{2 * i + 1});
  }
  CHECK(table.size() <= 32);
}

}  // namespace
}  // namespace sesame
