// Reading: who is asked for, and what is answered from what is held.
#include <string>
#include <vector>

#include "support.h"

namespace sesame::testing {
namespace {

TEST_CASE("R1: no credential is anonymous: the origin is asked and nothing is kept") {
  Fixture f;
  for (int i = 0; i < 2; ++i) {
    const Decision decision = f.check({});
    CHECK(decision.action == Action::kPass);
    CHECK(decision.credential == CredentialKind::kAnonymous);
    CHECK(decision.lease == 0);
  }
  CHECK(f.cache().store().entries() == 0);
  CHECK(f.cache().leases_in_use() == 0);
  CHECK(f.metrics().bypass == 2);
}

TEST_CASE("R1: what is ambiguous is passed untouched: nothing stored, nothing served") {
  Fixture f;
  f.hold(cookie("a"), document("7"));
  f.hold(bearer("a"), document("7"));
  const std::vector<Request> ambiguous = {
      {"", "session=a; session=b", ""}, {"", "session=a; __Host-session=a", ""},
      {"", "session=a", "Bearer a"},    {"", "session=a\x01", ""},
      {"", "", "Basic YTpi"},           {"", "", "Bearer "},
      {"", "session=a", "Basic YTpi"},
  };
  const std::size_t entries = f.cache().store().entries();
  for (const Request& request : ambiguous) {
    CAPTURE(request.cookie, request.authorization);
    for (const CheckOptions& options : {CheckOptions{}, CheckOptions{.fresh = true}}) {
      const Decision decision = f.check(request, options);
      CHECK(decision.action == Action::kPass);
      CHECK(decision.credential == CredentialKind::kAmbiguous);
      CHECK(decision.lease == 0);
      CHECK(decision.body.empty());
    }
    CHECK(f.begin_write(request) == 0);
  }
  CHECK(f.cache().store().entries() == entries);
  CHECK(f.cache().leases_in_use() == 0);
  CHECK(f.check(cookie("a")).action == Action::kServe);
  CHECK(f.check(bearer("a")).action == Action::kServe);
}

TEST_CASE("R1: the same cookie twice is one credential, wherever it stands among others") {
  Fixture f;
  f.hold(cookie("a"), document("7"));
  CHECK(f.check({"", "theme=dark; session=a; lang=ar; session=a", ""}).action == Action::kServe);
}

TEST_CASE("R3: a credential finds its own document and no other's") {
  Fixture f;
  f.hold(bearer("one"), document("1", "One"));
  f.hold(bearer("two"), document("2", "Two"));
  f.hold(cookie("one"), document("3", "Three"));
  CHECK(f.check(bearer("one")).body == document("1", "One"));
  CHECK(f.check(bearer("two")).body == document("2", "Two"));
  CHECK(f.check(cookie("one")).body == document("3", "Three"));
  CHECK(f.check(bearer("three")).action == Action::kFetch);
  CHECK(f.check(bearer("ONE")).action == Action::kFetch);
}

TEST_CASE("R4: two tenants never see each other's entries, refusals and revocations") {
  Fixture f;
  const Request here = of_tenant("a.example", cookie("t"));
  const Request there = of_tenant("b.example", cookie("t"));
  f.hold(here, document("7", "Here"));
  const LeaseId lease = f.begin(there);
  f.fill(lease, document("7", "There"));
  CHECK(f.check(here).body == document("7", "Here"));
  CHECK(f.check(there).body == document("7", "There"));

  f.revoke(here);
  CHECK(f.check(here).action == Action::kRefuse);
  CHECK(f.check(there).action == Action::kServe);
  f.revoke(of_tenant("c.example", cookie("t")));
  CHECK(f.check(there).action == Action::kServe);
}

TEST_CASE(
    "R4, R8: a credential that is ended for no tenant in particular is ended for every tenant") {
  Fixture f;
  const Request here = of_tenant("a.example", cookie("t"));
  const Request other = of_tenant("a.example", cookie("u"));
  f.hold(here, document("7"));
  f.hold(other, document("8"));
  f.revoke(cookie("t"));
  CHECK(f.check(here).action == Action::kRefuse);
  CHECK(f.check(of_tenant("b.example", cookie("t"))).action == Action::kRefuse);
  CHECK(f.check(other).action == Action::kServe);
  // A sign-in has just set it anew.
  f.begin_anew(here);
  CHECK(f.check(here).action == Action::kFetch);
}

TEST_CASE("R4, R10: a credential that is dropped for every tenant is asked about by each of them") {
  Fixture f;
  const Request here = of_tenant("a.example", cookie("t"));
  const Request there = of_tenant("b.example", cookie("t"));
  f.hold(here, document("7", "Here"));
  const LeaseId lease = f.begin(there);
  const Key key = f.cache().session_name(cookie("t").head())->key;
  f.cache().apply(RemoteEvent::kUserChanged, key, f.now());
  CHECK(f.check(here).action == Action::kFetch);
  // What was asked before it is not served after it.
  f.fill(lease, document("7", "There"));
  CHECK(f.check(there).action == Action::kFetch);
}

TEST_CASE("R5: a fresh document is answered on the node, with no I/O of any kind") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.pass(30 * kMinute - 1);
  const Decision decision = f.check(bearer("t"));
  CHECK(decision.action == Action::kServe);
  CHECK(decision.source == Source::kFresh);
  CHECK(decision.http_status == 200);
  CHECK(decision.lease == 0);
  CHECK(decision.credential == CredentialKind::kBearer);
  CHECK(decision.expires_at == kStart + 30 * kDay);
  CHECK(f.cache().leases_in_use() == 0);
}

TEST_CASE("R6: a stale document is answered at once, with exactly one refresh behind it") {
  Fixture f;
  f.hold(bearer("t"), document("7", "Old"));
  f.pass(30 * kMinute);
  const LeaseId lease = f.begin_refresh(bearer("t"));
  for (int i = 0; i < 5; ++i) {
    const Decision decision = f.check(bearer("t"));
    CHECK(decision.action == Action::kServeStale);
    CHECK(decision.source == Source::kStale);
    CHECK(decision.lease == 0);
    CHECK(decision.body == document("7", "Old"));
  }
  CHECK(f.metrics().origin_refresh == 1);
  CHECK(f.fill(lease, document("7", "New")).action == Action::kServe);
  const Decision decision = f.check(bearer("t"));
  CHECK(decision.action == Action::kServe);
  CHECK(decision.body == document("7", "New"));
}

TEST_CASE("R6: a refresh that never ends gives way to one other after leaseFor") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.pass(30 * kMinute);
  const LeaseId lost = f.begin_refresh(bearer("t"));
  f.pass(10 * kSecond - 1);
  CHECK(f.check(bearer("t")).lease == 0);
  f.pass(1);
  const LeaseId next = f.begin_refresh(bearer("t"));
  CHECK(next != lost);
  CHECK(f.check(bearer("t")).lease == 0);
  CHECK(f.metrics().origin_refresh == 2);
  CHECK(f.metrics().takeovers == 1);
}

TEST_CASE("R6: past keepFor a document is not served before the origin was asked") {
  Fixture f;
  f.hold(bearer("t"), document("7"));
  f.pass(60 * kMinute - 1);
  f.cache().release(f.begin_refresh(bearer("t")));
  f.pass(1);
  const Decision decision = f.check(bearer("t"));
  CHECK(decision.action == Action::kFetch);
  CHECK(decision.body.empty());
}

TEST_CASE("R7: a missing document costs one origin call, and its bytes come back as they were") {
  Fixture f;
  const std::vector<std::string> documents = {
      R"({})",
      " \t\r\n{ \"id\" : \"7\" ,\n\"n\":1.50E+02 }\n\n",
      R"({"id":"7","id":"8","\u0069d":"9"})",
      "{\"id\":\"7\",\"name\":\"\xd9\x85\xd8\xad\xd9\x85\xd8\xaf\",\"half\":\"\\ud800\"}",
      R"({"id":123456789012345678901234567890,"e":1e999,"z":-0.0})",
      R"({"a":[[[{}]]],"s":"\/\b\f\n\r\t\u0000"})",
      R"({"pad":")" + std::string(8000, 'x') + R"("})",
  };
  for (const std::string& body : documents) {
    CAPTURE(body);
    const Request request = bearer("t" + std::to_string(body.size()));
    const Decision first = f.fill(f.begin(request), body, {.etag = "\"v1\""});
    CHECK(first.action == Action::kServe);
    CHECK(first.source == Source::kOrigin);
    CHECK(first.body == body);
    const Decision second = f.check(request);
    CHECK(second.action == Action::kServe);
    CHECK(second.body == body);
    CHECK(second.meta == "\"v1\"");
  }
  CHECK(f.metrics().origin_miss == documents.size());
}

TEST_CASE("R44: a header over its limit is too large, one at it is not") {
  Fixture f;
  const std::size_t limit = test_config().max_credential_bytes;
  const std::string at_limit(limit - std::string("Bearer ").size(), 'x');
  CHECK(f.check(bearer(at_limit)).action == Action::kFetch);
  CHECK(f.check(bearer(at_limit + "x")).action == Action::kTooLarge);
  CHECK(f.check({"", "a=" + std::string(limit - 1, 'x'), ""}).action == Action::kTooLarge);
  CHECK(f.check({"", "a=" + std::string(limit - 2, 'x'), ""}).action == Action::kPass);
  CHECK(f.begin_write(bearer(at_limit + "x")) == 0);
  CHECK(f.cache().store().entries() == 0);
}

TEST_CASE("R5, R6: a peek answers from what is held and begins nothing") {
  Fixture f;
  const CheckOptions peek{.peek = true};
  CHECK(f.check(bearer("t"), peek).action == Action::kRetry);
  CHECK(f.check({}, peek).action == Action::kRetry);
  CHECK(f.metrics().checks == 0);
  f.hold(bearer("t"), document("7"));
  const std::uint64_t checks = f.metrics().checks;
  CHECK(f.check(bearer("t"), peek).action == Action::kServe);
  CHECK(f.metrics().checks == checks + 1);
  CHECK(f.check(bearer("t"), {.fresh = true, .peek = true}).action == Action::kRetry);

  f.pass(30 * kMinute);
  const std::uint64_t stale = f.metrics().stale;
  CHECK(f.check(bearer("t"), peek).action == Action::kServeStale);
  CHECK(f.cache().leases_in_use() == 0);
  CHECK(f.metrics().stale == stale);
  const LeaseId lease = f.begin_refresh(bearer("t"));
  CHECK(f.check(bearer("t"), peek).action == Action::kServeStale);
  f.answer(lease, 401);
  CHECK(f.check(bearer("t"), peek).action == Action::kRefuse);
  f.revoke(bearer("u"));
  CHECK(f.check(bearer("u"), peek).action == Action::kRefuse);
}

TEST_CASE("R3, R51: chosen credentials fill the cache as any others do") {
  const auto held = [](auto token_of) {
    Fixture f;
    for (unsigned i = 0; i < 20'000; ++i) {
      const LeaseId lease = f.begin(bearer(token_of(i)));
      REQUIRE(f.fill(lease, R"({"id":7})").action == Action::kServe);
    }
    CHECK(f.cache().store().evictions() > 0);
    return f.cache().store().entries();
  };
  const auto least = held([](unsigned i) { return std::to_string(i * 2654435761u); }) * 95 / 100;
  REQUIRE(least > 1000);
  CHECK(held([](unsigned i) { return std::to_string(i); }) >= least);
  CHECK(held([](unsigned i) { return std::string(1000, 'a') + std::to_string(i); }) >= least);
  CHECK(held([](unsigned i) { return std::to_string(i) + std::string(1000, 'a'); }) >= least);
  CHECK(held([](unsigned i) {
          return std::string(i % 1500 + 1, static_cast<char>('a' + i / 1500));
        }) >= least);
}

}  // namespace
}  // namespace sesame::testing
