// The contract of sesame_abi.h, call by call: what goes in and what comes out.
#include <cstdint>
#include <cstring>
#include <string>

#include "abi_host.h"

namespace sesame::testing {
namespace {

TEST_CASE("ABI: the version is the header's") { CHECK(sesame_abi_version() == SESAME_ABI_VERSION); }

TEST_CASE("ABI: a document goes in and comes out byte for byte, with what stands beside it") {
  Host host;
  const std::uint32_t lease = host.begin(bearer("t"));
  CHECK(host.result().credential == SESAME_CREDENTIAL_BEARER);
  CHECK(host.result().source == SESAME_SOURCE_NONE);
  CHECK(host.result().body_length == 0);
  CHECK(host.fill(lease, 200, document("7"), "\"etag\"", "max-age=60") == SESAME_ACTION_SERVE);
  CHECK(host.result().source == SESAME_SOURCE_ORIGIN);
  CHECK(host.body() == document("7"));
  CHECK(host.result().fresh_until_ms == kNow + 60'000);
  CHECK(host.check(bearer("t"), kNow + 59'999) == SESAME_ACTION_SERVE);
  CHECK(host.result().action == SESAME_ACTION_SERVE);
  CHECK(host.result().source == SESAME_SOURCE_FRESH);
  CHECK(host.result().http_status == 200);
  CHECK(host.result().lease == 0);
  CHECK(host.body() == document("7"));
  CHECK(host.meta() == "\"etag\"");
  CHECK(host.result().expires_at_ms == static_cast<double>(kStart + 30 * kDay));
  CHECK(host.result().fresh_until_ms == kNow + 60'000);
  CHECK(host.check(bearer("t"), kNow + 60'000) == SESAME_ACTION_SERVE_STALE);
  CHECK(host.result().fresh_until_ms == kNow + 60'000);
  CHECK(host.result().lease != 0);
}

TEST_CASE("ABI: a document that is not kept is fresh for no time") {
  Host host;
  CHECK(host.fill(host.begin(bearer("t")), 200, document("7"), "", "no-store") ==
        SESAME_ACTION_SERVE);
  CHECK(host.body() == document("7"));
  CHECK(host.result().fresh_until_ms == 0);
}

TEST_CASE("ABI: every call of the contract reaches the cache") {
  Host host;
  const std::uint32_t lease = host.begin(cookie("c"));
  CHECK(host.check(cookie("c")) == SESAME_ACTION_WAIT);
  CHECK(host.result().lease == lease);
  CHECK(host.result().deadline_ms == kNow + 10'000);
  sesame_wait_leave(host.handle(), kNow, lease);
  sesame_fill_release(host.handle(), lease);
  CHECK(host.fill(host.begin(cookie("c")), 503, "", "", "", kNow, 9'000) ==
        SESAME_ACTION_UNAVAILABLE);
  CHECK(host.result().retry_after_ms == 9'000);
  CHECK(host.fill(host.begin(cookie("c")), 401, "no", "{}") == SESAME_ACTION_REFUSE);
  CHECK(host.check(cookie("c")) == SESAME_ACTION_REFUSE);
  CHECK(host.result().source == SESAME_SOURCE_NEGATIVE);
  CHECK(host.result().http_status == 401);
  CHECK(host.body() == "no");
  host.forget(cookie("c"), 1);
  CHECK(host.fill(host.begin(cookie("c")), 404, "gone") == SESAME_ACTION_ANSWER);
  CHECK(host.result().http_status == 404);
  host.fill(host.begin(cookie("c")), 200, document("7"));

  CHECK(host.end_write(host.begin_write(cookie("c")), cookie("c"), 200, document("7", "New")) ==
        SESAME_ACTION_PASS);
  host.check(cookie("c"));
  CHECK(host.body() == document("7", "New"));
  CHECK(host.invalidate_user(R"("7")") == SESAME_STATUS_OK);
  host.fill(host.begin(cookie("c")), 200, document("7"));
  CHECK(host.revoke_user(R"("7")") == SESAME_STATUS_OK);
  CHECK(host.check(cookie("c")) == SESAME_ACTION_REFUSE);
  host.forget(cookie("c"));
  CHECK(host.check(cookie("c")) == SESAME_ACTION_REFUSE);
  host.forget(cookie("c"), 2);
  host.begin(cookie("c"));
  CHECK_FALSE(host.is_accepted(cookie("c")));
  CHECK(host.revoke(cookie("c")) == SESAME_STATUS_UNKNOWN);
  CHECK(host.check(cookie("c")) == SESAME_ACTION_FETCH);
  CHECK(host.revoke(cookie("c"), kNow, true) == SESAME_STATUS_OK);
  CHECK(host.check(cookie("c")) == SESAME_ACTION_REFUSE);
  host.fill(host.begin(cookie("d")), 200, document("7"));
  CHECK(host.is_accepted(cookie("d")));
  CHECK(host.check({}) == SESAME_ACTION_PASS);
  CHECK(host.result().credential == SESAME_CREDENTIAL_ANONYMOUS);
  sesame_count_passed(host.handle());
  CHECK(host.metrics().origin_bypass == 1);
}

TEST_CASE("ABI: flags mean what they say, others nothing") {
  Host host;
  host.fill(host.begin(bearer("t")), 200, document("7"));
  const std::uint64_t checks = host.metrics().checks;
  CHECK(host.check(bearer("t"), kNow, 0, SESAME_CHECK_AGAIN) == SESAME_ACTION_SERVE);
  CHECK(host.metrics().checks == checks);
  CHECK(host.check(bearer("t"), kNow, 0, SESAME_CHECK_FRESH | SESAME_CHECK_PEEK) ==
        SESAME_ACTION_RETRY);
  CHECK(host.check(bearer("t"), kNow, 0, 0xfffffff8) == SESAME_ACTION_SERVE);
  CHECK(host.check(bearer("t"), kNow, 0, SESAME_CHECK_FRESH) == SESAME_ACTION_FETCH);
}

TEST_CASE(
    "ABI: the output's address never changes, and what a check answers does not lie in the input") {
  Host host;
  const sesame_result* output = sesame_output(host.handle());
  const std::uint8_t* input = sesame_input(host.handle());
  host.fill(host.begin(bearer("t")), 200, document("7"), "\"etag\"");
  host.check(bearer("t"));
  std::memset(sesame_input(host.handle()), '!', sesame_input_capacity(host.handle()));
  CHECK(host.body() == document("7"));
  CHECK(host.meta() == "\"etag\"");
  CHECK(sesame_output(host.handle()) == output);
  CHECK(sesame_input(host.handle()) == input);
}

TEST_CASE("ABI: nothing of the input is needed after the call") {
  Host host;
  const Request request = of_tenant("a-tenant-with-a-long-name.example", bearer("t"));
  const std::uint32_t lease = host.begin(request);
  host.check(request);
  std::memset(sesame_input(host.handle()), '!', sesame_input_capacity(host.handle()));
  host.fill(lease, 200, document("7"), "meta", "no-store");
  std::memset(sesame_input(host.handle()), '!', sesame_input_capacity(host.handle()));
  CHECK(host.check(request, kNow, lease) == SESAME_ACTION_SERVE);
  CHECK(host.body() == document("7"));
  CHECK(host.meta() == "meta");
}

TEST_CASE("ABI: two caches share nothing") {
  Host one;
  Host other;
  one.fill(one.begin(bearer("t")), 200, document("7"));
  CHECK(other.check(bearer("t")) == SESAME_ACTION_FETCH);
  other.revoke(bearer("t"));
  CHECK(one.check(bearer("t")) == SESAME_ACTION_SERVE);
}

}  // namespace
}  // namespace sesame::testing
