// A long life at random beside a model of the origin: whatever the order of events, nobody is served
// what is not theirs, what has ended, or what this node knows to be out of date.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lru_store.h"
#include "support.h"

namespace sesame::testing {
namespace {

constexpr int kSessions = 6;
constexpr int kUsers = 3;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}
  int below(int limit) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<int>((state_ >> 33) % static_cast<std::uint64_t>(limit));
  }
  bool one_in(int n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

// What a document says: whose it is and which version.
struct Version {
  int user;
  int number;
};

class Model {
 public:
  Model(std::uint64_t seed, std::size_t store_bytes)
      : f_(small_config(), std::make_unique<LruStore>(store_bytes)), random_(seed) {
    for (int i = 0; i < kSessions; ++i) log_in(i);
  }

  void step() {
    const int i = random_.below(kSessions);
    const int what = random_.below(64);
    if (what < 1) return revoke(i);
    if (what < 2) return change_hands(i);
    if (what < 3) return user_event(random_.below(kUsers));
    if (what < 4) return new_credential(i);
    if (what < 5) return change_elsewhere(random_.below(kUsers));
    if (what < 6) return forget_refusal(i);
    if (what < 8) return pass_time();
    if (what < 10) return begin_write(i);
    if (what < 13) return apply_write();
    if (what < 16) return end_write();
    if (what < 26) return read();
    if (what < 36) return end_fill();
    if (what < 39) return look_again();
    return check(i);
  }

  const Metrics& metrics() const { return f_.metrics(); }
  std::uint64_t evictions() { return f_.cache().store().evictions(); }
  std::uint64_t served() const { return served_; }

 private:
  struct Session {
    Request request;
    int owner = -1;               // at the origin now; -1: nobody
    std::vector<int> owners;      // since this node last forgot it
    bool is_revoked = false;      // here
    bool may_be_revoked = false;  // with its user
    TimeMs refused_until = 0;
  };
  struct Fill {
    LeaseId lease = 0;
    int session = 0;
    TimeMs deadline = 0;
    bool is_cancelled = false;
    bool is_before_login = false;
    bool is_for_write = false;
    std::vector<Version> writes;  // what it is to find out about
    bool is_read = false;
    int status = 0;
    std::string body;
    std::string cache_control;
  };
  struct Write {
    WriteId id = 0;
    int session = 0;
    int owner = -1;
    bool is_applied = false;
    bool is_hidden = false;  // this node could not know whose session it was by then
    int status = 0;
    Version version = {};
  };

  const Request& session(int i) const { return sessions_[i].request; }

  std::string body_of(const Version& version) const {
    return R"({"id":"u)" + std::to_string(version.user) + R"(","v":)" +
           std::to_string(version.number) + "}";
  }
  static Version version_of(const std::string& body) {
    return {std::atoi(body.c_str() + body.find("\"u") + 2),
            std::atoi(body.c_str() + body.find("\"v\":") + 4)};
  }

  // --- What must hold of everything that is answered ---

  static void must(bool holds, const char* rule) {
    if (!holds) FAIL(rule);
  }

  void judge(int i, const Decision& decision) {
    const Session& s = sessions_[i];
    if (decision.action == Action::kRefuse) {
      must(s.is_revoked || s.may_be_revoked || f_.now() < s.refused_until, "R13: signed out");
      return;
    }
    must(!s.is_revoked || decision.action == Action::kRetry, "R8: revoked");
    const bool is_stale = decision.action == Action::kServeStale;
    if (decision.action != Action::kServe && !is_stale) {
      must(decision.body.empty() || decision.action == Action::kAnswer, "a body without a word");
      return;
    }
    ++served_;
    const Version version = version_of(decision.body);
    const DurationMs age = f_.now() - confirmed_at_[{version.user, version.number}];
    must(decision.body == body_of(version), "R7: the document as the origin sent it");
    must(std::count(s.owners.begin(), s.owners.end(), version.user) > 0, "R4: nobody else's");
    must(version.number >= least_[version.user], "R10, R22, R23: out of date");
    must(age < 65 * kMinute, "R13: past staleIfError");
    if (decision.source == Source::kFresh) {
      must(age < 30 * kMinute, "R5: not fresh");
      must(version.number >= least_fresh_[version.user], "R22: in doubt");
    }
  }

  void grant(int i, LeaseId lease, bool is_for_write = false, std::vector<Version> writes = {}) {
    for (const Fill& fill : fills_) {
      // A login that clears a refusal cancels what is under way.
      const bool is_alive =
          !fill.is_cancelled && !fill.is_before_login && f_.now() < fill.deadline;
      must(fill.session != i || !is_alive, "R9: a second origin call");
    }
    Fill fill;
    fill.lease = lease;
    fill.session = i;
    fill.deadline = f_.now() + 10 * kSecond;
    fill.is_for_write = is_for_write;
    fill.writes = std::move(writes);
    fills_.push_back(fill);
  }

  // What nobody has been told of: it is at least no longer fresh.
  void give_up(const Fill& fill) {
    for (const Version& write : fill.writes) {
      Fill* other = nullptr;
      for (Fill& each : fills_) {
        if (each.session == fill.session && !each.writes.empty()) other = &each;
      }
      if (other != nullptr) {
        other->writes.push_back(write);
      } else {
        raise(least_fresh_, write);
      }
    }
  }

  static void raise(std::array<int, kUsers>& least, const Version& version) {
    least[version.user] = std::max(least[version.user], version.number);
  }

  // --- What happens ---

  void check(int i) {
    const Decision decision = f_.check(session(i), {.fresh = random_.one_in(8)});
    judge(i, decision);
    if (decision.action == Action::kWait) waiting_.push_back({i, decision.lease});
    if (decision.action == Action::kFetch || decision.lease != 0) {
      if (decision.action != Action::kWait) grant(i, decision.lease);
    }
  }

  void look_again() {
    const std::size_t at = pick(waiting_, [](const auto&) { return true; });
    if (at == waiting_.size()) return;
    const auto [i, lease] = waiting_[at];
    const Decision decision = f_.check_again(session(i), lease);
    judge(i, decision);
    if (decision.action == Action::kWait) {
      waiting_[at].second = decision.lease;
      return;
    }
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(at));
    if (decision.action == Action::kFetch) grant(i, decision.lease);
  }

  // One that is fit, at random, or the end.
  template <class T, class Fit>
  std::size_t pick(const std::vector<T>& from, Fit is_fit) {
    if (from.empty()) return 0;
    const auto first = static_cast<std::size_t>(random_.below(static_cast<int>(from.size())));
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::size_t at = (first + i) % from.size();
      if (is_fit(from[at])) return at;
    }
    return from.size();
  }

  // The origin reads its tables, at some time between question and answer.
  void read() {
    const std::size_t at = pick(fills_, [](const Fill& fill) { return !fill.is_read; });
    if (at == fills_.size()) return;
    Fill& fill = fills_[at];
    fill.is_read = true;
    constexpr int kFailures[] = {0, 304, 404, 429, 500, 503};
    const int owner = sessions_[fill.session].owner;
    fill.status = random_.one_in(6) ? kFailures[random_.below(6)] : owner < 0 ? 401 : 200;
    if (fill.status == 200) fill.body = body_of({owner, newest_[owner]});
    if (random_.one_in(8)) fill.cache_control = "no-store";
  }

  void end_fill() {
    const bool is_lost = random_.one_in(12);
    const std::size_t at =
        pick(fills_, [is_lost](const Fill& fill) { return fill.is_read != is_lost; });
    if (at == fills_.size()) return;
    const Fill fill = fills_[at];
    fills_.erase(fills_.begin() + static_cast<std::ptrdiff_t>(at));
    Session& s = sessions_[fill.session];
    if (!fill.is_read) {  // given back, or lost
      if (random_.one_in(2)) f_.cache().release(fill.lease);
      return;
    }
    if (fill.status == 200) {
      const Version version = version_of(fill.body);
      confirmed_at_[{version.user, version.number}] = f_.now();
    }
    const bool is_backoff = fill.status == 429 && random_.one_in(2);
    const Decision decision =
        f_.answer(fill.lease, fill.status, fill.body, {.cache_control = fill.cache_control},
                  is_backoff ? 20 * kSecond : 0);
    const bool is_void = fill.is_cancelled || f_.now() >= fill.deadline ||
                         (fill.status == 401 && fill.is_before_login);
    must(!is_void || decision.action == Action::kRetry, "R10: overtaken");
    if (fill.status == 401) {
      if (decision.action == Action::kRefuse) s.refused_until = f_.now() + 10 * kSecond;
    }
    // What a write asks about itself is answered to nobody.
    if (!fill.is_for_write) judge(fill.session, decision);
    if (decision.action == Action::kServe && decision.source == Source::kOrigin &&
        fill.status == 200) {
      for (const Version& write : fill.writes) {
        // Unless the session has changed hands, it was this user's.
        if (write.user == version_of(fill.body).user) raise(least_, write);
      }
    } else {
      give_up(fill);
    }
  }

  void begin_write(int i) {
    if (sessions_[i].owner < 0 || writes_.size() >= 4) return;
    Write write;
    write.id = f_.begin_write(session(i));
    write.session = i;
    write.owner = sessions_[i].owner;
    writes_.push_back(write);
  }

  void apply_write() {
    const std::size_t at = pick(writes_, [](const Write& write) { return !write.is_applied; });
    if (at == writes_.size()) return;
    Write& write = writes_[at];
    write.is_applied = true;
    const int owner = sessions_[write.session].owner;
    write.is_hidden = owner != write.owner || sessions_[write.session].owners.size() > 1;
    if (owner < 0 || random_.one_in(6)) {
      write.status = owner < 0 ? 401 : 422;
      return;
    }
    write.status = 200;
    write.version = {owner, ++newest_[owner]};
  }

  void end_write() {
    const std::size_t at = pick(writes_, [](const Write& write) { return write.is_applied; });
    if (at == writes_.size()) return;
    const Write write = writes_[at];
    writes_.erase(writes_.begin() + static_cast<std::ptrdiff_t>(at));
    if (random_.one_in(10)) {  // the answer was lost on its way
      f_.end_write(write.id, session(write.session), 0, "");
      return;
    }
    const bool is_document = random_.one_in(2);
    if (write.status == 200) {
      auto& confirmed = confirmed_at_[{write.version.user, write.version.number}];
      confirmed = std::max(confirmed, f_.now());
    }
    const Decision decision =
        f_.end_write(write.id, session(write.session), write.status,
                     is_document && write.status == 200 ? body_of(write.version) : "{}");
    if (write.status != 200) return;
    const Session& s = sessions_[write.session];
    const bool is_hidden =
        write.is_hidden || s.owner != write.version.user || s.owners.size() > 1;
    std::vector<Version> writes;
    if (!is_hidden) writes.push_back(write.version);
    for (Fill& fill : fills_) {
      if (fill.session != write.session) continue;
      fill.is_cancelled = true;
      if (decision.action != Action::kFetch) continue;
      writes.insert(writes.end(), fill.writes.begin(), fill.writes.end());
      fill.writes.clear();
    }
    if (decision.action == Action::kFetch) return grant(write.session, decision.lease, true, writes);
    if (!is_hidden) raise(least_, write.version);
  }

  // This node hears nothing of it.
  void change_elsewhere(int user) { ++newest_[static_cast<std::size_t>(user)]; }

  void forget_refusal(int i) {
    f_.forget_refusal(session(i));
    sessions_[i].refused_until = 0;
    for (Fill& fill : fills_) fill.is_before_login |= fill.session == i;
  }

  void revoke(int i) {
    if (!random_.one_in(4)) return;
    f_.revoke(session(i));
    sessions_[i].is_revoked = true;
    cancel(i);
  }

  void cancel(int i) {
    for (Fill& fill : fills_) fill.is_cancelled |= fill.session == i;
  }

  // A login or logout at the origin, and some time later this node notices.
  void change_hands(int i) {
    Session& s = sessions_[i];
    if (random_.one_in(2)) {
      s.owner = random_.below(kUsers + 1) - 1;
      if (s.owner >= 0) s.owners.push_back(s.owner);
      return;
    }
    f_.forget(session(i));
    cancel(i);
    s.owners = {s.owner};
    s.refused_until = 0;
    if (s.request.authorization.empty()) s.is_revoked = s.may_be_revoked = false;
  }

  void user_event(int user) {
    if (random_.one_in(2)) return;
    const std::string id = "\"u" + std::to_string(user) + "\"";
    if (random_.one_in(2)) {
      REQUIRE(f_.invalidate_user(id) == Status::kOk);
    } else {
      REQUIRE(f_.revoke_user(id) == Status::kOk);
      for (Session& s : sessions_) {
        if (std::count(s.owners.begin(), s.owners.end(), user) > 0) s.may_be_revoked = true;
      }
    }
    raise(least_, {user, newest_[user]});
  }

  void new_credential(int i) {
    if (!sessions_[i].is_revoked && !sessions_[i].may_be_revoked && !random_.one_in(8)) return;
    const auto is_of = [i](const auto& each) { return each.session == i; };
    for (const Fill& fill : fills_) {
      if (is_of(fill) && !fill.writes.empty()) return;
    }
    fills_.erase(std::remove_if(fills_.begin(), fills_.end(), is_of), fills_.end());
    writes_.erase(std::remove_if(writes_.begin(), writes_.end(), is_of), writes_.end());
    std::erase_if(waiting_, [i](const auto& each) { return each.first == i; });
    log_in(i);
  }

  void log_in(int i) {
    const std::string token = "s" + std::to_string(i) + "-" + std::to_string(++credentials_);
    const int owner = random_.below(kUsers);
    sessions_[i] = Session{};
    sessions_[i].request = i % 2 == 0 ? bearer(token) : cookie(token);
    sessions_[i].owner = owner;
    sessions_[i].owners = {owner};
  }

  void pass_time() {
    constexpr DurationMs kSteps[] = {1,           kSecond,      3 * kSecond, 11 * kSecond,
                                     kMinute,     16 * kMinute, kSecond,     31 * kMinute,
                                     5 * kMinute, kSecond};
    f_.pass(kSteps[random_.below(10)]);
  }

  Fixture f_;
  Random random_;
  std::array<Session, kSessions> sessions_;
  std::array<int, kUsers> newest_ = {1, 1, 1};
  std::array<int, kUsers> least_ = {};        // what this node may serve at all
  std::array<int, kUsers> least_fresh_ = {};  // and without a doubt
  std::map<std::pair<int, int>, TimeMs> confirmed_at_;
  std::vector<Fill> fills_;
  std::vector<Write> writes_;
  std::vector<std::pair<int, LeaseId>> waiting_;
  std::uint64_t served_ = 0;
  int credentials_ = 0;
};

void live(std::size_t store_bytes, bool is_evicting) {
  std::uint64_t served = 0;
  std::uint64_t refused = 0;
  std::uint64_t evicted = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    Model model(seed, store_bytes);
    for (int i = 0; i < 4000; ++i) model.step();
    served += model.served();
    refused += model.metrics().fills_refused;
    evicted += model.evictions();
  }
  // It has seen something.
  CHECK(served > 20'000);
  CHECK(refused > 2'000);
  CHECK((evicted > 1'000) == is_evicting);
}

TEST_CASE("R4, R8, R9, R10, R12, R13, R22, R23, R70: a long life beside a model of the origin") {
  live(256u << 10, false);
}

TEST_CASE("R50: the same with room for a few documents: eviction costs calls and nothing else") {
  live(1500, true);
}

}  // namespace
}  // namespace sesame::testing
