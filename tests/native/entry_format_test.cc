#include "store/entry_plan.h"

#include <catch2/catch_test_macros.hpp>
#include <vector>

#include "store_support.h"

namespace sesame {
namespace {

using store_testing::document_info;
using store_testing::is_as_given;
using store_testing::kNow;
using store_testing::numbered_key;
using store_testing::Random;

struct Written {
  std::vector<char> bytes = std::vector<char>(kMaxHeaderBytes + 8);
  EntryPlan plan;
  EntryHeader header;
  EntryInfo info;
};

Written write(const EntryInfo& info, const EntryBase& base, LifetimeTable& lifetimes,
              const EntryLayout& at_least = {}) {
  Written written;
  written.plan = plan_entry(info, base, lifetimes, 300, 7, 900, at_least);
  lifetimes.retain(written.plan.lifetime);
  write_header(written.plan, numbered_key(1), 2, base, written.bytes.data());
  written.header = read_header(written.bytes.data());
  const Lifetime* lifetime =
      written.header.layout.is_explicit ? nullptr : &lifetimes.at(written.header.lifetime);
  written.info = read_info(written.header, base, lifetime);
  return written;
}

const EntryBase kBase{1'700'000'000'000 - 32'768'000, 5000};

}  // namespace

TEST_CASE("an ordinary entry's header takes few bytes and comes back") {
  LifetimeTable lifetimes;
  EntryInfo info = document_info(kNow);
  info.sequence = 5003;
  const EntryPlan plan = plan_entry(info, kBase, lifetimes, 5, 0, 77);
  CHECK(plan.header_bytes ==
        28);  // key 16, state, lifetime, shape, size, sequence, user 4, times 3
  const Written written = write(info, kBase, lifetimes);
  CHECK(read_key(written.bytes.data()) == numbered_key(1));
  CHECK(written.header.use == 2);
  CHECK_FALSE(written.header.is_dead);
  CHECK(written.header.shape == 300);
  CHECK(written.header.meta_bytes == 7);
  CHECK(written.header.body_bytes == 900);
  CHECK(written.header.header_bytes == written.plan.header_bytes);
  CHECK(written.header.total_bytes == written.plan.header_bytes + 907);
  CHECK(is_as_given(written.info, info));
}

TEST_CASE(
    "R5: times of a life under a minute are kept exactly, longer ones lose part of a second") {
  LifetimeTable lifetimes;
  EntryInfo refusal;
  refusal.filled_at = refusal.born_at = kNow;
  refusal.fresh_until = refusal.drop_at = refusal.expires_at = kNow + 10'001;
  refusal.http_status = 401;
  const Written exact = write(refusal, kBase, lifetimes);
  CHECK(exact.info.filled_at == kNow);
  CHECK(exact.info.drop_at == kNow + 10'001);
  const Written rounded_down = write(document_info(kNow), kBase, lifetimes);
  CHECK(rounded_down.info.filled_at == kNow / 1000 * 1000);
  CHECK(rounded_down.info.drop_at == (kNow + 65 * 60'000) / 1000 * 1000);
  // Once rounded they stay: an entry that is changed again and again does not grow older.
  const Written again = write(rounded_down.info, kBase, lifetimes);
  CHECK(again.info.filled_at == rounded_down.info.filled_at);
  CHECK(again.info.expires_at == rounded_down.info.expires_at);
}

TEST_CASE("R23: which of two sessions was born first is known to a few milliseconds") {
  LifetimeTable lifetimes;
  const auto born = [&](TimeMs at) {
    return write(document_info(at), kBase, lifetimes).info.born_at;
  };
  CHECK(born(kNow) < born(kNow + kTimeUnit));
  CHECK(born(kNow + 999) < born(kNow + 1000 + kTimeUnit));
}

TEST_CASE("R50: tokens of a quarter of an hour share a lifetime, whenever they are asked about") {
  LifetimeTable lifetimes;
  const std::uint32_t usual = write(document_info(kNow), kBase, lifetimes).plan.header_bytes;
  for (int i = 0; i < 1000; ++i) {
    EntryInfo info = document_info(kNow + i);
    info.fresh_until = info.drop_at = info.expires_at = kNow / 1000 * 1000 + 900'000;
    const Written written = write(info, kBase, lifetimes);
    REQUIRE(is_as_given(written.info, info));
    REQUIRE(written.plan.header_bytes == usual);
  }
}

TEST_CASE("R8: any times come back, and none later than it was given") {
  LifetimeTable lifetimes;
  Random random(11);
  const TimeMs extremes[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1, 0, -1, 1, kNow};
  for (int i = 0; i < 200'000; ++i) {
    const auto time = [&]() -> TimeMs {
      switch (random.below(8)) {
        case 0:
          return extremes[random.below(8)];
        case 1:
          return static_cast<TimeMs>(random.next());
        case 2:
          return kNow - static_cast<TimeMs>(random.below(100'000'000'000));
        default:
          return kNow + static_cast<TimeMs>(random.below(10'000'000));
      }
    };
    EntryInfo info;
    info.filled_at = time();
    info.fresh_until = time();
    info.drop_at = time();
    info.expires_at = time();
    info.born_at = time();
    info.used_at = random.one_in(2) ? 0 : time();
    info.ends_at = random.one_in(2) ? 0 : time();
    info.asks_first = random.one_in(2);
    info.sequence =
        static_cast<Sequence>(random.one_in(2) ? 5000 + random.below(300) - 150 : random.next());
    info.user_tag = random.one_in(4) ? 0 : static_cast<std::uint32_t>(random.next());
    info.http_status = random.one_in(2) ? 200 : static_cast<std::uint16_t>(random.next());
    const Written written = write(info, kBase, lifetimes);
    INFO("round " << i);
    REQUIRE(written.header.header_bytes == written.plan.header_bytes);
    REQUIRE(written.plan.header_bytes <= kMaxHeaderBytes);
    REQUIRE(is_as_given(written.info, info));
    REQUIRE(is_as_given(written.plan.info, info));
    lifetimes.release(written.plan.lifetime);
  }
}

TEST_CASE("R50: an entry that was filled weeks ago is written in few bytes as well") {
  LifetimeTable lifetimes;
  EntryInfo info = document_info(kNow - 20LL * 86'400'000);
  info.born_at = info.born_at / 1000 * 1000;  // it is not known better of these
  const Written written = write(info, kBase, lifetimes);
  CHECK(is_as_given(written.info, info));
  CHECK(written.plan.header_bytes <= 28 + 8 + 4);
}

TEST_CASE("a header keeps its size when it is written again for a newer time") {
  LifetimeTable lifetimes;
  EntryInfo info = document_info(kNow);
  info.born_at -= 3'600'000;
  info.used_at = kNow;
  info.sequence = 5300;
  const Written first = write(info, kBase, lifetimes);
  info.filled_at += 1'800'000;
  info.fresh_until += 1'800'000;
  info.drop_at += 1'800'000;
  info.used_at = info.filled_at;
  info.sequence = 5000;  // would need no bytes
  info.user_tag = 0;
  const Written second = write(info, kBase, lifetimes, first.header.layout);
  CHECK(second.header.header_bytes == first.header.header_bytes);
  CHECK(is_as_given(second.info, info));
}

TEST_CASE("R50: tokens that all end at another time share a lifetime") {
  LifetimeTable lifetimes;
  for (int i = 0; i < 1000; ++i) {
    EntryInfo info = document_info(kNow);
    info.expires_at = kNow + 3'000'000'000 + i * 1000;
    const Written written = write(info, kBase, lifetimes);
    REQUIRE(is_as_given(written.info, info));
    REQUIRE(written.plan.lifetime != LifetimeTable::kNone);
    REQUIRE(written.plan.header_bytes <= 28 + 5 + 4);
  }
}

TEST_CASE("use counts up to its limit beside everything else") {
  LifetimeTable lifetimes;
  Written written = write(document_info(kNow), kBase, lifetimes);
  for (std::uint8_t use = 0; use <= kMaxUse; ++use) {
    write_use(written.bytes.data(), use);
    CHECK(read_use(written.bytes.data()) == use);
    const EntryHeader header = read_header(written.bytes.data());
    CHECK(header.header_bytes == written.header.header_bytes);
    CHECK_FALSE(header.is_dead);
  }
  mark_dead(written.bytes.data());
  CHECK(read_header(written.bytes.data()).is_dead);
}

}  // namespace sesame
