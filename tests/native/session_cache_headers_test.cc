// What of a document is kept, and what the origin's own headers say about it.
#include <string>

#include "support.h"

namespace sesame::testing {
namespace {

Config with_fields() {
  Config config = test_config();
  config.fields = {"id", "name"};
  return config;
}

const std::string kWhole = R"({"id":"7","secret":"s3cr3t","name":"Ada"})";
const std::string kKept = R"({"id":"7","name":"Ada"})";

TEST_CASE("R14: only the fields that are listed are kept, and even the first answer is of them") {
  Fixture f(with_fields());
  CHECK(f.fill(f.begin(bearer("t")), kWhole).body == kKept);
  CHECK(f.check(bearer("t")).body == kKept);
}

TEST_CASE("R14: what may not be stored is cut to the fields for followers as well") {
  Fixture f(with_fields());
  const LeaseId lease = f.begin(bearer("t"));
  f.join(bearer("t"), lease);
  CHECK(f.fill(lease, kWhole, {.cache_control = "no-store"}).body == kKept);
  CHECK(f.check_again(bearer("t"), lease).body == kKept);
}

TEST_CASE("R14: an update is cut to the fields, for every session of the user") {
  Fixture f(with_fields());
  f.fill(f.begin(bearer("a")), kWhole);
  f.fill(f.begin(bearer("b")), kWhole);
  f.write(bearer("a"), R"({"id":"7","secret":"new","name":"Lovelace"})");
  CHECK(f.check(bearer("a")).body == R"({"id":"7","name":"Lovelace"})");
  CHECK(f.check(bearer("b")).body == R"({"id":"7","name":"Lovelace"})");
}

TEST_CASE("R14, R23: where the fields leave the identifier out, users' events still reach them") {
  Config config = test_config();
  config.fields = {"name"};
  Fixture f(config);
  f.fill(f.begin(bearer("a")), kWhole);
  f.fill(f.begin(bearer("b")), kWhole);
  CHECK(f.check(bearer("a")).body == R"({"name":"Ada"})");
  REQUIRE(f.invalidate_user(R"("7")") == Status::kOk);
  CHECK(f.check(bearer("a")).action == Action::kFetch);
  REQUIRE(f.revoke_user(R"("7")") == Status::kOk);
  CHECK(f.check(bearer("b")).body.empty());
}

TEST_CASE("R15: no-store is single-flight only, nothing is kept") {
  Fixture f;
  CHECK(f.fill(f.begin(bearer("t")), document("7"), {.cache_control = "no-store"}).body ==
        document("7"));
  CHECK(f.cache().store().entries() == 0);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R15: a document that became no-store replaces what was held with nothing") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.pass(30 * kMinute);
  f.fill(f.begin_refresh(bearer("t")), document("7"), {.cache_control = "private, no-store"});
  CHECK(f.cache().store().entries() == 0);
}

TEST_CASE("R15: max-age shortens freshFor, and never lengthens it") {
  Fixture f;
  f.hold(bearer("short"), document("7"), {.cache_control = "private, max-age=60"});
  f.hold(bearer("long"), document("8"), {.cache_control = "max-age=86400"});
  f.pass(kMinute - 1);
  CHECK(f.check(bearer("short")).action == Action::kServe);
  f.pass(1);
  f.begin_refresh(bearer("short"));
  f.pass(29 * kMinute);
  f.begin_refresh(bearer("long"));
}

TEST_CASE("R15: max-age=0 and no-cache are kept, and asked for anew each time") {
  Fixture f;
  const std::string cache_control = GENERATE("no-cache", "max-age=0", "max-age=soon");
  f.fill(f.begin(bearer("t")), document("7"), {.etag = "\"1\"", .cache_control = cache_control});
  const Decision decision = f.check(bearer("t"));
  CHECK(decision.action == Action::kFetch);
  CHECK(decision.meta == "\"1\"");
  f.join(bearer("t"), decision.lease);
  CHECK(f.answer(decision.lease, 304).body == document("7"));
  const LeaseId again = f.begin(bearer("t"));
  CHECK(f.fail(again).action == Action::kServeStale);
  CHECK(f.check(bearer("t")).action == Action::kServeStale);
  f.pass(1000);
  f.begin(bearer("t"));
}

TEST_CASE("R15: must-revalidate lets a fresh document be served, and a stale one be confirmed") {
  Fixture f;
  f.hold(bearer("t"), document("7"), {.etag = "\"1\"", .cache_control = "must-revalidate"});
  f.pass(30 * kMinute);
  const LeaseId lease = f.begin(bearer("t"));
  f.answer(lease, 304);
  CHECK(f.check(bearer("t")).action == Action::kServe);
  f.pass(30 * kMinute);
  // A 304 that says nothing leaves it as it was.
  f.begin(bearer("t"));
}

TEST_CASE("R15: an ETag is sent along, and 304 refreshes the entry as it is") {
  Fixture f;
  f.hold(bearer("t"), document("7"), {.etag = "\"1\""});
  f.pass(30 * kMinute);
  const Decision stale = f.check(bearer("t"));
  CHECK(stale.meta == "\"1\"");
  const Decision decision = f.answer(stale.lease, 304);
  CHECK(decision.action == Action::kServe);
  CHECK(decision.source == Source::kOrigin);
  CHECK(decision.body == document("7"));
  CHECK(decision.meta == "\"1\"");
  f.pass(30 * kMinute - 1);
  const Decision fresh = f.check(bearer("t"));
  CHECK(fresh.action == Action::kServe);
  CHECK(fresh.body == document("7"));
  CHECK(fresh.meta == "\"1\"");
}

TEST_CASE("R15: past keepFor what is held is still revalidated, and followers get it") {
  Fixture f;
  f.hold(bearer("t"), document("7"), {.etag = "\"1\""});
  f.pass(62 * kMinute);
  const Decision decision = f.check(bearer("t"));
  REQUIRE(decision.action == Action::kFetch);
  CHECK(decision.meta == "\"1\"");
  f.join(bearer("t"), decision.lease);
  CHECK(f.answer(decision.lease, 304).body == document("7"));
  CHECK(f.check_again(bearer("t"), decision.lease).body == document("7"));
}

TEST_CASE("R15: a 304 nobody asked for is a failure") {
  Fixture f;
  CHECK(f.answer(f.begin(bearer("t")), 304).action == Action::kUnavailable);
  f.hold(bearer("u"), document("7"));
  f.pass(30 * kMinute);
  CHECK(f.answer(f.begin_refresh(bearer("u")), 304).action == Action::kServeStale);
  f.pass(kMinute);
  f.begin_refresh(bearer("u"));
  CHECK(f.metrics().origin_failures == 2);
}

TEST_CASE("R15: a 304 to a fresh check, which has no validator, is a failure") {
  Fixture f;
  f.hold(bearer("t"), document("7"), {.etag = "\"1\""});
  CHECK(f.answer(f.check_fresh(bearer("t")).lease, 304).action == Action::kServeStale);
}

TEST_CASE("R15: a 304 that comes when the entry has gone is not an answer") {
  Config config = test_config();
  Fixture f(config);
  f.hold(bearer("t"), document("7"), {.etag = "\"1\""});
  f.pass(30 * kMinute);
  const LeaseId lease = f.begin_refresh(bearer("t"));
  // Others that are asked for again and again push it out.
  const std::string big = R"({"pad":")" + std::string(8000, 'x') + R"("})";
  for (int i = 0; i < 3000; ++i) {
    const Request other = bearer("u" + std::to_string(i));
    f.fill(f.begin(other), big);
    f.check(other);
    f.check(other);
  }
  CHECK(f.answer(lease, 304).action == Action::kRetry);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
}

TEST_CASE("R15: the Cache-Control of a 304 counts for what is held") {
  Fixture f;
  f.hold(bearer("t"), document("7"), {.etag = "\"1\""});
  f.pass(30 * kMinute);
  f.answer(f.begin_refresh(bearer("t")), 304, "", {.cache_control = "max-age=60"});
  f.pass(kMinute - 1);
  CHECK(f.check(bearer("t")).action == Action::kServe);
  f.pass(1);
  f.begin_refresh(bearer("t"));
}

TEST_CASE("R15: a 304 without Cache-Control leaves the one of the document standing") {
  Fixture f;
  f.hold(bearer("t"), document("7"), {.etag = "\"1\"", .cache_control = "max-age=60"});
  for (int i = 0; i < 3; ++i) {
    f.pass(kMinute);
    f.answer(f.begin_refresh(bearer("t")), 304);
    CHECK(f.check(bearer("t")).action == Action::kServe);
  }
}

TEST_CASE("R15: a 304 with no-store answers once more, and nothing is kept") {
  Fixture f;
  f.hold(bearer("t"), document("7"), {.etag = "\"1\""});
  f.pass(62 * kMinute);
  const LeaseId lease = f.begin(bearer("t"));
  f.join(bearer("t"), lease);
  const Decision decision = f.answer(lease, 304, "", {.cache_control = "no-store"});
  CHECK(decision.action == Action::kServe);
  CHECK(decision.body == document("7"));
  CHECK(f.check_again(bearer("t"), lease).body == document("7"));
  CHECK(f.cache().store().entries() == 0);
}

TEST_CASE("R15: an update keeps the freshness that the origin gave the document") {
  Fixture f;
  f.hold(bearer("a"), document("7", "Old"), {.cache_control = "max-age=60"});
  f.hold(bearer("b"), document("7", "Old"));
  f.pass(30 * kSecond);
  f.write(bearer("a"), document("7", "New"));
  f.pass(kMinute - 1);
  CHECK(f.check(bearer("a")).action == Action::kServe);
  f.pass(1);
  CHECK(f.check(bearer("a")).action == Action::kServeStale);
}

}  // namespace
}  // namespace sesame::testing
