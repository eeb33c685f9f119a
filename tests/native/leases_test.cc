// Leases: one holder a key, an end for each, and ids that mean one lease only.
#include "session/leases.h"

#include <set>
#include <string>
#include <vector>

#include "support.h"

namespace sesame::testing {
namespace {

Key key(std::uint64_t n) { return {n, ~n}; }

Lease* begin(LeaseTable& table, const Key& of, TimeMs now = 0, TimeMs deadline = 10) {
  return table.begin(of, FillCause::kMiss, now, deadline);
}

TEST_CASE("R9: a lease is found by its key and by its id, until its deadline") {
  LeaseTable table(4, 100);
  Lease* lease = begin(table, key(1));
  REQUIRE(lease != nullptr);
  CHECK(lease->state == LeaseState::kInFlight);
  CHECK(table.find_current(key(1), 9) == lease);
  CHECK(table.find(lease->id, 9) == lease);
  CHECK(table.find_current(key(2), 0) == nullptr);
  CHECK(table.find_current(key(1), 10) == nullptr);
  CHECK(table.find(lease->id, 10) == nullptr);
  CHECK(table.in_use() == 1);
}

TEST_CASE("R9: what is no lease id finds none") {
  LeaseTable table(4, 100);
  const LeaseId id = begin(table, key(1))->id;
  for (const LeaseId other : {LeaseId{0}, id + 1, id + 4, id - 4, UINT32_MAX, LeaseId{4}}) {
    CAPTURE(other, id);
    if (other != id) CHECK(table.find(other, 0) == nullptr);
  }
  table.free(table.find(id, 0));
  CHECK(table.find(id, 0) == nullptr);
  CHECK(table.in_use() == 0);
}

TEST_CASE("R9: an id is not used again for long, though its slot is") {
  LeaseTable table(1, 0);
  std::set<LeaseId> ids;
  for (int i = 0; i < 100'000; ++i) {
    Lease* lease = begin(table, key(1));
    REQUIRE(lease != nullptr);
    REQUIRE(lease->id != 0);
    REQUIRE(ids.insert(lease->id).second);
    table.free(lease);
  }
}

TEST_CASE("R9: a full table gives no lease, and room once one has ended") {
  LeaseTable table(3, 100);
  std::vector<Lease*> leases;
  for (std::uint64_t n = 0; n < 3; ++n) leases.push_back(begin(table, key(n)));
  CHECK(begin(table, key(9)) == nullptr);
  table.end(leases[1], LeaseState::kStored);
  CHECK(begin(table, key(9)) != nullptr);
  CHECK(table.in_use() == 3);
}

TEST_CASE("R9: a full table leaves the lease of a key that asks again as it is") {
  LeaseTable table(2, 100);
  Lease* patient = begin(table, key(1));
  patient->waiters = 1;
  table.end_with_backoff(patient, 100, 100);
  REQUIRE(begin(table, key(2)) != nullptr);
  CHECK(begin(table, key(1)) == nullptr);
  CHECK(table.find_current(key(1), 50) == patient);
  table.drop_waiter(patient);
  CHECK(begin(table, key(1)) != nullptr);
  CHECK(table.in_use() == 2);
}

TEST_CASE("R9: a lease that ends without followers is free at once") {
  LeaseTable table(2, 100);
  for (const LeaseState state : {LeaseState::kStored, LeaseState::kFailed}) {
    Lease* lease = begin(table, key(1));
    table.end(lease, state);
    CHECK(table.in_use() == 0);
    CHECK(table.find_current(key(1), 0) == nullptr);
  }
  table.end_with_answer(begin(table, key(1)), 200, "meta", "body");
  CHECK(table.in_use() == 0);
}

TEST_CASE("R9: an answer stays until the last follower has had it") {
  LeaseTable table(2, 100);
  Lease* lease = begin(table, key(1));
  const LeaseId id = lease->id;
  lease->waiters = 2;
  table.end_with_answer(lease, 418, "meta", "body");
  CHECK(table.find_current(key(1), 0) == nullptr);
  REQUIRE(table.find(id, 0) == lease);
  CHECK(lease->state == LeaseState::kAnswered);
  CHECK(lease->http_status == 418);
  CHECK(lease->body == "body");
  table.drop_waiter(lease);
  CHECK(table.find(id, 0) == lease);
  table.drop_waiter(lease);
  CHECK(table.find(id, 0) == nullptr);
  CHECK(table.in_use() == 0);
}

TEST_CASE("R9: a key may be asked for anew while followers still have to be told") {
  LeaseTable table(3, 100);
  Lease* old = begin(table, key(1));
  const LeaseId old_id = old->id;
  old->waiters = 1;
  table.end(old, LeaseState::kFailed);
  Lease* fresh = begin(table, key(1));
  REQUIRE(fresh != nullptr);
  CHECK(fresh != old);
  CHECK(table.find(old_id, 0) == old);
  CHECK(table.find_current(key(1), 0) == fresh);
}

TEST_CASE("R50: answers beyond their bytes are dropped, and freed ones make room") {
  LeaseTable table(4, 10);
  const auto answer = [&](std::uint64_t n, Bytes body) {
    Lease* lease = begin(table, key(n));
    lease->waiters = 1;
    const LeaseId id = lease->id;
    table.end_with_answer(lease, 200, "", body);
    return id;
  };
  const LeaseId first = answer(1, "0123456");
  CHECK(table.find(first, 0) != nullptr);
  CHECK(table.find(answer(2, "0123"), 0) == nullptr);
  table.drop_waiter(table.find(first, 0));
  const LeaseId third = answer(3, "0123456789");
  CHECK(table.find(third, 0) != nullptr);
  CHECK(table.cancel(key(3)) == 0);
  CHECK(table.find(answer(4, "0123456789"), 0) != nullptr);
}

TEST_CASE("R9: past its deadline a lease is taken over, and is lost for good") {
  LeaseTable table(2, 100);
  Lease* lost = begin(table, key(1), 0, 10);
  const LeaseId lost_id = lost->id;
  Lease* next = begin(table, key(1), 10, 20);
  REQUIRE(next != nullptr);
  CHECK(next->took_over);
  CHECK(table.find(lost_id, 10) == nullptr);
  CHECK(table.find(lost_id, 0) == nullptr);
  CHECK(table.in_use() == 1);
  table.end(next, LeaseState::kStored);
  CHECK_FALSE(begin(table, key(1), 10, 20)->took_over);
}

TEST_CASE("R10: whatever happens to a key cancels its leases, ended ones included") {
  LeaseTable table(4, 100);
  Lease* ended = begin(table, key(1));
  ended->waiters = 1;
  const LeaseId ended_id = ended->id;
  table.end_with_answer(ended, 200, "", "old");
  const LeaseId flying_id = begin(table, key(1))->id;
  const LeaseId other_id = begin(table, key(2))->id;
  CHECK(table.cancel(key(1)) == 1);
  CHECK(table.find(ended_id, 0) == nullptr);
  CHECK(table.find(flying_id, 0) == nullptr);
  CHECK(table.find(other_id, 0) != nullptr);
  CHECK(table.in_use() == 1);
  CHECK(table.cancel(key(1)) == 0);
}

TEST_CASE("R10: a key is cancelled by the copy of it that its lease holds") {
  LeaseTable table(4, 100);
  Lease* ended = begin(table, key(1));
  ended->waiters = 1;
  table.end(ended, LeaseState::kStored);
  Lease* flying = begin(table, key(1));
  CHECK(table.cancel(flying->key) == 1);
  CHECK(table.in_use() == 0);
}

TEST_CASE("R10: the leases of keys that share all bits that are hashed stay apart") {
  LeaseTable table(4, 100);
  const LeaseId one = begin(table, {7, 1})->id;
  const LeaseId two = begin(table, {7, 2})->id;
  CHECK(table.find_current({7, 1}, 0)->id == one);
  CHECK(table.find_current({7, 2}, 0)->id == two);
  CHECK(table.cancel({7, 1}) == 1);
  CHECK(table.find(two, 0) != nullptr);
}

TEST_CASE("R13: a backoff stays current until its time, whoever is told of it") {
  LeaseTable table(2, 100);
  Lease* lease = begin(table, key(1), 0, 10);
  const LeaseId id = lease->id;
  lease->waiters = 1;
  table.end_with_backoff(lease, 1000, 1000);
  table.drop_waiter(lease);
  REQUIRE(table.find_current(key(1), 999) == lease);
  CHECK(lease->id == id);
  CHECK(lease->retry_after == 1000);
  CHECK(table.find_current(key(1), 1000) == nullptr);
}

TEST_CASE("R53: strangers take half of the leases, and those whom the origin knows all of them") {
  LeaseTable table(4, 100);
  const auto begin_stranger = [&](std::uint64_t n) {
    return table.begin(key(n), FillCause::kMiss, 0, 10, true);
  };
  Lease* first = begin_stranger(1);
  REQUIRE(begin_stranger(2) != nullptr);
  CHECK(begin_stranger(3) == nullptr);
  // One that takes the place of its own needs no more room.
  REQUIRE(begin_stranger(1) != nullptr);
  first = table.find_current(key(1), 0);
  CHECK(begin(table, key(11)) != nullptr);
  CHECK(begin(table, key(12)) != nullptr);
  CHECK(begin(table, key(13)) == nullptr);
  table.free(first);
  CHECK(begin(table, key(13)) != nullptr);
  CHECK(begin_stranger(1) == nullptr);  // the table is full
  table.cancel(key(2));
  CHECK(begin_stranger(4) != nullptr);
  CHECK(table.in_use() == 4);
}

TEST_CASE("R53: answers to strangers leave half of the room to the others") {
  LeaseTable table(4, 100);
  const auto answer = [&](std::uint64_t n, std::size_t size, bool is_stranger) {
    Lease* lease = table.begin(key(n), FillCause::kMiss, 0, 10, is_stranger);
    REQUIRE(lease != nullptr);
    lease->waiters = 1;
    const LeaseId id = lease->id;
    table.end_with_answer(lease, 200, "", std::string(size, 'x'));
    return table.find(id, 0) != nullptr;
  };
  CHECK_FALSE(answer(1, 51, true));
  CHECK(answer(2, 50, true));
  CHECK_FALSE(answer(3, 1, true));
  CHECK(answer(4, 50, false));
}

TEST_CASE("R13: a pause after a refresh ends when somebody has to ask") {
  LeaseTable table(1, 100);
  Lease* refresh = begin(table, key(1));
  table.end_with_pause(refresh, 50);
  CHECK(table.find_current(key(1), 49) == refresh);
  CHECK(refresh->state == LeaseState::kPaused);
  Lease* next = begin(table, key(1), 20, 30);
  REQUIRE(next != nullptr);
  CHECK_FALSE(next->took_over);
  CHECK(table.in_use() == 1);
}

TEST_CASE("R51: leases past their deadline are swept, a few a step, in flight or ended") {
  LeaseTable table(64, 1000);
  for (std::uint64_t n = 0; n < 32; ++n) begin(table, key(n), 0, 10);
  for (std::uint64_t n = 32; n < 48; ++n) {
    Lease* lease = begin(table, key(n), 0, 10);
    lease->waiters = 1;
    table.end_with_answer(lease, 200, "", "body");
  }
  for (std::uint64_t n = 48; n < 64; ++n) begin(table, key(n), 0, 100);
  table.step(9);
  CHECK(table.in_use() == 64);
  table.step(10);
  CHECK(table.in_use() >= 56);
  for (int i = 0; i < 64; ++i) table.step(10);
  CHECK(table.in_use() == 16);
  for (std::uint64_t n = 0; n < 48; ++n) REQUIRE(begin(table, key(n), 10, 20) != nullptr);
  CHECK(begin(table, key(99), 10, 20) == nullptr);
}

}  // namespace
}  // namespace sesame::testing
