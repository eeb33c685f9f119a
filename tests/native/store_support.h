// What the tests of the store share: keys, documents, and a codec small enough to be surely right.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "codec/body_codec.h"
#include "raw_codec.h"
#include "store/segment_store.h"

namespace sesame::store_testing {

constexpr TimeMs kNow = 1'700'000'000'123;

/// Random numbers that are the same in every run (SplitMix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// Below `bound`, which is not 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  bool one_in(std::uint64_t count) { return below(count) == 0; }

 private:
  std::uint64_t state_;
};

/// Keys as they are: spread over all 128 bits.
inline Key numbered_key(std::uint64_t number) {
  Random random(number * 2 + 1);
  const std::uint64_t low = random.next();
  return {low, random.next()};
}

/// A document's: fresh for half an hour, dropped after 65 minutes, ended after 30 days.
inline EntryInfo document_info(TimeMs now) {
  EntryInfo info;
  info.filled_at = info.born_at = now;
  info.fresh_until = now + 30 * 60'000;
  info.drop_at = now + 65 * 60'000;
  info.expires_at = now + 30LL * 24 * 3'600'000;
  info.user_tag = 77;
  info.http_status = 200;
  return info;
}

/// `got` is `given`, times perhaps rounded down to the second; a birth to kTimeUnit, or with the
/// second in which it was filled.
inline bool is_as_given(const EntryInfo& got, const EntryInfo& given) {
  const auto close = [](TimeMs is, TimeMs was) {
    return is == was || (is < was && was - is < 1000 && is % 1000 == 0);
  };
  const auto near = [](TimeMs is, TimeMs was) {
    return is == was || (is < was && was - is < kTimeUnit && is % kTimeUnit == 0);
  };
  return close(got.filled_at, given.filled_at) && close(got.fresh_until, given.fresh_until) &&
         close(got.drop_at, given.drop_at) && close(got.expires_at, given.expires_at) &&
         (near(got.born_at, given.born_at) ||
          (got.born_at == got.filled_at && close(got.born_at, given.born_at))) &&
         got.used_at == given.used_at && close(got.ends_at, given.ends_at) &&
         got.asks_first == given.asks_first && got.sequence == given.sequence &&
         got.user_tag == given.user_tag && got.http_status == given.http_status;
}

/// Stores what stands before the first '|' once for all documents that begin so.
class PrefixCodec final : public BodyCodec {
 public:
  static constexpr std::size_t kShapes = 40;

  Encoded encode(Bytes document, std::uint64_t, std::span<char> out) override {
    const std::size_t end = document.find('|');
    ShapeId shape = kRawShape;
    if (end != Bytes::npos && end > 0 && end <= 64) shape = find_or_add(document.substr(0, end));
    const Bytes rest = shape == kRawShape ? document : document.substr(end);
    std::copy(rest.begin(), rest.end(), out.begin());
    return {shape, rest.size()};
  }
  std::size_t decode(ShapeId shape, Bytes encoded, std::span<char> out) const override {
    const auto found = shapes_.find(shape);
    if (found == shapes_.end()) return 0;
    const std::string document = found->second.prefix + std::string(encoded);
    if (document.size() > out.size()) return 0;
    std::copy(document.begin(), document.end(), out.begin());
    return document.size();
  }
  void retain(ShapeId shape) override {
    if (shape != kRawShape) ++shapes_.at(shape).references;
  }
  void release(ShapeId shape) override {
    if (shape == kRawShape) return;
    if (--shapes_.at(shape).references == 0) shapes_.erase(shape);
  }
  std::size_t used_bytes() const override { return 0; }
  std::size_t budget_bytes() const override { return 0; }
  std::uint32_t shape_limit() const override { return kShapes + 1; }
  std::size_t saved_bytes(ShapeId shape) const override {
    return shapes_.count(shape) == 0 ? 0 : shapes_.at(shape).prefix.size();
  }
  void save_shape(ShapeId shape, std::span<char> out) const override {
    const std::string& prefix = shapes_.at(shape).prefix;
    std::copy(prefix.begin(), prefix.end(), out.begin());
  }
  bool load_shape(ShapeId shape, Bytes saved) override {
    if (saved.empty() || saved.size() > 64 || shapes_.count(shape) != 0) return false;
    shapes_[shape] = {std::string(saved), 1};
    return true;
  }
  void clear() override { shapes_.clear(); }

  /// References of all shapes: one for each entry that is not raw.
  std::size_t references() const {
    std::size_t sum = 0;
    for (const auto& [id, shape] : shapes_) sum += shape.references;
    return sum;
  }

 private:
  struct Shape {
    std::string prefix;
    std::size_t references = 0;
  };

  ShapeId find_or_add(Bytes prefix) {
    for (const auto& [id, shape] : shapes_) {
      if (shape.prefix == prefix) return id;
    }
    for (ShapeId id = 1; id <= kShapes; ++id) {
      // One that was added and never retained may go.
      if (shapes_.count(id) != 0 && shapes_.at(id).references > 0) continue;
      shapes_[id] = {std::string(prefix), 0};
      return id;
    }
    return kRawShape;
  }

  std::map<ShapeId, Shape> shapes_;
};

inline std::unique_ptr<SegmentStore> make_store(std::size_t budget_bytes,
                                                std::size_t max_value_bytes = 16u << 10) {
  return SegmentStore::create({budget_bytes, max_value_bytes}, std::make_unique<RawCodec>());
}

/// The body found, or "(none)".
inline std::string body_of(SegmentStore& store, const Key& key, TimeMs now = kNow) {
  EntryView view;
  return store.find(key, now, &view) ? std::string(view.body) : "(none)";
}

}  // namespace sesame::store_testing
