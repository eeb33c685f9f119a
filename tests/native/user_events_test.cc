// User events: the newest of each kind, for as long as something older could be served.
#include "session/user_events.h"

#include <cstdint>

#include "support.h"

namespace sesame::testing {
namespace {

Key user(std::uint64_t n) { return {n, ~n}; }

TEST_CASE("R23: an event is found by its user, and hinted at by the user's tag") {
  UserEvents events(4);
  CHECK(events.find(user(1)) == nullptr);
  CHECK_FALSE(events.may_concern(user_tag(user(1))));
  events.revoke(user(1), 5, 100);
  REQUIRE(events.find(user(1)) != nullptr);
  CHECK(events.find(user(1))->revoked);
  CHECK(events.find(user(1))->revoked_at == 5);
  CHECK(events.find(user(1))->change == UserChange::kNone);
  CHECK(events.may_concern(user_tag(user(1))));
  CHECK_FALSE(events.may_concern(user_tag(user(2))));
  CHECK(events.find(user(2)) == nullptr);
}

TEST_CASE("R23: a tag is never 0, which stands for nobody known") {
  CHECK(user_tag({0, 1}) != 0);
  CHECK(user_tag({std::uint64_t{1} << 32, 1}) != 0);
  CHECK(user_tag({7, 1}) == 7);
}

TEST_CASE("R23: users who share a tag keep their own events, and forgetting one keeps the other") {
  UserEvents events(4);
  const Key one{7, 1};
  const Key two{7 + (std::uint64_t{1} << 32), 2};
  REQUIRE(user_tag(one) == user_tag(two));
  events.revoke(one, 1, 10);
  CHECK(events.find(two) == nullptr);
  events.change(two, UserChange::kDropped, 2, 20);
  CHECK_FALSE(events.find(one)->change == UserChange::kDropped);
  CHECK_FALSE(events.find(two)->revoked);
  events.step(10);
  CHECK(events.find(one) == nullptr);
  REQUIRE(events.find(two) != nullptr);
  CHECK(events.may_concern(7));
  events.step(20);
  CHECK_FALSE(events.may_concern(7));
}

TEST_CASE("R23: the newest revocation and the newest change stand side by side") {
  UserEvents events(4);
  events.revoke(user(1), 1, 10);
  events.change(user(1), UserChange::kReplaced, 2, 20);
  events.revoke(user(1), 3, 30);
  const UserEvent* event = events.find(user(1));
  CHECK(event->revoked_at == 3);
  CHECK(event->change == UserChange::kReplaced);
  CHECK(event->changed_at == 2);
  CHECK(events.size() == 1);
  events.step(29);
  CHECK(events.size() == 1);
  events.step(30);
  CHECK(events.size() == 0);
}

TEST_CASE("R23: a full table forgets the longest untouched, and its floor rises to that event") {
  UserEvents events(2);
  events.revoke(user(1), 10, 100);
  events.change(user(2), UserChange::kDropped, 11, 100);
  CHECK_FALSE(events.is_below_floor(0));
  events.revoke(user(1), 12, 100);
  events.revoke(user(3), 13, 100);
  CHECK(events.find(user(2)) == nullptr);
  CHECK(events.find(user(1)) != nullptr);
  CHECK(events.size() == 2);
  CHECK(events.is_below_floor(10));
  CHECK_FALSE(events.is_below_floor(11));
  events.revoke(user(4), 14, 100);
  CHECK(events.is_below_floor(11));
  CHECK_FALSE(events.is_below_floor(12));
}

TEST_CASE("R23: the floor rises to the newer of a forgotten user's two events") {
  for (const bool is_revoked_last : {false, true}) {
    UserEvents events(1);
    events.change(user(1), UserChange::kReplaced, is_revoked_last ? 5 : 9, 100);
    events.revoke(user(1), is_revoked_last ? 9 : 5, 100);
    events.revoke(user(2), 20, 100);
    CHECK(events.is_below_floor(8));
    CHECK_FALSE(events.is_below_floor(9));
  }
}

TEST_CASE("R22: a doubt that had to be forgotten raises the floor as well") {
  UserEvents events(1);
  events.change(user(1), UserChange::kStale, 5, 100);
  events.revoke(user(2), 6, 100);
  CHECK(events.is_below_floor(4));
  CHECK_FALSE(events.is_below_floor(5));
}

TEST_CASE("R23: the floor never falls, sequences that wrap included") {
  UserEvents events(1);
  const Sequence before = UINT32_MAX - 1;
  events.revoke(user(1), before, 100);
  events.revoke(user(2), 1, 100);
  CHECK(events.is_below_floor(before - 1));
  CHECK_FALSE(events.is_below_floor(before));
  events.revoke(user(3), 3, 100);
  CHECK(events.is_below_floor(before));
  CHECK(events.is_below_floor(0));
  CHECK_FALSE(events.is_below_floor(1));
}

TEST_CASE("R23: a floor is gone once nothing from before it can be served") {
  UserEvents events(1);
  events.revoke(user(1), 10, 100);
  events.revoke(user(2), 11, 150);
  events.step(99);
  CHECK(events.is_below_floor(9));
  events.step(100);
  CHECK_FALSE(events.is_below_floor(9));
  // 2^31 events later it would otherwise count as not yet reached.
  CHECK_FALSE(events.is_below_floor(Sequence{10} + (Sequence{1} << 31) + 1));
}

TEST_CASE("R22: that something may have changed does not hide that it did, nor the other way") {
  UserEvents events(4);
  events.change(user(1), UserChange::kReplaced, 5, 100);
  events.change(user(1), UserChange::kStale, 8, 100);
  const UserEvent* event = events.find(user(1));
  CHECK(event->change == UserChange::kReplaced);
  CHECK(event->changed_at == 5);
  CHECK(event->is_doubtful);
  CHECK(event->doubted_at == 8);
  events.change(user(1), UserChange::kDropped, 9, 100);
  CHECK(event->change == UserChange::kDropped);
  CHECK(event->changed_at == 9);
}

TEST_CASE("R51: events whose time has passed are forgotten, a few a step") {
  UserEvents events(100);
  for (std::uint64_t n = 0; n < 100; ++n) {
    events.revoke(user(n), static_cast<Sequence>(n), n < 50 ? 10 : 20);
  }
  events.step(10);
  CHECK(events.size() >= 90);
  for (int i = 0; i < 100; ++i) events.step(10);
  CHECK(events.size() == 50);
  CHECK(events.find(user(0)) == nullptr);
  CHECK(events.find(user(50)) != nullptr);
  CHECK_FALSE(events.is_below_floor(0));
}

}  // namespace
}  // namespace sesame::testing
