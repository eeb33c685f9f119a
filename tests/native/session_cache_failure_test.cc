// A failure is not a sign-out (SPEC R13).
#include <algorithm>
#include <string>
#include <vector>

#include "json/document.h"
#include "support.h"

namespace sesame::testing {
namespace {

struct Failure {
  int status;
  std::string body = {};
  DurationMs retry_after = 0;
};

// All that says nothing about the session.
std::vector<Failure> failures() {
  const std::string too_deep =
      R"({"a":)" + std::string(kMaxDepth, '[') + std::string(kMaxDepth, ']') + "}";
  return {{0},
          {-1},
          {100},
          {199},
          {304},  // to a question without a validator
          {408},
          {425},
          {429},
          {429, "", 30 * kSecond},
          {500},
          {502, "<html>"},
          {503, "", 30 * kSecond},
          {599},
          {999},
          {206, document("7")},  // nobody has asked for a part
          {200, ""},
          {200, "<html>"},
          {200, R"({"id":"7")"},
          {200, "{\"id\":\"\xff\"}"},
          {200, R"([{"id":"7"}])"},
          {200, R"("7")"},
          {200, "null"},
          {200, too_deep},
          {200, R"({"id":"7","pad":")" + std::string(8192, 'x') + R"("})"},
          {204, ""}};
}

// Those that are told as the origin tells them where nothing is held.
std::vector<Failure> passed_failures() {
  return {{302}, {303, "<html>"}, {400}, {404, "default backend"}, {405}, {407}, {410}, {451}};
}

Decision fail(Fixture& f, LeaseId lease, const Failure& failure) {
  return f.answer(lease, failure.status, failure.body, {}, failure.retry_after);
}

TEST_CASE(
    "R13, R53: a failure with nothing held is 503 with Retry-After, and leaves nothing behind") {
  for (const Failure& failure : failures()) {
    CAPTURE(failure.status, failure.body.substr(0, 40), failure.retry_after);
    Fixture f;
    const Decision decision = fail(f, f.begin(bearer("t")), failure);
    CHECK(decision.action == Action::kUnavailable);
    CHECK(decision.retry_after == std::clamp<DurationMs>(failure.retry_after, kSecond, kMinute));
    CHECK(f.cache().store().entries() == 0);
    CHECK(f.cache().leases_in_use() == 0);
    CHECK(f.metrics().origin_failures == 1);
    CHECK(f.metrics().unavailable == 1);
    CHECK(f.check(bearer("t")).action == Action::kFetch);
    CHECK(f.metrics().negative == 0);
  }
}

TEST_CASE("R13: within staleIfError a failure is answered with what is held, past it with 503") {
  std::vector<Failure> all = failures();
  const std::vector<Failure> passed = passed_failures();
  all.insert(all.end(), passed.begin(), passed.end());
  for (const Failure& failure : all) {
    CAPTURE(failure.status, failure.body.substr(0, 40), failure.retry_after);
    Fixture f;
    // A store may tidy up: it does so with the longest unused first.
    for (int i = 0; i < 9; ++i) f.hold(bearer("u" + std::to_string(i)), document("8"));
    f.hold(bearer("t"), document("7"));
    f.pass(65 * kMinute - 1);
    const Decision last = fail(f, f.begin(bearer("t")), failure);
    CHECK(last.action == Action::kServeStale);
    CHECK(last.source == Source::kStale);
    CHECK(last.body == document("7"));
    CHECK(last.http_status == 200);
    CHECK(last.lease == 0);
    CHECK(last.expires_at == kStart + 30 * kDay);
    f.pass(1);
    const Decision next = f.check(bearer("t"));
    if (next.action == Action::kFetch) {
      const Action past = fail(f, next.lease, failure).action;
      CHECK((past == Action::kUnavailable || past == Action::kAnswer));
    } else {
      CHECK(next.action == Action::kUnavailable);
    }
  }
}

TEST_CASE("R13: what the origin says after its failure counts again, as if it had never failed") {
  for (const Failure& failure : failures()) {
    CAPTURE(failure.status, failure.body.substr(0, 40), failure.retry_after);
    Fixture f;
    f.hold(bearer("t"), document("7", "Old"));
    f.pass(30 * kMinute);
    fail(f, f.begin_refresh(bearer("t")), failure);
    f.pass(30 * kSecond);
    f.fill(f.begin_refresh(bearer("t")), document("7", "New"));
    CHECK(f.check(bearer("t")).body == document("7", "New"));
  }
}

TEST_CASE("R13: staleIfError 0 serves nothing past keepFor") {
  Config config = test_config();
  config.stale_if_error = 0;
  Fixture f(config);
  f.hold(bearer("t"), document("7"));
  f.pass(60 * kMinute);
  CHECK(f.fail(f.begin(bearer("t"))).action == Action::kUnavailable);
}

TEST_CASE("R13: after a refresh that failed the next one waits a little, and stale is served") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.pass(30 * kMinute);
  CHECK(f.fail(f.begin_refresh(bearer("t"))).action == Action::kServeStale);
  f.pass(999);
  for (int i = 0; i < 3; ++i) {
    const Decision decision = f.check(bearer("t"));
    CHECK(decision.action == Action::kServeStale);
    CHECK(decision.lease == 0);
  }
  f.pass(1);
  f.begin_refresh(bearer("t"));
  CHECK(f.metrics().origin_refresh == 2);
}

TEST_CASE("R13: the pause after a refresh that failed keeps no session from being asked for") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.pass(30 * kMinute);
  f.fail(f.begin_refresh(bearer("t")));
  REQUIRE(f.invalidate_user(R"("7")") == Status::kOk);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R13: 429's own Retry-After is obeyed where a document has just been dropped") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  REQUIRE(f.invalidate_user(R"("7")") == Status::kOk);
  f.fail(f.begin(bearer("t")), 429, 20 * kSecond);
  f.pass(5 * kSecond);
  for (const CheckOptions& options : {CheckOptions{}, CheckOptions{.fresh = true}}) {
    const Decision decision = f.check(bearer("t"), options);
    CHECK(decision.action == Action::kUnavailable);
    CHECK(decision.retry_after == 15 * kSecond);
  }
  CHECK(f.check(bearer("u")).action == Action::kFetch);
  f.pass(15 * kSecond);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R13: 429's own Retry-After is obeyed where something stale is held, fresh checks too") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.pass(30 * kMinute);
  f.fail(f.begin_refresh(bearer("t")), 429, 20 * kSecond);
  f.pass(20 * kSecond - 1);
  for (const CheckOptions& options : {CheckOptions{}, CheckOptions{.fresh = true}}) {
    const Decision decision = f.check(bearer("t"), options);
    CHECK(decision.action == Action::kServeStale);
    CHECK(decision.lease == 0);
  }
  f.pass(1);
  f.begin_refresh(bearer("t"));
}

TEST_CASE("R13: 429's own Retry-After is obeyed though what was held has gone meanwhile") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.pass(30 * kMinute);
  f.fail(f.begin_refresh(bearer("t")), 429, 20 * kSecond);
  REQUIRE(f.invalidate_user(R"("7")") == Status::kOk);
  CHECK(f.check(bearer("t")).action == Action::kUnavailable);
  f.pass(20 * kSecond);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R13: a backoff past keepFor serves what staleIfError allows, then 503") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.pass(64 * kMinute + 30 * kSecond);
  f.fail(f.begin(bearer("t")), 429, 40 * kSecond);
  CHECK(f.check(bearer("t")).action == Action::kServeStale);
  f.pass(30 * kSecond);
  CHECK(f.check(bearer("t")).action == Action::kUnavailable);
}

TEST_CASE("R13: the Retry-After of every failure is obeyed for a session that was accepted") {
  const int status = GENERATE(0, 302, 404, 500, 503);
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.pass(30 * kMinute);
  f.fail(f.begin_refresh(bearer("t")), status, 20 * kSecond);
  f.pass(20 * kSecond - 1);
  const Decision decision = f.check(bearer("t"));
  CHECK(decision.action == Action::kServeStale);
  CHECK(decision.lease == 0);
  CHECK(f.check(bearer("u")).action == Action::kFetch);  // never beyond its key
  f.pass(1);
  f.begin_refresh(bearer("t"));
}

TEST_CASE("R13: an origin that asks for more than a minute's patience is given a minute") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  REQUIRE(f.invalidate_user(R"("7")") == Status::kOk);
  CHECK(f.fail(f.begin(bearer("t")), 429, kDay).retry_after == kMinute);
  f.pass(kMinute - 1);
  CHECK(f.check(bearer("t")).action == Action::kUnavailable);
  f.pass(1);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R53: the failures of strangers leave no lease, however they are asked to wait") {
  for (const int status : {0, 429, 503}) {
    Fixture f;
    f.hold(bearer("ada"), document("7"));
    for (int i = 0; i < 1000; ++i) {
      f.fail(f.begin(bearer("made-up-" + std::to_string(i))), status, kDay);
    }
    CHECK(f.cache().leases_in_use() == 0);
    CHECK(f.check(bearer("ada")).action == Action::kServe);
    f.hold(bearer("grace"), document("8"));
  }
}

TEST_CASE("R13: a failure after a refusal serves no refusal as a document") {
  Fixture f;
  f.answer(f.begin(bearer("t")), 401, "no");
  f.fail(f.check_fresh(bearer("t")).lease, 429, 5 * kSecond);
  CHECK(f.check_fresh(bearer("t")).action == Action::kFetch);
  CHECK(f.check(bearer("t")).action == Action::kRefuse);
}

TEST_CASE("R13: a login or a revoke ends a backoff") {
  Fixture f;
  f.fail(f.begin(cookie("a")), 429, 10 * kMinute);
  f.fail(f.begin(cookie("b")), 429, 10 * kMinute);
  f.forget(cookie("a"));
  f.revoke(cookie("b"));
  CHECK(f.check(cookie("a")).action == Action::kFetch);
  CHECK(f.check(cookie("b")).action == Action::kRefuse);
}

TEST_CASE("R13: a failure takes no remembered refusal away, and makes none") {
  Fixture f;
  f.answer(f.begin(bearer("t")), 401);
  CHECK(f.fail(f.check_fresh(bearer("t")).lease).action == Action::kUnavailable);
  CHECK(f.check(bearer("t")).action == Action::kRefuse);
}

TEST_CASE("R13: with the origin down for an hour, warm users are answered and nobody is refused") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  for (int second = 0; second < 3600; ++second) {
    f.pass(kSecond);
    const Decision decision = f.check(bearer("t"));
    REQUIRE((decision.action == Action::kServe || decision.action == Action::kServeStale));
    if (decision.lease != 0) f.fail(decision.lease);
    const Decision cold = f.check(bearer("cold"));
    REQUIRE(f.fail(cold.lease).action == Action::kUnavailable);
    if (second == 3598) break;
  }
  CHECK(f.metrics().negative == 0);
}

}  // namespace
}  // namespace sesame::testing
