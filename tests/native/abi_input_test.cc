// What the ABI makes of input that is none: too long, out of range, never given.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "abi_host.h"

namespace sesame::testing {
namespace {

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
    CHECK(sesame_session_revoke(cache, kNow, each[0], each[1], each[2], 1) ==
          SESAME_STATUS_TOO_LARGE);
    CHECK(sesame_session_is_accepted(cache, kNow, each[0], each[1], each[2]) == 0);
    CHECK(sesame_session_authorize(cache, kNow, each[0], each[1], 0, each[2], 0) ==
          SESAME_ACTION_TOO_LARGE);
    CHECK(sesame_session_begin(cache, kNow, 0, 0, each[0], each[1], 0, 0, 0, 0, each[2]) ==
          SESAME_ACTION_TOO_LARGE);
  }
  CHECK(sesame_user_invalidate(cache, kNow, capacity + 1) == SESAME_STATUS_TOO_LARGE);
  CHECK(sesame_user_revoke(cache, kNow, most) == SESAME_STATUS_TOO_LARGE);
  CHECK(host.check(bearer("t")) == SESAME_ACTION_SERVE);
}

TEST_CASE("ABI, R13: a document longer than the input region is a failure, not a refusal") {
  Host host;
  const std::uint32_t capacity = sesame_input_capacity(host.handle());
  for (const std::uint32_t length : {capacity + 1, std::numeric_limits<std::uint32_t>::max()}) {
    CHECK(sesame_fill_complete(host.handle(), kNow, host.begin(bearer("t")), 200, 0, 0, 0, 0, 0, 0,
                               length) == SESAME_ACTION_UNAVAILABLE);
    CHECK(sesame_fill_complete(host.handle(), kNow, host.begin(bearer("t")), 401, 0, 0, 0, 0,
                               length, 0, 0) == SESAME_ACTION_UNAVAILABLE);
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

TEST_CASE("ABI: a time before the epoch is the epoch, one past the year 9999 is its end") {
  constexpr TimeMs kEnd = 253'402'300'800'000;
  const auto expiry_at = [](double now) {
    Host host;
    host.check(bearer("t"), now);
    CHECK(host.fill(host.result().lease, 200, document("7"), "", "", now) == SESAME_ACTION_SERVE);
    return host.result().expires_at_ms;
  };
  for (const double none : {std::nan(""), -1.0, -1e300, -HUGE_VAL}) {
    CAPTURE(none);
    CHECK(expiry_at(none) == static_cast<double>(30 * kDay));
  }
  for (const double none : {1e18, 9.3e18, 1e300, HUGE_VAL}) {
    CAPTURE(none);
    CHECK(expiry_at(none) == static_cast<double>(kEnd + 30 * kDay));
  }
}

TEST_CASE("ABI: a call whose input is refused does nothing with the part that fits") {
  Host host;
  host.fill(host.begin(cookie("c")), 200, document("7"));
  const std::uint32_t over = sesame_input_capacity(host.handle()) + 1;
  host.put({"session=c"});
  CHECK(sesame_write_begin(host.handle(), kNow, 0, 9, over) == 0);
  sesame_session_forget(host.handle(), 0, 9, over, 0);
  CHECK(sesame_session_revoke(host.handle(), kNow, 0, 9, over, 1) == SESAME_STATUS_TOO_LARGE);
  CHECK(sesame_write_complete(host.handle(), kNow, 0, 200, 0, 0, 9, over, 0) ==
        SESAME_ACTION_TOO_LARGE);
  CHECK(host.check(cookie("c")) == SESAME_ACTION_SERVE);
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

}  // namespace
}  // namespace sesame::testing
