// Any operations with any times, sizes and keys, on a store that is always full: nothing that was
// never put comes back, nothing is read or written out of bounds, the budget holds. What a snapshot
// under the right MAC says is taken for hostile as well.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "../raw_codec.h"
#include "base/byte_order.h"
#include "snapshot/snapshot_reader.h"
#include "snapshot/snapshot_writer.h"
#include "store/segment_store.h"

namespace {

using sesame::Bytes;

constexpr Bytes kSecret = "0123456789abcdef";
constexpr std::size_t kBudget = 128u << 10;

void must(bool holds) {
  if (!holds) std::abort();
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : at_(data), end_(data + size) {}

  bool empty() const { return at_ == end_; }
  std::uint64_t take(unsigned bytes) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes && at_ < end_; ++i) value |= std::uint64_t{*at_++} << (8 * i);
    return value;
  }
  Bytes rest() const { return {reinterpret_cast<const char*>(at_), left()}; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

class Fuzzed {
 public:
  explicit Fuzzed(Input input) : input_(input), text_(20'000, '\0') {
    for (std::size_t i = 0; i < text_.size(); ++i) text_[i] = static_cast<char>(i * 31 + i / 256);
    store_ = make_store();
  }

  void run() {
    while (!input_.empty()) {
      operate();
      must(store_->used_bytes() <= store_->budget_bytes());
      must(store_->entries() <= put_.size() || is_foreign_);
    }
  }

 private:
  struct Value {
    sesame::EntryInfo info;
    std::size_t from, meta_bytes, body_bytes;
  };

  static std::unique_ptr<sesame::SegmentStore> make_store() {
    auto store = sesame::SegmentStore::create({kBudget}, std::make_unique<sesame::RawCodec>());
    must(store != nullptr);
    return store;
  }

  // Few keys, among them some that share all bits but a few.
  sesame::Key key() {
    const std::uint64_t number = input_.take(1);
    if (number < 16) return {number, 0};
    if (number < 32) return {0, number << 60};
    return {number * 0x9e3779b97f4a7c15u, number * 0xbf58476d1ce4e5b9u};
  }

  sesame::TimeMs time() {
    switch (input_.take(1) % 8) {
      case 0:
        return static_cast<sesame::TimeMs>(input_.take(8));
      case 1:
        return INT64_MAX - static_cast<sesame::TimeMs>(input_.take(1));
      case 2:
        return INT64_MIN + static_cast<sesame::TimeMs>(input_.take(1));
      default:
        return now_ + static_cast<sesame::TimeMs>(input_.take(3));
    }
  }

  sesame::EntryInfo info() {
    sesame::EntryInfo info;
    const std::uint64_t how = input_.take(1);
    info.filled_at = how & 1 ? time() : now_;
    info.fresh_until = how & 2 ? time() : now_ + 1'800'000;
    info.drop_at = how & 4 ? time() : now_ + 3'900'000;
    info.expires_at = how & 8 ? time() : now_ + 2'592'000'000;
    info.born_at = how & 16 ? time() : now_;
    info.used_at = how & 32 ? time() : 0;
    info.sequence = how & 64 ? static_cast<sesame::Sequence>(input_.take(4)) : 7;
    info.user_tag = how & 128 ? static_cast<std::uint32_t>(input_.take(4)) : 0;
    info.http_status = how & 1 ? static_cast<std::uint16_t>(input_.take(2)) : 200;
    return info;
  }

  static bool close(sesame::TimeMs is, sesame::TimeMs was) {
    return is == was || (is < was && was - is < 1000);
  }

  void check(const sesame::EntryView& view, const Value& value) const {
    const sesame::EntryInfo& was = value.info;
    must(close(view.info.filled_at, was.filled_at) && close(view.info.born_at, was.born_at));
    must(close(view.info.fresh_until, was.fresh_until) && close(view.info.drop_at, was.drop_at));
    must(close(view.info.expires_at, was.expires_at) && close(view.info.used_at, was.used_at));
    must(view.info.sequence == was.sequence && view.info.user_tag == was.user_tag);
    must(view.info.http_status == was.http_status);
    must(view.meta == Bytes(text_).substr(value.from, value.meta_bytes));
    must(view.body == Bytes(text_).substr(value.from + value.meta_bytes, value.body_bytes));
  }

  void operate() {
    switch (input_.take(1) % 16) {
      case 0:
        return store_->step(time());
      case 1:
        return restore_own();
      case 2:
        return restore_foreign();
      case 3:
      case 4:
        erase();
        return;
      case 5:
      case 6:
        return set_info();
      case 7:
      case 8:
      case 9:
        return find();
      case 10:
        now_ += static_cast<sesame::TimeMs>(input_.take(3));
        for (int i = 0; i < 40; ++i) store_->step(now_);
        return;
      default:
        return put();
    }
  }

  using Name = std::pair<std::uint64_t, std::uint64_t>;
  static Name name_of(const sesame::Key& key) { return {key.low, key.high}; }

  void put() {
    const sesame::Key of = key();
    Value value{info(), input_.take(1), 0, 0};
    const std::uint64_t size = input_.take(2);
    value.body_bytes = size < 0xc000 ? size % 300 : size % 9'000;
    value.meta_bytes = size % 7 == 0 ? size % 200 : 0;
    const bool stored =
        store_->put(of, value.info, Bytes(text_).substr(value.from, value.meta_bytes),
                    Bytes(text_).substr(value.from + value.meta_bytes, value.body_bytes), now_);
    must(stored == (value.meta_bytes + value.body_bytes <= store_->max_value_bytes()));
    put_[name_of(of)] = value;
    if (!stored) put_.erase(name_of(of));
  }

  void find() {
    const sesame::Key of = key();
    sesame::EntryView view;
    const bool found = store_->find(of, now_, &view);
    const auto value = put_.find(name_of(of));
    if (!found || is_foreign_) return;
    must(value != put_.end());
    check(view, value->second);
  }

  void erase() {
    const sesame::Key of = key();
    const bool erased = store_->erase(of);
    must(!erased || is_foreign_ || put_.count(name_of(of)) == 1);
    put_.erase(name_of(of));
    sesame::EntryView view;
    must(!store_->find(of, now_, &view));
  }

  void set_info() {
    const sesame::Key of = key();
    const auto value = put_.find(name_of(of));
    const sesame::EntryInfo to = info();
    const bool changed = store_->set_info(of, to);
    must(!changed || is_foreign_ || value != put_.end());
    if (value == put_.end()) return;
    if (changed) value->second.info = to;
    if (!changed) put_.erase(value);
  }

  // Into another store and on with that, after changes on both sides.
  void restore_own() {
    const std::size_t size = input_.take(2);
    auto next = make_store();
    {
      sesame::SnapshotWriter writer(*store_, kSecret, now_);
      sesame::SnapshotReader reader(*next, kSecret, now_);
      for (Bytes part = writer.next(size); !part.empty(); part = writer.next(size)) {
        const std::size_t cut = std::min(size, part.size());
        reader.feed(part.substr(0, cut));
        reader.feed(part.substr(cut));
        if (writer.is_done()) break;
        if (input_.take(1) % 4 == 0) put();
        if (input_.take(1) % 4 == 0) erase();
        if (input_.take(1) % 4 == 0) next->erase(key());
      }
      must(reader.state() == sesame::SnapshotReader::State::kSifting ||
           reader.state() == sesame::SnapshotReader::State::kDone);
    }
    store_ = std::move(next);
  }

  // A frame that says anything at all, under its right MAC.
  void restore_foreign() {
    std::string payload(sesame::kSnapshotMagic);
    payload += std::string("\1\0\0\0", 4);
    payload += input_.rest().substr(0, input_.left() / 2);
    sesame::SnapshotMac mac(kSecret, {});
    std::string snapshot(4, '\0');
    sesame::store_le32(snapshot.data(), static_cast<std::uint32_t>(payload.size()));
    const sesame::SnapshotMac::Mac& code = mac.add(payload);
    snapshot.append(code.data(), code.size()).append(payload);
    // At the end of memory of its own, so that reading past it is seen.
    const std::unique_ptr<char[]> exact(new char[snapshot.size()]);
    std::copy(snapshot.begin(), snapshot.end(), exact.get());

    store_ = make_store();
    put_.clear();
    sesame::SnapshotReader reader(*store_, kSecret, now_);
    reader.feed({exact.get(), snapshot.size()});
    const bool refused = reader.end() == sesame::SnapshotReader::State::kRefused;
    if (refused) must(store_->entries() == 0);
    is_foreign_ = !refused;
    if (refused) {
      for (int i = 0; i < 10; ++i) store_->step(now_);
    }
  }

  Input input_;
  std::string text_;
  sesame::TimeMs now_ = 1'700'000'000'000;
  std::unique_ptr<sesame::SegmentStore> store_;
  std::map<Name, Value> put_;
  bool is_foreign_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Fuzzed(Input(data, size)).run();
  return 0;
}
