// What reaches every session of a user on this node (SPEC R23).
#include <string>
#include <unordered_map>
#include <vector>

#include "support.h"

namespace sesame::testing {
namespace {

std::string number(int id) { return R"({"id":)" + std::to_string(id) + "}"; }

TEST_CASE("R23: invalidateUser drops the documents of every session of the user, and only those") {
  Fixture f;
  for (const char* token : {"a", "b"}) f.hold(bearer(token), document("7"));
  f.hold(bearer("c"), document("8"));
  f.hold(bearer("d"), number(7));
  CHECK(f.invalidate_user(R"("7")") == Status::kOk);
  CHECK(f.check(bearer("a")).action == Action::kFetch);
  CHECK(f.check(bearer("b")).action == Action::kFetch);
  CHECK(f.check(bearer("c")).action == Action::kServe);
  CHECK(f.check(bearer("d")).action == Action::kServe);
  CHECK(f.invalidate_user("7") == Status::kOk);
  CHECK(f.check(bearer("d")).action == Action::kFetch);
}

TEST_CASE("R23: what is filled after invalidateUser is held as ever") {
  Fixture f;
  REQUIRE(f.invalidate_user(R"("7")") == Status::kOk);
  f.hold(bearer("a"), document("7"));
  f.pass(29 * kMinute);
  CHECK(f.check(bearer("a")).action == Action::kServe);
}

TEST_CASE("R23: revokeUser ends every session of the user that is held, and only those") {
  Fixture f;
  for (const char* token : {"a", "b"}) f.hold(bearer(token), document("7"));
  f.hold(bearer("c"), document("8"));
  CHECK(f.revoke_user(R"("7")") == Status::kOk);
  CHECK(f.check(bearer("c")).action == Action::kServe);
  for (int day = 0; day < 3; ++day) {
    for (const char* token : {"a", "b"}) {
      const Decision decision = f.check(bearer(token));
      CHECK(decision.action == Action::kRefuse);
      CHECK(decision.http_status == 401);
      CHECK(f.check_fresh(bearer(token)).action == Action::kRefuse);
    }
    f.pass(kDay);
  }
  CHECK(f.metrics().revocations == 1);
}

TEST_CASE("R23: a session of the user that is not in memory is asked for, not served from before") {
  Fixture f;
  const LeaseId before = f.begin(bearer("a"));
  REQUIRE(f.revoke_user(R"("7")") == Status::kOk);
  CHECK(f.fill(before, document("7")).action == Action::kRetry);
  CHECK(f.answer(f.begin(bearer("a")), 401).action == Action::kRefuse);
}

TEST_CASE("R23: a login after revokeUser makes a session that counts") {
  Fixture f;
  f.hold(cookie("old"), document("7"));
  REQUIRE(f.revoke_user(R"("7")") == Status::kOk);
  f.hold(cookie("new"), document("7"));
  CHECK(f.check(cookie("old")).action == Action::kRefuse);
  CHECK(f.check(cookie("new")).action == Action::kServe);
}

TEST_CASE("R23: a refresh under way does not carry a session over revokeUser, however it ends") {
  const int status = GENERATE(200, 304, 429, 500, 0);
  CAPTURE(status);
  Fixture f;
  f.hold(bearer("a"), document("7"), {.etag = "\"1\""});
  f.pass(30 * kMinute);
  const LeaseId lease = f.begin_refresh(bearer("a"));
  REQUIRE(f.revoke_user(R"("7")") == Status::kOk);
  const Decision decision = f.answer(lease, status, document("7"), {}, kMinute);
  CHECK(decision.body.empty());
  CHECK(f.check(bearer("a")).action == Action::kRefuse);
  f.pass(10 * kMinute);
  CHECK(f.check(bearer("a")).action == Action::kRefuse);
}

TEST_CASE("R23: revokeUser reaches a session that was updated through another one meanwhile") {
  Fixture f;
  f.hold(bearer("a"), document("7"));
  f.hold(bearer("b"), document("7"));
  f.write(bearer("a"), document("7", "New"));
  REQUIRE(f.revoke_user(R"("7")") == Status::kOk);
  CHECK(f.check(bearer("b")).action == Action::kRefuse);
  CHECK(f.check(bearer("a")).action == Action::kRefuse);
}

TEST_CASE("R23: invalidateUser after an update drops what the update has left") {
  Fixture f;
  f.hold(bearer("a"), document("7"));
  f.hold(bearer("b"), document("7"));
  f.write(bearer("a"), document("7", "New"));
  REQUIRE(f.invalidate_user(R"("7")") == Status::kOk);
  CHECK(f.check(bearer("a")).action == Action::kFetch);
  CHECK(f.check(bearer("b")).action == Action::kFetch);
}

TEST_CASE("R23: a user is named by the string or number of the document, however it is spelt") {
  Fixture f;
  f.hold(bearer("a"), R"({"id":"J\u00fcrgen"})");
  f.hold(bearer("b"), R"({"id":70e-1})");
  f.hold(bearer("c"), R"({"user":{"id":"u/1"}})");
  f.hold(bearer("d"), R"({"id":null,"sub":"auth0|1"})");
  CHECK(f.invalidate_user("\"J\xc3\xbcrgen\"") == Status::kOk);
  CHECK(f.invalidate_user(" 7.0 ") == Status::kOk);
  CHECK(f.invalidate_user(R"("u\/1")") == Status::kOk);
  CHECK(f.invalidate_user(R"("auth0|1")") == Status::kOk);
  for (const char* token : {"a", "b", "c", "d"}) {
    CAPTURE(token);
    CHECK(f.check(bearer(token)).action == Action::kFetch);
  }
}

TEST_CASE("R23: what is no string or number names nobody") {
  Fixture f;
  f.hold(bearer("a"), document("7"));
  f.hold(bearer("b"), document("a"));
  for (const std::string id :
       {"", "7x", "null", "true", "{}", "[7]", "\"", R"("7)", R"("")", R"("7"})", R"("7","id":"a")",
        R"("7","x":1)", R"({"id":"7"})", R"(1,"id":"7")", "\"\xff\"", "7 8", "7}", "-", " "}) {
    CAPTURE(id);
    CHECK(f.invalidate_user(id) == Status::kNotJson);
    CHECK(f.revoke_user(id) == Status::kNotJson);
  }
  CHECK(f.invalidate_user("\"" + std::string(20'000, 'x') + "\"") == Status::kNotJson);
  CHECK(f.check(bearer("a")).action == Action::kServe);
  CHECK(f.check(bearer("b")).action == Action::kServe);
}

TEST_CASE("R23: two users whose tags collide are told apart") {
  // Entries carry 32 bits of the user's key: among a few hundred thousand users some share them.
  const KeyMaker keys(kSecret);
  std::unordered_map<std::uint32_t, int> by_tag;
  int one = 0;
  int two = 0;
  for (int id = 1; one == 0 && id < 2'000'000; ++id) {
    const std::string named = "n" + std::to_string(id);
    const auto [it, is_new] = by_tag.emplace(user_tag(keys.make_user(named)), id);
    if (is_new) continue;
    one = it->second;
    two = id;
  }
  REQUIRE(one != 0);
  CAPTURE(one, two);

  Fixture f;
  f.hold(bearer("one"), number(one));
  f.hold(bearer("two"), number(two));
  REQUIRE(f.invalidate_user(std::to_string(one)) == Status::kOk);
  CHECK(f.check(bearer("two")).body == number(two));
  CHECK(f.check(bearer("one")).action == Action::kFetch);
  REQUIRE(f.revoke_user(std::to_string(one)) == Status::kOk);
  CHECK(f.check(bearer("two")).action == Action::kServe);
  f.write(bearer("two"), " " + number(two));
  CHECK(f.check(bearer("one")).body.empty());
  CHECK(f.check(bearer("two")).action == Action::kServe);
  REQUIRE(f.revoke_user(std::to_string(two)) == Status::kOk);
  CHECK(f.check(bearer("two")).action == Action::kRefuse);
}

TEST_CASE("R23, R50: more users' events than are kept drop what they may have concerned") {
  Fixture f;
  f.hold(bearer("revoked"), document("7"));
  f.hold(bearer("changed"), document("8"));
  f.hold(bearer("other"), document("9"));
  REQUIRE(f.revoke_user(R"("7")") == Status::kOk);
  REQUIRE(f.invalidate_user(R"("8")") == Status::kOk);
  for (int id = 0; id < 5000; ++id) REQUIRE(f.invalidate_user(std::to_string(id)) == Status::kOk);
  for (const char* token : {"revoked", "changed", "other"}) {
    const Decision decision = f.check(bearer(token));
    CHECK(decision.body.empty());
    CHECK((decision.action == Action::kFetch || decision.action == Action::kRefuse));
  }
  // And what is asked for from now on is held again.
  f.fill(f.check(bearer("other")).lease, document("9"));
  f.forget(bearer("other"));
  f.hold(bearer("other"), document("9"));
}

TEST_CASE("R23, R10: a fill that began before events that had to be forgotten is refused") {
  Fixture f;
  const LeaseId lease = f.begin(bearer("a"));
  const LeaseId nameless = f.begin(bearer("b"));
  REQUIRE(f.revoke_user(R"("7")") == Status::kOk);
  for (int id = 0; id < 5000; ++id) REQUIRE(f.invalidate_user(std::to_string(id)) == Status::kOk);
  CHECK(f.fill(lease, document("7")).action == Action::kRetry);
  CHECK(f.fill(nameless, R"({"name":"nobody"})").action == Action::kRetry);
}

TEST_CASE(
    "R23, R54: of a revoked user nothing from before is served, though events fill their table") {
  Fixture f;
  const Request ada = cookie("ada");
  f.hold(ada, document("7"));
  const LeaseId under_way = f.begin(cookie("other"));
  f.revoke_user(R"("7")");
  for (int i = 0; i < 2000; ++i) f.invalidate_user(std::to_string(100 + i));
  CHECK(f.check(ada).action == Action::kFetch);
  CHECK(f.fill(under_way, document("7")).action == Action::kRetry);
}

TEST_CASE("R50, R54: a full table of tombstones takes no other, forgets none and says so") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  REQUIRE(f.revoke(bearer("t")) == Status::kOk);
  f.hold(bearer("warm"), document("9"));
  int i = 0;
  while (f.revoke(bearer("t" + std::to_string(i))) == Status::kOk) ++i;
  CHECK(i >= 60);
  CHECK(f.check(bearer("t")).action == Action::kRefuse);
  CHECK(f.check(bearer("t0")).action == Action::kRefuse);
  // What it cannot remember is dropped all the same, and others are held and stored as ever.
  CHECK(f.revoke_unknown(bearer("warm")) == Status::kFull);
  CHECK(f.check(bearer("warm")).action == Action::kFetch);
  f.hold(bearer("new"), document("7"));
  f.pass(29 * kDay);
  CHECK(f.check(bearer("t")).action == Action::kRefuse);
  f.pass(kDay);
  for (int step = 0; step < 200; ++step) f.check({});
  f.hold(bearer("late"), document("7"));
  CHECK(f.revoke_unknown(bearer("late")) == Status::kOk);
}

}  // namespace
}  // namespace sesame::testing
