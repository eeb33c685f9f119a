// Any sequence of calls of the ABI on one cache: nothing crashes, memory stays within its budget,
// the counters add up, nobody is served what was never given for them, and a session that was
// revoked stays so until it is forgotten. Input: one byte of settings, then calls, each a byte that
// says which and the bytes it takes.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "../test_config.h"
#include "cache_handle.h"
#include "fuzz_input.h"
#include "session/memory_budget.h"

namespace {

using sesame::testing::require;

constexpr std::size_t kKeys = 8;
constexpr std::size_t kUsers = 4;
constexpr double kStart = 1'800'000'000'000;
// Tombstones are kept in a ring: with fewer burials than it holds none can have been pushed out.
constexpr int kMaxBurials = 60;

class Input : public sesame::testing::FuzzInput {
 public:
  using FuzzInput::FuzzInput;
  std::string text() {
    std::string text(byte(), '\0');
    for (char& c : text) c = static_cast<char>(byte());
    return text;
  }
};

sesame::Config config_of(std::uint8_t settings) {
  sesame::Config config = sesame::testing::test_config();
  config.max_document_bytes = 512;
  config.max_credential_bytes = 128;
  if ((settings & 1) != 0) config.idle_for = 20 * 60'000;
  if ((settings & 2) != 0) config.fields = {"id", "v"};
  if ((settings & 4) != 0) config.negative_for = 0;
  if ((settings & 16) != 0) config.is_managed = true;
  if ((settings & 32) != 0) config.expires_in = 2 * 3'600'000;
  if ((settings & 64) != 0) config.stale_if_error = 0;
  config.memory_bytes = 0;
  for (int i = 0; i < 64 && config.memory_bytes < sesame::MemoryBudget(config).min_memory_bytes();
       ++i) {
    config.memory_bytes = sesame::MemoryBudget(config).min_memory_bytes();
  }
  require(sesame::find_faults(config).empty());
  return config;
}

class Host {
 public:
  explicit Host(Input& input)
      : input_(input), config_(config_of(input.byte())), cache_(config_, "0123456789abcdef") {}

  void call() {
    const std::size_t key = input_.below(kKeys);
    const std::uint8_t which = input_.byte();
    if (which >= 200) return shared(key);
    switch (which % 20) {
      case 0:
      case 1:
      case 2:
      case 3:
        return check(key);
      case 4:
      case 5:
      case 6:
        return fill();
      case 7:
        return sesame_fill_release(&cache_, lease());
      case 8:
        return sesame_wait_leave(&cache_, now_, lease());
      case 9:
        put_head(key);
        writes_.push_back(sesame_write_begin(&cache_, now_, tenant_, cookie_, authorization_));
        return;
      case 10:
      case 11:
        return end_write(key);
      case 12:
        return forget(key);
      case 13:
        return revoke(key);
      case 14:
      case 15:
        return user_event();
      case 16:
        return pass_time();
      case 17:
        return begin_session(key);
      case 18:
        return authorize(key);
      default:
        return anything();
    }
  }

  void judge() const {
    const sesame::SessionCache& cache = cache_.cache;
    const sesame::Metrics& m = cache.metrics();
    require(cache.used_bytes() <= config_.memory_bytes);
    require(m.checks == m.fresh + m.stale + m.miss + m.joined + m.negative + m.bypass);
    require(cache.leases_in_use() <= 16'384);
  }

 private:
  // What a call that returns an action has left: all that it points to can be read.
  const sesame_result& output(std::uint32_t action) {
    const sesame_result& result = *sesame_output(&cache_);
    require(result.action == action && action <= SESAME_ACTION_ANSWER);
    require(result.source <= SESAME_SOURCE_NEGATIVE);
    require(result.credential <= SESAME_CREDENTIAL_AMBIGUOUS);
    body_.assign(result.body, result.body_length);
    meta_.assign(result.meta, result.meta_length);
    return result;
  }

  // Writes one field of the input, as far as there is room, and says how long it is.
  std::uint32_t put(const std::string& field) {
    const std::uint32_t capacity = sesame_input_capacity(&cache_);
    if (field.size() <= capacity - filled_) {
      std::memcpy(sesame_input(&cache_) + filled_, field.data(), field.size());
      filled_ += static_cast<std::uint32_t>(field.size());
    }
    return static_cast<std::uint32_t>(field.size());
  }

  // Half of the keys are cookies, half bearers; one of each is another tenant's.
  void put_head(std::size_t key) {
    const std::string token = "t" + std::to_string(key / 2 % 3);
    filled_ = 0;
    tenant_ = put(key >= 6 ? "other" : "");
    cookie_ = put(is_cookie(key) ? "session=" + token : "");
    authorization_ = put(is_cookie(key) ? "" : "Bearer " + token);
  }
  static bool is_cookie(std::size_t key) { return key % 2 == 0; }

  std::uint32_t lease() {
    const std::uint8_t which = input_.byte();
    if (which == 255 || leases_.empty()) return input_.word();
    return leases_[which % leases_.size()].id;
  }

  double ends_at() { return input_.byte() % 2 == 0 ? 0 : now_ + some(60'000); }
  double some(double unit) { return static_cast<double>(input_.byte() % 4) * unit; }

  std::string document(std::size_t user) {
    std::string body = R"({"id":)" + std::to_string(user) + R"(,"v":")";
    body.append(input_.below(64) * 8, 'x');
    return body + "\"}";
  }

  void check(std::size_t key) {
    put_head(key);
    const std::uint32_t flags = input_.byte();
    const std::uint32_t waited = (flags & 8) != 0 ? lease() : 0;
    const std::uint32_t action =
        sesame_check(&cache_, now_, tenant_, cookie_, authorization_, waited, flags & 7);
    const sesame_result& result = output(action);
    if (result.lease != 0) leases_.push_back({result.lease, key});
    if (is_revoked_[key] && are_burials_sure())
      require(action == SESAME_ACTION_REFUSE || action == SESAME_ACTION_RETRY);
    if (action == SESAME_ACTION_REFUSE) ++burials_;  // it may have been one of its user's
    if (action == SESAME_ACTION_SERVE || action == SESAME_ACTION_SERVE_STALE) {
      const std::size_t at = body_.find(R"("id":)");
      // Of a text that the fuzzer made up nothing is known.
      if (at != std::string::npos && !is_made_up_) {
        require((given_[key] >> (body_[at + 5] - '0') & 1) != 0);
      }
    }
    if (action == SESAME_ACTION_FETCH || action == SESAME_ACTION_WAIT) require(result.lease != 0);
  }

  void fill() {
    if (leases_.empty()) return;
    const std::uint8_t which = input_.byte();
    const Lease lease = leases_[which % leases_.size()];
    constexpr std::uint32_t kStatuses[] = {200, 200, 200, 200, 304, 401, 403, 404,
                                           302, 408, 429, 500, 503, 0,   204, 1000};
    constexpr const char* kControls[] = {"", "no-store", "max-age=60", "no-cache"};
    const std::uint32_t status = kStatuses[input_.below(16)];
    const bool is_refusal = input_.below(16) == 0;
    const std::size_t user = input_.below(kUsers);
    given_[lease.key] |= 1U << user;
    filled_ = 0;
    const std::uint32_t control = put(kControls[input_.below(4)]);
    const std::uint32_t meta = put(input_.below(2) == 0 ? "" : "\"etag\"");
    const std::uint32_t body = put(document(user));
    output(sesame_fill_complete(&cache_, now_, lease.id, status, is_refusal, some(5'000), ends_at(),
                                input_.word() % 2, control, meta, body));
  }

  void end_write(std::size_t key) {
    const std::uint8_t which = input_.byte();
    const std::uint32_t write = writes_.empty() ? which : writes_[which % writes_.size()];
    constexpr std::uint32_t kStatuses[] = {200, 204, 422, 0};
    const std::size_t user = input_.below(kUsers);
    given_[key] |= 1U << user;
    put_head(key);
    const std::uint32_t body = put(input_.below(3) == 0 ? "{}" : document(user));
    const std::uint32_t may_hold_document = input_.byte() % 2;
    const sesame_result& result =
        output(sesame_write_complete(&cache_, now_, write, kStatuses[input_.below(4)],
                                     may_hold_document, tenant_, cookie_, authorization_, body));
    if (result.lease != 0) leases_.push_back({result.lease, key});
  }

  void forget(std::size_t key) {
    put_head(key);
    const auto what = static_cast<std::uint32_t>(input_.below(4));
    sesame_session_forget(&cache_, tenant_, cookie_, authorization_, what);
    if (what != 2 || !is_cookie(key)) return;
    // It begins anew, for every tenant.
    for (std::size_t each = 0; each < kKeys; each += 2) {
      if (each / 2 % 3 == key / 2 % 3) is_revoked_[each] = false;
    }
  }

  void revoke(std::size_t key) {
    put_head(key);
    const std::uint32_t status =
        sesame_session_revoke(&cache_, now_, tenant_, cookie_, authorization_, 1);
    is_revoked_[key] = status == SESAME_STATUS_OK;
    ++burials_;
  }

  void user_event() {
    filled_ = 0;
    const std::uint32_t user = put(std::to_string(input_.below(kUsers)));
    if (input_.below(2) == 0) {
      sesame_user_invalidate(&cache_, now_, user);
    } else {
      sesame_user_revoke(&cache_, now_, user);
      burials_ += static_cast<int>(kKeys);
    }
  }

  void pass_time() {
    constexpr double kSteps[] = {1, 1'000, 11'000, 60'000, 1'200'000, 1'900'000, 3'700'000};
    const std::size_t which = input_.below(10);
    if (which < 7) {
      now_ += kSteps[which];
    } else if (which == 7) {
      std::uint64_t bits = input_.word();
      bits = bits << 32 | input_.word();
      std::memcpy(&now_, &bits, sizeof now_);
      is_time_strange_ = true;
    } else if (which == 8) {
      now_ = kStart;
    }
    // Sessions may have ended by themselves.
    if (now_ > kStart + 3'600'000) is_time_strange_ = true;
  }

  void begin_session(std::size_t key) {
    const std::size_t user = input_.below(kUsers);
    given_[key] |= 1U << user;
    filled_ = 0;
    const std::uint32_t tenant = put(key >= 6 ? "other" : "");
    const std::uint32_t cookie = put("t" + std::to_string(key / 2 % 3));
    const std::uint32_t access = put("access-" + std::to_string(input_.below(8)));
    const std::uint32_t refresh = put(input_.below(2) == 0 ? "" : "refresh");
    const std::uint32_t body = put(document(user));
    output(sesame_session_begin(&cache_, now_, sesame_sequence(&cache_), now_ + some(60'000),
                                tenant, cookie, access, refresh, 0, 0, body));
    // A login is one: what it makes is of the cookie of this name.
    is_revoked_[key / 2 * 2] = false;
    given_[key / 2 * 2] |= 1U << user;
  }

  void authorize(std::size_t key) {
    put_head(key);
    const std::uint32_t rejected = put(input_.below(2) == 0 ? "" : "access-1");
    const std::uint32_t action = sesame_session_authorize(&cache_, now_, tenant_, cookie_,
                                                          authorization_, rejected, lease());
    const std::uint32_t id = output(action).lease;
    ++burials_;
    if (action != SESAME_ACTION_FETCH || input_.below(4) == 0) return;
    constexpr std::uint32_t kStatuses[] = {200, 400, 429, 503};
    filled_ = 0;
    const std::uint32_t access = put("access-" + std::to_string(input_.below(8)));
    const std::uint32_t refresh = put(input_.below(2) == 0 ? "" : "refresh");
    output(sesame_refresh_complete(&cache_, now_, id, kStatuses[input_.below(4)], some(5'000),
                                   now_ + 60'000, access, refresh));
  }

  // What other nodes do, and what passes between them and this one.
  void shared(std::size_t key) {
    switch (input_.below(8)) {
      case 0:
      case 1:
        return remote_event(key);
      case 2:
        return fill_shared();
      case 3:
        put_head(key);
        if (sesame_session_key(&cache_, tenant_, cookie_, authorization_) != 0) session_key();
        put_head(key);
        sesame_credentials(&cache_, tenant_, cookie_, authorization_);
        return;
      case 4:
        sesame_fill_ask(&cache_, now_, lease());
        return;
      case 5:
        return sesame_trust_from(&cache_, input_.below(2) == 0 ? 0 : now_ - some(600'000));
      case 6:
        return export_session(key);
      default:
        return adopt_session(key);
    }
  }

  // Of the two keys that stand before the name, either names the session to other nodes.
  std::string session_key() {
    const sesame_result& result = *sesame_output(&cache_);
    require(result.body_length >= 2 * sizeof(sesame::Key));
    return {result.body + (input_.below(2) == 0 ? 0 : sizeof(sesame::Key)), sizeof(sesame::Key)};
  }

  std::string key_in_output() {
    const sesame_result& result = *sesame_output(&cache_);
    require(result.body_length == sizeof(sesame::Key));
    return {result.body, result.body_length};
  }

  void remote_event(std::size_t key) {
    const std::size_t event = input_.below(6);
    std::string subject(16, static_cast<char>(input_.byte()));
    if (event == SESAME_REMOTE_SESSION_ENDED || event == SESAME_REMOTE_SESSION_FORGOTTEN) {
      put_head(key);
      require(sesame_session_key(&cache_, tenant_, cookie_, authorization_) == 1);
      subject = session_key();
    } else if (input_.below(4) != 0) {
      filled_ = 0;
      const std::uint32_t user = put(std::to_string(input_.below(kUsers)));
      require(sesame_user_key(&cache_, user) == SESAME_STATUS_OK);
      subject = key_in_output();
    }
    filled_ = 0;
    sesame_remote_apply(&cache_, now_, static_cast<std::uint32_t>(event), put(subject), 0);
    if (event == SESAME_REMOTE_SESSION_ENDED) {
      is_revoked_[key] = true;
      ++burials_;
    }
    if (event == SESAME_REMOTE_USER_REVOKED) burials_ += static_cast<int>(kKeys);
  }

  void fill_shared() {
    if (leases_.empty()) return;
    const std::uint8_t which = input_.byte();
    const Lease lease = leases_[which % leases_.size()];
    const std::size_t user = input_.below(kUsers);
    given_[lease.key] |= 1U << user;
    const double filled_at = now_ - some(1'200'000);
    const double born_at = filled_at - some(3'600'000);
    filled_ = 0;
    const std::uint32_t control = put(input_.below(4) == 0 ? "no-store" : "");
    const std::uint32_t meta = put(input_.below(2) == 0 ? "" : "\"etag\"");
    const std::uint32_t body = put(input_.below(8) == 0 ? "{" : document(user));
    const std::uint32_t action =
        sesame_fill_shared(&cache_, now_, lease.id, filled_at, born_at, ends_at(),
                           input_.word() % 2, control, meta, body);
    require(action == SESAME_ACTION_RETRY || action == SESAME_ACTION_FETCH);
  }

  void export_session(std::size_t key) {
    put_head(key);
    const sesame_exported* exported =
        sesame_session_export(&cache_, now_, tenant_, cookie_, authorization_);
    if (exported == nullptr) return;
    require(config_.is_managed && is_cookie(key));
    require(!is_revoked_[key] || !are_burials_sure());
    require(exported->access_length > 0);
    exported_user_.assign(reinterpret_cast<const char*>(exported->user), sizeof exported->user);
  }

  void adopt_session(std::size_t key) {
    put_head(key / 2 * 2);
    require(sesame_session_key(&cache_, tenant_, cookie_, authorization_) == 1);
    const std::string named(sesame_output(&cache_)->body, sizeof(sesame::Key));
    filled_ = 0;
    const std::uint32_t own = put(named);
    const std::uint32_t user = put(exported_user_);
    const std::uint32_t access = put(input_.below(8) == 0 ? "" : "access-2");
    const std::uint32_t refresh = put("refresh");
    const std::uint32_t note = put("note");
    const std::uint32_t asked_at = sesame_sequence(&cache_) - (input_.byte() & 1);
    const std::uint32_t is_adopted =
        sesame_session_adopt(&cache_, now_, asked_at, now_ + some(60'000), now_ + some(3'600'000),
                             own, user, access, refresh, note, input_.byte() & 1);
    // Whatever the store still has, what has ended here stays so (SPEC R10).
    if (is_revoked_[key / 2 * 2] && are_burials_sure()) require(is_adopted == 0);
  }

  // Headers, documents, identifiers and lengths from nowhere good.
  void anything() {
    filled_ = 0;
    is_made_up_ = true;
    const std::uint32_t first = put(input_.text());
    const std::uint32_t second = put(input_.text());
    const bool is_wild = input_.below(4) == 0;
    const std::uint32_t third = is_wild ? input_.word() : put(input_.text());
    switch (input_.below(6)) {
      case 0:
        output(sesame_check(&cache_, now_, first, second, third, input_.word(), input_.byte()));
        break;
      case 1:
        output(sesame_fill_complete(&cache_, now_, lease(), input_.word() % 1'100,
                                    static_cast<std::uint32_t>(input_.below(2)), some(1e6),
                                    ends_at(), input_.word() % 2, first, second, third));
        break;
      case 2:
        output(
            sesame_write_complete(&cache_, now_, input_.word(), 200, 1, 0, first, second, third));
        break;
      case 3:
        burials_ += static_cast<int>(kKeys);
        sesame_user_revoke(&cache_, now_, first);
        break;
      case 4:
        ++burials_;
        sesame_session_revoke(&cache_, now_, first, second, third, 1);
        break;
      default:
        output(sesame_session_begin(&cache_, now_, 0, now_, 0, first, second, 0, 0, 0, third));
    }
    is_revoked_.fill(false);  // any of the keys may have been meant
  }

  bool are_burials_sure() const { return !is_time_strange_ && burials_ < kMaxBurials; }

  struct Lease {
    std::uint32_t id;
    std::size_t key;
  };

  Input& input_;
  sesame::Config config_;
  sesame_cache cache_;
  double now_ = kStart;
  std::string body_;
  std::string meta_;
  std::uint32_t filled_ = 0;
  std::uint32_t tenant_ = 0;
  std::uint32_t cookie_ = 0;
  std::uint32_t authorization_ = 0;
  std::vector<Lease> leases_;
  std::vector<std::uint32_t> writes_;
  std::string exported_user_ = "a user's key, 16";
  std::array<unsigned, kKeys> given_ = {};  // whose documents may be served to a key, a bit a user
  std::array<bool, kKeys> is_revoked_ = {};
  int burials_ = 0;
  bool is_time_strange_ = false;
  bool is_made_up_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  Host host(input);
  for (int calls = 0; calls < 400 && !input.is_empty(); ++calls) {
    host.call();
    host.judge();
  }
  return 0;
}
