// One origin call a key, and what those who wait for it are told.
#include <string>
#include <vector>

#include "support.h"

namespace sesame::testing {
namespace {

TEST_CASE("R9: at most one origin call per key is in flight; the others wait for it") {
  Fixture f;
  const LeaseId lease = f.begin(bearer("t"));
  for (int i = 0; i < 100; ++i) {
    const Decision decision = f.check(bearer("t"));
    REQUIRE(decision.action == Action::kWait);
    CHECK(decision.lease == lease);
    CHECK(decision.deadline == kStart + 10 * kSecond);
  }
  CHECK(f.check_again(bearer("t"), lease).action == Action::kWait);
  CHECK(f.check(bearer("u")).action == Action::kFetch);
  CHECK(f.metrics().origin_miss == 2);
  CHECK(f.metrics().joined == 100);
  CHECK(f.metrics().miss == 2);
}

TEST_CASE("R9: followers get the leader's document where it is stored") {
  Fixture f;
  const LeaseId lease = f.begin(bearer("t"));
  f.join(bearer("t"), lease);
  f.join(bearer("t"), lease);
  f.fill(lease, document("7"), {.etag = "\"1\""});
  for (int i = 0; i < 2; ++i) {
    const Decision decision = f.check_again(bearer("t"), lease);
    CHECK(decision.action == Action::kServe);
    CHECK(decision.source == Source::kOrigin);
    CHECK(decision.body == document("7"));
    CHECK(decision.meta == "\"1\"");
    CHECK(decision.expires_at == kStart + 30 * kDay);
  }
  CHECK(f.cache().leases_in_use() == 0);
  CHECK(f.check_again(bearer("t"), lease).source == Source::kFresh);
}

TEST_CASE("R9, R15: followers get the leader's document where nothing may be stored") {
  Fixture f;
  const LeaseId lease = f.begin(bearer("t"));
  f.join(bearer("t"), lease);
  f.join(bearer("t"), lease);
  f.fill(lease, document("7"), {.etag = "\"1\"", .cache_control = "no-store"});
  for (int i = 0; i < 2; ++i) {
    const Decision decision = f.check_again(bearer("t"), lease);
    CHECK(decision.action == Action::kServe);
    CHECK(decision.http_status == 200);
    CHECK(decision.body == document("7"));
    CHECK(decision.meta == "\"1\"");
    CHECK(decision.expires_at == kStart + 30 * kDay);
  }
  CHECK(f.cache().leases_in_use() == 0);
  CHECK(f.check_again(bearer("t"), lease).action == Action::kFetch);
}

TEST_CASE("R9, R12: followers get the leader's refusal, remembered or not") {
  Config config = test_config();
  config.negative_for = GENERATE(DurationMs{0}, 10 * kSecond);
  Fixture f(config);
  const LeaseId lease = f.begin(bearer("t"));
  f.join(bearer("t"), lease);
  f.answer(lease, 403, "no", {.etag = "{}"});
  const Decision decision = f.check_again(bearer("t"), lease);
  CHECK(decision.action == Action::kRefuse);
  CHECK(decision.http_status == 403);
  CHECK(decision.body == "no");
  CHECK(decision.meta == "{}");
}

TEST_CASE("R9, R12: followers get the leader's other answer") {
  Fixture f;
  const int status = GENERATE(302, 400, 404, 410, 418);
  const LeaseId lease = f.begin(bearer("t"));
  f.join(bearer("t"), lease);
  CHECK(f.answer(lease, status, "gone", {.etag = "{}"}).action == Action::kAnswer);
  const Decision decision = f.check_again(bearer("t"), lease);
  CHECK(decision.action == Action::kAnswer);
  CHECK(decision.source == Source::kOrigin);
  CHECK(decision.http_status == status);
  CHECK(decision.body == "gone");
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R9, R13: followers get the leader's failure, with its Retry-After") {
  Fixture f;
  const int status = GENERATE(0, 408, 429, 500, 503);
  const LeaseId lease = f.begin(bearer("t"));
  f.join(bearer("t"), lease);
  CHECK(f.fail(lease, status, 7 * kSecond).retry_after == 7 * kSecond);
  const Decision decision = f.check_again(bearer("t"), lease);
  CHECK(decision.action == Action::kUnavailable);
  CHECK(decision.retry_after == 7 * kSecond);
  CHECK(f.metrics().unavailable == 2);
  CHECK(f.metrics().origin_failures == 1);
}

TEST_CASE("R9, R13: followers of a failure get what staleIfError allows") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.pass(60 * kMinute);
  const LeaseId lease = f.begin(bearer("t"));
  f.join(bearer("t"), lease);
  CHECK(f.fail(lease).action == Action::kServeStale);
  const Decision decision = f.check_again(bearer("t"), lease);
  CHECK(decision.action == Action::kServeStale);
  CHECK(decision.body == document("7"));
  CHECK(decision.lease == 0);
}

TEST_CASE("R9: if the leader hangs, one follower takes over at the deadline, the rest follow it") {
  Fixture f;
  const LeaseId lost = f.begin(bearer("t"));
  f.join(bearer("t"), lost);
  f.join(bearer("t"), lost);
  f.pass(10 * kSecond - 1);
  CHECK(f.check_again(bearer("t"), lost).action == Action::kWait);
  f.pass(1);
  const Decision next = f.check_again(bearer("t"), lost);
  REQUIRE(next.action == Action::kFetch);
  CHECK(next.lease != lost);
  const Decision other = f.check_again(bearer("t"), lost);
  CHECK(other.action == Action::kWait);
  CHECK(other.lease == next.lease);
  CHECK(f.metrics().takeovers == 1);

  CHECK(f.fill(lost, document("7", "Late")).action == Action::kRetry);
  f.fill(next.lease, document("7", "New"));
  CHECK(f.check_again(bearer("t"), next.lease).body == document("7", "New"));
  CHECK(f.check(bearer("t")).body == document("7", "New"));
}

TEST_CASE("R9: a leader that ran past its deadline is counted, whoever notices it first") {
  Fixture f;
  f.begin(bearer("t"));
  f.pass(10 * kSecond);
  for (int i = 0; i < 100; ++i) f.check({});
  f.begin(bearer("t"));
  CHECK(f.metrics().takeovers == 1);
}

TEST_CASE("R9: an answer that comes after the deadline is refused, even if nobody took over") {
  Fixture f;
  const LeaseId lease = f.begin(bearer("t"));
  f.pass(10 * kSecond);
  CHECK(f.fill(lease, document("7")).action == Action::kRetry);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R9: a lease that is given back is taken by a follower at once") {
  Fixture f;
  const LeaseId lease = f.begin(bearer("t"));
  f.join(bearer("t"), lease);
  f.cache().release(lease);
  CHECK(f.check_again(bearer("t"), lease).action == Action::kFetch);
  CHECK(f.fill(lease, document("7")).action == Action::kRetry);
}

TEST_CASE("R9: a lease that has ended cannot be completed or given back again") {
  Fixture f;
  const LeaseId lease = f.begin(bearer("t"));
  f.join(bearer("t"), lease);
  f.fill(lease, document("7"), {.cache_control = "no-store"});
  CHECK(f.fill(lease, document("7", "Twice")).action == Action::kRetry);
  f.cache().release(lease);
  CHECK(f.check_again(bearer("t"), lease).body == document("7"));
}

TEST_CASE("R9: the answer of another key's lease is nobody else's") {
  Fixture f;
  const LeaseId lease = f.begin(bearer("a"));
  f.join(bearer("a"), lease);
  f.fill(lease, document("7"), {.cache_control = "no-store"});
  const Decision decision = f.check(bearer("b"), {.waited = lease});
  CHECK(decision.action == Action::kFetch);
  CHECK(decision.body.empty());
  CHECK(f.check_again(bearer("a"), lease).action == Action::kServe);
}

TEST_CASE("R9: lease 0 and ids that were never given are refused, and change nothing") {
  Fixture f;
  const LeaseId lease = f.begin(bearer("t"));
  for (const LeaseId id : {LeaseId{0}, lease + 1, lease - 1, UINT32_MAX, lease ^ 0x80000000U}) {
    CAPTURE(id);
    CHECK(f.fill(id, document("7")).action == Action::kRetry);
    f.cache().release(id);
    f.cache().leave(id, f.now());
  }
  CHECK(f.metrics().fills_refused == 5);
  CHECK(f.fill(lease, document("7")).action == Action::kServe);
}

TEST_CASE("R9: a follower that leaves is not waited for") {
  Fixture f;
  const LeaseId lease = f.begin(bearer("t"));
  f.join(bearer("t"), lease);
  f.cache().leave(lease, f.now());
  f.fill(lease, document("7"), {.cache_control = "no-store"});
  CHECK(f.cache().leases_in_use() == 0);
}

TEST_CASE("R9: answers that nobody fetches are let go at the deadline") {
  Fixture f;
  const LeaseId lease = f.begin(bearer("t"));
  f.join(bearer("t"), lease);
  f.fill(lease, document("7"), {.cache_control = "no-store"});
  f.pass(10 * kSecond);
  CHECK(f.check_again(bearer("t"), lease).action == Action::kFetch);
  for (int i = 0; i < 1000; ++i) f.check({});
  CHECK(f.cache().leases_in_use() == 1);
}

TEST_CASE(
    "R9, R53: when strangers have their half of the leases, they pass and the others do not") {
  Fixture f;
  const auto held = [](int i) { return bearer("held" + std::to_string(i)); };
  for (int i = 0; i < 200; ++i) f.hold(held(i), document("7"));
  f.pass(30 * kMinute);
  int taken = 0;
  while (f.check(bearer("t" + std::to_string(taken))).action == Action::kFetch) ++taken;
  CHECK(taken >= 8);
  const Decision decision = f.check(bearer("one-more"));
  CHECK(decision.action == Action::kPass);
  CHECK(decision.reason == Reason::kNoLease);
  CHECK(decision.credential == CredentialKind::kBearer);
  CHECK(decision.lease == 0);
  CHECK(f.check(bearer("t0")).action == Action::kWait);
  CHECK(f.metrics().bypass >= 2);
  // The others have the rest, as many as strangers may have; then refreshes are left for later.
  int refreshes = 0;
  while (f.check(held(refreshes)).lease != 0) ++refreshes;
  CHECK(refreshes + 1 >= taken);
  const Decision late_one = f.check(held(refreshes));
  CHECK(late_one.action == Action::kServeStale);
  CHECK(late_one.body == document("7"));

  // Once their time is over, they are found a few with each call.
  f.pass(10 * kSecond);
  for (int i = 0; i < 1000; ++i) f.check({});
  const LeaseId late = f.begin(bearer("one-more"));
  CHECK(f.check(bearer("one-more")).lease == late);
  CHECK(f.check(bearer("yet-one")).action == Action::kFetch);
}

}  // namespace
}  // namespace sesame::testing
