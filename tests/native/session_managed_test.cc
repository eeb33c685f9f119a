// Managed sessions: the core keeps the tokens (SPEC R20, R21, R24, R25, R50). What a login or an
// exchange of tokens brings is given here; who asks for it, and the cookie itself, are the shell's.
#include <string>
#include <vector>

#include "support.h"

namespace sesame::testing {
namespace {

constexpr DurationMs kTokenLife = 5 * kMinute;

struct GivenTokens {
  std::string access;
  std::string refresh;
  DurationMs lives_for = kTokenLife;  // 0: not known
};

Config managed_config() {
  Config config = test_config();
  config.is_managed = true;
  config.refresh_lease_for = 95 * kSecond;
  return config;
}

class ManagedFixture : public Fixture {
 public:
  explicit ManagedFixture(const Config& config = managed_config()) : Fixture(config) {}

  Decision log_in_at(Sequence asked_at, const std::string& session, const GivenTokens& given,
                     const std::string& body, int status = 200) {
    return Decision(cache().begin_session(
        "", session, tokens_of(given),
        {.http_status = status, .retry_after = 0, .cache_control = {}, .meta = {}, .body = body},
        asked_at, now()));
  }
  Decision log_in(const std::string& session, const GivenTokens& given,
                  const std::string& body = document("7"), int status = 200) {
    return log_in_at(cache().now_sequence(), session, given, body, status);
  }
  /// A session whose tokens are `a1` and `r1`.
  void begin_session(const std::string& session = "s") {
    REQUIRE(log_in(session, {"a1", "r1"}).action == Action::kServe);
  }

  Decision authorize(const std::string& session = "s", const std::string& rejected = "",
                     LeaseId waited = 0) {
    Decision decision(cache().authorize(cookie(session).head(), rejected, now(), waited));
    if (decision.action == Action::kFetch) cache().ask_origin(decision.lease, now());
    return decision;
  }
  /// The lease of an exchange that has to be made.
  LeaseId begin_refresh(const std::string& session = "s") {
    const Decision decision = authorize(session);
    REQUIRE(decision.action == Action::kFetch);
    REQUIRE(decision.lease != 0);
    return decision.lease;
  }
  Decision end_refresh(LeaseId lease, int status, const GivenTokens& given = {},
                       DurationMs retry_after = 0) {
    return Decision(cache().complete_refresh(lease, status, tokens_of(given), retry_after, now()));
  }
  Key key(const std::string& session) { return cache().session_name(cookie(session).head())->key; }
  bool is_signed_in(const std::string& session = "s") {
    return authorize(session).action != Action::kRefuse &&
           check(cookie(session)).action != Action::kRefuse;
  }

 private:
  Tokens tokens_of(const GivenTokens& given) const {
    return {.access = given.access,
            .refresh = given.refresh,
            .access_expires_at = given.lives_for == 0 ? 0 : now() + given.lives_for};
  }
};

// --- Login ---

TEST_CASE("R20: after a login the next check costs no call, and the token stands for the session") {
  ManagedFixture f;
  const std::string body = document("7");
  const Decision login = f.log_in("s", {"a1", "r1"}, body);
  CHECK(login.action == Action::kServe);
  CHECK(login.body == body);
  CHECK(login.expires_at == kStart + 30 * kDay);

  const Decision checked = f.check(cookie("s"));
  CHECK(checked.action == Action::kServe);
  CHECK(checked.source == Source::kFresh);
  CHECK(checked.body == body);
  const Decision authorized = f.authorize();
  CHECK(authorized.action == Action::kServe);
  CHECK(authorized.body == "a1");
  CHECK(authorized.expires_at == kStart + 30 * kDay);
  CHECK(f.metrics().origin_login == 1);
  CHECK(f.metrics().origin_miss == 0);
}

TEST_CASE("R20: a login without a document or without a token leaves no half session") {
  ManagedFixture f;
  CHECK(f.log_in("s", {"a1", "r1"}, "", 503).action == Action::kUnavailable);
  CHECK(f.log_in("s", {"a1", "r1"}, document("7"), 401).action == Action::kUnavailable);
  CHECK(f.log_in("s", {"a1", "r1"}, "[1]").action == Action::kUnavailable);
  CHECK(f.log_in("s", {"a1", "r1"}, document(std::string(9000, 'x'))).action ==
        Action::kUnavailable);
  CHECK(f.log_in("s", {"", "r1"}).action == Action::kUnavailable);
  CHECK(f.cache().managed_sessions() == 0);
  CHECK(f.authorize().action == Action::kRefuse);
  CHECK(f.check(cookie("s")).action == Action::kRefuse);
  CHECK(f.metrics().origin_login == 0);
}

TEST_CASE(
    "R10, R20: a login whose user was revoked while its document was asked for is begun anew") {
  ManagedFixture f;
  const Sequence asked_at = f.cache().now_sequence();
  REQUIRE(f.revoke_user(R"("7")") == Status::kOk);
  CHECK(f.log_in_at(asked_at, "s", {"a1", "r1"}, document("7")).action == Action::kRetry);
  CHECK(f.cache().managed_sessions() == 0);
  CHECK(f.log_in_at(asked_at, "t", {"a2", "r2"}, document("8")).action == Action::kServe);
  CHECK(f.log_in("u", {"a3", "r3"}, document("7")).action == Action::kServe);
}

TEST_CASE("R10, R22: a document that an update overtook begins the session, but is not shown") {
  ManagedFixture f;
  const Sequence asked_at = f.cache().now_sequence();
  REQUIRE(f.invalidate_user(R"("7")") == Status::kOk);
  const Decision login = f.log_in_at(asked_at, "s", {"a1", "r1"}, document("7", "old"));
  CHECK(login.action == Action::kServe);
  CHECK(login.body.empty());
  CHECK(f.authorize().body == "a1");
  CHECK(f.check(cookie("s")).action == Action::kFetch);
}

TEST_CASE("R21: a session cookie that was not given out here is nobody, and cannot be fixed") {
  ManagedFixture f;
  CHECK(f.check(cookie("chosen")).action == Action::kRefuse);
  CHECK(f.check_fresh(cookie("chosen")).action == Action::kRefuse);
  CHECK(f.authorize("chosen").action == Action::kRefuse);
  // A login is a session of its own cookie: whoever knows another one has gained nothing.
  f.begin_session("s");
  CHECK(f.check(cookie("chosen")).action == Action::kRefuse);
  CHECK(f.authorize("chosen").action == Action::kRefuse);
  // The one that a login has replaced is ended, and stays so.
  f.begin_session("t");
  f.revoke(cookie("s"));
  CHECK(f.check(cookie("s")).action == Action::kRefuse);
  CHECK(f.authorize("s").action == Action::kRefuse);
  CHECK(f.authorize("t").body == "a1");
}

TEST_CASE("R1: who brings a bearer or nothing is not managed") {
  ManagedFixture f;
  CHECK(f.cache().authorize(bearer("x").head(), "", f.now()).action == Action::kPass);
  CHECK(f.cache().authorize({}, "", f.now()).action == Action::kPass);
  CHECK(f.check(bearer("x")).action == Action::kFetch);
}

TEST_CASE("R8: a managed session ends at its absolute end, and when it is idle") {
  Config config = managed_config();
  config.expires_in = 3 * kHour;
  config.idle_for = kHour;
  ManagedFixture f(config);
  f.begin_session("s");
  f.begin_session("idle");
  for (int step = 0; step < 5; ++step) {
    f.pass(35 * kMinute);
    CHECK(f.check(cookie("s")).action != Action::kRefuse);
  }
  CHECK(f.check(cookie("idle")).action == Action::kRefuse);
  const LeaseId lease = f.begin_refresh("s");
  f.pass(5 * kMinute);
  // 3 hours since the login; an exchange does not extend them.
  CHECK(f.end_refresh(lease, 200, {"a2", "r2"}).action != Action::kServe);
  CHECK_FALSE(f.is_signed_in("s"));
  CHECK(f.cache().managed_sessions() == 0);
}

// --- Exchange of tokens ---

TEST_CASE("R24: an exchange keeps the document and asks for none") {
  ManagedFixture f;
  f.begin_session();
  CHECK(f.authorize().body == "a1");
  f.pass(kTokenLife - 6 * kSecond);
  CHECK(f.authorize().action == Action::kServe);
  f.pass(kSecond);  // it would end on its way
  const Decision begun = f.authorize();
  REQUIRE(begun.action == Action::kFetch);
  CHECK(begun.body == "r1");
  CHECK(begun.meta == "a1");
  const Decision ended = f.end_refresh(begun.lease, 200, {"a2", "r2"});
  CHECK(ended.action == Action::kServe);
  CHECK(ended.body == "a2");
  CHECK(f.authorize().body == "a2");
  CHECK(f.check(cookie("s")).source == Source::kFresh);
  f.pass(kTokenLife);
  CHECK(f.authorize().body == "r2");
  CHECK(f.metrics().origin_token_refresh == 2);
  CHECK(f.metrics().origin_miss == 0);
}

TEST_CASE("R24: an origin that does not rotate refresh tokens keeps the one there is") {
  ManagedFixture f;
  f.begin_session();
  f.pass(kTokenLife);
  REQUIRE(f.end_refresh(f.begin_refresh(), 200, {"a2", ""}).body == "a2");
  f.pass(kTokenLife);
  CHECK(f.authorize().body == "r1");
}

TEST_CASE("R24: one redemption under its lease, however slow the origin and whoever asks") {
  ManagedFixture f;
  f.begin_session();
  f.pass(kTokenLife);
  const LeaseId lease = f.begin_refresh();
  for (int second = 0; second < 94; ++second) {
    const Decision waiting = f.authorize();
    CHECK(waiting.action == Action::kWait);
    CHECK(waiting.lease == lease);
    CHECK(f.authorize("s", "a1").action == Action::kWait);
    CHECK(f.authorize("s", "", lease).action == Action::kWait);
    f.pass(kSecond);
  }
  CHECK(f.end_refresh(lease, 200, {"a2", "r2"}).body == "a2");
  CHECK(f.authorize("s", "", lease).body == "a2");
  // It comes late: what has been refused is no longer what there is.
  CHECK(f.authorize("s", "a1").body == "a2");
  CHECK(f.end_refresh(lease, 200, {"a3", "r3"}).action == Action::kRetry);
  CHECK(f.authorize().body == "a2");
  CHECK(f.metrics().origin_token_refresh == 1);
}

TEST_CASE(
    "R9, R24: an exchange that never ends is taken over, and its late answer counts no more") {
  ManagedFixture f;
  f.begin_session();
  f.pass(kTokenLife);
  const LeaseId lost = f.begin_refresh();
  f.pass(95 * kSecond);
  const Decision taken = f.authorize("s", "", lost);
  REQUIRE(taken.action == Action::kFetch);
  CHECK(taken.lease != lost);
  CHECK(f.end_refresh(lost, 200, {"late", "late"}).action == Action::kRetry);
  CHECK(f.end_refresh(lost, 400).action == Action::kRetry);
  CHECK(f.end_refresh(taken.lease, 200, {"a2", "r2"}).body == "a2");
  CHECK(f.authorize().body == "a2");
}

TEST_CASE("R24: a holder that gives its lease back lets another redeem at once") {
  ManagedFixture f;
  f.begin_session();
  f.pass(kTokenLife);
  const LeaseId lease = f.begin_refresh();
  f.cache().release(lease);
  CHECK(f.begin_refresh() != lease);
}

TEST_CASE("R13, R24: a transient failure signs nobody out, and the next one tries again") {
  ManagedFixture f;
  f.begin_session();
  f.pass(kTokenLife);
  for (const int status : {0, 500, 503, 408, 425, 404, 302, 429}) {
    CAPTURE(status);
    const LeaseId lease = f.begin_refresh();
    REQUIRE(f.authorize().action == Action::kWait);
    const Decision failed = f.end_refresh(lease, status);
    CHECK(failed.action == Action::kUnavailable);
    CHECK(failed.retry_after >= kSecond);
    CHECK(f.authorize("s", "", lease).action == Action::kUnavailable);
    CHECK(f.check(cookie("s")).action == Action::kServe);
  }
  // An answer without a token is no answer.
  CHECK(f.end_refresh(f.begin_refresh(), 200, {"", ""}).action == Action::kUnavailable);
  CHECK(f.end_refresh(f.begin_refresh(), 200, {"a2", "r2"}).body == "a2");
  CHECK(f.metrics().origin_failures == 9);
}

TEST_CASE("R13, R24: an origin that asks for patience is left alone for as long as it said") {
  ManagedFixture f;
  f.begin_session();
  f.pass(kTokenLife);
  const Decision failed = f.end_refresh(f.begin_refresh(), 429, {}, 20 * kSecond);
  CHECK(failed.action == Action::kUnavailable);
  CHECK(failed.retry_after == 20 * kSecond);
  f.pass(19 * kSecond);
  const Decision asked = f.authorize();
  CHECK(asked.action == Action::kUnavailable);
  CHECK(asked.retry_after == kSecond);
  f.pass(kSecond);
  f.begin_refresh();
}

TEST_CASE("R24: a definite refusal of the grant ends the session for good") {
  for (const int status : {400, 401, 403}) {
    CAPTURE(status);
    ManagedFixture f;
    f.begin_session();
    f.pass(kTokenLife);
    const LeaseId lease = f.begin_refresh();
    CHECK(f.end_refresh(lease, status).action == Action::kRefuse);
    CHECK_FALSE(f.is_signed_in());
    CHECK(f.cache().managed_sessions() == 0);
    f.pass(kDay);
    CHECK_FALSE(f.is_signed_in());
  }
}

TEST_CASE(
    "R24: a token that the origin refuses before its time is exchanged; without another it ends") {
  ManagedFixture f;
  f.begin_session("s");
  CHECK(f.authorize("s", "other").body == "a1");
  CHECK(f.authorize("s", "a1").action == Action::kFetch);

  REQUIRE(f.log_in("t", {"only", "", 0}, document("8")).action == Action::kServe);
  f.pass(kDay);
  CHECK(f.authorize("t").body == "only");
  CHECK(f.authorize("t", "only").action == Action::kRefuse);
  CHECK_FALSE(f.is_signed_in("t"));
  CHECK(f.is_signed_in("s"));
}

// --- Ends that overtake ---

TEST_CASE("R8, R10, R25: a session revoked during its exchange stays ended") {
  ManagedFixture f;
  f.begin_session();
  f.pass(kTokenLife);
  const LeaseId lease = f.begin_refresh();
  f.revoke(cookie("s"));
  CHECK_FALSE(f.is_signed_in());
  CHECK(f.authorize("s", "", lease).action == Action::kRefuse);
  CHECK(f.end_refresh(lease, 200, {"a2", "r2"}).action == Action::kRetry);
  CHECK_FALSE(f.is_signed_in());
  f.pass(29 * kDay);
  CHECK_FALSE(f.is_signed_in());
  CHECK(f.metrics().fills_refused == 1);
}

TEST_CASE("R10, R23: revokeUser during an exchange ends every session of the user, and no other") {
  ManagedFixture f;
  f.begin_session("s");
  f.begin_session("t");
  REQUIRE(f.log_in("other", {"b1", "q1"}, document("8")).action == Action::kServe);
  f.pass(kTokenLife);
  const LeaseId lease = f.begin_refresh("s");
  REQUIRE(f.revoke_user(R"("7")") == Status::kOk);
  CHECK(f.end_refresh(lease, 200, {"a2", "r2"}).action == Action::kRetry);
  CHECK_FALSE(f.is_signed_in("s"));
  CHECK_FALSE(f.is_signed_in("t"));
  CHECK(f.is_signed_in("other"));
  CHECK(f.cache().managed_sessions() == 1);
}

TEST_CASE("R23: invalidateUser ends no managed session, not even in an exchange") {
  ManagedFixture f;
  f.begin_session();
  f.pass(kTokenLife);
  const LeaseId lease = f.begin_refresh();
  REQUIRE(f.invalidate_user(R"("7")") == Status::kOk);
  CHECK(f.end_refresh(lease, 200, {"a2", "r2"}).body == "a2");
  CHECK(f.check(cookie("s")).action == Action::kFetch);
}

TEST_CASE("R23: a session of a document without an identifier is its own only one") {
  ManagedFixture f;
  REQUIRE(f.log_in("s", {"a1", "r1"}, R"({"name":"Ada"})").action == Action::kServe);
  REQUIRE(f.log_in("t", {"b1", "q1"}, R"({"name":"Bob"})").action == Action::kServe);
  f.revoke(cookie("s"));
  CHECK_FALSE(f.is_signed_in("s"));
  CHECK(f.is_signed_in("t"));
}

// --- The vault ---

TEST_CASE("R33: a full vault makes room of what the store has as well, the longest unused first") {
  ManagedFixture f;
  VaultRecord record;
  record.access_token = std::string(1000, 'x');
  record.refresh_token = "r1";
  record.expires_at = f.now() + kDay;
  const auto adopt = [&](const std::string& name, bool is_shared) {
    record.user = f.user_key("\"" + name + "\"");
    record.is_shared = is_shared;
    return f.cache().adopt_session(f.key(name), VaultRecord(record), f.cache().now_sequence(),
                                   f.now());
  };
  REQUIRE(adopt("own", false));
  std::size_t count = 1;
  for (std::size_t before = 0; f.cache().managed_sessions() > before; ++count) {
    before = f.cache().managed_sessions();
    REQUIRE(adopt("s" + std::to_string(count), true));
    f.pass(1);
    REQUIRE(count < 1000);
  }
  CHECK(count > 50);
  CHECK(f.cache().used_bytes() <= f.cache().config().memory_bytes);
  for (std::size_t more = 0; more < 2 * count; ++more) {
    f.authorize("s3");  // in use
    f.pass(1);
    REQUIRE(adopt("more" + std::to_string(more), true));
  }
  CHECK(f.is_signed_in("own"));
  CHECK(f.is_signed_in("s3"));
  CHECK_FALSE(f.is_signed_in("s1"));
  // One that is being exchanged is nowhere else.
  f.pass(kTokenLife);
  record.access_expires_at = f.now();
  REQUIRE(adopt("exchanged", true));
  const LeaseId lease = f.begin_refresh("exchanged");
  for (std::size_t more = 0; more < 2 * count; ++more) {
    REQUIRE(adopt("later" + std::to_string(more), true));
  }
  CHECK(f.end_refresh(lease, 200, {"a2", "r2"}).body == "a2");
}

TEST_CASE("R50: a full vault refuses logins, evicts nobody, and has room again when sessions end") {
  ManagedFixture f;
  const std::string token(1000, 'x');
  std::vector<std::string> sessions;
  for (;;) {
    const std::string name = "s" + std::to_string(sessions.size());
    const Decision login = f.log_in(name, {token, token}, document(name));
    REQUIRE(f.cache().used_bytes() <= f.cache().config().memory_bytes);
    if (login.action != Action::kServe) {
      CHECK(login.action == Action::kUnavailable);
      break;
    }
    sessions.push_back(name);
    REQUIRE(sessions.size() < 1000);
  }
  CHECK(sessions.size() > 50);
  CHECK(f.cache().managed_sessions() == sessions.size());
  for (const std::string& name : sessions) REQUIRE(f.authorize(name).body == token);

  CHECK(f.log_in("one-more", {token, token}).action == Action::kUnavailable);
  f.revoke(cookie(sessions[0]));
  CHECK(f.log_in("one-more", {token, token}).action == Action::kServe);
  CHECK(f.log_in("and-another", {token, token}).action == Action::kUnavailable);
  f.pass(30 * kDay);
  // Records that have ended go a few at a time.
  for (std::size_t call = 0; call < 5000; ++call) f.check(bearer("somebody"));
  CHECK(f.cache().managed_sessions() == 0);
  CHECK(f.log_in("later", {token, token}).action == Action::kServe);
}

TEST_CASE("R24, R50: longer tokens of an exchange are taken although the vault is full") {
  ManagedFixture f;
  std::vector<std::string> sessions;
  while (f.cache().managed_sessions() == sessions.size()) {
    const std::string name = "s" + std::to_string(sessions.size());
    if (f.log_in(name, {std::string(1000, 'x'), "r1"}, document(name)).action != Action::kServe) {
      break;
    }
    sessions.push_back(name);
  }
  f.pass(kTokenLife);
  const std::string longer(2000, 'y');
  CHECK(f.end_refresh(f.begin_refresh(sessions[0]), 200, {longer, "r2"}).body == longer);
  CHECK(f.authorize(sessions[0]).body == longer);
  CHECK(f.cache().used_bytes() <= f.cache().config().memory_bytes);
}

TEST_CASE("R54: one user's logins end his own oldest sessions, and leave room for the others") {
  Config config = managed_config();
  config.sessions_per_user = 3;
  ManagedFixture f(config);
  REQUIRE(f.log_in("grace", {"g", "g"}, document("8")).action == Action::kServe);
  for (int i = 0; i < 5; ++i) {
    REQUIRE(f.log_in("ada" + std::to_string(i), {"a", "r"}).action == Action::kServe);
    f.pass(kSecond);
  }
  CHECK(f.cache().managed_sessions() == 4);
  for (const char* ended : {"ada0", "ada1"}) {
    CHECK(f.check(cookie(ended)).action == Action::kRefuse);
    CHECK(f.authorize(ended).action == Action::kRefuse);
  }
  for (const char* live : {"ada2", "ada3", "ada4", "grace"}) {
    CHECK(f.check(cookie(live)).action == Action::kServe);
  }
}

TEST_CASE("R54: logins at the same time end the oldest as well") {
  Config config = managed_config();
  config.sessions_per_user = 2;
  ManagedFixture f(config);
  for (const char* each : {"a", "b", "c"}) {
    REQUIRE(f.log_in(each, {"t", "r"}).action == Action::kServe);
  }
  CHECK(f.check(cookie("a")).action == Action::kRefuse);
  CHECK(f.check(cookie("c")).action == Action::kServe);
}

TEST_CASE(
    "R23, R54: what was asked for before a revocation begins no session, though events fill their "
    "table") {
  ManagedFixture f;
  const Sequence before = f.cache().now_sequence();
  f.revoke_user(R"("7")");
  for (int i = 0; i < 2000; ++i) f.invalidate_user(std::to_string(i));
  VaultRecord record;
  record.access_token = "a1";
  record.expires_at = f.now() + kDay;
  record.user = f.user_key(R"("7")");
  CHECK_FALSE(f.cache().adopt_session(f.key("late"), VaultRecord(record), before, f.now()));
  CHECK(f.log_in_at(before, "s", {"a1", "r1"}, document("7")).action == Action::kRetry);
  CHECK(f.cache().managed_sessions() == 0);
  CHECK(f.cache().adopt_session(f.key("late"), VaultRecord(record), f.cache().now_sequence(),
                                f.now()));
}

TEST_CASE("R54: logins and logouts of one user in a loop bring no session of his back") {
  Config config = managed_config();
  config.ends_per_user = 4;
  ManagedFixture f(config);
  for (int i = 0; i < 10; ++i) {
    f.begin_session("s" + std::to_string(i));
    REQUIRE(f.revoke_unknown(cookie("s" + std::to_string(i))) == Status::kOk);
  }
  const Sequence before = f.cache().now_sequence();
  f.begin_session("last");
  REQUIRE(f.revoke_unknown(cookie("last")) == Status::kOk);
  VaultRecord record;
  record.access_token = "a1";
  record.expires_at = f.now() + kDay;
  record.user = f.user_key(R"("7")");
  // A record that the store was asked for before the session ended is of before.
  CHECK_FALSE(f.cache().adopt_session(f.key("last"), VaultRecord(record), before, f.now()));
  CHECK(f.check(cookie("last")).action == Action::kRefuse);
  record.user = f.user_key(R"("8")");
  CHECK(f.cache().adopt_session(f.key("other"), VaultRecord(record), before, f.now()));
}

}  // namespace
}  // namespace sesame::testing
