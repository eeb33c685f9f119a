// Writes by somebody whose document is not held: the origin tells whose session that was (SPEC
// R22).
#include <string>
#include <vector>

#include "support.h"

namespace sesame::testing {
namespace {

const std::string kOld = document("7", "Old");
const std::string kNew = document("7", "New");

class Cold : public Fixture {
 public:
  Cold() {
    hold(other, kOld);
    hold(stranger, document("8"));
  }
  // Ends a write of the cold session; the origin has to be asked whose that is.
  LeaseId write_cold(const std::string& body = "{}") {
    const Decision decision = write(mine, body);
    REQUIRE(decision.action == Action::kFetch);
    REQUIRE(decision.lease != 0);
    CHECK(decision.meta.empty());
    return decision.lease;
  }
  const Request mine = bearer("mine");
  const Request other = cookie("other");
  const Request stranger = bearer("stranger");
};

TEST_CASE("R22: a write of an unknown user asks for the document, and the others for theirs") {
  Cold f;
  f.fill(f.write_cold(), kNew, {.etag = "\"new\""});
  const Decision mine = f.check(f.mine);
  CHECK(mine.action == Action::kServe);
  CHECK(mine.body == kNew);
  CHECK(mine.meta == "\"new\"");
  CHECK(f.check(f.other).action == Action::kFetch);
  CHECK(f.check(f.stranger).action == Action::kServe);
  CHECK(f.metrics().origin_write == 1);
}

TEST_CASE("R53: what the answer to a stranger's write says counts for nothing") {
  Cold f;
  const LeaseId lease = f.write_cold(kNew);
  f.answer(lease, 401);
  CHECK(f.check(f.other).body == kOld);
  CHECK(f.check(f.other).action == Action::kServe);
  CHECK(f.check(f.stranger).action == Action::kServe);
}

TEST_CASE("R22: where the new document may not be stored, the user's documents are dropped") {
  Cold f;
  f.fill(f.write_cold(), kNew, {.cache_control = "no-store"});
  CHECK(f.check(f.other).action == Action::kFetch);
  CHECK(f.check(f.stranger).action == Action::kServe);
}

TEST_CASE("R53, R54: if it cannot be learnt whose write that was, nobody else's document ages") {
  Cold f;
  const LeaseId lease = f.write_cold();
  std::string how = GENERATE(as<std::string>(), "503", "429", "no answer", "401", "404", "302",
                             "given back", "late", "session revoked", "session forgotten",
                             "not a document", "nobody's document");
  CAPTURE(how);
  if (how == "503") f.fail(lease, 503);
  if (how == "429") f.fail(lease, 429, kMinute);
  if (how == "no answer") f.fail(lease, 0);
  if (how == "401") f.answer(lease, 401);
  if (how == "404") f.answer(lease, 404);
  if (how == "302") f.answer(lease, 302);
  if (how == "given back") f.cache().release(lease);
  if (how == "session revoked") f.revoke(f.mine);
  if (how == "session forgotten") f.forget(f.mine);
  if (how == "not a document") f.fill(lease, "[]");
  if (how == "nobody's document") f.fill(lease, R"({"name":"New"})");
  if (how == "late") {
    f.pass(10 * kSecond);
    f.fill(lease, kNew);
  }
  for (const Request& request : {f.other, f.stranger}) {
    CHECK(f.check(request).action == Action::kServe);
  }
  // His own document is what the origin has said of him since, or none.
  CHECK(f.check(f.mine).body != kOld);
}

TEST_CASE("R53: a stranger's write without an answer changes nothing") {
  Cold f;
  CHECK(f.write(cookie("made-up"), "", 0).action == Action::kPass);
  CHECK(f.concerned().empty());
  for (const Request& request : {f.other, f.stranger}) {
    CHECK(f.check(request).action == Action::kServe);
  }
}

TEST_CASE("R22: a cold session's write that another one's has overtaken drops what that has left") {
  Cold f;
  const LeaseId lease = f.write_cold();
  f.write(f.other, kNew);
  CHECK(f.check(f.other).body == kNew);
  // The origin may have applied the first one last.
  CHECK(f.fill(lease, kOld).action == Action::kRetry);
  CHECK(f.check(f.other).action == Action::kFetch);
}

TEST_CASE("R22: a second write of a session that is being asked about asks for both") {
  Cold f;
  const LeaseId first = f.write_cold();
  const LeaseId second = f.write_cold();
  CHECK(f.fill(first, kOld).action == Action::kRetry);
  CHECK(f.check(f.stranger).action == Action::kServe);
  f.fill(second, kNew);
  CHECK(f.check(f.other).action == Action::kFetch);
  CHECK(f.check(f.stranger).action == Action::kServe);
}

TEST_CASE("R53: when strangers leave no lease to ask under, a stranger's write ages nothing") {
  Cold f;
  int taken = 0;
  while (f.check(bearer("t" + std::to_string(taken))).action == Action::kFetch) ++taken;
  CHECK(f.write(f.mine, "{}").action == Action::kPass);
  CHECK(f.check(f.other).action == Action::kServe);
  CHECK(f.check(f.stranger).action == Action::kServe);
}

TEST_CASE("R22: a user who is learnt while the write is under way is the one who is updated") {
  Cold f;
  const WriteId write = f.begin_write(f.mine);
  f.hold(f.mine, kOld);
  f.end_write(write, f.mine, 200, kNew);
  CHECK(f.check(f.other).body != kOld);
  CHECK(f.check(f.mine).body != kOld);
  CHECK(f.check(f.stranger).action == Action::kServe);
}

TEST_CASE("R22: a session that a login reaches while it writes may be either user's") {
  Cold f;
  const Request changing = cookie("changing");
  f.hold(changing, document("8"));
  const WriteId write = f.begin_write(changing);
  f.forget(changing);  // a login of user 7 went past
  const Decision decision = f.end_write(write, changing, 200, "{}");
  REQUIRE(decision.action == Action::kFetch);
  f.fill(decision.lease, kNew);
  CHECK(f.check(f.other).action == Action::kFetch);
  CHECK(f.check(f.stranger).action == Action::kFetch);
}

TEST_CASE("R22: a fill of the writer's own session that began before the write ended is refused") {
  Cold f;
  const WriteId write = f.begin_write(f.mine);
  const LeaseId lease = f.begin(f.mine);
  f.join(f.mine, lease);
  const Decision decision = f.end_write(write, f.mine, 200, "{}");
  REQUIRE(decision.action == Action::kFetch);
  CHECK(f.fill(lease, kOld).action == Action::kRetry);
  CHECK(f.check_again(f.mine, lease).lease == decision.lease);
  f.fill(decision.lease, kNew);
  CHECK(f.check(f.mine).body == kNew);
}

TEST_CASE("R22: overlapping writes drop though one of the users was not known when it began") {
  for (const bool unknown_ends_first : {true, false}) {
    CAPTURE(unknown_ends_first);
    Cold f;
    const WriteId unknown = f.begin_write(f.mine);
    const WriteId known = f.begin_write(f.other);
    f.hold(f.mine, kOld);
    if (unknown_ends_first) {
      f.end_write(unknown, f.mine, 200, document("7", "First"));
      f.end_write(known, f.other, 200, document("7", "Second"));
    } else {
      f.end_write(known, f.other, 200, document("7", "First"));
      f.end_write(unknown, f.mine, 200, document("7", "Second"));
    }
    // Either may be what the origin has: neither is served.
    CHECK(f.check(f.mine).action == Action::kFetch);
    CHECK(f.check(f.other).action == Action::kFetch);
  }
}

TEST_CASE("R22: more writes at once than are tracked drop instead of replacing") {
  Fixture f;
  std::vector<WriteId> writes;
  f.hold(bearer("t"), kOld);
  while (const WriteId write = f.begin_write(bearer("t"))) writes.push_back(write);
  CHECK(writes.size() == PendingWrites::kMaxOfOne);
  CHECK(f.end_write(0, bearer("t"), 200, kNew).action == Action::kPass);
  CHECK(f.check(bearer("t")).action == Action::kFetch);
  for (const WriteId write : writes) f.end_write(write, bearer("t"), 200, kNew);
  f.fill(f.begin(bearer("t")), kOld);
  f.write(bearer("t"), kNew);
  CHECK(f.check(bearer("t")).body == kNew);
}

TEST_CASE("R22: a write's number counts once, and only for the session that began it") {
  Cold f;
  const WriteId first = f.begin_write(f.other);
  f.end_write(first, f.stranger, 422, "{}");
  f.end_write(first, f.other, 200, kNew);
  CHECK(f.check(f.other).body == kNew);

  const WriteId write = f.begin_write(f.other);
  f.end_write(write, f.stranger, 200, kNew);
  CHECK(f.check(f.stranger).body.find("New") == std::string::npos);
  f.end_write(write, f.other, 200, kNew);
  f.end_write(write, f.other, 200, document("7", "Twice"));
  CHECK(f.check(f.other).body.empty());
}

}  // namespace
}  // namespace sesame::testing
