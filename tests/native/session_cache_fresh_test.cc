// Checks that insist on the origin, and refusals: what is remembered and how it is cleared.
#include <string>

#include "support.h"

namespace sesame::testing {
namespace {

TEST_CASE("R11: a fresh check asks the origin though a fresh document is held, and replaces it") {
  Fixture f;
  f.hold(bearer("t"), document("7", "Old"), {.etag = "\"1\""});
  const Decision decision = f.check_fresh(bearer("t"));
  REQUIRE(decision.action == Action::kFetch);
  CHECK(decision.body.empty());
  CHECK(decision.meta.empty());  // unconditional: past every layer
  CHECK(f.check(bearer("t")).body == document("7", "Old"));
  CHECK(f.fill(decision.lease, document("7", "New")).body == document("7", "New"));
  CHECK(f.check(bearer("t")).body == document("7", "New"));
  CHECK(f.metrics().origin_fresh == 1);
}

TEST_CASE("R11: a fresh check does not take the answer of a fill that began before it") {
  Fixture f;
  const bool is_kept = GENERATE(true, false);
  const LeaseId lease = f.begin(bearer("t"));
  const Decision waiting = f.check_fresh(bearer("t"));
  CHECK(waiting.action == Action::kWait);
  CHECK(waiting.lease == lease);
  CHECK(f.check(bearer("t"), {.waited = lease, .fresh = true, .again = true}).action ==
        Action::kWait);
  f.fill(lease, document("7", "Old"), {.cache_control = is_kept ? "" : "no-store"});
  const Decision next = f.check(bearer("t"), {.waited = lease, .fresh = true, .again = true});
  REQUIRE(next.action == Action::kFetch);
  CHECK(f.fill(next.lease, document("7", "New")).body == document("7", "New"));
}

TEST_CASE("R11: of many fresh checks behind one fill a single one asks again") {
  Fixture f;
  const LeaseId first = f.begin(bearer("t"));
  for (int i = 0; i < 3; ++i) CHECK(f.check_fresh(bearer("t")).lease == first);
  f.fill(first, document("7", "Old"));
  const CheckOptions again{.waited = first, .fresh = true, .again = true};
  const Decision leader = f.check(bearer("t"), again);
  REQUIRE(leader.action == Action::kFetch);
  for (int i = 0; i < 2; ++i) {
    const Decision follower = f.check(bearer("t"), again);
    CHECK(follower.action == Action::kWait);
    CHECK(follower.lease == leader.lease);
  }
  f.fill(leader.lease, document("7", "New"));
  // That fill began after they did, so its answer is as good as their own.
  for (int i = 0; i < 2; ++i) {
    CHECK(f.check_again(bearer("t"), leader.lease).body == document("7", "New"));
  }
  CHECK(f.metrics().origin_fresh == 1);
  CHECK(f.metrics().origin_miss == 1);
}

TEST_CASE("R11: a fresh check waits for a refresh under way and then asks by itself") {
  Fixture f;
  f.hold(bearer("t"), document("7", "Old"));
  f.pass(30 * kMinute);
  const LeaseId refresh = f.begin_refresh(bearer("t"));
  CHECK(f.check_fresh(bearer("t")).action == Action::kWait);
  f.fill(refresh, document("7", "Refreshed"));
  CHECK(f.check(bearer("t"), {.waited = refresh, .fresh = true, .again = true}).action ==
        Action::kFetch);
}

TEST_CASE("R11: a fresh check asks though a refusal is remembered") {
  Fixture f;
  f.answer(f.begin(bearer("t")), 401, "no", {.etag = "{}"});
  const Decision decision = f.check_fresh(bearer("t"));
  REQUIRE(decision.action == Action::kFetch);
  CHECK(decision.meta.empty());
  f.fill(decision.lease, document("7"));
  CHECK(f.check(bearer("t")).action == Action::kServe);
}

TEST_CASE("R11: a fresh check that the origin refuses replaces what was held") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.answer(f.check_fresh(bearer("t")).lease, 401);
  CHECK(f.check(bearer("t")).action == Action::kRefuse);
}

TEST_CASE("R11, R15: a fresh check whose answer may not be stored leaves nothing of before") {
  Fixture f;
  f.hold(bearer("t"), document("7", "Old"));
  f.fill(f.check_fresh(bearer("t")).lease, document("7", "New"), {.cache_control = "no-store"});
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE(
    "R11, R13: a fresh check that fails gets what is held, marked stale, and changes nothing") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  const Decision decision = f.fail(f.check_fresh(bearer("t")).lease);
  CHECK(decision.action == Action::kServeStale);
  CHECK(decision.body == document("7"));
  CHECK(f.check(bearer("t")).action == Action::kServe);
}

TEST_CASE("R11: the pause after a refresh that failed does not hold a fresh check back") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.pass(30 * kMinute);
  f.fail(f.begin_refresh(bearer("t")));
  CHECK(f.check_fresh(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R12: a clear no removes the entry and is remembered for negativeFor") {
  Fixture f;
  const int status = GENERATE(401, 403);
  f.hold(bearer("t"), document("7"));
  f.pass(30 * kMinute);
  const Decision first = f.answer(f.begin_refresh(bearer("t")), status, "no", {.etag = "{}"});
  CHECK(first.action == Action::kRefuse);
  CHECK(first.source == Source::kOrigin);
  f.pass(10 * kSecond - 1);
  const Decision second = f.check(bearer("t"));
  CHECK(second.action == Action::kRefuse);
  CHECK(second.source == Source::kNegative);
  CHECK(second.http_status == status);
  CHECK(second.body == "no");
  CHECK(second.meta == "{}");
  CHECK(f.metrics().negative == 1);
  f.pass(1);
  const Decision third = f.check(bearer("t"));
  CHECK(third.action == Action::kFetch);
  CHECK(third.meta.empty());
  CHECK(f.fail(third.lease).action == Action::kUnavailable);
}

TEST_CASE("R12: the statuses of a clear no are configurable") {
  Config config = test_config();
  config.refusals = {404};
  Fixture f(config);
  CHECK(f.answer(f.begin(bearer("t")), 404).action == Action::kRefuse);
  CHECK(f.check(bearer("t")).action == Action::kRefuse);
  CHECK(f.answer(f.begin(bearer("u")), 401).action == Action::kAnswer);
  CHECK(f.check(bearer("u")).action == Action::kFetch);
}

TEST_CASE("R12: negativeFor 0 remembers no refusal, and still removes the entry") {
  Config config = test_config();
  config.negative_for = 0;
  Fixture f(config);
  f.hold(bearer("t"), document("7"));
  CHECK(f.answer(f.check_fresh(bearer("t")).lease, 401, "no").body == "no");
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R12: a long refusal reaches its leader whole, and is remembered without its body") {
  Fixture f;
  const std::string body(5000, 'x');
  CHECK(f.answer(f.begin(bearer("t")), 401, body).body == body);
  const Decision decision = f.check(bearer("t"));
  CHECK(decision.action == Action::kRefuse);
  CHECK(decision.http_status == 401);
  CHECK(decision.body.empty());
}

TEST_CASE("R12: a later login with the same credential clears the refusal") {
  Fixture f;
  f.answer(f.begin(cookie("c")), 401);
  f.forget_refusal(cookie("other"));
  CHECK(f.check(cookie("c")).action == Action::kRefuse);
  f.forget_refusal(cookie("c"));
  CHECK(f.check(cookie("c")).action == Action::kFetch);
}

TEST_CASE("R12: clearing a refusal leaves documents, revocations and fills in flight alone") {
  Fixture f;
  f.hold(cookie("held"), document("7"));
  f.revoke(cookie("revoked"));
  const LeaseId lease = f.begin(cookie("asked"));
  for (const char* value : {"held", "revoked", "asked"}) f.forget_refusal(cookie(value));
  CHECK(f.check(cookie("held")).action == Action::kServe);
  CHECK(f.check(cookie("revoked")).action == Action::kRefuse);
  CHECK(f.fill(lease, document("8")).action == Action::kServe);
}

// SPEC R13: nobody has said "no".
TEST_CASE("R13: any other 3xx or 4xx is passed on where nothing is held, and is not remembered") {
  Fixture f;
  const int status = GENERATE(300, 301, 302, 307, 400, 402, 404, 405, 407, 409, 410, 418, 499);
  const Decision decision = f.answer(f.begin(bearer("t")), status, "body", {"meta"}, 7 * kSecond);
  CHECK(decision.action == Action::kAnswer);
  CHECK(decision.source == Source::kOrigin);
  CHECK(decision.http_status == status);
  CHECK(decision.body == "body");
  CHECK(decision.meta == "meta");
  CHECK(decision.retry_after == 7 * kSecond);
  CHECK(f.metrics().origin_failures == 1);
  CHECK(f.cache().store().entries() == 0);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R13: any other 3xx or 4xx takes no remembered refusal away") {
  Fixture f;
  f.answer(f.begin(bearer("t")), 401, "no");
  CHECK(f.answer(f.check_fresh(bearer("t")).lease, 404, "body").action == Action::kAnswer);
  CHECK(f.check(bearer("t")).body == "no");
}

TEST_CASE("R80: a success that says no is remembered with its own status, body and meta") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  const LeaseId lease = f.check_fresh(bearer("t")).lease;
  f.check_fresh(bearer("t"));  // a follower
  const Decision said = f.refuse(lease, 200, "null", "{}");
  const Decision followed = f.check_again(bearer("t"), lease);
  const Decision later = f.check(bearer("t"));
  for (const Decision& decision : {said, followed, later}) {
    CHECK(decision.action == Action::kRefuse);
    CHECK(decision.http_status == 200);
    CHECK(decision.body == "null");
    CHECK(decision.meta == "{}");
  }
  CHECK(said.source == Source::kOrigin);
  CHECK(later.source == Source::kNegative);
  CHECK(later.reason == Reason::kNegative);
  CHECK_FALSE(f.cache().is_accepted(bearer("t").head(), f.now()));
  f.pass(10 * kSecond);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R80: without negativeFor followers are told of a success that says no all the same") {
  Config config = test_config();
  config.negative_for = 0;
  Fixture f(config);
  const LeaseId lease = f.begin(bearer("t"));
  f.join(bearer("t"), lease);
  CHECK(f.refuse(lease, 204, "", "").http_status == 204);
  const Decision followed = f.check_again(bearer("t"), lease);
  CHECK(followed.action == Action::kRefuse);
  CHECK(followed.http_status == 204);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R80: a login clears a success that says no") {
  Fixture f;
  f.refuse(f.begin(cookie("a")), 200, "null", "");
  f.forget_refusal(cookie("a"));
  CHECK(f.check(cookie("a")).action == Action::kFetch);
}

}  // namespace
}  // namespace sesame::testing
