// Long lives at random beside a model of the origin: whatever the order of events, nobody is served
// what is not theirs, what has ended, or what this node knows to be out of date.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "raw_codec.h"
#include "session_model.h"
#include "store/segment_store.h"
#include "support.h"

namespace sesame::testing {
namespace {

// Has room for so many entries, and forgets the oldest for another.
class SmallStore final : public Store {
 public:
  explicit SmallStore(std::size_t most)
      : inner_(SegmentStore::create({.budget_bytes = 256u << 10}, std::make_unique<RawCodec>())),
        most_(most) {}

  bool put(const Key& key, const EntryInfo& info, Bytes meta, Bytes body, TimeMs now) override {
    const auto known = std::find(keys_.begin(), keys_.end(), key);
    if (known != keys_.end()) keys_.erase(known);
    if (keys_.size() == most_) {
      if (inner_->erase(keys_.front())) ++evictions_;
      keys_.pop_front();
    }
    keys_.push_back(key);
    return inner_->put(key, info, meta, body, now);
  }
  bool find(const Key& key, TimeMs now, EntryView* found, Want) override {
    return inner_->find(key, now, found);
  }
  bool set_info(const Key& key, const EntryInfo& info) override {
    return inner_->set_info(key, info);
  }
  bool erase(const Key& key) override { return inner_->erase(key); }
  void step(TimeMs now) override { inner_->step(now); }
  std::size_t entries() const override { return inner_->entries(); }
  std::size_t used_bytes() const override { return inner_->used_bytes(); }
  std::size_t budget_bytes() const override { return inner_->budget_bytes(); }
  std::uint64_t evictions() const override { return evictions_; }

 private:
  std::unique_ptr<Store> inner_;
  std::deque<Key> keys_;
  std::size_t most_;
  std::uint64_t evictions_ = 0;
};

class Life {
 public:
  Life(std::uint64_t seed, std::size_t most_entries)
      : f_(test_config(), std::make_unique<SmallStore>(most_entries)),
        random_(seed),
        model_(random_) {}

  void step() {
    const std::size_t i = random_.below(kSessions);
    const std::size_t what = random_.below(64);
    if (what < 1) return revoke(i);
    if (what < 2) return change_hands(i);
    if (what < 3) return user_event(random_.below(kUsers));
    if (what < 4) return new_credential(i);
    if (what < 5) return static_cast<void>(model_.change(random_.below(kUsers)));  // elsewhere
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

  std::uint64_t served() const { return model_.served(); }
  std::uint64_t refused() const { return f_.metrics().fills_refused; }
  std::uint64_t evicted() { return f_.cache().store().evictions(); }

 private:
  struct Fill {
    LeaseId lease = 0;
    std::size_t session = 0;
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
    std::size_t session = 0;
    std::size_t owner = kNobody;
    bool is_applied = false;
    bool is_hidden = false;  // this node could not know whose session it was by then
    int status = 0;
    Version version;
  };
  struct Waiting {
    std::size_t session = 0;
    LeaseId lease = 0;
  };

  template <class T>
  static T take(std::vector<T>& from, std::size_t at) {
    T taken = std::move(from[at]);
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(at));
    return taken;
  }

  // --- Asking ---

  void check(std::size_t i) {
    const Decision decision = f_.check(model_.request(i), {.fresh = random_.one_in(8)});
    model_.judge(i, decision, f_.now());
    if (decision.action == Action::kWait) {
      waiting_.push_back({i, decision.lease});
    } else if (decision.lease != 0) {
      grant(i, decision.lease);
    }
  }

  void look_again() {
    const std::size_t at = random_.pick(waiting_, [](const Waiting&) { return true; });
    if (at == waiting_.size()) return;
    const Waiting waiting = take(waiting_, at);
    const Decision decision = f_.check_again(model_.request(waiting.session), waiting.lease);
    model_.judge(waiting.session, decision, f_.now());
    if (decision.action == Action::kWait) {
      waiting_.push_back({waiting.session, decision.lease});
    } else if (decision.lease != 0) {
      grant(waiting.session, decision.lease);
    }
  }

  Fill& grant(std::size_t i, LeaseId lease) {
    for (const Fill& fill : fills_) {
      // A login that clears a refusal may cancel what is under way.
      const bool is_alive = !fill.is_cancelled && !fill.is_before_login && f_.now() < fill.deadline;
      must(fill.session != i || !is_alive, "R9: a second origin call");
    }
    Fill& fill = fills_.emplace_back();
    fill.lease = lease;
    fill.session = i;
    fill.deadline = f_.now() + 10 * kSecond;
    return fill;
  }

  // The origin reads its tables, at some time between question and answer.
  void read() {
    const std::size_t at = random_.pick(fills_, [](const Fill& fill) { return !fill.is_read; });
    if (at == fills_.size()) return;
    Fill& fill = fills_[at];
    fill.is_read = true;
    constexpr int kFailures[] = {0, 304, 404, 429, 500, 503};
    const std::size_t owner = model_.owner(fill.session);
    fill.status = owner == kNobody ? 401 : 200;
    if (random_.one_in(6)) fill.status = kFailures[random_.below(6)];
    if (fill.status == 200) fill.body = body_of(model_.newest(owner));
    if (random_.one_in(8)) fill.cache_control = "no-store";
  }

  void end_fill() {
    const bool is_lost = random_.one_in(12);
    const std::size_t at =
        random_.pick(fills_, [is_lost](const Fill& fill) { return fill.is_read != is_lost; });
    if (at == fills_.size()) return;
    const Fill fill = take(fills_, at);
    if (is_lost) {
      if (random_.one_in(2)) f_.cache().release(fill.lease);
      return;
    }
    if (fill.status == 200) model_.confirmed(version_of(fill.body), f_.now());
    const DurationMs retry_after = fill.status == 429 && random_.one_in(2) ? 20 * kSecond : 0;
    const Decision decision =
        f_.answer(fill.lease, fill.status, fill.body,
                  {.etag = {}, .cache_control = fill.cache_control}, retry_after);
    const bool is_void = fill.is_cancelled || f_.now() >= fill.deadline ||
                         (fill.status == 401 && fill.is_before_login);
    must(!is_void || decision.action == Action::kRetry, "R10: overtaken");
    if (fill.status == 401 && decision.action == Action::kRefuse) {
      model_.refused(fill.session, f_.now() + 10 * kSecond);
    }
    if (!fill.is_for_write) return model_.judge(fill.session, decision, f_.now());
    // What a write asks about itself is answered to nobody. What could not be learnt stays unknown:
    // it ages nobody's document (R54).
    if (decision.action != Action::kServe) return;
    for (const Version& write : fill.writes) {
      // Unless the session has changed hands, it was this user's.
      if (write.user == version_of(fill.body).user) model_.demand(write);
    }
  }

  // --- Writing ---

  void begin_write(std::size_t i) {
    if (model_.owner(i) == kNobody || writes_.size() >= 4) return;
    Write write;
    write.id = f_.begin_write(model_.request(i));
    write.session = i;
    write.owner = model_.owner(i);
    write.is_hidden = !model_.is_surely_of(i, write.owner);
    writes_.push_back(write);
  }

  void apply_write() {
    const std::size_t at =
        random_.pick(writes_, [](const Write& write) { return !write.is_applied; });
    if (at == writes_.size()) return;
    Write& write = writes_[at];
    write.is_applied = true;
    const std::size_t owner = model_.owner(write.session);
    write.is_hidden |= !model_.is_surely_of(write.session, write.owner);
    write.status = owner == kNobody ? 401 : random_.one_in(6) ? 422 : 200;
    if (write.status == 200) write.version = model_.change(owner);
  }

  void end_write() {
    const std::size_t at =
        random_.pick(writes_, [](const Write& write) { return write.is_applied; });
    if (at == writes_.size()) return;
    const Write write = take(writes_, at);
    const Request& request = model_.request(write.session);
    if (random_.one_in(10)) {  // the answer was lost on its way
      f_.end_write(write.id, request, 0, "");
      return;
    }
    if (write.status != 200) {
      f_.end_write(write.id, request, write.status, "{}");
      return;
    }
    model_.confirmed(write.version, f_.now());
    const Decision decision =
        f_.end_write(write.id, request, 200, random_.one_in(2) ? body_of(write.version) : "{}");
    std::vector<Version> writes;
    const bool is_known = !write.is_hidden && model_.is_surely_of(write.session, write.owner);
    if (is_known) writes.push_back(write.version);
    for (Fill& fill : fills_) {
      if (fill.session != write.session) continue;
      fill.is_cancelled = true;
      if (decision.action != Action::kFetch) continue;
      writes.insert(writes.end(), fill.writes.begin(), fill.writes.end());
      fill.writes.clear();
    }
    if (decision.action == Action::kFetch) {
      Fill& fill = grant(write.session, decision.lease);
      fill.is_for_write = true;
      fill.writes = writes;
    } else if (is_known) {
      model_.demand(write.version);
    }
  }

  // --- What else happens ---

  void cancel(std::size_t i) {
    for (Fill& fill : fills_) fill.is_cancelled |= fill.session == i;
  }

  void revoke(std::size_t i) {
    if (!random_.one_in(4)) return;
    f_.revoke(model_.request(i));
    model_.revoked(i);
    cancel(i);
  }

  void forget_refusal(std::size_t i) {
    f_.forget_refusal(model_.request(i));
    model_.refused(i, 0);
    for (Fill& fill : fills_) fill.is_before_login |= fill.session == i;
  }

  // A login or logout at the origin, and some time later this node notices.
  void change_hands(std::size_t i) {
    if (random_.one_in(2)) return model_.change_hands(i, random_.below(kUsers + 1));
    if (random_.one_in(2)) {
      f_.begin_anew(model_.request(i));
      model_.began_anew(i);
    } else {
      f_.forget(model_.request(i));
      model_.forgotten(i);
    }
    cancel(i);
  }

  void user_event(std::size_t user) {
    if (random_.one_in(2)) return;
    const std::string id = "\"u" + std::to_string(user) + "\"";
    if (random_.one_in(2)) {
      REQUIRE(f_.invalidate_user(id) == Status::kOk);
    } else {
      REQUIRE(f_.revoke_user(id) == Status::kOk);
      model_.user_revoked(user);
    }
    model_.demand(model_.newest(user));
  }

  void new_credential(std::size_t i) {
    if (!model_.may_be_dead(i) && !random_.one_in(8)) return;
    const auto is_of = [i](const auto& each) { return each.session == i; };
    for (const Fill& fill : fills_) {
      if (is_of(fill) && fill.is_for_write) return;
    }
    std::erase_if(fills_, is_of);
    std::erase_if(writes_, is_of);
    std::erase_if(waiting_, is_of);
    model_.log_in(i, random_.below(kUsers));
  }

  void pass_time() {
    constexpr DurationMs kSteps[] = {1,       kSecond,     kSecond,      3 * kSecond, 11 * kSecond,
                                     kMinute, 5 * kMinute, 16 * kMinute, 31 * kMinute};
    f_.pass(kSteps[random_.below(9)]);
  }

  Fixture f_;
  Random random_;
  SessionModel model_;
  std::vector<Fill> fills_;
  std::vector<Write> writes_;
  std::vector<Waiting> waiting_;
};

void live(std::size_t most_entries, bool is_evicting) {
  std::uint64_t served = 0;
  std::uint64_t refused = 0;
  std::uint64_t evicted = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    Life life(seed, most_entries);
    for (int i = 0; i < 4000; ++i) life.step();
    served += life.served();
    refused += life.refused();
    evicted += life.evicted();
  }
  // They have seen something.
  CHECK(served > 20'000);
  CHECK(refused > 2'000);
  CHECK((evicted > 1'000) == is_evicting);
}

TEST_CASE("R4, R8, R9, R10, R12, R13, R22, R23: long lives beside a model of the origin") {
  live(1000, false);
}

TEST_CASE("R50: the same with room for a few documents: eviction costs calls and nothing else") {
  live(4, true);
}

}  // namespace
}  // namespace sesame::testing
