#include "store/segment_store.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "store_support.h"

namespace sesame {
namespace {

using store_testing::body_of;
using store_testing::document_info;
using store_testing::is_as_given;
using store_testing::kNow;
using store_testing::make_store;
using store_testing::numbered_key;
using store_testing::PrefixCodec;
using store_testing::Random;

constexpr std::size_t kSmallBudget = 256u << 10;

std::string numbered_body(std::uint64_t number, std::size_t size) {
  Random random(number);
  std::string body(size, '\0');
  for (char& each : body) each = static_cast<char>(random.next());
  return body;
}

bool put(SegmentStore& store, std::uint64_t number, Bytes body, TimeMs now = kNow) {
  return store.put(numbered_key(number), document_info(now), {}, body, now);
}

}  // namespace

TEST_CASE("R50: a budget that is too small is refused, the least one works") {
  const RawCodec codec;
  CHECK(make_store(SegmentStore::min_budget(codec) - 1) == nullptr);
  CHECK(make_store(0) == nullptr);
  const auto store = make_store(SegmentStore::min_budget(codec));
  REQUIRE(store != nullptr);
  CHECK(store->stats().segments >= 16);
  CHECK(store->used_bytes() <= store->budget_bytes());
  REQUIRE(put(*store, 1, "document"));
  CHECK(body_of(*store, numbered_key(1)) == "document");
}

TEST_CASE("R50: everything it may ever use fits the budget, whatever the budget") {
  for (std::size_t budget = 128u << 10; budget < 200u << 20; budget += budget / 3 + 12'345) {
    const auto store = make_store(budget);
    REQUIRE(store != nullptr);
    const SegmentStoreStats stats = store->stats();
    const std::size_t most = stats.table_bytes + std::size_t{stats.segments} * stats.segment_bytes;
    REQUIRE(most <= budget);
    // And little of it lies idle.
    REQUIRE(most >= budget - 2 * stats.segment_bytes - budget / 16);
  }
}

TEST_CASE("R7: what is put is found, byte for byte") {
  const auto store = make_store(kSmallBudget);
  const std::string binary = numbered_body(9, 300);
  EntryInfo info = document_info(kNow);
  info.sequence = 12;
  REQUIRE(store->put(numbered_key(1), info, "etag", binary, kNow));
  REQUIRE(store->put(numbered_key(2), info, {}, {}, kNow));
  EntryView view;
  REQUIRE(store->find(numbered_key(1), kNow, &view));
  CHECK(view.meta == "etag");
  CHECK(view.body == binary);
  CHECK(is_as_given(view.info, info));
  REQUIRE(store->find(numbered_key(2), kNow, &view));
  CHECK(view.meta.empty());
  CHECK(view.body.empty());
  CHECK_FALSE(store->find(numbered_key(3), kNow, &view));
  CHECK(store->entries() == 2);
}

TEST_CASE("R3: a key that differs anywhere finds nothing") {
  const auto store = make_store(kSmallBudget);
  REQUIRE(put(*store, 1, "document"));
  for (unsigned bit = 0; bit < 128; ++bit) {
    Key other = numbered_key(1);
    (bit < 64 ? other.low : other.high) ^= std::uint64_t{1} << (bit % 64);
    REQUIRE(body_of(*store, other) == "(none)");
  }
}

TEST_CASE("a later put replaces, a put of the same size in place") {
  const auto store = make_store(kSmallBudget);
  REQUIRE(put(*store, 1, "first"));
  const std::uint64_t live_bytes = store->stats().live_bytes;
  REQUIRE(put(*store, 1, "FIRST"));
  CHECK(body_of(*store, numbered_key(1)) == "FIRST");
  CHECK(store->stats().live_bytes == live_bytes);
  REQUIRE(put(*store, 1, "a longer one than before"));
  CHECK(body_of(*store, numbered_key(1)) == "a longer one than before");
  CHECK(store->entries() == 1);
  CHECK(store->stats().moved == 0);
}

TEST_CASE("set_info changes what is beside the bytes, in place or not") {
  const auto store = make_store(kSmallBudget);
  EntryInfo info = document_info(kNow);
  REQUIRE(store->put(numbered_key(1), info, "etag", "document", kNow));
  CHECK_FALSE(store->set_info(numbered_key(2), info));
  for (int refresh = 1; refresh <= 5; ++refresh) {
    info.filled_at += 1'800'000;
    info.fresh_until += 1'800'000;
    info.drop_at += 1'800'000;
    info.used_at = refresh > 3 ? info.filled_at : 0;
    EntryView view;
    REQUIRE(store->find(numbered_key(1), info.filled_at, &view));
    REQUIRE(store->set_info(numbered_key(1), info));
    REQUIRE(store->find(numbered_key(1), info.filled_at, &view));
    CHECK(is_as_given(view.info, info));
    CHECK(view.meta == "etag");
    CHECK(view.body == "document");
  }
  CHECK(store->entries() == 1);
  // The first refresh needs room for when it was born, the fourth for when it was used.
  CHECK(store->stats().moved == 2);
}

TEST_CASE("an erased entry is gone, and its room is free again") {
  const auto store = make_store(kSmallBudget);
  const std::size_t empty = store->used_bytes();
  CHECK_FALSE(store->erase(numbered_key(1)));
  for (std::uint64_t i = 0; i < 1000; ++i) REQUIRE(put(*store, i, numbered_body(i, 100)));
  for (std::uint64_t i = 0; i < 1000; ++i) REQUIRE(store->erase(numbered_key(i)));
  CHECK(store->entries() == 0);
  CHECK(store->stats().live_bytes == 0);
  CHECK(store->used_bytes() <= empty + store->stats().segment_bytes);
  CHECK(store->evictions() == 0);
  // The same key over and over does not fill it either.
  for (int i = 0; i < 100'000; ++i) {
    REQUIRE(put(*store, 7, "document"));
    REQUIRE(store->erase(numbered_key(7)));
  }
  CHECK(store->evictions() == 0);
}

TEST_CASE("R50: a value of any length up to the limit is kept whole, over segments") {
  const auto store = make_store(8u << 20, 256u << 10);
  const std::size_t limit = store->max_value_bytes();
  REQUIRE(limit == 256u << 10);
  const std::size_t segment = store->stats().segment_bytes;
  std::vector<std::size_t> sizes = {limit, limit - 1, 5 * segment};
  for (std::size_t around : {segment / 64, segment / 2, segment, 2 * segment, 3 * segment}) {
    for (std::size_t size = around - 150; size < around + 20; size += 7) sizes.push_back(size);
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    REQUIRE(put(*store, i, numbered_body(i, sizes[i])));
    REQUIRE(put(*store, 10'000 + i, "small"));
  }
  REQUIRE(store->evictions() == 0);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    INFO(sizes[i]);
    REQUIRE(body_of(*store, numbered_key(i)) == numbered_body(i, sizes[i]));
  }
  // Little is lost between them.
  const SegmentStoreStats stats = store->stats();
  const std::uint64_t in_use =
      std::uint64_t{stats.segments - stats.free_segments} * stats.segment_bytes;
  CHECK(in_use - stats.live_bytes < in_use / 20 + 2 * stats.segment_bytes);
  for (std::size_t i = 0; i < sizes.size(); ++i) REQUIRE(store->erase(numbered_key(i)));
  for (std::size_t i = 0; i < sizes.size(); ++i) REQUIRE(store->erase(numbered_key(10'000 + i)));
  CHECK(store->stats().live_bytes == 0);
}

TEST_CASE("R44: what is over the limit is refused, and the key has no entry afterwards") {
  const auto store = make_store(kSmallBudget, 10'000);
  REQUIRE(put(*store, 1, "document"));
  CHECK_FALSE(put(*store, 1, std::string(10'001, 'x')));
  CHECK(body_of(*store, numbered_key(1)) == "(none)");
  REQUIRE(put(*store, 1, std::string(10'000, 'x')));
  const std::string half(5'001, 'x');
  CHECK_FALSE(store->put(numbered_key(1), document_info(kNow), half, half, kNow));
  CHECK(store->entries() == 0);
  // However large the configured limit, a value never takes more than a share of the budget.
  CHECK(make_store(kSmallBudget, 1u << 20)->max_value_bytes() <= kSmallBudget / 4);
}

TEST_CASE("R50: a full store forgets, keeps its budget, and counts what it forgot") {
  const auto store = make_store(kSmallBudget);
  constexpr std::uint64_t kPuts = 20'000;
  for (std::uint64_t i = 0; i < kPuts; ++i) {
    store->step(kNow);
    REQUIRE(put(*store, i, numbered_body(i, 20 + i % 300)));
    REQUIRE(store->used_bytes() <= kSmallBudget);
    REQUIRE(body_of(*store, numbered_key(i)) == numbered_body(i, 20 + i % 300));
  }
  CHECK(store->entries() + store->evictions() == kPuts);
  CHECK(store->entries() > 500);
  std::size_t found = 0;
  for (std::uint64_t i = 0; i < kPuts; ++i) {
    const std::string body = body_of(*store, numbered_key(i));
    if (body == "(none)") continue;
    ++found;
    REQUIRE(body == numbered_body(i, 20 + i % 300));
  }
  CHECK(found == store->entries());
}

TEST_CASE("R50: what is used survives a flood of one-time visitors") {
  const auto store = make_store(1u << 20);
  constexpr std::uint64_t kRegulars = 500;
  for (std::uint64_t i = 0; i < kRegulars; ++i) REQUIRE(put(*store, i, numbered_body(i, 80)));
  std::size_t lost = 0;
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    store->step(kNow);
    REQUIRE(put(*store, 1'000'000 + i, numbered_body(i, 80)));
    const std::uint64_t regular = i % kRegulars;
    if (body_of(*store, numbered_key(regular)) != "(none)") continue;
    ++lost;
    REQUIRE(put(*store, regular, numbered_body(regular, 80)));
  }
  CHECK(lost < 10);
}

TEST_CASE("R50: entries smaller than the index was made for fill it, no further") {
  const auto store = make_store(1u << 20);
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    store->step(kNow);
    REQUIRE(put(*store, i, "x"));
    REQUIRE(store->used_bytes() <= store->budget_bytes());
  }
  CHECK(store->entries() + store->evictions() == 100'000);
  CHECK(store->entries() > 8'000);
  for (std::uint64_t i = 99'999; i > 99'900; --i) {
    CHECK(body_of(*store, numbered_key(i)) == "x");
  }
}

TEST_CASE("R51: expired entries are given back, some a call, and not counted as evicted") {
  const auto store = make_store(4u << 20);
  const std::size_t empty = store->used_bytes();
  TimeMs now = kNow;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    now += 100;
    store->step(now);
    REQUIRE(put(*store, i, numbered_body(i, 80), now));
  }
  const std::uint64_t put_last = 20'000;
  REQUIRE(store->entries() == put_last);
  // Half an hour later a tenth is confirmed; all others run out.
  now += 30 * 60'000;
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    REQUIRE(store->set_info(numbered_key(10 * i), document_info(now)));
  }
  // Within twenty minutes of their time.
  TimeMs later = now + 56 * 60'000;
  int calls = 0;
  for (; calls < 20'000 && store->entries() > 2'000; ++calls) store->step(later);
  CHECK(store->entries() == 2'000);
  CHECK(calls < 20'000);
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    REQUIRE(body_of(*store, numbered_key(10 * i), later) == numbered_body(10 * i, 80));
  }
  later += 60 * 60'000;
  for (calls = 0; calls < 20'000 && store->entries() > 0; ++calls) store->step(later);
  CHECK(store->entries() == 0);
  store->step(later);
  CHECK(store->used_bytes() == empty);
  CHECK(store->evictions() == 0);
  CHECK(store->stats().expired == put_last);
}

TEST_CASE("R51: under slow traffic too, entries go within a while of their time") {
  const auto store = make_store(4u << 20);
  TimeMs now = kNow;
  for (std::uint64_t i = 0; i < 600; ++i) {
    // One a minute: a segment is not filled in hours.
    now += 60'000;
    REQUIRE(put(*store, i, "document", now));
    for (int step = 0; step < 1'000; ++step) store->step(now);
    // 65 minutes of life and 20 minutes at most until it is seen to.
    REQUIRE(store->entries() <= 65 + 20 + 1);
  }
}

TEST_CASE("R51: an entry that is to go earlier than before does so") {
  const auto store = make_store(4u << 20);
  EntryInfo info = document_info(kNow);
  REQUIRE(store->put(numbered_key(1), info, {}, "document", kNow));
  info.drop_at = info.fresh_until = kNow + 5 * 60'000;
  REQUIRE(store->set_info(numbered_key(1), info));
  REQUIRE(put(*store, 2, "document"));
  REQUIRE(put(*store, 3, "document"));
  REQUIRE(store->put(numbered_key(3), info, {}, "DOCUMENT", kNow));
  for (int i = 0; i < 5'000; ++i) store->step(kNow + 10 * 60'000);
  CHECK(body_of(*store, numbered_key(1)) == "(none)");
  CHECK(body_of(*store, numbered_key(2)) == "document");
  CHECK(body_of(*store, numbered_key(3)) == "(none)");
}

TEST_CASE("R50: entries stay small however many ways of ageing there have been") {
  const auto store = make_store(4u << 20);
  EntryInfo info = document_info(kNow);
  REQUIRE(put(*store, 1, "document"));
  for (int i = 0; i < 1'000; ++i) {
    info.fresh_until += 1'000;
    REQUIRE(store->set_info(numbered_key(1), info));
    info.fresh_until += 1'000;
    REQUIRE(store->put(numbered_key(1), info, {}, "document", kNow));
  }
  const std::uint64_t before = store->stats().live_bytes;
  info.fresh_until += 1'000;
  REQUIRE(store->put(numbered_key(2), info, {}, "document", kNow));
  CHECK(store->stats().live_bytes - before <= 28 + 8);
}

TEST_CASE("R12: short-lived refusals do not stand between documents, and go at their time") {
  const auto store = make_store(4u << 20);
  TimeMs now = kNow;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    now += 10;
    store->step(now);
    REQUIRE(put(*store, i, numbered_body(i, 80), now));
    EntryInfo refusal;
    refusal.filled_at = refusal.born_at = now;
    refusal.fresh_until = refusal.drop_at = refusal.expires_at = now + 10'000;
    refusal.http_status = 401;
    REQUIRE(store->put(numbered_key(1'000'000 + i), refusal, {}, "no", now));
  }
  for (int i = 0; i < 5'000; ++i) store->step(now + 40'000);
  CHECK(store->entries() == 10'000);
  CHECK(store->stats().moved == 0);
}

TEST_CASE("R51: no operation does more than a fixed number of entries' work") {
  const auto store = make_store(16u << 20);
  Random random(5);
  std::uint64_t before = 0;
  std::uint64_t most = 0;
  const auto watch = [&] {
    const SegmentStoreStats stats = store->stats();
    const std::uint64_t done = stats.expired + stats.moved + store->evictions();
    most = std::max(most, done - before);
    before = done;
  };
  TimeMs now = kNow;
  for (std::uint64_t i = 0; i < 600'000; ++i) {
    now += i == 400'000 ? 2 * 3'600'000 : 1;  // everything runs out at once
    store->step(now);
    watch();
    REQUIRE(put(*store, i, Bytes("0123456789abcdefghijklmnopqrstuvwxyz", random.below(36)), now));
    watch();
    // Everything is used, so that evicting is as hard as it gets.
    for (int use = 0; use < 3; ++use) body_of(*store, numbered_key(random.below(i + 1)), now);
    watch();
  }
  CHECK(most <= 200);
}

TEST_CASE("R50, R51: hostile sizes waste no room, and cost no more than twice the normal work") {
  constexpr std::size_t kNormal = 490;
  constexpr std::size_t kMax = 16u << 10;
  const std::string bytes(kMax, 'x');
  struct Cost {
    double work;  // entries that somebody had to deal with, for each normal one's worth of bytes
    double live_bytes;
  };
  const auto cost_of = [&](auto size_of) {
    const auto store = make_store(2u << 20);
    double worth = 0;
    for (std::uint64_t i = 0; i < 40'000; ++i) {
      const std::size_t size = size_of(i);
      worth += std::max(1.0, static_cast<double>(size) / kNormal);
      store->step(kNow);
      REQUIRE(put(*store, i, Bytes(bytes).substr(0, size)));
      body_of(*store, numbered_key(i / 2));
    }
    const SegmentStoreStats stats = store->stats();
    return Cost{static_cast<double>(store->evictions() + stats.moved) / worth,
                static_cast<double>(stats.live_bytes)};
  };
  const Cost normal = cost_of([](std::uint64_t) { return kNormal; });
  const auto check = [&](auto size_of) {
    const Cost cost = cost_of(size_of);
    CHECK(cost.work <= 2 * normal.work);
    CHECK(cost.live_bytes >= normal.live_bytes / 2);
  };
  Random random(9);
  check([&](std::uint64_t i) { return i % 2 == 0 ? 1 : kMax; });
  check([&](std::uint64_t) { return random.below(kMax); });
  check([&](std::uint64_t) { return kMax; });
  check([&](std::uint64_t) { return 100; });
  check([&](std::uint64_t i) { return i % 64 == 0 ? kMax : 1; });
}

TEST_CASE("R50: dead bytes are collected before living entries are given up") {
  const auto store = make_store(4u << 20);
  constexpr std::uint64_t kEntries = 15'000;  // about half of what fits
  Random random(3);
  for (std::uint64_t i = 0; i < 600'000; ++i) {
    store->step(kNow);
    // Always another size, so that no entry can be written where it stood.
    const std::uint64_t number = i < kEntries ? i : random.below(kEntries);
    REQUIRE(put(*store, number,
                Bytes("0123456789012345678901234567890123456789"
                      "0123456789012345678901234567890123456789",
                      40 + random.below(40))));
  }
  CHECK(store->entries() == kEntries);
  CHECK(store->evictions() == 0);
}

TEST_CASE("a codec's shapes are held by the entries that need them, and by nothing else") {
  auto owned = std::make_unique<PrefixCodec>();
  const PrefixCodec& codec = *owned;
  const auto store = SegmentStore::create({kSmallBudget, 16u << 10}, std::move(owned));
  Random random(8);
  for (std::uint64_t i = 0; i < 60'000; ++i) {
    store->step(kNow);
    const std::uint64_t number = random.below(3'000);
    const std::string body =
        "shape" + std::to_string(random.below(60)) + "|" + numbered_body(number, random.below(400));
    if (random.one_in(4)) {
      store->erase(numbered_key(number));
    } else {
      REQUIRE(put(*store, number, body));
      REQUIRE(body_of(*store, numbered_key(number)) == body);
    }
    if (random.one_in(8)) {
      EntryInfo info = document_info(kNow);
      info.sequence = static_cast<Sequence>(random.next());
      store->set_info(numbered_key(number), info);
    }
    REQUIRE(codec.references() <= store->entries());
  }
  CHECK(codec.references() > 0);
  for (std::uint64_t i = 0; i < 3'000; ++i) store->erase(numbered_key(i));
  CHECK(store->entries() == 0);
  CHECK(codec.references() == 0);
}

TEST_CASE("hostile times neither break it nor are served longer than given") {
  const auto store = make_store(kSmallBudget);
  const TimeMs extremes[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, kNow, INT64_MAX - 1, INT64_MAX};
  std::uint64_t number = 0;
  for (TimeMs filled : extremes) {
    for (TimeMs drop : extremes) {
      for (TimeMs now : extremes) {
        EntryInfo info;
        info.filled_at = filled;
        info.born_at = now;
        info.drop_at = drop;
        info.fresh_until = filled;
        info.expires_at = drop;
        info.sequence = static_cast<Sequence>(number);
        REQUIRE(store->put(numbered_key(++number), info, {}, "document", now));
        EntryView view;
        REQUIRE(store->find(numbered_key(number), now, &view));
        REQUIRE(is_as_given(view.info, info));
        info.born_at = filled;
        store->set_info(numbered_key(number), info);
        store->step(now);
      }
    }
  }
}

}  // namespace sesame
