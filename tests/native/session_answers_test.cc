// What a decision tells beside what to do: whose document it is, whether it is kept, and why it was
// decided so. The shell asks for none of that again.
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codec/body_codec.h"
#include "store/segment_store.h"
#include "support.h"

namespace sesame::testing {
namespace {

// Stores every document back to front, and counts how often one is read.
class MirrorCodec final : public BodyCodec {
 public:
  explicit MirrorCodec(int* decodes) : decodes_(decodes) {}

  Encoded encode(Bytes document, std::uint64_t, std::span<char> out) override {
    std::reverse_copy(document.begin(), document.end(), out.begin());
    return {kMirror, document.size()};
  }
  std::size_t decode(ShapeId, Bytes encoded, std::span<char> out) const override {
    ++*decodes_;
    std::reverse_copy(encoded.begin(), encoded.end(), out.begin());
    return encoded.size();
  }
  void retain(ShapeId) override {}
  void release(ShapeId) override {}
  std::size_t used_bytes() const override { return 0; }
  std::size_t budget_bytes() const override { return 0; }
  std::uint32_t shape_limit() const override { return kMirror + 1; }
  std::size_t saved_bytes(ShapeId) const override { return 0; }
  void save_shape(ShapeId, std::span<char>) const override {}
  bool load_shape(ShapeId, Bytes) override { return false; }
  void clear() override {}

 private:
  static constexpr ShapeId kMirror = 1;
  int* decodes_;
};

std::unique_ptr<Store> mirror_store(int* decodes) {
  return SegmentStore::create({.budget_bytes = 256u << 10}, std::make_unique<MirrorCodec>(decodes));
}

const Request kSession = cookie("a");
const std::string kAda = document("7");

TEST_CASE("R7: a fill reads no stored document, and tells whose it is and that it is kept") {
  int decodes = 0;
  Fixture f(test_config(), mirror_store(&decodes));
  const Decision filled = f.fill(f.begin(kSession), kAda, {.etag = "\"1\""});
  CHECK(filled.is_kept);
  CHECK(filled.user == f.user_key(R"("7")"));
  CHECK(filled.body == kAda);
  CHECK(decodes == 0);

  f.pass(31 * kMinute);
  const LeaseId refresh = f.begin_refresh(kSession);
  CHECK(decodes == 1);  // the stale answer
  CHECK(f.fill(refresh, document("7", "Grace")).user == f.user_key(R"("7")"));
  CHECK(decodes == 1);
}

TEST_CASE("R7, R22: a fill after an event of its user reads the older document once") {
  int decodes = 0;
  Fixture f(test_config(), mirror_store(&decodes));
  f.hold(kSession, kAda);
  REQUIRE(f.revoke_user(R"("8")") == Status::kOk);
  const LeaseId lease = f.check_fresh(kSession).lease;
  decodes = 0;
  CHECK(f.fill(lease, kAda).is_kept);
  CHECK(decodes <= 1);
}

TEST_CASE("R15: a 304 reads the document once, and tells whose it is") {
  int decodes = 0;
  Fixture f(test_config(), mirror_store(&decodes));
  f.hold(kSession, kAda, {.etag = "\"1\""});
  f.pass(31 * kMinute);
  const LeaseId lease = f.begin_refresh(kSession);
  decodes = 0;
  const Decision confirmed = f.answer(lease, 304, "", {.etag = "\"1\""});
  CHECK(confirmed.body == kAda);
  CHECK(confirmed.is_kept);
  CHECK(confirmed.user == f.user_key(R"("7")"));
  CHECK(decodes == 1);
}

TEST_CASE("R15: what may not be kept is told of its user, and that it is not kept") {
  Fixture f;
  const LeaseId lease = f.begin(kSession);
  f.join(kSession, lease);
  const Decision filled = f.fill(lease, kAda, {.cache_control = "no-store"});
  CHECK_FALSE(filled.is_kept);
  CHECK(filled.user == f.user_key(R"("7")"));
  const Decision followed = f.check_again(kSession, lease);
  CHECK(followed.body == kAda);
  CHECK_FALSE(followed.is_kept);
}

TEST_CASE("R5: a hit is kept, and does not read the document for its user") {
  Fixture f;
  f.hold(kSession, kAda);
  const Decision hit = f.check(kSession);
  CHECK(hit.is_kept);
  CHECK_FALSE(hit.user);
}

TEST_CASE("R13: a failed fill that serves what is held says so") {
  Fixture f;
  f.hold(kSession, kAda);
  f.pass(61 * kMinute);
  const Decision failed = f.fail(f.begin(kSession));
  CHECK(failed.action == Action::kServeStale);
  CHECK(failed.is_kept);
  CHECK(failed.reason == Reason::kOriginFailed);
}

TEST_CASE("R22: a write tells whom it concerns, and gives the new document if it is kept") {
  Fixture f;
  f.hold(kSession, kAda);
  const Decision written = f.write(kSession, document("7", "Grace"));
  CHECK(written.action == Action::kPass);
  CHECK(written.is_kept);
  CHECK(written.body == document("7", "Grace"));
  CHECK(written.expires_at == f.check(kSession).expires_at);
  CHECK(f.concerned() == std::vector{f.user_key(R"("7")")});
}

TEST_CASE("R22: a write concerns who was held before it and after it, not who is named by it") {
  Fixture f;
  f.hold(kSession, document("1"));
  const WriteId write = f.begin_write(kSession);
  f.forget(kSession);
  f.hold(kSession, document("3"));
  const Decision ended = f.end_write(write, kSession, 200, document("2"));
  CHECK_FALSE(ended.is_kept);
  CHECK(f.concerned() == std::vector{f.user_key(R"("1")"), f.user_key(R"("3")")});
  // Whether the origin has written user 2, it is asked.
  CHECK(ended.action == Action::kFetch);
  CHECK(f.fill(ended.lease, document("2")).user == f.user_key(R"("2")"));
}

TEST_CASE(
    "R22: a write that failed concerns nobody, and one without an answer who may be written") {
  Fixture f;
  f.hold(kSession, kAda);
  f.end_write(f.begin_write(kSession), kSession, 422, document("8"));
  CHECK(f.concerned().empty());
  f.end_write(f.begin_write(kSession), kSession, 0, "");
  CHECK(f.concerned() == std::vector{f.user_key(R"("7")")});
}

TEST_CASE("R4, R22: an update reaches its own tenant's sessions, and drops those of the others") {
  Fixture f;
  const Request mine = of_tenant("one", cookie("a"));
  const Request other = of_tenant("one", cookie("b"));
  const Request elsewhere = of_tenant("two", cookie("a"));
  for (const Request& request : {mine, other, elsewhere}) f.hold(request, kAda);
  const std::string grace = document("7", "Grace");
  f.write(mine, grace);
  for (const Request& request : {mine, other}) {
    const Decision served = f.check(request);
    CHECK(served.action == Action::kServe);
    CHECK(served.body == grace);
  }
  // Its own variant of the document may be another one.
  const Decision asked = f.check(elsewhere);
  CHECK(asked.action == Action::kFetch);
  CHECK(asked.reason == Reason::kChanged);
  CHECK(f.fill(asked.lease, document("7", "Hopper")).is_kept);
  CHECK(f.check(mine).body == grace);

  f.write(elsewhere, document("7", "Lovelace"));
  CHECK(f.check(elsewhere).body == document("7", "Lovelace"));
  CHECK(f.check(mine).action == Action::kFetch);
}

TEST_CASE("R4, R22: after a write of an unknown user that user's sessions of every tenant ask") {
  Fixture f;
  const Request other = of_tenant("one", cookie("b"));
  const Request elsewhere = of_tenant("two", cookie("b"));
  f.hold(other, kAda);
  f.hold(elsewhere, kAda);
  const Request writer = of_tenant("one", cookie("new"));
  const Decision asked = f.write(writer, "");
  REQUIRE(asked.action == Action::kFetch);
  CHECK(asked.reason == Reason::kUnknownWriter);
  f.fill(asked.lease, document("7", "Grace"));
  CHECK(f.check(writer).body == document("7", "Grace"));
  CHECK(f.check(other).action == Action::kFetch);
  CHECK(f.check(elsewhere).action == Action::kFetch);
}

TEST_CASE("R4, R23: what happens to a user reaches the user's sessions of every tenant") {
  Fixture f;
  const Request sessions[] = {of_tenant("one", cookie("a")), of_tenant("two", cookie("a")),
                              cookie("a")};
  for (const Request& request : sessions) f.hold(request, kAda);
  REQUIRE(f.invalidate_user(R"("7")") == Status::kOk);
  for (const Request& request : sessions) f.hold(request, kAda);
  REQUIRE(f.revoke_user(R"("7")") == Status::kOk);
  for (const Request& request : sessions) {
    CHECK(f.check(request).action == Action::kRefuse);
    CHECK(f.check(request).reason == Reason::kTombstone);
  }
}

TEST_CASE("R4: a user's key is the same for every tenant, a session's is not") {
  const KeyMaker keys(kSecret);
  CHECK(keys.make_user("n7") == keys.make("", KeyKind::kUser, "", "n7"));
  const Key user = keys.make_user("n7");
  CHECK(keys.make_replacement("one", user, "{}") != keys.make_replacement("two", user, "{}"));
  CHECK(keys.make_replacement("one", user, "{}") != keys.make_replacement("one", user, "{ }"));
  CHECK(keys.make_replacement("one", user, "{}") != user);
}

TEST_CASE("R70: an origin call is counted when the origin is asked, not when a lease begins") {
  Fixture f;
  f.set_asks_at_once(false);
  const LeaseId lease = f.begin(kSession);
  CHECK(f.metrics().origin_miss == 0);
  CHECK(f.cache().ask_origin(lease, f.now()));
  CHECK(f.metrics().origin_miss == 1);
  f.join(kSession, lease);  // so that it is there after its end
  f.fill(lease, kAda);
  CHECK_FALSE(f.cache().ask_origin(lease, f.now()));
  CHECK(f.metrics().origin_miss == 1);
}

TEST_CASE("R9, R10: a lease that is over is not one to ask the origin under") {
  Fixture f;
  f.set_asks_at_once(false);
  const LeaseId ended = f.begin(kSession);
  f.revoke(kSession);
  CHECK_FALSE(f.cache().ask_origin(ended, f.now()));
  const LeaseId late = f.begin(cookie("b"));
  f.pass(10 * kSecond);
  CHECK_FALSE(f.cache().ask_origin(late, f.now()));
  CHECK(f.metrics().takeovers == 1);
  CHECK(f.metrics().origin_miss == 0);
  CHECK_FALSE(f.cache().ask_origin(0, f.now()));
}

TEST_CASE("R71: a decision says why: what is held, and how old it is") {
  Fixture f;
  const Decision asked = f.check(kSession);
  CHECK(asked.reason == Reason::kAbsent);
  CHECK(f.check(kSession).reason == Reason::kLeaseBusy);
  CHECK(f.fill(asked.lease, kAda).reason == Reason::kAbsent);
  CHECK(f.check_again(kSession, asked.lease).reason == Reason::kFollowed);
  CHECK(f.check(kSession).reason == Reason::kFresh);
  CHECK(f.check_fresh(kSession).reason == Reason::kInsisted);
  f.cache().trust_from(f.now() + 1);
  CHECK(f.check(kSession, {.peek = true}).reason == Reason::kDistrusted);
  f.cache().trust_from(0);
  f.pass(31 * kMinute);
  CHECK(f.check(kSession).reason == Reason::kStale);
  f.pass(30 * kMinute);
  CHECK(f.check(kSession).reason == Reason::kExpired);
  f.pass(10 * kMinute);
  CHECK(f.check(kSession, {.peek = true}).action == Action::kRetry);
}

TEST_CASE("R71: a decision says why: what happened to the session and its user") {
  Fixture f;
  f.hold(kSession, kAda);
  REQUIRE(f.invalidate_user(R"("7")") == Status::kOk);
  const Decision asked = f.check(kSession);
  CHECK(asked.reason == Reason::kChanged);
  CHECK(f.fill(asked.lease, kAda).reason == Reason::kChanged);
  REQUIRE(f.revoke_user(R"("7")") == Status::kOk);
  CHECK(f.check(kSession).reason == Reason::kRevoked);
  CHECK(f.check(kSession).reason == Reason::kTombstone);
  const Request refused = cookie("refused");
  f.answer(f.begin(refused), 401);
  CHECK(f.check(refused).reason == Reason::kNegative);
  const Request overtaken = cookie("overtaken");
  const LeaseId lease = f.begin(overtaken);
  f.revoke(overtaken);
  CHECK(f.fill(lease, kAda).reason == Reason::kOvertaken);
  const Request limited = cookie("limited");
  f.hold(limited, document("9"));
  f.invalidate_user(R"("9")");
  CHECK(f.fail(f.begin(limited), 429, 5 * kSecond).reason == Reason::kOriginFailed);
  CHECK(f.check(limited).reason == Reason::kBackoff);
}

TEST_CASE("R71: a decision says why: what is wrong with the credential") {
  Fixture f;
  const auto reason = [&](const std::string& cookies, const std::string& authorization) {
    return f.check({"", cookies, authorization}).reason;
  };
  CHECK(reason("", "") == Reason::kAnonymous);
  CHECK(reason("theme=dark", "") == Reason::kAnonymous);
  CHECK(reason("session=a\x01", "") == Reason::kMalformedHeader);
  CHECK(reason("session=\"a", "") == Reason::kMalformedHeader);
  CHECK(reason("session=a; session=b", "") == Reason::kCookiesDiffer);
  CHECK(reason("session=a; session=", "") == Reason::kCookiesDiffer);
  CHECK(reason("session=a; __Host-session=a", "") == Reason::kCookiesDiffer);
  CHECK(reason("", "Basic YTpi") == Reason::kAuthorization);
  CHECK(reason("session=a", "Bearer b") == Reason::kCookieAndAuthorization);
  CHECK(reason("session=" + std::string(3000, 'a'), "") == Reason::kTooLarge);
}

TEST_CASE("R71: a decision says why: no lease is left") {
  Fixture f;
  Decision last = f.check(cookie("first"));
  for (int i = 0; i < 20'000 && last.action != Action::kPass; ++i) {
    last = f.check(cookie("s" + std::to_string(i)));
  }
  REQUIRE(last.action == Action::kPass);
  CHECK(last.reason == Reason::kNoLease);
}

TEST_CASE("R20, R71: a managed cookie that no session has is told by name") {
  Config config = test_config();
  config.is_managed = true;
  config.memory_bytes = 2u << 20;
  Fixture f(config);
  CHECK(f.check(kSession).reason == Reason::kUnknownSession);
}

}  // namespace
}  // namespace sesame::testing
