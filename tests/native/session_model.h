// What is true at the origin, and what one node has to know of it: the judge of everything that a
// cache answers. It must not know how the cache works. Invariant: whatever it demands follows from
// what happened through this node, or from its clock.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "support.h"

namespace sesame::testing {

inline constexpr std::size_t kSessions = 6;
inline constexpr std::size_t kUsers = 3;
inline constexpr std::size_t kNobody = kUsers;

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}
  std::size_t below(std::size_t limit) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>(state_ >> 33) % limit;
  }
  bool one_in(std::size_t n) { return below(n) == 0; }

  /// The position of one that is fit, at random, or the end.
  template <class T, class Fit>
  std::size_t pick(const std::vector<T>& from, Fit is_fit) {
    if (from.empty()) return 0;
    const std::size_t first = below(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::size_t at = (first + i) % from.size();
      if (is_fit(from[at])) return at;
    }
    return from.size();
  }

 private:
  std::uint64_t state_;
};

/// What a document says: whose it is and which version.
struct Version {
  std::size_t user = kNobody;
  int number = 0;
};

inline std::string body_of(const Version& version) {
  return R"({"id":"u)" + std::to_string(version.user) + R"(","v":)" +
         std::to_string(version.number) + "}";
}

inline Version version_of(const std::string& body) {
  return {static_cast<std::size_t>(std::atoi(body.c_str() + body.find("\"u") + 2)),
          std::atoi(body.c_str() + body.find("\"v\":") + 4)};
}

inline void must(bool holds, const char* rule) {
  if (!holds) FAIL(rule);
}

class SessionModel {
 public:
  explicit SessionModel(Random& random) {
    for (std::size_t i = 0; i < kSessions; ++i) log_in(i, random.below(kUsers));
  }

  const Request& request(std::size_t i) const { return sessions_[i].request; }
  std::size_t owner(std::size_t i) const { return sessions_[i].owner; }
  Version newest(std::size_t user) const { return {user, newest_[user]}; }
  Version change(std::size_t user) { return {user, ++newest_[user]}; }
  std::uint64_t served() const { return served_; }

  /// The session has had one owner since this node last forgot it, and has it still.
  bool is_surely_of(std::size_t i, std::size_t user) const {
    return sessions_[i].owner == user && sessions_[i].owners.size() == 1;
  }
  bool may_be_dead(std::size_t i) const {
    return sessions_[i].is_revoked || sessions_[i].may_be_revoked;
  }

  // --- What happens, and from when on it counts ---

  /// A new credential in place of a session's.
  void log_in(std::size_t i, std::size_t owner) {
    const std::string token = "s" + std::to_string(i) + "-" + std::to_string(++credentials_);
    sessions_[i] = Session{};
    sessions_[i].request = i % 2 == 0 ? bearer(token) : cookie(token);
    sessions_[i].owner = owner;
    sessions_[i].owners = {owner};
  }
  /// A login or logout at the origin, which this node has not noticed yet.
  void change_hands(std::size_t i, std::size_t owner) {
    sessions_[i].owner = owner;
    if (owner != kNobody) sessions_[i].owners.push_back(owner);
  }
  void forgotten(std::size_t i) {
    Session& s = sessions_[i];
    s.owners = {s.owner};
    s.refused_until = 0;
  }
  void began_anew(std::size_t i) {
    forgotten(i);
    Session& s = sessions_[i];
    if (s.request.authorization.empty()) s.is_revoked = s.may_be_revoked = false;
  }
  void revoked(std::size_t i) { sessions_[i].is_revoked = true; }
  void user_revoked(std::size_t user) {
    for (Session& s : sessions_) {
      if (std::count(s.owners.begin(), s.owners.end(), user) > 0) s.may_be_revoked = true;
    }
  }
  void refused(std::size_t i, TimeMs until) { sessions_[i].refused_until = until; }
  void confirmed(const Version& version, TimeMs now) {
    TimeMs& at = confirmed_at_[{version.user, version.number}];
    at = std::max(at, now);
  }
  /// Nothing older is served from now on.
  void demand(const Version& version) {
    least_[version.user] = std::max(least_[version.user], version.number);
  }

  // --- What must hold of everything that is answered ---

  void judge(std::size_t i, const Decision& decision, TimeMs now) {
    const Session& s = sessions_[i];
    if (decision.action == Action::kRefuse) {
      must(may_be_dead(i) || now < s.refused_until, "R13: signed out");
      return;
    }
    must(!s.is_revoked || decision.action == Action::kRetry, "R8: revoked");
    if (decision.action != Action::kServe && decision.action != Action::kServeStale) {
      must(decision.body.empty() || decision.action == Action::kAnswer, "a body without a word");
      return;
    }
    ++served_;
    const Version version = version_of(decision.body);
    must(version.user < kUsers && decision.body == body_of(version), "R7: as the origin sent it");
    const DurationMs age = now - confirmed_at_[{version.user, version.number}];
    must(std::count(s.owners.begin(), s.owners.end(), version.user) > 0, "R4: nobody else's");
    must(version.number >= least_[version.user], "R10, R22, R23: out of date");
    must(age < 65 * kMinute, "R13: past staleIfError");
    if (decision.source != Source::kFresh) return;
    must(age < 30 * kMinute, "R5: not fresh");
  }

 private:
  struct Session {
    Request request;
    std::size_t owner = kNobody;      // at the origin now
    std::vector<std::size_t> owners;  // since this node last forgot it
    bool is_revoked = false;          // here
    bool may_be_revoked = false;      // with its user
    TimeMs refused_until = 0;
  };
  using Numbers = std::array<int, kUsers>;

  std::array<Session, kSessions> sessions_;
  Numbers newest_ = {1, 1, 1};
  Numbers least_ = {};  // what this node may serve
  std::map<std::pair<std::size_t, int>, TimeMs> confirmed_at_;
  std::uint64_t served_ = 0;
  int credentials_ = 0;
};

}  // namespace sesame::testing
