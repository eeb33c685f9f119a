// The contract of sesame_abi.h, call by call: what goes in, what comes out, and what is refused.
#include "sesame_abi.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include "cache_handle.h"
#include "support.h"

namespace sesame::testing {
namespace {

constexpr double kNow = static_cast<double>(kStart);

// A host of one cache: writes the input, reads the output.
class Host {
 public:
  explicit Host(const Config& config = small_config()) : handle_(config, kSecret) {}

  sesame_cache* handle() { return &handle_; }
  const sesame_result& result() { return *sesame_output(&handle_); }
  const Metrics& metrics() const { return handle_.cache.metrics(); }
  std::string body() { return {result().body, result().body_length}; }
  std::string meta() { return {result().meta, result().meta_length}; }

  void put(std::initializer_list<std::string> fields) {
    std::uint8_t* to = sesame_input(&handle_);
    for (const std::string& field : fields) {
      to = std::copy(field.begin(), field.end(), to);
    }
  }
  std::uint32_t check(const Request& request, double now = kNow, std::uint32_t waited = 0,
                      std::uint32_t flags = 0) {
    put({request.tenant, request.cookie, request.authorization});
    return sesame_check(&handle_, now, length(request.tenant), length(request.cookie),
                        length(request.authorization), waited, flags);
  }
  std::uint32_t begin(const Request& request) {
    REQUIRE(check(request) == SESAME_ACTION_FETCH);
    return result().lease;
  }
  std::uint32_t fill(std::uint32_t lease, std::uint32_t status, const std::string& body,
                     const std::string& meta = "", const std::string& cache_control = "",
                     double now = kNow, double retry_after = 0) {
    put({cache_control, meta, body});
    return sesame_fill_complete(&handle_, now, lease, status, retry_after, length(cache_control),
                                length(meta), length(body));
  }
  std::uint32_t begin_write(const Request& request, double now = kNow) {
    put({request.tenant, request.cookie, request.authorization});
    return sesame_write_begin(&handle_, now, length(request.tenant), length(request.cookie),
                              length(request.authorization));
  }
  std::uint32_t end_write(std::uint32_t write, const Request& request, std::uint32_t status,
                          const std::string& body, double now = kNow) {
    put({request.tenant, request.cookie, request.authorization, body});
    return sesame_write_complete(&handle_, now, write, status, 1, length(request.tenant),
                                 length(request.cookie), length(request.authorization),
                                 length(body));
  }
  void forget(const Request& request, bool only_refusal = false) {
    put({request.tenant, request.cookie, request.authorization});
    sesame_session_forget(&handle_, length(request.tenant), length(request.cookie),
                          length(request.authorization), only_refusal ? 1 : 0);
  }
  void revoke(const Request& request, double now = kNow) {
    put({request.tenant, request.cookie, request.authorization});
    sesame_session_revoke(&handle_, now, length(request.tenant), length(request.cookie),
                          length(request.authorization));
  }
  std::uint32_t invalidate_user(const std::string& id, double now = kNow) {
    put({id});
    return sesame_user_invalidate(&handle_, now, 0, length(id));
  }
  std::uint32_t revoke_user(const std::string& id, double now = kNow) {
    put({id});
    return sesame_user_revoke(&handle_, now, 0, length(id));
  }

  static std::uint32_t length(const std::string& text) {
    return static_cast<std::uint32_t>(text.size());
  }

 private:
  sesame_cache handle_;
};

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
  CHECK(host.check(bearer("t"), kNow + 59'999) == SESAME_ACTION_SERVE);
  CHECK(host.result().action == SESAME_ACTION_SERVE);
  CHECK(host.result().source == SESAME_SOURCE_FRESH);
  CHECK(host.result().http_status == 200);
  CHECK(host.result().lease == 0);
  CHECK(host.body() == document("7"));
  CHECK(host.meta() == "\"etag\"");
  CHECK(host.result().expires_at_ms == static_cast<double>(kStart + 30 * kDay));
  CHECK(host.check(bearer("t"), kNow + 60'000) == SESAME_ACTION_SERVE_STALE);
  CHECK(host.result().lease != 0);
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
  host.forget(cookie("c"), true);
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
  host.begin(cookie("c"));
  host.revoke(cookie("c"));
  CHECK(host.check(cookie("c")) == SESAME_ACTION_REFUSE);
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

TEST_CASE("ABI: what is longer than the input region is refused and never read") {
  Host host;
  const std::uint32_t capacity = sesame_input_capacity(host.handle());
  sesame_cache* cache = host.handle();
  const std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
  host.fill(host.begin(bearer("t")), 200, document("7"));
  const std::vector<std::vector<std::uint32_t>> lengths = {
      {capacity + 1, 0, 0}, {0, capacity + 1, 0}, {0, 0, capacity + 1}, {capacity, 1, 0},
      {capacity, 0, 1},     {1, capacity, 0},     {most, 0, 0},         {most, 1, 0},
      {1, most, most},      {capacity, most, 2},  {most, most, most}};
  for (const auto& each : lengths) {
    CAPTURE(each);
    CHECK(sesame_check(cache, kNow, each[0], each[1], each[2], 0, 0) == SESAME_ACTION_TOO_LARGE);
    CHECK(host.result().action == SESAME_ACTION_TOO_LARGE);
    CHECK(host.result().body_length == 0);
    CHECK(sesame_write_begin(cache, kNow, each[0], each[1], each[2]) == 0);
    CHECK(sesame_write_complete(cache, kNow, 1, 200, 1, each[0], each[1], each[2], 0) ==
          SESAME_ACTION_TOO_LARGE);
    sesame_session_forget(cache, each[0], each[1], each[2], 0);
    sesame_session_revoke(cache, kNow, each[0], each[1], each[2]);
    CHECK(sesame_session_authorize(cache, kNow, each[0], each[1], 0, each[2], 0) ==
          SESAME_ACTION_TOO_LARGE);
    CHECK(sesame_session_begin(cache, kNow, 0, 0, each[0], each[1], 0, 0, 0, 0, each[2]) ==
          SESAME_ACTION_TOO_LARGE);
  }
  CHECK(sesame_user_invalidate(cache, kNow, 0, capacity + 1) == SESAME_STATUS_TOO_LARGE);
  CHECK(sesame_user_revoke(cache, kNow, most, 1) == SESAME_STATUS_TOO_LARGE);
  CHECK(host.check(bearer("t")) == SESAME_ACTION_SERVE);
}

TEST_CASE("ABI, R13: a document longer than the input region is a failure, not a refusal") {
  Host host;
  const std::uint32_t capacity = sesame_input_capacity(host.handle());
  for (const std::uint32_t length : {capacity + 1, std::numeric_limits<std::uint32_t>::max()}) {
    CHECK(sesame_fill_complete(host.handle(), kNow, host.begin(bearer("t")), 200, 0, 0, 0,
                               length) == SESAME_ACTION_UNAVAILABLE);
    CHECK(sesame_fill_complete(host.handle(), kNow, host.begin(bearer("t")), 401, 0, length, 0,
                               0) == SESAME_ACTION_UNAVAILABLE);
  }
  CHECK(host.check(bearer("t")) == SESAME_ACTION_FETCH);
}

TEST_CASE("ABI, R22: a write's answer longer than the input region drops the document") {
  Host host;
  host.fill(host.begin(bearer("t")), 200, document("7"));
  const std::uint32_t write = host.begin_write(bearer("t"));
  host.put({"Bearer t"});
  CHECK(sesame_write_complete(host.handle(), kNow, write, 200, 1, 0, 0, 8,
                              sesame_input_capacity(host.handle())) == SESAME_ACTION_PASS);
  CHECK(host.check(bearer("t")) == SESAME_ACTION_FETCH);
}

TEST_CASE("ABI, R13: a status that is none is a failure") {
  Host host;
  for (const std::uint32_t status :
       {0U, 1U, 99U, 199U, 600U, 999U, 1000U, 65536U + 200U, 0x80000000U + 200U, 0xffffffffU}) {
    CAPTURE(status);
    CHECK(host.fill(host.begin(bearer("t")), status, document("7")) == SESAME_ACTION_UNAVAILABLE);
  }
  host.fill(host.begin(bearer("t")), 200, document("7"));
  CHECK(host.end_write(host.begin_write(bearer("t")), bearer("t"), 65536 + 200, "") ==
        SESAME_ACTION_PASS);
  CHECK(host.check(bearer("t")) == SESAME_ACTION_SERVE_STALE);  // nobody knows
}

TEST_CASE("ABI: times that are none are held at the nearest that is one") {
  const double none = GENERATE(std::nan(""), -1.0, -1e300, -HUGE_VAL, HUGE_VAL, 1e300, 1e18, 9.3e18,
                               0.5, -0.0, 253'402'300'800'000.0);
  CAPTURE(none);
  Host host;
  const std::uint32_t lease = host.begin(bearer("t"));
  CHECK(host.check(bearer("t"), none) != SESAME_ACTION_SERVE);
  CHECK(host.fill(lease, 429, "", "", "", kNow, none) <= SESAME_ACTION_ANSWER);
  CHECK(host.result().retry_after_ms >= 0);
  host.fill(host.check(bearer("u"), none) == SESAME_ACTION_FETCH ? host.result().lease : 0, 200,
            document("7"), "", "", none);
  host.check(bearer("u"), none);
  host.end_write(host.begin_write(bearer("u"), none), bearer("u"), 200, document("7", "New"), none);
  sesame_wait_leave(host.handle(), none, lease);
  host.revoke(bearer("u"), none);
  host.invalidate_user(R"("7")", none);
  host.revoke_user(R"("7")", none);
  CHECK(host.check(bearer("u"), none) == SESAME_ACTION_REFUSE);
  host.put({"cookie-valueaccess", "refresh", document("7")});
  sesame_session_begin(host.handle(), none, 0, none, 0, 12, 6, 7, 0, 0,
                       Host::length(document("7")));
  host.put({"session=cookie-value"});
  sesame_session_authorize(host.handle(), none, 0, 20, 0, 0, 0);
  sesame_refresh_complete(host.handle(), none, host.result().lease, 200, none, none, 3, 3);
  host.begin(bearer("still-there"));
  CHECK(add_up(host.metrics()));
}

TEST_CASE("ABI: leases and writes that were never given are refused") {
  Host host;
  for (const std::uint32_t id : {0U, 1U, 12345U, 0x7fffffffU, 0xffffffffU}) {
    CAPTURE(id);
    CHECK(host.fill(id, 200, document("7")) == SESAME_ACTION_RETRY);
    CHECK(sesame_refresh_complete(host.handle(), kNow, id, 200, 0, 0, 0, 0) == SESAME_ACTION_RETRY);
    sesame_fill_release(host.handle(), id);
    sesame_wait_leave(host.handle(), kNow, id);
    CHECK(host.end_write(id, bearer("t"), 422, "{}") == SESAME_ACTION_PASS);
  }
  CHECK(host.check(bearer("t"), kNow, 0xffffffff) == SESAME_ACTION_FETCH);
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
