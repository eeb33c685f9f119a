// What happens to a session while the origin is asked about it wins, whatever the order (SPEC R10).
#include <string>
#include <vector>

#include "support.h"

namespace sesame::testing {
namespace {

const std::string kOld = document("7", "Old");
const std::string kNew = document("7", "New");

// What may happen to the session `t` of user 7, who has another session `other`.
enum class Event {
  kRevoke,
  kForget,
  kBeginAnew,
  kWrite,
  kOtherWrite,
  kInvalidateUser,
  kRevokeUser
};
constexpr Event kEvents[] = {Event::kRevoke,    Event::kForget,     Event::kBeginAnew,
                             Event::kWrite,     Event::kOtherWrite, Event::kInvalidateUser,
                             Event::kRevokeUser};

// How the origin was asked: nothing was held, something stale, or past every layer.
enum class Cause { kMiss, kRefresh, kFresh };
constexpr Cause kCauses[] = {Cause::kMiss, Cause::kRefresh, Cause::kFresh};

class Race {
 public:
  explicit Race(Cause cause) {
    f.hold(other, kOld);
    if (cause != Cause::kMiss) f.hold(session, kOld, {.etag = "\"old\""});
    if (cause == Cause::kRefresh) f.pass(30 * kMinute);
    const Decision decision = f.check(session, {.fresh = cause == Cause::kFresh});
    lease = decision.lease;
    REQUIRE(lease != 0);
  }

  void happen(Event event) {
    concerns_user |= event >= Event::kWrite;
    switch (event) {
      case Event::kRevoke:
        f.revoke(session);
        is_revoked = true;
        break;
      case Event::kForget:
        f.forget(session);
        break;
      case Event::kBeginAnew:
        f.begin_anew(session);
        is_revoked = false;
        break;
      case Event::kWrite:
        end_write(session);
        break;
      case Event::kOtherWrite:
        end_write(other);
        break;
      case Event::kInvalidateUser:
        REQUIRE(f.invalidate_user(R"("7")") == Status::kOk);
        break;
      case Event::kRevokeUser:
        REQUIRE(f.revoke_user(R"("7")") == Status::kOk);
        break;
    }
  }

  // Nothing of what was before is served any more to those whom it concerned, and nobody waits in
  // vain.
  void require_over() {
    for (const Request& request : {session, other}) {
      const Decision decision = f.check(request);
      CAPTURE(decision.action, decision.body, request.cookie);
      if (concerns_user || request.cookie == session.cookie) CHECK(decision.body != kOld);
      CHECK(decision.action != Action::kWait);
      if (decision.lease != 0) f.cache().release(decision.lease);
    }
    if (is_revoked) CHECK(f.check(session).action == Action::kRefuse);
  }

  Fixture f;
  const Request session = cookie("t");
  const Request other = bearer("other");
  LeaseId lease = 0;
  bool is_revoked = false;
  bool concerns_user = false;

 private:
  void end_write(const Request& request) {
    const Decision decision = f.write(request, kNew);
    // Where nobody could know whose session that was, the origin tells.
    if (decision.action == Action::kFetch) f.fill(decision.lease, kNew);
  }
};

TEST_CASE("R10, R22: the answer to an update that an event of the user overtook replaces nothing") {
  Fixture f;
  f.hold(bearer("a"), document("7", "one"));
  const WriteId write = f.begin_write(bearer("a"));
  REQUIRE(f.invalidate_user(R"("7")") == Status::kOk);
  f.hold(bearer("a"), document("7", "three"));
  f.end_write(write, bearer("a"), 200, document("7", "two"));
  CHECK(f.check(bearer("a")).action == Action::kFetch);
}

TEST_CASE("R10: a fill is refused after a revoke, forget, update or user event, however asked") {
  for (const Cause cause : kCauses) {
    for (const Event event : kEvents) {
      CAPTURE(cause, event);
      Race race(cause);
      race.happen(event);
      CHECK(race.f.fill(race.lease, kOld).action == Action::kRetry);
      race.require_over();
      CHECK(race.f.metrics().fills_refused == 1);
    }
  }
}

TEST_CASE("R10: of two events around an answer both win, in every order") {
  for (const Cause cause : kCauses) {
    for (const Event first : kEvents) {
      for (const Event second : kEvents) {
        for (const bool is_answered_between : {true, false}) {
          CAPTURE(cause, first, second, is_answered_between);
          Race race(cause);
          race.happen(first);
          if (is_answered_between) race.f.fill(race.lease, kOld);
          race.happen(second);
          if (!is_answered_between) race.f.fill(race.lease, kOld);
          race.require_over();
        }
      }
    }
  }
}

TEST_CASE("R10: an event that comes before the fill begins does not refuse it") {
  for (const Event event : {Event::kForget, Event::kInvalidateUser}) {
    CAPTURE(event);
    Race race(Cause::kMiss);
    race.happen(event);
    const LeaseId lease = event == Event::kForget ? race.f.begin(race.session) : race.lease;
    if (event == Event::kInvalidateUser) {
      race.f.cache().release(lease);
      CHECK(race.f.fill(race.f.begin(race.session), kNew).action == Action::kServe);
    } else {
      CHECK(race.f.fill(lease, kNew).action == Action::kServe);
    }
    CHECK(race.f.check(race.session).body == kNew);
  }
}

TEST_CASE("R10: whatever the origin answers late, a revoked session does not come back") {
  for (const Cause cause : kCauses) {
    for (const Event event : {Event::kRevoke, Event::kRevokeUser}) {
      for (const int status : {200, 304, 302, 401, 404, 429, 500, 503, 0}) {
        for (const DurationMs retry_after : {DurationMs{0}, kMinute}) {
          CAPTURE(cause, event, status, retry_after);
          Race race(cause);
          race.happen(event);
          race.f.answer(race.lease, status, status == 200 ? kOld : "", {}, retry_after);
          CHECK(race.f.check(race.session).body != kOld);
          if (cause != Cause::kMiss || event == Event::kRevoke) {
            CHECK(race.f.check(race.session).action == Action::kRefuse);
          }
          CHECK(race.f.cache().leases_in_use() <= 1);
          for (int i = 0; i < 200; ++i) race.f.check({});
          race.f.pass(2 * kMinute);
          for (int i = 0; i < 200; ++i) race.f.check({});
          CHECK(race.f.cache().leases_in_use() == 0);
        }
      }
    }
  }
}

TEST_CASE("R10: a 304 says nothing of what came after it was asked for") {
  for (const Event event : kEvents) {
    CAPTURE(event);
    Race race(Cause::kRefresh);
    race.happen(event);
    CHECK(race.f.answer(race.lease, 304).action == Action::kRetry);
    race.require_over();
  }
}

TEST_CASE("R10: a late refusal does not end a session that was begun anew") {
  Fixture f;
  const LeaseId lease = f.begin(cookie("c"));
  f.forget(cookie("c"));  // a login went past
  f.hold(cookie("c"), kNew);
  CHECK(f.answer(lease, 401).action == Action::kRetry);
  CHECK(f.check(cookie("c")).body == kNew);
}

TEST_CASE("R10, R12: a refusal that was asked for before a login is not remembered after it") {
  Fixture f;
  const LeaseId lease = f.begin(cookie("c"));
  f.forget_refusal(cookie("c"));  // something went past that may have been a login
  f.answer(lease, 401);
  CHECK(f.check(cookie("c")).action == Action::kFetch);
}

TEST_CASE("R10: followers of a fill that was overtaken look anew, and one of them asks") {
  for (const Event event : {Event::kForget, Event::kInvalidateUser}) {
    CAPTURE(event);
    Race race(Cause::kMiss);
    race.f.join(race.session, race.lease);
    race.f.join(race.session, race.lease);
    race.happen(event);
    race.f.fill(race.lease, kOld);
    const Decision next = race.f.check_again(race.session, race.lease);
    REQUIRE(next.action == Action::kFetch);
    CHECK(race.f.check_again(race.session, race.lease).action == Action::kWait);
    race.f.fill(next.lease, kNew);
    CHECK(race.f.check_again(race.session, next.lease).body == kNew);
  }
}

TEST_CASE("R10: followers do not get an answer that was overtaken after it came") {
  for (const bool is_kept : {true, false}) {
    for (const Event event : kEvents) {
      CAPTURE(is_kept, event);
      Race race(Cause::kMiss);
      race.f.join(race.session, race.lease);
      race.f.fill(race.lease, kOld, {.cache_control = is_kept ? "" : "no-store"});
      race.happen(event);
      const Decision decision = race.f.check_again(race.session, race.lease);
      CHECK(decision.body != kOld);
    }
  }
}

TEST_CASE("R10: a session that changes hands while a write is under way is nobody else's") {
  Fixture f;
  f.hold(cookie("c"), document("7", "Ada"));
  const WriteId write = f.begin_write(cookie("c"));
  f.forget(cookie("c"));
  f.hold(cookie("c"), document("8", "Eve"));
  f.end_write(write, cookie("c"), 200, document("7", "Ada Lovelace"));
  const Decision decision = f.check(cookie("c"));
  CHECK(decision.body.find("Ada") == std::string::npos);
}

TEST_CASE(
    "R10: a session that a refresh finds in other hands keeps no answer of the write before") {
  Fixture f;
  f.hold(cookie("c"), document("7", "Ada"));
  f.hold(bearer("ada"), document("7", "Ada"));
  f.hold(bearer("eve"), document("8", "Eve"));
  const WriteId write = f.begin_write(cookie("c"));
  f.fill(f.check_fresh(cookie("c")).lease, document("8", "Eve"));
  f.end_write(write, cookie("c"), 200, document("7", "Ada Lovelace"));
  // Whichever of the two was written: nothing of before is served to either.
  for (const Request& request : {cookie("c"), bearer("ada"), bearer("eve")}) {
    CHECK(f.check(request).action == Action::kFetch);
  }
}

TEST_CASE("R10: a write that began before a login replaces nothing after it") {
  Fixture f;
  f.hold(cookie("c"), kOld);
  const WriteId write = f.begin_write(cookie("c"));
  f.forget(cookie("c"));
  f.hold(cookie("c"), kNew);
  CHECK(f.end_write(write, cookie("c"), 200, kOld).action == Action::kFetch);
  CHECK(f.check(cookie("c")).action == Action::kWait);
}

TEST_CASE("R10, R12: a refusal that a write met after a revoke is not cleared into a session") {
  Fixture f;
  const WriteId write = f.begin_write(cookie("c"));
  f.revoke(cookie("c"));
  f.answer(f.end_write(write, cookie("c"), 200, "{}").lease, 401);
  f.forget_refusal(cookie("c"));
  CHECK(f.check(cookie("c")).action == Action::kRefuse);
}

TEST_CASE("R10: a write that ends after its session was revoked leaves nothing that serves it") {
  Fixture f;
  const bool is_held = GENERATE(true, false);
  if (is_held) f.hold(bearer("t"), kOld);
  const WriteId write = f.begin_write(bearer("t"));
  f.revoke(bearer("t"));
  const Decision decision = f.end_write(write, bearer("t"), 200, "{}");
  if (decision.action == Action::kFetch) f.fill(decision.lease, kNew);
  CHECK(f.check(bearer("t")).action == Action::kRefuse);
  // The tombstone may be pushed out once nothing late can arrive; the origin decides then.
  f.pass(11 * kSecond);
  for (int i = 0; i < 2000; ++i) f.revoke(bearer("u" + std::to_string(i)));
  const Decision later = f.check(bearer("t"));
  CHECK(later.action != Action::kServe);
  CHECK(later.body.empty());
}

}  // namespace
}  // namespace sesame::testing
