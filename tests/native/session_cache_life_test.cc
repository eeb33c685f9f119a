// How long a session lives, whatever it is served as.
#include <string>

#include "support.h"

namespace sesame::testing {
namespace {

std::string seconds(TimeMs time) { return std::to_string(time / 1000); }

Config short_lived() {
  Config config = test_config();
  config.expires_in = 40 * kMinute;
  return config;
}

TEST_CASE("R8: a session is not served past expiresIn, stale or fresh") {
  Fixture f(short_lived());
  f.hold(bearer("t"), document("7"));
  f.pass(40 * kMinute - 1);
  const Decision decision = f.check(bearer("t"));
  CHECK(decision.action == Action::kServeStale);
  CHECK(decision.expires_at == kStart + 40 * kMinute);
  f.cache().release(decision.lease);
  f.pass(1);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R8: a refresh does not extend expiresIn, nor does a 304 or a fresh check") {
  Fixture f(short_lived());
  f.hold(bearer("t"), document("7"), {.etag = "\"1\""});
  f.pass(30 * kMinute);
  CHECK(f.fill(f.begin_refresh(bearer("t")), document("7"), {.etag = "\"1\""}).expires_at ==
        kStart + 40 * kMinute);
  f.pass(kMinute);
  CHECK(f.fill(f.check_fresh(bearer("t")).lease, document("7"), {.etag = "\"1\""}).expires_at ==
        kStart + 40 * kMinute);
  f.pass(9 * kMinute - 1);
  CHECK(f.check(bearer("t")).action == Action::kServe);
  f.pass(1);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R8: a 304 does not extend expiresIn") {
  Fixture f(short_lived());
  f.hold(bearer("t"), document("7"), {.etag = "\"1\""});
  f.pass(30 * kMinute);
  CHECK(f.answer(f.begin_refresh(bearer("t")), 304).expires_at == kStart + 40 * kMinute);
  f.pass(10 * kMinute);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R8: a session that ended is not served while the origin fails") {
  Fixture f(short_lived());
  f.hold(bearer("t"), document("7"));
  f.pass(40 * kMinute);
  CHECK(f.fail(f.begin(bearer("t"))).action == Action::kUnavailable);
}

TEST_CASE("R8: a session that becomes another user's begins anew") {
  Fixture f(short_lived());
  f.hold(cookie("c"), document("7"));
  f.pass(30 * kMinute);
  CHECK(f.fill(f.begin_refresh(cookie("c")), document("8")).expires_at == f.now() + 40 * kMinute);
}

TEST_CASE("R8: with idleFor a session that is unused for so long has ended") {
  Config config = test_config();
  config.idle_for = 10 * kMinute;
  Fixture f(config);
  f.hold(bearer("t"), document("7"));
  for (int i = 0; i < 2; ++i) {
    f.pass(10 * kMinute - 1);
    CHECK(f.check(bearer("t")).action == Action::kServe);
  }
  f.pass(10 * kMinute);
  CHECK(f.fail(f.begin(bearer("t"))).action == Action::kUnavailable);
}

TEST_CASE("R8, R29: whoever looks whether a session is idle does not use it") {
  Config config = test_config();
  config.idle_for = 10 * kMinute;
  Fixture f(config);
  f.hold(bearer("t"), document("7"));
  const CheckOptions look{.again = true, .peek = true, .want = Want::kLook};
  f.pass(10 * kMinute - 1);
  CHECK(f.cache().check(bearer("t").head(), f.now(), look).action == Action::kServe);
  f.pass(1);
  CHECK(f.cache().check(bearer("t").head(), f.now(), look).reason == Reason::kIdle);
}

TEST_CASE("R8: idleFor does not keep a document fresh, and a user event is seen through it") {
  Config config = test_config();
  config.idle_for = 10 * kMinute;
  Fixture f(config);
  f.hold(bearer("t"), document("7"));
  for (int i = 0; i < 3; ++i) {
    f.pass(9 * kMinute);
    CHECK(f.check(bearer("t")).action == Action::kServe);
  }
  f.pass(3 * kMinute);
  f.fill(f.begin_refresh(bearer("t")), document("7"));
  const WriteId write = f.begin_write(bearer("t"));
  f.end_write(write, bearer("t"), 0, "");
  f.begin_refresh(bearer("t"));
  REQUIRE(f.revoke_user(R"("7")") == Status::kOk);
  CHECK(f.check(bearer("t")).action == Action::kRefuse);
}

TEST_CASE("R8: a bearer that is a JWT is not served past its exp") {
  Fixture f;
  const Request request = jwt(R"({"sub":"7","exp":)" + seconds(kStart + 20 * kMinute) + "}");
  f.hold(request, document("7"));
  CHECK(f.check(request).expires_at == kStart + 20 * kMinute);
  f.pass(20 * kMinute - 1);
  CHECK(f.check(request).action == Action::kServe);
  f.pass(1);
  const Decision decision = f.check(request);
  CHECK(decision.action == Action::kFetch);
  CHECK(f.fail(decision.lease).action == Action::kUnavailable);
}

TEST_CASE("R8: a JWT that has ended is not kept, however the origin answers it") {
  Fixture f;
  const TimeMs exp = GENERATE(kStart - kHour, kStart, TimeMs{0}, TimeMs{-5000});
  CAPTURE(exp);
  const Request request = jwt(R"({"exp":)" + seconds(exp) + "}");
  CHECK(f.fill(f.begin(request), document("7")).body == document("7"));
  CHECK(f.check(request).action == Action::kFetch);
}

TEST_CASE("R8: a revoked session is refused, and no answer of the origin is asked for") {
  Fixture f;
  const Request request = GENERATE(bearer("t"), cookie("t"));
  f.hold(request, document("7"));
  f.revoke(request);
  for (const CheckOptions& options : {CheckOptions{}, CheckOptions{.fresh = true}}) {
    const Decision decision = f.check(request, options);
    CHECK(decision.action == Action::kRefuse);
    CHECK(decision.http_status == 401);
    CHECK(decision.source == Source::kNegative);
    CHECK(decision.body.empty());
  }
  f.pass(29 * kDay);
  CHECK(f.check(request).action == Action::kRefuse);
  CHECK(f.metrics().revocations == 1);
}

TEST_CASE("R8: a session that was never seen here can be revoked") {
  Fixture f;
  f.revoke(bearer("t"));
  f.pass(29 * kDay);
  CHECK(f.check(bearer("t")).action == Action::kRefuse);
  f.pass(kDay);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R8: a revoked JWT is refused for as long as it would have lived") {
  Fixture f;
  const Request request = jwt(R"({"exp":)" + seconds(kStart + kHour) + "}");
  f.hold(request, document("7"));
  f.revoke(request);
  f.pass(kHour - 1);
  CHECK(f.check(request).action == Action::kRefuse);
}

TEST_CASE("R8: a session whose time here is over is still revoked for good") {
  Fixture f(short_lived());
  f.hold(cookie("a"), document("1"));
  f.hold(cookie("b"), document("2"));
  f.hold(cookie("c"), document("7"));
  // The entry has ended but lies there still; the session at the origin may go on.
  f.pass(45 * kMinute);
  f.revoke(cookie("c"));
  f.pass(kMinute);
  CHECK(f.check(cookie("c")).action == Action::kRefuse);
}

TEST_CASE("R8: what has ended comes back by no request, but a cookie that a sign-in sets again") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.hold(cookie("c"), document("7"));
  f.revoke(bearer("t"));
  f.revoke(cookie("c"));
  f.forget(bearer("t"));
  f.forget(cookie("c"));
  CHECK(f.check(bearer("t")).action == Action::kRefuse);
  CHECK(f.check(cookie("c")).action == Action::kRefuse);
  f.begin_anew(bearer("t"));
  f.begin_anew(cookie("c"));
  CHECK(f.check(bearer("t")).action == Action::kRefuse);
  CHECK(f.check(cookie("c")).action == Action::kFetch);
}

}  // namespace
}  // namespace sesame::testing
