// The store beside the simplest thing that could be right, under random operations and a budget far
// below what they ask for: the same answers, except for entries that it says it has forgotten.
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <map>
#include <string>

#include "store/segment_store.h"
#include "store_support.h"

namespace sesame {
namespace {

using store_testing::document_info;
using store_testing::is_as_given;
using store_testing::kNow;
using store_testing::numbered_key;
using store_testing::PrefixCodec;
using store_testing::Random;

constexpr std::uint64_t kKeys = 4'000;
constexpr std::size_t kMaxBytes = 16u << 10;
// Longer ones the store need not encode.
constexpr std::size_t kSurelyEncoded = 4u << 10;

// What SESAME_MODEL_OPERATIONS says; else ten million, fewer where they would take minutes.
std::uint64_t operations() {
  const char* const given = std::getenv("SESAME_MODEL_OPERATIONS");
  if (given != nullptr) return std::strtoull(given, nullptr, 10);
#ifdef NDEBUG
  return 10'000'000;
#else
  return 400'000;
#endif
}

// An assertion of Catch2's costs as much as an operation of the store.
void must(bool holds, const char* what) {
  if (!holds) FAIL(what);
}

class Model {
 public:
  Model(std::size_t budget_bytes, std::uint64_t seed)
      : random_(seed), store_(SegmentStore::create({budget_bytes, kMaxBytes}, make_codec())) {
    Random letters(77);
    for (char& each : text_) each = static_cast<char>('a' + letters.below(26));
  }

  void operate() {
    now_ += static_cast<TimeMs>(random_.below(40));
    const std::uint64_t number = pick();
    switch (random_.below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return put(number);
      case 4:
        return erase(number);
      case 5:
        return set_info(number);
      case 6:
        return store_->step(now_);
      default:
        return find(number);
    }
  }

  // Every key is looked up; what is left in the model is then exactly what the store holds.
  void sweep() {
    for (std::uint64_t number = 0; number < kKeys; ++number) find(number);
    must(entries_.size() == store_->entries(), "the count of entries");
    must(missed_ <= store_->evictions() + store_->stats().expired,
         "only what was forgotten is missing");
    std::size_t may_have_shape = 0;
    std::size_t has_shape = 0;
    for (const auto& [number, entry] : entries_) {
      if (entry.prefix == 0 || entry.info.http_status != 200) continue;
      ++may_have_shape;
      if (entry.meta_bytes + body_of(entry).size() <= kSurelyEncoded) ++has_shape;
    }
    must(codec_->references() >= has_shape && codec_->references() <= may_have_shape,
         "references on shapes");
  }

  void check_budget() { must(store_->used_bytes() <= store_->budget_bytes(), "the budget"); }
  std::uint64_t evictions() const { return store_->evictions(); }
  std::uint64_t expired() const { return store_->stats().expired; }

 private:
  struct Entry {
    EntryInfo info;
    std::size_t meta_from, meta_bytes;
    std::size_t body_from, body_bytes;
    unsigned prefix;
  };

  std::unique_ptr<BodyCodec> make_codec() {
    auto codec = std::make_unique<PrefixCodec>();
    codec_ = codec.get();
    return codec;
  }

  // Some keys far more often than others.
  std::uint64_t pick() {
    return random_.one_in(2) ? random_.below(kKeys / 20) : random_.below(kKeys);
  }

  EntryInfo any_info() {
    EntryInfo info = document_info(now_);
    switch (random_.below(8)) {
      case 0:  // a refusal
        info.fresh_until = info.drop_at = info.expires_at =
            now_ + static_cast<TimeMs>(random_.below(20'000));
        info.http_status = 401;
        info.user_tag = 0;
        break;
      case 1:  // a token with its own end
        info.expires_at = now_ + static_cast<TimeMs>(random_.below(10'000'000));
        info.drop_at = std::min(info.drop_at, info.expires_at);
        info.fresh_until = std::min(info.fresh_until, info.drop_at);
        break;
      case 2:
        info.born_at -= static_cast<TimeMs>(random_.below(30LL * 86'400'000));
        break;
      case 3:
        info.used_at = now_;
        info.ends_at = info.expires_at;
        info.asks_first = !info.asks_first;
        break;
      default:
        break;
    }
    info.sequence = sequence_ += static_cast<Sequence>(random_.below(3));
    return info;
  }

  std::size_t any_size() {
    switch (random_.below(64)) {
      case 0:
        return random_.below(17'000);
      case 1:
        return 0;
      default:
        return random_.below(220);
    }
  }

  std::string body_of(const Entry& entry) const {
    std::string body;
    if (entry.prefix > 0) body = "prefix" + std::to_string(entry.prefix) + "|";
    return body + text_.substr(entry.body_from, entry.body_bytes);
  }

  void put(std::uint64_t number) {
    Entry entry;
    entry.info = any_info();
    entry.meta_bytes = random_.one_in(4) ? random_.below(50) : 0;
    entry.meta_from = random_.below(text_.size() - entry.meta_bytes);
    entry.body_bytes = any_size();
    entry.body_from = random_.below(text_.size() - entry.body_bytes);
    entry.prefix = random_.one_in(3) ? 0 : 1 + static_cast<unsigned>(random_.below(30));
    const std::string body = body_of(entry);
    const bool fits = entry.meta_bytes + body.size() <= store_->max_value_bytes();
    const Bytes meta = Bytes(text_).substr(entry.meta_from, entry.meta_bytes);
    const bool stored = store_->put(numbered_key(number), entry.info, meta, body, now_);
    must(stored == fits, "what fits is stored");
    entries_.erase(number);
    if (stored) entries_[number] = entry;
  }

  void erase(std::uint64_t number) {
    const bool erased = store_->erase(numbered_key(number));
    if (erased) must(entries_.count(number) == 1, "only what was put is erased");
    if (!erased) missed_ += entries_.count(number);
    entries_.erase(number);
  }

  void set_info(std::uint64_t number) {
    const auto entry = entries_.find(number);
    EntryInfo info = any_info();
    if (entry != entries_.end()) info.http_status = entry->second.info.http_status;
    const bool changed = store_->set_info(numbered_key(number), info);
    if (entry == entries_.end()) {
      must(!changed, "nothing to change");
    } else if (changed) {
      entry->second.info = info;
    } else {
      ++missed_;
      entries_.erase(entry);
    }
  }

  void find(std::uint64_t number) {
    EntryView view;
    const bool found = store_->find(numbered_key(number), now_, &view);
    const auto entry = entries_.find(number);
    if (!found) {
      if (entry != entries_.end()) {
        ++missed_;
        entries_.erase(entry);
      }
      return;
    }
    must(entry != entries_.end(), "only what was put is found");
    const Entry& wanted = entry->second;
    must(is_as_given(view.info, wanted.info), "the info");
    must(view.meta == Bytes(text_).substr(wanted.meta_from, wanted.meta_bytes), "the meta");
    must(view.body == body_of(wanted), "the body");
  }

  Random random_;
  TimeMs now_ = kNow;
  Sequence sequence_ = 1;
  std::string text_ = std::string(40'000, '\0');
  const PrefixCodec* codec_ = nullptr;
  std::unique_ptr<SegmentStore> store_;
  std::map<std::uint64_t, Entry> entries_;
  std::uint64_t missed_ = 0;
};

}  // namespace

TEST_CASE("R50: beside a map, random operations get the same answers but for what was forgotten") {
  const std::uint64_t count = operations();
  const std::size_t budgets[] = {128u << 10, 300u << 10};
  for (std::size_t i = 0; i < 2; ++i) {
    Model model(budgets[i], 17 + i);
    for (std::uint64_t done = 0; done < count / 2; ++done) {
      model.operate();
      if (done % 64 == 0) model.check_budget();
      if (done % 200'000 == 0) model.sweep();
    }
    model.sweep();
    if (count < 100'000) continue;
    CHECK(model.evictions() > 0);
    CHECK(model.expired() > 0);
  }
}

}  // namespace sesame
