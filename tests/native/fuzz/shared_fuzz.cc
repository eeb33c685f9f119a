// What comes from a store and from other nodes, with lengths, times, leases and keys from anywhere:
// sessions exported and adopted, records, remote events, keys. Unlike in abi_fuzz, lengths do not
// follow what was written, and the input still holds what the last call has left there. Judged:
// every byte that an output points to can be read; a session that is exported has a token that was
// begun or adopted under its very cookie; what was ended, here or elsewhere, is neither exported
// nor adopted; memory stays within its budget. Once a call was made up, only that outputs can be
// read and that memory stays.
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "../test_config.h"
#include "cache_handle.h"
#include "fuzz_input.h"
#include "session/memory_budget.h"

namespace {

using Input = sesame::testing::FuzzInput;
using sesame::testing::require;

constexpr double kStart = 1'800'000'000'000;
constexpr int kCookies = 6;
// With fewer burials than that none can have been pushed out.
constexpr int kMaxBurials = 60;
constexpr int kMaxSteps = 200;

sesame::Config config_of(std::uint8_t settings) {
  sesame::Config config = sesame::testing::test_config();
  config.is_managed = true;
  config.cookie_names = {"__Host-session"};
  config.max_document_bytes = 512;
  config.max_credential_bytes = 128;
  if ((settings & 1) != 0) config.idle_for = 20 * 60'000;
  if ((settings & 2) != 0) config.fields = {"id"};
  if ((settings & 4) != 0) config.expires_in = 2 * 3'600'000;
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
  explicit Host(Input input)
      : input_(input), config_(config_of(input_.byte())), cache_(config_, "0123456789abcdef") {}

  void run() {
    for (int step = 0; step < kMaxSteps && !input_.is_empty(); ++step) {
      const int cookie = input_.byte() % kCookies;
      const std::uint8_t which = input_.byte();
      which % 2 == 0 ? made_up(which / 2) : good(which / 2, cookie);
      look();
      require(cache_.cache.used_bytes() <= config_.memory_bytes);
    }
  }

 private:
  // --- What nobody has checked ---

  void made_up(std::uint8_t which) {
    filled_ = 0;
    std::string bytes(input_.byte(), '\0');
    for (char& c : bytes) c = static_cast<char>(input_.byte());
    put(bytes);
    std::array<std::uint32_t, 7> l{};
    for (std::uint32_t& length : l) length = any_length();
    const double at = any_time();
    const double other = any_time();
    const double third = any_time();
    sesame_cache* const c = &cache_;
    is_made_up_ = true;
    switch (which % 11) {
      case 0:
        if (const auto* found = sesame_session_export(c, at, l[0], l[1], l[2])) read(*found);
        return;
      case 1:
        sesame_session_adopt(c, at, input_.word(), other, third, l[0], l[1], l[2], l[3], l[4],
                             l[5]);
        return;
      case 2:
        return sesame_remote_apply(c, at, input_.word() % 8, l[0], 0);
      case 3:
        sesame_fill_shared(c, at, any_lease(), other, third, third, l[0] % 2, l[0], l[1], l[2]);
        return;
      case 4:
        sesame_session_key(c, l[0], l[1], l[2]);
        return;
      case 5:
        sesame_user_key(c, l[0]);
        return;
      case 6:
        return sesame_trust_from(c, at);
      case 7:
        sesame_refresh_complete(c, at, any_lease(), input_.word() % 1100, other, third, l[0], l[1]);
        return;
      case 8:
        sesame_session_authorize(c, at, l[0], l[1], l[2], l[3], any_lease());
        return;
      case 9:
        sesame_session_begin(c, at, input_.word(), other, l[0], l[1], l[2], l[3], l[4], l[5], l[6]);
        return;
      default:
        sesame_check(c, at, l[0], l[1], l[2], any_lease(), input_.byte());
    }
  }

  std::uint32_t any_length() {
    const std::uint32_t capacity = sesame_input_capacity(&cache_);
    const std::uint32_t lengths[] = {0,          1,           15,           16,
                                     17,         capacity,    capacity + 1, capacity - 1,
                                     0x7fffffff, 0x80000000U, 0xffffffffU,  0xfffffff0U,
                                     129,        513};
    const std::uint8_t which = input_.byte() % 16;
    return which < std::size(lengths) ? lengths[which]
           : which == 14              ? input_.byte()
                                      : input_.word();
  }

  double any_time() {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    const double times[] = {0,           -1,          std::numeric_limits<double>::quiet_NaN(),
                            kInfinity,   -kInfinity,  1e308,
                            9.3e18,      now_ + 1e13, now_ + 3'600'000,
                            now_ - 1'000};
    const std::uint8_t which = input_.byte() % 16;
    if (which < std::size(times)) return times[which];
    if (which > 11) return now_;
    const std::uint64_t high = input_.word();
    return std::bit_cast<double>(high << 32 | input_.word());
  }

  std::uint32_t any_lease() {
    if (leases_.empty() || input_.byte() % 4 == 0) return input_.word();
    return leases_[input_.byte() % leases_.size()];
  }

  // --- What a host does ---

  void good(std::uint8_t which, int cookie) {
    switch (which % 8) {
      case 0:
        return begin(cookie);
      case 1:
        return adopt(cookie);
      case 2:
        return look_at_export(cookie);
      case 3:
        put_head(cookie);
        if (sesame_session_revoke(&cache_, now_, 0, head_, 0, 1) != SESAME_STATUS_OK) return;
        return bury(cookie);
      case 4:
        return end_elsewhere(cookie);
      case 5:
        return user_event();
      case 6:
        return check(cookie);
      default:
        return pass_time();
    }
  }

  void begin(int cookie) {
    filled_ = 0;
    const std::string token = "begun-" + std::to_string(input_.byte()) + name_of(cookie);
    const std::uint32_t own = put(name_of(cookie));
    const std::uint32_t access = put(token);
    const std::uint32_t refresh = put("refresh");
    const std::uint32_t body = put(R"({"id":)" + std::to_string(cookie % 3) + "}");
    const std::uint32_t action =
        sesame_session_begin(&cache_, now_, sesame_sequence(&cache_), now_ + 60'000, 0, own, access,
                             refresh, 0, 0, body);
    if (action == SESAME_ACTION_SERVE) given_[cookie].insert(token);
  }

  void adopt(int cookie) {
    put_head(cookie);
    if (sesame_session_key(&cache_, 0, head_, 0) == 0) return;
    const std::string key(sesame_output(&cache_)->body, sizeof(sesame::Key));
    filled_ = 0;
    const std::string token = "adopted-" + std::to_string(input_.byte()) + name_of(cookie);
    const std::uint32_t own = put(key);
    const std::uint32_t user = put(user_key_);
    const std::uint32_t access = put(token);
    const std::uint32_t refresh = put("refresh");
    const std::uint32_t note = put("note");
    const std::uint32_t is_adopted =
        sesame_session_adopt(&cache_, now_, sesame_sequence(&cache_), now_ + 60'000,
                             now_ + 3'600'000, own, user, access, refresh, note, input_.byte() & 1);
    if (is_sure(cookie)) require(is_adopted == 0);
    if (is_adopted != 0) given_[cookie].insert(token);
  }

  void look_at_export(int cookie) {
    put_head(cookie);
    const sesame_exported* found = sesame_session_export(&cache_, now_, 0, head_, 0);
    if (found == nullptr) return;
    read(*found);
    require(!is_sure(cookie));
    const std::string access(found->access, found->access_length);
    if (!is_made_up_) require(given_[cookie].contains(access));
    user_key_.assign(reinterpret_cast<const char*>(found->user), sizeof found->user);
  }

  void end_elsewhere(int cookie) {
    put_head(cookie);
    if (sesame_session_key(&cache_, 0, head_, 0) == 0) return;
    const sesame_result& result = *sesame_output(&cache_);
    const std::string key(result.body, sizeof(sesame::Key));
    filled_ = 0;
    sesame_remote_apply(&cache_, now_, SESAME_REMOTE_SESSION_ENDED, put(key), 0);
    bury(cookie);
  }

  void user_event() {
    filled_ = 0;
    const std::uint32_t event = input_.byte() % 6;
    sesame_remote_apply(&cache_, now_, event, put(user_key_), 0);
    burials_ += kCookies;
  }

  void check(int cookie) {
    put_head(cookie);
    const std::uint32_t action =
        sesame_check(&cache_, now_, 0, head_, 0, any_lease(), input_.byte());
    const bool is_served = action == SESAME_ACTION_SERVE || action == SESAME_ACTION_SERVE_STALE;
    if (is_sure(cookie)) require(!is_served);
  }

  void pass_time() {
    constexpr double kSteps[] = {1, 1'000, 11'000, 60'000, 1'200'000, 3'700'000};
    now_ += kSteps[input_.byte() % std::size(kSteps)];
    if (now_ > kStart + 3'600'000) is_made_up_ = true;  // sessions may have ended by themselves
  }

  void bury(int cookie) {
    ended_.insert(cookie);
    ++burials_;
  }

  // Whether it has ended, and that cannot have been forgotten.
  bool is_sure(int cookie) const {
    return ended_.contains(cookie) && burials_ < kMaxBurials && !is_made_up_;
  }

  static std::string name_of(int cookie) { return "c" + std::to_string(cookie); }

  void put_head(int cookie) {
    filled_ = 0;
    head_ = put("__Host-session=" + name_of(cookie));
  }

  std::uint32_t put(const std::string& field) {
    if (field.size() <= sesame_input_capacity(&cache_) - filled_) {
      std::memcpy(sesame_input(&cache_) + filled_, field.data(), field.size());
      filled_ += static_cast<std::uint32_t>(field.size());
    }
    return static_cast<std::uint32_t>(field.size());
  }

  // Touches every byte that the output points to.
  void look() {
    const sesame_result& result = *sesame_output(&cache_);
    touch(result.meta, result.meta_length);
    if (result.action == SESAME_ACTION_SERVE || result.action == SESAME_ACTION_SERVE_STALE) return;
    if (result.lease != 0) leases_.push_back(result.lease);
    if (leases_.size() > 64) leases_.erase(leases_.begin());
  }
  static void read(const sesame_exported& found) {
    touch(found.access, found.access_length);
    touch(found.refresh, found.refresh_length);
  }
  static void touch(const char* bytes, std::uint32_t length) {
    volatile unsigned sum = 0;
    for (std::uint32_t i = 0; i < length; ++i) sum = sum + static_cast<unsigned char>(bytes[i]);
  }

  Input input_;
  sesame::Config config_;
  sesame_cache cache_;
  std::vector<std::uint32_t> leases_;
  std::map<int, std::set<std::string>> given_;
  std::set<int> ended_;
  int burials_ = 0;
  bool is_made_up_ = false;
  double now_ = kStart;
  std::string user_key_ = std::string(16, 'u');
  std::uint32_t filled_ = 0;
  std::uint32_t head_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Host(Input(data, size)).run();
  return 0;
}
