// One session with several credentials, and cookies that end (rules R8, R85, R86).
#include <catch2/catch_test_macros.hpp>
#include <string>

#include "support.h"

namespace sesame::testing {
namespace {

TEST_CASE("R85: the new cookie has the document, the birth and the end of the old one") {
  Fixture f;
  f.hold(cookie("a"), document("7"), {.etag = "\"1\""});
  const TimeMs end = f.check(cookie("a")).expires_at;
  f.pass(10 * kMinute);
  const Decision decision = f.succeed(cookie("a"), cookie("b"));
  CHECK(decision.action == Action::kServe);
  CHECK(decision.body == document("7"));
  const Decision next = f.check(cookie("b"));
  CHECK(next.action == Action::kServe);
  CHECK(next.expires_at == end);
  CHECK(next.meta == "\"1\"");
  f.pass(20 * kMinute - 1);
  CHECK(f.check(cookie("b")).action == Action::kServe);
}

TEST_CASE("R85: the old cookie is served for 30 s, and then confirmed before it is") {
  Fixture f;
  f.hold(cookie("a"), document("7"));
  f.succeed(cookie("a"), cookie("b"));
  f.pass(29'999);
  CHECK(f.check(cookie("a")).action == Action::kServe);
  f.pass(1);
  CHECK(f.check(cookie("a")).action == Action::kFetch);
}

TEST_CASE("R87: a cookie of which the client has not been told takes nothing from the old one") {
  Fixture f;
  f.hold(cookie("a"), document("7"));
  f.succeed(cookie("a"), cookie("b"), {.is_delivered = false});
  f.pass(10 * kMinute);
  CHECK(f.check(cookie("a")).action == Action::kServe);
  f.succeed(cookie("a"), cookie("b"));
  f.pass(30'000);
  CHECK(f.check(cookie("a")).action == Action::kFetch);
  CHECK(f.check(cookie("b")).action == Action::kServe);
}

TEST_CASE("R8, R85: what ends or drops one credential does so to all, in flight included") {
  const bool is_end = GENERATE(true, false);
  const std::string which = GENERATE("a", "b", "c");
  Fixture f;
  f.hold(cookie("a"), document("7"));
  f.succeed(cookie("a"), cookie("b"));
  f.succeed(cookie("b"), cookie("c"));
  f.pass(31'000);
  const LeaseId lease = f.begin(cookie("a"));
  if (is_end) {
    CHECK(f.cache().revoke(cookie(which).head(), f.now()) == Status::kOk);
  } else {
    f.cache().forget(cookie(which).head());
  }
  CHECK(f.fill(lease, document("7")).action == Action::kRetry);
  for (const std::string each : {"a", "b", "c"}) {
    CHECK(f.check(cookie(each)).action == (is_end ? Action::kRefuse : Action::kFetch));
  }
  if (is_end) {
    f.pass(29 * 24 * 60 * kMinute);
    CHECK(f.check(cookie("c")).action == Action::kRefuse);
  }
}

TEST_CASE("R31, R85: so does the event of another node") {
  Fixture f;
  f.hold(cookie("a"), document("7"));
  f.succeed(cookie("a"), cookie("b"));
  const auto key = f.cache().session_name(cookie("a").head())->key;
  const bool is_end = GENERATE(true, false);
  f.cache().apply(is_end ? RemoteEvent::kSessionEnded : RemoteEvent::kSessionForgotten, key,
                  f.now());
  CHECK(f.check(cookie("b")).action == (is_end ? Action::kRefuse : Action::kFetch));
}

TEST_CASE("R85: what has ended is succeeded by nothing, and nothing ended succeeds") {
  Fixture f;
  f.hold(cookie("a"), document("7"));
  f.hold(cookie("b"), document("8"));
  f.cache().revoke(cookie("a").head(), f.now());
  CHECK(f.succeed(cookie("a"), cookie("c")).action == Action::kRetry);
  CHECK(f.check(cookie("c")).action == Action::kFetch);
  CHECK(f.succeed(cookie("b"), cookie("a")).action == Action::kRetry);
  CHECK(f.check(cookie("a")).action == Action::kRefuse);
  CHECK(f.check(cookie("b")).body == document("8"));
}

TEST_CASE("R53, R85: a credential that was not accepted is succeeded by nothing") {
  Fixture f;
  CHECK(f.succeed(cookie("a"), cookie("b")).action == Action::kRetry);
  CHECK(f.succeed(cookie("a"), cookie("b"), {.is_accepted = true}).action == Action::kPass);
}

TEST_CASE("R85: a credential that is another session's inherits nothing") {
  Fixture f;
  f.hold(cookie("a"), document("7"));
  f.hold(cookie("b"), document("8"));
  CHECK(f.succeed(cookie("a"), cookie("b")).action == Action::kRetry);
  CHECK(f.check(cookie("b")).body == document("8"));
  f.succeed(cookie("a"), cookie("c"));
  CHECK(f.succeed(cookie("b"), cookie("c")).action == Action::kRetry);
  CHECK(f.check(cookie("c")).body == document("7"));
}

TEST_CASE("R22, R23, R85: what happened to the user before reaches the new cookie") {
  Fixture f;
  f.hold(cookie("a"), document("7"));
  f.cache().invalidate_user("\"7\"", f.now());
  CHECK(f.succeed(cookie("a"), cookie("b"), {.is_accepted = true}).action == Action::kPass);
  CHECK(f.check(cookie("b")).action == Action::kFetch);

  f.hold(cookie("x"), document("9"));
  f.cache().revoke_user("\"9\"", f.now());
  f.succeed(cookie("x"), cookie("y"));
  CHECK(f.check(cookie("y")).action != Action::kServe);
}

TEST_CASE("R85: the old credential's own end says nothing of the new one's") {
  Fixture f;
  const std::string soon = std::to_string((f.now() + 5 * kMinute) / 1000);
  const std::string late = std::to_string((f.now() + 90 * kMinute) / 1000);
  Request old = cookie("");
  old.cookie = "session=" + jwt(R"({"exp":)" + soon + "}").authorization.substr(7);
  Request next = cookie("");
  next.cookie = "session=" + jwt(R"({"exp":)" + late + "}").authorization.substr(7);
  f.hold(old, document("7"));
  f.succeed(old, next);
  f.pass(29 * kMinute);
  CHECK(f.check(next).action == Action::kServe);
  CHECK(f.check(next).expires_at / 1000 == std::stoll(late));
  f.pass(62 * kMinute);
  CHECK(f.check(next).action == Action::kFetch);
}

TEST_CASE("R86: a document is fresh for half of its cookie's life, and gone at the end of it") {
  Fixture f;
  f.hold(cookie("a"), document("7"), {.ends_at = f.now() + 10 * kMinute, .sets_cookies = true});
  const TimeMs end = f.check(cookie("a")).expires_at;
  f.pass(5 * kMinute - 1000);
  CHECK(f.check(cookie("a")).action == Action::kServe);
  f.pass(1000);
  const LeaseId lease = f.begin(cookie("a"));
  // Not renewed this time: half of what is left.
  CHECK(f.fill(lease, document("7")).expires_at == end);
  f.pass(2 * kMinute);
  CHECK(f.check(cookie("a")).action == Action::kServe);
  f.pass(30'000);
  CHECK(f.fail(f.begin(cookie("a"))).action == Action::kServeStale);
  f.pass(2 * kMinute + 31'000);
  CHECK(f.fail(f.begin(cookie("a"))).action == Action::kUnavailable);
}

TEST_CASE("R86: a 304 that renews the cookie moves its end, and one that does not leaves it") {
  Fixture f;
  f.hold(cookie("a"), document("7"),
         {.etag = "\"1\"", .ends_at = f.now() + 10 * kMinute, .sets_cookies = true});
  f.pass(5 * kMinute);
  f.answer(f.begin(cookie("a")), 304, "",
           {.ends_at = f.now() + 10 * kMinute, .sets_cookies = true});
  f.pass(5 * kMinute);
  f.answer(f.begin(cookie("a")), 304);
  f.pass(5 * kMinute + 1000);
  CHECK(f.fail(f.begin(cookie("a"))).action == Action::kUnavailable);
}

TEST_CASE("R24, R85: a renewed token has the document, also after the old one has ended") {
  Fixture f;
  const auto token = [&](const std::string& sub, int number, DurationMs life) {
    const std::string exp = std::to_string((f.now() + life) / 1000);
    return jwt(R"({"sub":")" + sub + R"(","jti":)" + std::to_string(number) + R"(,"exp":)" + exp +
               "}");
  };
  const Request first = token("u", 1, 5 * kMinute);
  f.cache().note_refresh_token(first.head(), "r1", f.now());
  f.hold(first, document("7"));
  SECTION("while it lives") {
    const Request second = token("u", 2, 5 * kMinute);
    CHECK(f.renew(second, "r1", "r2").action == Action::kServe);
    CHECK(f.check(first).action == Action::kServe);
    CHECK(f.check(second).action == Action::kServe);
    f.cache().revoke(second.head(), f.now());
    CHECK(f.check(first).action == Action::kRefuse);
  }
  SECTION("after its end, and once more") {
    f.pass(10 * kMinute);
    CHECK(f.renew(token("u", 2, 5 * kMinute), "r1", "r2").action == Action::kServe);
    f.pass(10 * kMinute);
    const Request third = token("u", 3, 5 * kMinute);
    CHECK(f.renew(third, "r2").action == Action::kServe);
    CHECK(f.check(third).body == document("7"));
  }
  SECTION("not for an unknown refresh token, and not for another user's") {
    CHECK(f.renew(token("u", 2, 5 * kMinute), "r0").action == Action::kRetry);
    CHECK(f.renew(token("v", 2, 5 * kMinute), "r1").action == Action::kRetry);
  }
  SECTION("not after the session has ended: the new token ends with it") {
    f.cache().revoke(first.head(), f.now());
    const Request second = token("u", 2, 60 * kMinute);
    CHECK(f.renew(second, "r1", "r2").action == Action::kRefuse);
    CHECK(f.check(second).action == Action::kRefuse);
  }
  SECTION("not after it was dropped") {
    f.cache().forget(first.head());
    const Request second = token("u", 2, 5 * kMinute);
    f.renew(second, "r1", "r2");
    CHECK(f.check(second).action == Action::kFetch);
  }
  SECTION("not after its user has changed") {
    f.cache().invalidate_user("\"7\"", f.now());
    const Request second = token("u", 2, 5 * kMinute);
    CHECK(f.renew(second, "r1", "r2").action == Action::kPass);
    CHECK(f.check(second).action == Action::kFetch);
  }
}

TEST_CASE("R4, R85: what ends a session under one tenant ends its successors under all") {
  Fixture f;
  const Request old = of_tenant("t", cookie("a"));
  f.hold(old, document("7"));
  f.succeed(old, of_tenant("t", cookie("b")));
  f.cache().revoke(cookie("a").head(), f.now(), true);
  CHECK(f.check(of_tenant("u", cookie("b"))).action == Action::kRefuse);
}

}  // namespace
}  // namespace sesame::testing
