// Several nodes: two caches with one secret, and what one is told of the other (SPEC R30-R32).
#include <string>

#include "abi_host.h"
#include "support.h"

namespace sesame::testing {
namespace {

Key session_key(Fixture& node, const Request& request) {
  const auto session = node.cache().session_name(request.head());
  REQUIRE(session);
  return session->key;
}

Key user_key(Fixture& node, const std::string& id) { return node.user_key(id); }

Decision share(Fixture& node, LeaseId lease, const std::string& body, DurationMs age = 0,
               DurationMs life = 0) {
  return node.cache().complete_shared(lease,
                                      {.filled_at = node.now() - age,
                                       .born_at = node.now() - age - life,
                                       .cache_control = {},
                                       .meta = {},
                                       .body = body},
                                      node.now());
}

TEST_CASE(
    "R3, R4: nodes with one secret agree on the keys of sessions and users, and on no others") {
  Fixture one;
  Fixture other;
  CHECK(session_key(one, bearer("a")) == session_key(other, bearer("a")));
  CHECK(session_key(one, bearer("a")) != session_key(one, cookie("a")));
  CHECK(session_key(one, bearer("a")) != session_key(one, of_tenant("t", bearer("a"))));
  CHECK(user_key(one, "7") == user_key(other, "7.0"));
  CHECK(user_key(one, "7") != user_key(one, R"("7")"));
  CHECK_FALSE(one.cache().session_name(Request().head()));
  CHECK_FALSE(one.cache().user_key("7,8"));
  const Decision filled = one.fill(one.begin(bearer("a")), document("7"));
  CHECK(filled.user == user_key(one, R"("7")"));
  CHECK_FALSE(one.fill(one.begin(bearer("b")), "{}").user);
}

TEST_CASE("R31: a session that has ended elsewhere is refused, and its fill under way as well") {
  Fixture node;
  node.hold(bearer("a"), document("7"));
  const LeaseId lease = node.begin(bearer("b"));
  for (const char* token : {"a", "b"}) {
    node.cache().apply(RemoteEvent::kSessionEnded, session_key(node, bearer(token)), node.now());
    CHECK(node.check(bearer(token)).action == Action::kRefuse);
  }
  CHECK(node.fill(lease, document("8")).action == Action::kRetry);
  CHECK(node.metrics().revocations == 0);  // it is counted where it was done
}

TEST_CASE("R23, R31: what happened to a user elsewhere reaches every session here") {
  Fixture node;
  for (const char* token : {"a", "b"}) node.hold(bearer(token), document("7"));
  node.hold(bearer("c"), document("8"));
  node.cache().apply(RemoteEvent::kUserChanged, user_key(node, R"("7")"), node.now());
  for (const char* token : {"a", "b"}) {
    node.hold(bearer(token), document("7", "Grace"));
  }
  node.cache().apply(RemoteEvent::kUserRevoked, user_key(node, R"("7")"), node.now());
  for (const char* token : {"a", "b"}) CHECK(node.check(bearer(token)).action == Action::kRefuse);
  CHECK(node.check(bearer("c")).action == Action::kServe);
}

TEST_CASE(
    "R23: a revocation that is heard of late ends what was born by its call, and nothing else") {
  Fixture node;
  node.hold(bearer("old"), document("7"));
  const TimeMs called_at = node.now();
  node.pass(5'000);
  node.hold(bearer("new"), document("7"));
  const LeaseId lease = node.begin(bearer("newer"));
  node.cache().apply(RemoteEvent::kUserRevoked, user_key(node, R"("7")"), node.now(), called_at);
  CHECK(node.check(bearer("old")).action == Action::kRefuse);
  CHECK(node.check(bearer("new")).action == Action::kServe);
  CHECK(node.fill(lease, document("7")).action ==
        Action::kRetry);  // what was under way is asked again
  CHECK(node.check(bearer("newer")).action == Action::kFetch);

  // One that comes later still, of an earlier call, takes nothing back.
  node.cache().apply(RemoteEvent::kUserRevoked, user_key(node, R"("7")"), node.now(),
                     called_at - 1);
  node.hold(bearer("newest"), document("7"));
  CHECK(node.check(bearer("newest")).action == Action::kServe);
}

TEST_CASE("R10, R31: a revocation from while the origin was being asked ends what it answered") {
  Fixture node;
  const LeaseId lease = node.begin(bearer("a"));
  node.pass(2'000);
  const TimeMs called_at = node.now();
  node.pass(3'000);
  REQUIRE(node.fill(lease, document("7")).action == Action::kServe);
  node.cache().apply(RemoteEvent::kUserRevoked, user_key(node, R"("7")"), node.now(), called_at);
  CHECK(node.check(bearer("a")).action == Action::kRefuse);
}

TEST_CASE("R31: a credential that stands for somebody else elsewhere is asked for anew") {
  Fixture node;
  node.hold(cookie("a"), document("7"));
  node.cache().apply(RemoteEvent::kSessionForgotten, session_key(node, cookie("a")), node.now());
  CHECK(node.check(cookie("a")).action == Action::kFetch);
}

TEST_CASE("R30: what another node has left is served, as old as it is, and costs no origin call") {
  Fixture node;
  node.set_asks_at_once(false);
  const LeaseId lease = node.begin(bearer("a"));
  node.join(bearer("a"), lease);
  CHECK(share(node, lease, document("7"), 10 * kMinute, kDay).action == Action::kRetry);
  const Decision served = node.check_again(bearer("a"), lease);
  CHECK(served.action == Action::kServe);
  CHECK(served.body == document("7"));
  CHECK(served.expires_at / kMinute == (node.now() - 10 * kMinute - kDay + 30 * kDay) / kMinute);
  CHECK(node.metrics().origin_miss == 0);
  CHECK(node.metrics().shared_fills == 1);
  node.pass(19 * kMinute);
  CHECK(node.check(bearer("a")).action == Action::kServe);
  node.pass(2 * kMinute);
  CHECK(node.check(bearer("a")).action == Action::kServeStale);
}

TEST_CASE("R30: what is of no use leaves the lease to the origin") {
  const auto [body, age, life] = GENERATE(table<std::string, DurationMs, DurationMs>(
      {{"[]", 0, 0},
       {"not JSON", 0, 0},
       {document("7"), 61 * kMinute, 0},
       {document("7"), kMinute, 31 * kDay},
       {R"({"id":")" + std::string(9000, 'x') + "\"}", 0, 0}}));
  CAPTURE(body.size(), age, life);
  Fixture node;
  node.set_asks_at_once(false);
  const LeaseId lease = node.begin(bearer("a"));
  const Decision decision = share(node, lease, body, age, life);
  CHECK(decision.action == Action::kFetch);
  CHECK(decision.lease == lease);
  CHECK(node.cache().ask_origin(lease, node.now()));
  CHECK(node.fill(lease, document("8")).action == Action::kServe);
  CHECK(node.metrics().origin_miss == 1);
}

TEST_CASE("R6, R11, R22: a refresh takes only what is newer, and who insists asks the origin") {
  Fixture node;
  node.hold(bearer("a"), document("7"));
  node.pass(31 * kMinute);
  const LeaseId refresh = node.begin_refresh(bearer("a"));
  CHECK(share(node, refresh, document("7"), 31 * kMinute).action == Action::kFetch);
  // Newer by no more than clocks differ: it would have to be refreshed again at once.
  CHECK(share(node, refresh, document("7"), 31 * kMinute - kSecond).action == Action::kFetch);
  CHECK(share(node, refresh, document("7", "Grace"), kMinute).action == Action::kRetry);
  CHECK(node.check(bearer("a")).body == document("7", "Grace"));
  const Decision fresh = node.check_fresh(bearer("a"));
  REQUIRE(fresh.action == Action::kFetch);
  CHECK(share(node, fresh.lease, document("7")).action == Action::kFetch);
}

TEST_CASE("R10: what another node has left does not undo what happened since the lease began") {
  Fixture node;
  const LeaseId ended = node.begin(bearer("a"));
  node.revoke(bearer("a"));
  CHECK(share(node, ended, document("7")).action == Action::kRetry);
  CHECK(node.check(bearer("a")).action == Action::kRefuse);

  const LeaseId changed = node.begin(bearer("b"));
  node.cache().apply(RemoteEvent::kUserChanged, user_key(node, R"("7")"), node.now());
  CHECK(share(node, changed, document("7")).action == Action::kRetry);
  CHECK(node.check(bearer("b")).action == Action::kFetch);
  CHECK(node.metrics().shared_fills == 0);
}

TEST_CASE("R32: what was filled before the link was lost is not served until it may be trusted") {
  Fixture node;
  node.hold(bearer("a"), document("7"));
  node.pass(5 * kSecond);
  node.hold(bearer("b"), document("8"));
  node.cache().trust_from(node.now() - kSecond);
  CHECK(node.check(bearer("b")).action == Action::kServe);
  const LeaseId lease = node.begin(bearer("a"));
  CHECK(share(node, lease, document("7"), 5 * kSecond).action == Action::kFetch);
  // Not even where the origin fails.
  CHECK(node.fail(lease).action == Action::kUnavailable);
  node.pass(2 * kSecond);
  node.cache().trust_from(0);
  CHECK(node.check(bearer("a")).action == Action::kServe);
}

TEST_CASE("R30-R32: the same over the ABI") {
  Host one;
  Host other;
  const Request request = cookie("a");
  const auto head = [&](Host& host) { host.put({request.cookie}); };
  head(one);
  REQUIRE(sesame_session_key(one.handle(), 0, Host::length(request.cookie), 0) == 1);
  CHECK(one.meta() == "a");
  CHECK(one.result().credential == SESAME_CREDENTIAL_COOKIE);
  const std::string session = one.body().substr(0, 16);
  CHECK(one.body() == session + session + "session");

  const std::uint32_t lease = one.begin(request);
  one.put({"max-age=60", "\"1\"", document("7")});
  REQUIRE(sesame_fill_shared(one.handle(), kNow, lease, kNow - 1000, kNow - 2000, 0, 0, 10, 3,
                             Host::length(document("7"))) == SESAME_ACTION_RETRY);
  CHECK(one.check(request) == SESAME_ACTION_SERVE);
  CHECK(one.meta() == "\"1\"");
  CHECK(one.check(request, kNow + 60'000) == SESAME_ACTION_SERVE_STALE);

  const Request second = cookie("b");
  REQUIRE(one.fill(one.begin(second), 200, document("7")) == SESAME_ACTION_SERVE);
  REQUIRE(one.result().user_count == 1);
  CHECK(one.result().is_kept == 1);
  const std::string user(reinterpret_cast<const char*>(one.result().users), SESAME_KEY_BYTES);
  other.put({R"("7")"});
  REQUIRE(sesame_user_key(other.handle(), 3) == SESAME_STATUS_OK);
  CHECK(other.body() == user);
  other.put({"{}"});
  CHECK(sesame_user_key(other.handle(), 2) == SESAME_STATUS_NOT_JSON);

  sesame_trust_from(one.handle(), kNow);
  CHECK(one.check(request) == SESAME_ACTION_WAIT);  // for the refresh that has begun
  sesame_trust_from(one.handle(), 0);
  one.put({session});
  sesame_remote_apply(one.handle(), kNow, SESAME_REMOTE_SESSION_ENDED, 15, 0);
  sesame_remote_apply(one.handle(), kNow, 99, 16, 0);
  CHECK(one.check(request) != SESAME_ACTION_REFUSE);
  one.put({session});
  sesame_remote_apply(one.handle(), kNow, SESAME_REMOTE_SESSION_ENDED, 16, 0);
  CHECK(one.check(request) == SESAME_ACTION_REFUSE);
}

}  // namespace
}  // namespace sesame::testing
