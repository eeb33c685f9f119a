// Writes on their way to the origin: which of them may get in each other's way (SPEC R22).
#include "session/pending_writes.h"

#include <catch2/catch_test_macros.hpp>

namespace sesame {
namespace {

PendingWrite write_of(std::uint64_t session, std::optional<Key> user = {}) {
  PendingWrite write;
  write.session = {session, 1};
  write.user = user;
  return write;
}

constexpr Key kAda{7, 7};
constexpr Key kBob{8, 8};

TEST_CASE("R22: writes of two users do not overlap, those of one user or one session do") {
  PendingWrites writes;
  const WriteId ada = writes.begin(write_of(1, kAda));
  const WriteId bob = writes.begin(write_of(2, kBob));
  CHECK_FALSE(writes.claim(bob, {2, 1}).is_overlapped);
  const WriteId other = writes.begin(write_of(3, kAda));
  CHECK(writes.claim(ada, {1, 1}).is_overlapped);
  CHECK(writes.claim(other, {3, 1}).is_overlapped);

  const WriteId unknown = writes.begin(write_of(4));
  const WriteId again = writes.begin(write_of(4));
  CHECK(writes.claim(unknown, {4, 1}).is_overlapped);
  CHECK(writes.claim(again, {4, 1}).is_overlapped);
}

TEST_CASE("R53: a write of an unknown user overlaps nobody else's") {
  PendingWrites writes;
  const WriteId known = writes.begin(write_of(1, kAda));
  const WriteId unknown = writes.begin(write_of(2));
  const WriteId other = writes.begin(write_of(3));
  CHECK_FALSE(writes.claim(known, {1, 1}).is_overlapped);
  CHECK_FALSE(writes.claim(unknown, {2, 1}).is_overlapped);
  CHECK_FALSE(writes.claim(other, {3, 1}).is_overlapped);
}

TEST_CASE("R53, R54: neither strangers nor one user take the room of the others") {
  PendingWrites writes;
  std::uint64_t session = 1;
  while (writes.begin(write_of(session)) != 0) ++session;
  CHECK(session > PendingWrites::kCapacity / 2);
  std::size_t of_ada = 0;
  while (writes.begin(write_of(++session, kAda)) != 0) ++of_ada;
  CHECK(of_ada == PendingWrites::kMaxOfOne);
  const WriteId bob = writes.begin(write_of(++session, kBob));
  CHECK(bob != 0);
  CHECK_FALSE(writes.claim(bob, {session, 1}).is_overlapped);
}

TEST_CASE("R22: a write is claimed once, by its own session; any other counts as overlapped") {
  PendingWrites writes;
  const WriteId id = writes.begin(write_of(1, kAda));
  CHECK(writes.claim(id, {2, 1}).is_overlapped);
  CHECK_FALSE(writes.claim(id, {2, 1}).user);
  const PendingWrite claimed = writes.claim(id, {1, 1});
  CHECK_FALSE(claimed.is_overlapped);
  CHECK(claimed.user == kAda);
  CHECK(writes.claim(id, {1, 1}).is_overlapped);
  CHECK(writes.claim(0, {1, 1}).session == Key{1, 1});
}

TEST_CASE("R22: a login or sign-out on the way is noted for the writes of its session") {
  PendingWrites writes;
  const WriteId one = writes.begin(write_of(1, kAda));
  const WriteId other = writes.begin(write_of(2, kBob));
  writes.note_handover({1, 1});
  CHECK(writes.claim(one, {1, 1}).changed_hands);
  CHECK_FALSE(writes.claim(other, {2, 1}).changed_hands);
}

TEST_CASE("R50: more writes than are tracked count as overlapped, and so do that user's own") {
  PendingWrites writes;
  WriteId last = 0;
  for (std::size_t i = 0; i < PendingWrites::kCapacity; ++i) {
    last = writes.begin(write_of(i, Key{i, i}));
    REQUIRE(last != 0);
  }
  const std::uint64_t newest = PendingWrites::kCapacity - 1;
  CHECK(writes.begin(write_of(1000, Key{newest, newest})) == 0);
  CHECK(writes.claim(0, {1000, 1}).is_overlapped);
  CHECK(writes.claim(last, {newest, 1}).is_overlapped);
  CHECK_FALSE(writes.claim(last - 1, {newest - 1, 1}).is_overlapped);
}

}  // namespace
}  // namespace sesame
