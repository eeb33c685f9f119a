// What the tests of the cache tell their stories with: a cache, a clock that only moves when told
// to, and the few things that can happen. It must not decide anything: what is right stands in the
// tests. Invariant: after everything that happens, the counters add up (SPEC R70) and the memory is
// within its budget (SPEC R50).
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <catch2/catch_tostring.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "session/session_cache.h"
#include "test_config.h"

namespace sesame::testing {

inline constexpr DurationMs kSecond = 1000;
inline constexpr DurationMs kMinute = 60 * kSecond;
inline constexpr DurationMs kHour = 60 * kMinute;
inline constexpr DurationMs kDay = 24 * kHour;
inline constexpr TimeMs kStart = 1'800'000'000'000;

inline constexpr Bytes kSecret = "0123456789abcdef";

/// A request that owns the text of its headers.
struct Request {
  std::string tenant;
  std::string cookie;
  std::string authorization;

  RequestHead head() const { return {tenant, cookie, authorization}; }
};

inline Request bearer(const std::string& token) { return {"", "", "Bearer " + token}; }
inline Request cookie(const std::string& value) { return {"", "session=" + value, ""}; }
inline Request of_tenant(std::string tenant, Request request) {
  request.tenant = std::move(tenant);
  return request;
}

/// A bearer that is a JWT with these claims (SPEC R8).
inline Request jwt(std::string_view claims) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string payload;
  std::uint32_t bits = 0;
  int count = 0;
  const auto put = [&] { payload += kAlphabet[bits >> count & 63]; };
  for (const char c : claims) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6;) {
      count -= 6;
      put();
    }
  }
  if (count > 0) {
    bits <<= 6 - count;
    count = 0;
    put();
  }
  return bearer("eyJhbGciOiJIUzI1NiJ9." + payload + ".c2ln");
}

/// A user's document.
inline std::string document(const std::string& id, const std::string& name = "Ada") {
  return R"({"id":")" + id + R"(","name":")" + name + R"("})";
}

/// An outcome that owns its bytes.
struct Decision {
  Action action = Action::kPass;
  Source source = Source::kNone;
  CredentialKind credential = CredentialKind::kAnonymous;
  int http_status = 0;
  LeaseId lease = 0;
  TimeMs deadline = 0;
  DurationMs retry_after = 0;
  TimeMs expires_at = 0;
  Reason reason = Reason::kNone;
  bool is_kept = false;
  std::optional<Key> user;
  std::string meta;
  std::string body;

  Decision(const Outcome& from)  // NOLINT: the same, held on to
      : action(from.action),
        source(from.source),
        credential(from.credential),
        http_status(from.http_status),
        lease(from.lease),
        deadline(from.deadline),
        retry_after(from.retry_after),
        expires_at(from.expires_at),
        reason(from.reason),
        is_kept(from.is_kept),
        user(from.user),
        meta(from.meta),
        body(from.body) {}
};

/// What the origin says beside the document.
struct Headers {
  std::string etag = {};
  std::string cache_control = {};
  TimeMs ends_at = 0;  // of the session's cookie, which it renews
  bool sets_cookies = false;
};

inline bool add_up(const Metrics& metrics) {
  return metrics.checks == metrics.fresh + metrics.stale + metrics.miss + metrics.joined +
                               metrics.negative + metrics.bypass;
}

class Fixture {
 public:
  explicit Fixture(const Config& config = test_config()) {
    REQUIRE(find_faults(config).empty());
    cache_ = std::make_unique<SessionCache>(config, kSecret);
  }
  Fixture(const Config& config, std::unique_ptr<Store> store)
      : cache_(std::make_unique<SessionCache>(config, kSecret, std::move(store))) {}

  SessionCache& cache() { return *cache_; }
  const Metrics& metrics() const { return cache_->metrics(); }
  TimeMs now() const { return now_; }
  void pass(DurationMs time) { now_ += time; }

  /// Whether the origin is asked as soon as there is a lease. If not, a store is looked into first.
  void set_asks_at_once(bool asks_at_once) { asks_at_once_ = asks_at_once; }

  // --- What a request meets ---

  Decision check(const Request& request, const CheckOptions& options = {}) {
    Decision decision = settled(cache_->check(request.head(), now_, options));
    ask(decision);
    return decision;
  }
  Decision check_fresh(const Request& request) { return check(request, {.fresh = true}); }
  Decision check_again(const Request& request, LeaseId waited) {
    return check(request, {.waited = waited, .again = true});
  }

  /// A check that has to ask the origin. Returns its lease.
  LeaseId begin(const Request& request) {
    const Decision decision = check(request);
    REQUIRE(decision.action == Action::kFetch);
    REQUIRE(decision.lease != 0);
    return decision.lease;
  }
  /// A check that is answered with an older document and has to refresh it behind.
  LeaseId begin_refresh(const Request& request) {
    const Decision decision = check(request);
    REQUIRE(decision.action == Action::kServeStale);
    REQUIRE(decision.lease != 0);
    return decision.lease;
  }
  /// A check that has to wait for this lease.
  void join(const Request& request, LeaseId lease) {
    const Decision decision = check(request);
    REQUIRE(decision.action == Action::kWait);
    REQUIRE(decision.lease == lease);
  }
  /// The document of this session is here.
  void hold(const Request& request, const std::string& body, const Headers& headers = {}) {
    const Decision decision = fill(begin(request), body, headers);
    REQUIRE(decision.action == Action::kServe);
    REQUIRE(check(request).action == Action::kServe);
  }

  // --- What the origin says ---

  Decision fill(LeaseId lease, const std::string& body, const Headers& headers = {}) {
    return answer(lease, 200, body, headers);
  }
  Decision fail(LeaseId lease, int status = 503, DurationMs retry_after = 0) {
    return answer(lease, status, "", {}, retry_after);
  }
  Decision answer(LeaseId lease, int status, const std::string& body = "",
                  const Headers& headers = {}, DurationMs retry_after = 0) {
    return settled(cache_->complete_fill(lease,
                                         {.http_status = status,
                                          .retry_after = retry_after,
                                          .cache_control = headers.cache_control,
                                          .meta = headers.etag,
                                          .body = body,
                                          .ends_at = headers.ends_at,
                                          .sets_cookies = headers.sets_cookies},
                                         now_));
  }
  Decision succeed(const Request& from, const Request& to, const SuccessionOptions& options = {}) {
    return settled(cache_->succeed(from.head(), to.head(), options, now_));
  }
  Decision renew(const Request& to, const std::string& used, const std::string& issued = "") {
    return settled(cache_->renew(to.head(), used, issued, now_));
  }

  /// A success that says that nobody is signed in.
  Decision refuse(LeaseId lease, int status, const std::string& body, const std::string& meta) {
    return settled(cache_->complete_fill(lease,
                                         {.http_status = status,
                                          .is_refusal = true,
                                          .cache_control = {},
                                          .meta = meta,
                                          .body = body},
                                         now_));
  }

  // --- What happens to sessions and users ---

  WriteId begin_write(const Request& request) { return cache_->begin_write(request.head(), now_); }
  Decision end_write(WriteId write, const Request& request, int status, const std::string& body) {
    const WriteOutcome outcome = cache_->complete_write(
        write, request.head(),
        {.http_status = status, .may_hold_document = true, .meta = {}, .body = body}, now_);
    const auto* users = outcome.users.data();
    concerned_.assign(users, users + outcome.user_count);
    Decision decision = settled(outcome.decision);
    ask(decision);
    return decision;
  }
  /// The users that the last write concerned.
  const std::vector<Key>& concerned() const { return concerned_; }
  /// A write that the origin answers at once.
  Decision write(const Request& request, const std::string& body, int status = 200) {
    const WriteId id = begin_write(request);
    return end_write(id, request, status, body);
  }
  /// The origin has accepted the credential, as this node or its caller knows.
  Status revoke(const Request& request) { return cache_->revoke(request.head(), now_, true); }
  /// Nothing is known but what this node holds.
  Status revoke_unknown(const Request& request) { return cache_->revoke(request.head(), now_); }
  void forget(const Request& request) { cache_->forget(request.head()); }
  void begin_anew(const Request& request) { cache_->forget(request.head(), false, true); }
  void forget_refusal(const Request& request) { cache_->forget(request.head(), true); }
  /// `id` as JSON.
  Status invalidate_user(const std::string& id) { return cache_->invalidate_user(id, now_); }
  Status revoke_user(const std::string& id) { return cache_->revoke_user(id, now_); }
  /// `id` as JSON, and an identifier.
  Key user_key(const std::string& id) {
    const auto key = cache_->user_key(id);
    REQUIRE(key);
    return *key;
  }

 private:
  // Asks the origin, if that is what was decided.
  void ask(const Decision& decision) {
    const bool has_lease = decision.lease != 0 && decision.action != Action::kWait;
    if (asks_at_once_ && has_lease) cache_->ask_origin(decision.lease, now_);
  }
  Decision settled(const Outcome& outcome) {
    Decision decision(outcome);
    if (!add_up(metrics())) FAIL("R70: the counters do not add up");
    if (cache_->used_bytes() > cache_->config().memory_bytes) FAIL("R50: over the budget");
    if (cache_->leases_in_use() > 16384) FAIL("more leases in use than there are");
    return decision;
  }

  std::unique_ptr<SessionCache> cache_;
  TimeMs now_ = kStart;
  bool asks_at_once_ = true;
  std::vector<Key> concerned_;
};

}  // namespace sesame::testing

CATCH_REGISTER_ENUM(sesame::Action, sesame::Action::kServe, sesame::Action::kServeStale,
                    sesame::Action::kFetch, sesame::Action::kWait, sesame::Action::kRefuse,
                    sesame::Action::kPass, sesame::Action::kUnavailable, sesame::Action::kRetry,
                    sesame::Action::kTooLarge, sesame::Action::kAnswer)
CATCH_REGISTER_ENUM(sesame::Source, sesame::Source::kNone, sesame::Source::kFresh,
                    sesame::Source::kStale, sesame::Source::kOrigin, sesame::Source::kNegative)
CATCH_REGISTER_ENUM(sesame::LeaseState, sesame::LeaseState::kFree, sesame::LeaseState::kInFlight,
                    sesame::LeaseState::kStored, sesame::LeaseState::kAnswered,
                    sesame::LeaseState::kFailed, sesame::LeaseState::kPaused,
                    sesame::LeaseState::kBackoff)
CATCH_REGISTER_ENUM(sesame::Status, sesame::Status::kOk, sesame::Status::kNotJson,
                    sesame::Status::kNotObject, sesame::Status::kTooLarge, sesame::Status::kTooDeep,
                    sesame::Status::kUnknown, sesame::Status::kFull)
