// Writes on the document (SPEC R22): the origin first, then every session of the user on this node.
#include <string>

#include "support.h"

namespace sesame::testing {
namespace {

const std::string kOld = document("7", "Old");
const std::string kNew = document("7", "New");

// Two sessions of user 7 and one of user 8.
class Sessions : public Fixture {
 public:
  explicit Sessions(const Config& config = test_config()) : Fixture(config) {
    hold(mine, kOld, {.etag = "\"old\""});
    hold(other, kOld, {.etag = "\"old\""});
    hold(stranger, document("8"));
  }
  void require_stranger_untouched() {
    const Decision decision = check(stranger);
    CHECK(decision.action == Action::kServe);
    CHECK(decision.body == document("8"));
  }
  const Request mine = bearer("mine");
  const Request other = cookie("other");
  const Request stranger = bearer("stranger");
};

TEST_CASE("R22: an update's answer replaces the document for every session of the user") {
  Sessions f;
  CHECK(f.write(f.mine, kNew).action == Action::kPass);
  for (const Request& request : {f.mine, f.other}) {
    const Decision decision = f.check(request);
    CHECK(decision.action == Action::kServe);
    CHECK(decision.source == Source::kFresh);
    CHECK(decision.body == kNew);
    CHECK(decision.meta.empty());  // the old validator is not this document's
  }
  f.require_stranger_untouched();
  CHECK(f.metrics().updates == 1);
  CHECK(f.metrics().origin_write == 0);
}

TEST_CASE("R22: the second of two updates replaces the first everywhere") {
  Sessions f;
  f.write(f.mine, kNew);
  CHECK(f.check(f.other).body == kNew);
  f.write(f.other, document("7", "Newest"));
  CHECK(f.check(f.mine).body == document("7", "Newest"));
  CHECK(f.check(f.other).body == document("7", "Newest"));
}

TEST_CASE("R22: an answer that is no document drops the user's documents") {
  for (const std::string body :
       {"", "ok", "[]", R"({"ok":true})", R"({"id":"7"})", R"({"id":"7","name":"Ada","more":1})"}) {
    CAPTURE(body);
    Sessions f;
    CHECK(f.write(f.mine, body).action == Action::kPass);
    CHECK(f.check(f.mine).action == Action::kFetch);
    CHECK(f.check(f.other).action == Action::kFetch);
    f.require_stranger_untouched();
  }
}

TEST_CASE("R22, R54: where an answer names another user, the origin says whose document it was") {
  for (const std::string whose : {"7", "8"}) {
    CAPTURE(whose);
    Sessions f;
    const Decision decision = f.write(f.mine, R"({"id":"8","name":"Eve"})");
    REQUIRE(decision.action == Action::kFetch);
    CHECK(f.check(f.other).action == Action::kFetch);
    f.require_stranger_untouched();
    f.fill(decision.lease, document(whose, "Eve"));
    const Action expected = whose == "8" ? Action::kFetch : Action::kServe;
    CHECK(f.check(f.stranger).action == expected);
  }
}

TEST_CASE(
    "R10, R22: a write that an event has overtaken replaces nothing, though the event had to go") {
  Sessions f;
  const WriteId write = f.begin_write(f.mine);
  f.invalidate_user(R"("7")");
  for (int i = 0; i < 2000; ++i) f.invalidate_user(std::to_string(100 + i));
  f.hold(f.mine, kOld);
  f.end_write(write, f.mine, 200, kNew);
  CHECK(f.check(f.mine).action == Action::kFetch);
}

TEST_CASE(
    "R54: a user whose answers name others leaves one event, and drops nobody else's document") {
  Sessions f;
  for (int i = 0; i < 2000; ++i) {
    const Decision decision = f.write(f.mine, document("made-up" + std::to_string(i)));
    if (decision.lease != 0) f.fill(decision.lease, kOld);
  }
  f.require_stranger_untouched();
}

TEST_CASE("R22: an answer over the size limit, or one not to be looked at, drops them") {
  Sessions f;
  SECTION("too large") {
    f.write(f.mine, R"({"id":"7","name":")" + std::string(8192, 'x') + R"("})");
  }
  SECTION("a DELETE") {
    const WriteId write = f.begin_write(f.mine);
    f.cache().complete_write(
        write, f.mine.head(),
        {.http_status = 200, .may_hold_document = false, .meta = {}, .body = kNew}, f.now());
  }
  CHECK(f.check(f.mine).action == Action::kFetch);
  CHECK(f.check(f.other).action == Action::kFetch);
}

TEST_CASE("R22: an answer with other members than before, more or fewer, drops the documents") {
  for (const std::string body :
       {R"({"id":"7","name":"New","email":"a@b.c"})", R"({"id":"7"})", R"({"id":"7","name":{}})"}) {
    CAPTURE(body);
    Sessions f;
    f.write(f.mine, body);
    CHECK(f.check(f.mine).action == Action::kFetch);
    CHECK(f.check(f.other).action == Action::kFetch);
    f.require_stranger_untouched();
  }
}

TEST_CASE("R22: a session that held other bytes than the writer asks for its own document") {
  Fixture f;
  const std::string mine = R"({"id":"7","scopes":["admin"]})";
  f.hold(bearer("mine"), mine);
  f.hold(bearer("same"), mine);
  f.hold(bearer("other"), R"({"id":"7","scopes":["read"]})");
  const std::string after = R"({"id":"7","scopes":["admin","root"]})";
  f.write(bearer("mine"), after);
  CHECK(f.check(bearer("mine")).body == after);
  CHECK(f.check(bearer("same")).body == after);
  const Decision other = f.check(bearer("other"));
  CHECK(other.action == Action::kFetch);
  CHECK(other.body.empty());
}

TEST_CASE("R22: a session that has missed an update does not take over the one after it") {
  Sessions f;
  f.write(f.mine, kNew);
  f.write(f.mine, document("7", "Newest"));
  CHECK(f.check(f.mine).body == document("7", "Newest"));
  CHECK(f.check(f.other).action == Action::kFetch);
}

TEST_CASE(
    "R22: a success without a document, as the caller tells a redirect after a write, drops") {
  Sessions f;
  CHECK(f.write(f.mine, "", 204).action == Action::kPass);
  CHECK(f.check(f.mine).action == Action::kFetch);
  CHECK(f.check(f.other).action == Action::kFetch);
  f.require_stranger_untouched();
}

TEST_CASE("R53: a redirect after a write of a stranger changes nothing") {
  Sessions f;
  CHECK(f.write(cookie("made-up"), kNew, 302).action == Action::kPass);
  CHECK(f.check(f.mine).body == kOld);
  CHECK(f.check(f.other).action == Action::kServe);
}

TEST_CASE("R22: on failure nothing changes") {
  Sessions f;
  const int status = GENERATE(100, 302, 303, 304, 307, 308, 400, 401, 404, 409, 422, 429, 500, 503);
  CHECK(f.write(f.mine, kNew, status).action == Action::kPass);
  CHECK(f.check(f.mine).body == kOld);
  CHECK(f.check(f.other).body == kOld);
  CHECK(f.check(f.other).action == Action::kServe);
  CHECK(f.metrics().updates == 0);
}

TEST_CASE("R22: without an answer nobody knows: what is held is stale, and asked for again") {
  Sessions f;
  CHECK(f.write(f.mine, "", 0).action == Action::kPass);
  for (const Request& request : {f.mine, f.other}) {
    const Decision decision = f.check(request);
    CHECK(decision.action == Action::kServeStale);
    CHECK(decision.body == kOld);
    REQUIRE(decision.lease != 0);
    f.fill(decision.lease, kNew);
    CHECK(f.check(request).action == Action::kServe);
    CHECK(f.check(request).body == kNew);
  }
  f.require_stranger_untouched();
}

TEST_CASE("R22: a write without an answer after one with: still served, and asked for again") {
  Sessions f;
  const bool is_replaced = GENERATE(true, false);
  f.write(f.mine, is_replaced ? kNew : "{}");
  if (!is_replaced) {
    f.fill(f.begin(f.mine), kNew);
    f.fill(f.begin(f.other), kNew);
  }
  f.pass(kMinute);
  f.write(f.mine, "", 0);
  for (const Request& request : {f.mine, f.other}) {
    const Decision decision = f.check(request);
    CHECK(decision.action == Action::kServeStale);
    CHECK(decision.body == kNew);
    REQUIRE(decision.lease != 0);
    CHECK(f.fail(decision.lease).action == Action::kServeStale);
  }
}

TEST_CASE("R22: a fill that began before a write without an answer does not make it fresh") {
  Sessions f;
  const LeaseId lease = f.check_fresh(f.other).lease;
  f.write(f.mine, "", 0);
  CHECK(f.fill(lease, kOld).action == Action::kRetry);
  CHECK(f.check(f.other).action == Action::kServeStale);
}

TEST_CASE("R22: other sessions keep their own end when they take the new document over") {
  Fixture f;
  const Request brief = jwt(R"({"exp":)" + std::to_string((kStart + 10 * kMinute) / 1000) + "}");
  f.hold(bearer("mine"), kOld);
  f.hold(brief, kOld);
  f.pass(kMinute);
  f.hold(bearer("later"), kOld);
  f.write(bearer("mine"), kNew);
  CHECK(f.check(brief).expires_at == kStart + 10 * kMinute);
  CHECK(f.check(bearer("mine")).expires_at == kStart + 30 * kDay);
  CHECK(f.check(bearer("later")).expires_at == kStart + kMinute + 30 * kDay);
  f.pass(9 * kMinute);
  CHECK(f.check(brief).action == Action::kFetch);
  CHECK(f.check(bearer("later")).body == kNew);
}

TEST_CASE("R22: who writes from a short session shortens nobody else's") {
  Fixture f;
  const Request brief = jwt(R"({"exp":)" + std::to_string((kStart + 10 * kMinute) / 1000) + "}");
  f.hold(brief, kOld);
  f.hold(bearer("long"), kOld);
  f.write(brief, kNew);
  CHECK(f.check(bearer("long")).expires_at == kStart + 30 * kDay);
  f.pass(10 * kMinute);
  CHECK(f.check(brief).action == Action::kFetch);
  CHECK(f.check(bearer("long")).body == kNew);
}

TEST_CASE("R22: a session whose document was left behind and pushed out asks the origin") {
  Sessions f;
  f.write(f.mine, kNew);
  const std::string big = R"({"pad":")" + std::string(8000, 'x') + R"("})";
  const std::uint64_t before = f.cache().store().evictions();
  for (int i = 0; f.cache().store().evictions() < before + 4; ++i) {
    // The other session stays in use, and what was left for it does not... until it looks.
    f.fill(f.begin(bearer("u" + std::to_string(i))), big);
  }
  const Decision decision = f.check(f.other);
  CHECK(decision.body != kOld);
}

TEST_CASE("R22: overlapping writes of one user drop instead, in whichever order they end") {
  for (const bool first_ends_first : {true, false}) {
    for (const bool is_same_session : {true, false}) {
      CAPTURE(first_ends_first, is_same_session);
      Sessions f;
      const Request& second_session = is_same_session ? f.mine : f.other;
      const WriteId first = f.begin_write(f.mine);
      const WriteId second = f.begin_write(second_session);
      REQUIRE(first != second);
      // Which of them the origin applied last cannot be told from here.
      if (first_ends_first) {
        f.end_write(first, f.mine, 200, kNew);
        f.end_write(second, second_session, 200, kOld);
      } else {
        f.end_write(second, second_session, 200, kOld);
        f.end_write(first, f.mine, 200, kNew);
      }
      CHECK(f.check(f.mine).action == Action::kFetch);
      CHECK(f.check(f.other).action == Action::kFetch);
      f.require_stranger_untouched();
    }
  }
}

TEST_CASE("R22: writes of two users at once do not overlap") {
  Sessions f;
  const WriteId first = f.begin_write(f.mine);
  const WriteId second = f.begin_write(f.stranger);
  f.end_write(first, f.mine, 200, kNew);
  f.end_write(second, f.stranger, 200, document("8", "Eve"));
  CHECK(f.check(f.other).body == kNew);
  CHECK(f.check(f.stranger).body == document("8", "Eve"));
}

TEST_CASE("R22: one write after another does not overlap") {
  Sessions f;
  f.write(f.mine, "", 0);
  f.fill(f.begin_refresh(f.mine), kOld);
  f.write(f.mine, "{}", 500);
  f.write(f.mine, kNew);
  CHECK(f.check(f.other).body == kNew);
}

TEST_CASE("R22: anonymous and ambiguous writes are passed and change nothing") {
  Sessions f;
  for (const Request& request : {Request{}, Request{"", "session=x", "Bearer y"}}) {
    CHECK(f.begin_write(request) == 0);
    CHECK(f.end_write(0, request, 200, kNew).action == Action::kPass);
  }
  CHECK(f.check(f.mine).body == kOld);
}

}  // namespace
}  // namespace sesame::testing
