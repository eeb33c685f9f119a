#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <string>

#include "snapshot/snapshot_reader.h"
#include "snapshot/snapshot_writer.h"
#include "store/segment_store.h"
#include "store_support.h"

namespace sesame {
namespace {

using store_testing::body_of;
using store_testing::document_info;
using store_testing::is_as_given;
using store_testing::kNow;
using store_testing::numbered_key;
using store_testing::PrefixCodec;
using store_testing::Random;

using State = SnapshotReader::State;

constexpr Bytes kSecret = "0123456789abcdef";
constexpr std::size_t kBudget = 256u << 10;

struct Held {
  std::unique_ptr<SegmentStore> store;
  const PrefixCodec* codec;

  explicit Held(std::size_t budget = kBudget) {
    auto owned = std::make_unique<PrefixCodec>();
    codec = owned.get();
    store = SegmentStore::create({budget, 16u << 10}, std::move(owned));
  }
};

std::string body_for(std::uint64_t number) {
  Random random(number);
  std::string body = number % 3 == 0 ? "" : "shape" + std::to_string(number % 7) + "|";
  const std::size_t size = number % 50 == 0 ? random.below(9'000) : random.below(150);
  for (std::size_t i = 0; i < size; ++i) body += static_cast<char>(random.next());
  return body;
}

EntryInfo info_for(std::uint64_t number) {
  EntryInfo info = document_info(kNow + static_cast<TimeMs>(number));
  info.sequence = static_cast<Sequence>(number / 10);
  if (number % 11 == 0) info.born_at -= 86'400'000;
  if (number % 13 == 0) info.filled_at = INT64_MIN;  // has to be written out
  if (number % 17 == 0) info.expires_at = kNow + 4'000'000'000 + static_cast<TimeMs>(number);
  return info;
}

void fill(Held& held, std::uint64_t entries) {
  for (std::uint64_t i = 0; i < entries; ++i) {
    held.store->step(kNow);
    REQUIRE(
        held.store->put(numbered_key(i), info_for(i), i % 5 == 0 ? "etag" : "", body_for(i), kNow));
  }
}

std::string snapshot_of(SegmentStore& store, std::size_t wanted_bytes = 64u << 10) {
  SnapshotWriter writer(store, kSecret, kNow);
  std::string snapshot;
  for (;;) {
    const Bytes part = writer.next(wanted_bytes);
    if (part.empty()) return snapshot;
    snapshot += part;
  }
}

State restore(SegmentStore& store, Bytes snapshot, std::size_t piece_bytes = SIZE_MAX,
              Bytes secret = kSecret) {
  SnapshotReader reader(store, secret, kNow);
  while (!snapshot.empty()) {
    const std::size_t size = std::min(piece_bytes, snapshot.size());
    reader.feed(snapshot.substr(0, size));
    snapshot.remove_prefix(size);
  }
  reader.end();
  while (reader.state() == State::kSifting) reader.step();
  return reader.state();
}

std::string little(std::uint64_t value, unsigned bytes) {
  std::string text;
  for (unsigned i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

// A frame of this payload, under its right MAC.
std::string one_frame(const std::string& payload) {
  SnapshotMac mac(kSecret, {});
  const SnapshotMac::Mac& code = mac.add(payload);
  return little(payload.size(), 4).append(code.data(), code.size()).append(payload);
}

// What a store answers for a key, all of it in one string.
std::string answer_of(SegmentStore& store, std::uint64_t number) {
  EntryView view;
  if (!store.find(numbered_key(number), kNow, &view)) return "(none)";
  std::string answer;
  for (TimeMs time : {view.info.filled_at, view.info.fresh_until, view.info.drop_at,
                      view.info.expires_at, view.info.born_at, view.info.used_at}) {
    answer += std::to_string(time) + ",";
  }
  answer += std::to_string(view.info.sequence) + "," + std::to_string(view.info.user_tag) + "," +
            std::to_string(view.info.http_status) + ",";
  return answer.append(view.meta).append(",").append(view.body);
}

// After a refusal the store opens again within some steps, empty and usable.
void check_empty_and_usable(Held& held) {
  CHECK(held.store->entries() == 0);
  for (int i = 0; i < 100; ++i) held.store->step(kNow);
  CHECK(body_of(*held.store, numbered_key(1)) == "(none)");
  CHECK(held.codec->references() == 0);
  CHECK(held.store->put(numbered_key(1), document_info(kNow), {}, "shape1|new", kNow));
  CHECK(body_of(*held.store, numbered_key(1)) == "shape1|new");
  CHECK(held.store->entries() == 1);
}

}  // namespace

TEST_CASE("R52: a snapshot restores to the same answers, however it is cut") {
  Held source;
  constexpr std::uint64_t kEntries = 700;
  fill(source, kEntries);
  REQUIRE(source.store->evictions() == 0);
  for (std::size_t part_bytes : {std::size_t{1}, std::size_t{9'000}, std::size_t{64} << 10}) {
    const std::string snapshot = snapshot_of(*source.store, part_bytes);
    for (std::size_t piece_bytes : {std::size_t{1}, std::size_t{777}, std::size_t{1} << 20}) {
      Held target;
      REQUIRE(restore(*target.store, snapshot, piece_bytes) == State::kDone);
      CHECK(target.store->entries() == kEntries);
      CHECK(target.codec->references() == source.codec->references());
      for (std::uint64_t i = 0; i < kEntries; ++i) {
        REQUIRE(answer_of(*target.store, i) == answer_of(*source.store, i));
      }
    }
  }
}

TEST_CASE("R52: a restored store goes on as any other") {
  Held source;
  fill(source, 700);
  Held target;
  REQUIRE(restore(*target.store, snapshot_of(*source.store)) == State::kDone);
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    target.store->step(kNow);
    const std::uint64_t number = i % 2'000;
    REQUIRE(target.store->put(numbered_key(number), info_for(number), {}, body_for(number), kNow));
    REQUIRE(body_of(*target.store, numbered_key(number)) == body_for(number));
    REQUIRE(target.store->used_bytes() <= target.store->budget_bytes());
  }
  for (std::uint64_t i = 0; i < 2'000; ++i) target.store->erase(numbered_key(i));
  CHECK(target.store->entries() == 0);
  CHECK(target.store->stats().live_bytes == 0);
  CHECK(target.codec->references() == 0);
}

TEST_CASE("R52: a store of another budget takes what it has room for") {
  Held source(4u << 20);
  fill(source, 8'000);
  const std::string snapshot = snapshot_of(*source.store, 8'000);
  for (std::size_t budget : {std::size_t{700} << 10, std::size_t{8} << 20, std::size_t{64} << 20}) {
    Held target(budget);
    REQUIRE(restore(*target.store, snapshot) == State::kDone);
    CHECK(target.store->used_bytes() <= budget);
    std::size_t found = 0;
    for (std::uint64_t i = 0; i < 8'000; ++i) {
      const std::string answer = answer_of(*target.store, i);
      if (answer == "(none)") continue;
      ++found;
      REQUIRE(answer == answer_of(*source.store, i));
    }
    CHECK(found == target.store->entries());
    CHECK(found > (budget < 4u << 20 ? 1'000u : 7'999u));
  }
}

TEST_CASE("R52: truncated anywhere, a snapshot is refused whole") {
  Held source;
  fill(source, 60);
  const std::string snapshot = snapshot_of(*source.store, 4096);
  REQUIRE(snapshot.size() > 8'000);
  for (std::size_t size = 0; size < snapshot.size(); size += size % 64 == 0 ? 1 : 13) {
    Held target;
    REQUIRE(restore(*target.store, Bytes(snapshot).substr(0, size)) == State::kRefused);
    REQUIRE(target.store->entries() == 0);
  }
  Held target;
  restore(*target.store, Bytes(snapshot).substr(0, snapshot.size() - 1));
  check_empty_and_usable(target);
}

TEST_CASE("R52: altered in any bit, a snapshot is refused whole") {
  Held source;
  fill(source, 30);
  std::string snapshot = snapshot_of(*source.store, 4096);
  for (std::size_t bit = 0; bit < 8 * snapshot.size(); bit += bit < 2'000 ? 1 : 41) {
    char& byte = snapshot[bit / 8];
    byte = static_cast<char>(byte ^ (1 << (bit % 8)));
    Held target;
    REQUIRE(restore(*target.store, snapshot) == State::kRefused);
    REQUIRE(target.store->entries() == 0);
    byte = static_cast<char>(byte ^ (1 << (bit % 8)));
  }
  Held target;
  CHECK(restore(*target.store, snapshot) == State::kDone);
  CHECK(restore(*target.store, snapshot) == State::kRefused);  // it is not empty any more
}

TEST_CASE("R52: parts swapped, repeated, left out or added are refused") {
  Held source;
  fill(source, 400);
  std::vector<std::string> parts;
  {
    SnapshotWriter writer(*source.store, kSecret, kNow);
    for (Bytes part = writer.next(4096); !part.empty(); part = writer.next(4096)) {
      parts.emplace_back(part);
    }
  }
  REQUIRE(parts.size() > 4);
  const auto state_of = [](const std::vector<std::string>& some) {
    std::string snapshot;
    for (const std::string& part : some) snapshot += part;
    Held target;
    const State state = restore(*target.store, snapshot);
    if (state == State::kRefused) check_empty_and_usable(target);
    return state;
  };
  CHECK(state_of(parts) == State::kDone);
  std::vector<std::string> changed = parts;
  std::swap(changed[1], changed[2]);
  CHECK(state_of(changed) == State::kRefused);
  changed = parts;
  changed.insert(changed.begin() + 1, changed[1]);
  CHECK(state_of(changed) == State::kRefused);
  changed = parts;
  changed.erase(changed.begin() + 1);
  CHECK(state_of(changed) == State::kRefused);
  changed = parts;
  changed.erase(changed.begin());
  CHECK(state_of(changed) == State::kRefused);
  changed = parts;
  changed.push_back(changed.back());
  CHECK(state_of(changed) == State::kRefused);
  changed = parts;
  changed.emplace_back("x");
  CHECK(state_of(changed) == State::kRefused);
}

TEST_CASE("R52: another secret, or another version, is refused") {
  Held source;
  fill(source, 60);
  const std::string snapshot = snapshot_of(*source.store);
  Held target;
  CHECK(restore(*target.store, snapshot, SIZE_MAX, "0123456789abcdeX") == State::kRefused);
  check_empty_and_usable(target);

  // A version that does not exist yet, under a MAC that is right.
  Held other;
  CHECK(restore(*other.store, one_frame(std::string(kSnapshotMagic) + little(2, 4))) ==
        State::kRefused);
  check_empty_and_usable(other);
}

TEST_CASE("R52: records that make no sense are refused, though their MAC is right") {
  constexpr TimeMs kWhole = kNow / 1000 * 1000;
  const std::string head = std::string(kSnapshotMagic) + little(kSnapshotVersion, 4);
  const std::string base =
      little(1, 1) + little(kWhole - 1'000'000, 8) + little(0, 4) + little(0, 4) + little(0, 1);
  const std::string lifetime = little(2, 1) + little(3, 1) + little(60'000, 8) +
                               little(120'000, 8) + little(180'000, 8) + little(200, 2) +
                               little(0, 1);
  const std::string entry = little(4, 1) + little(1, 8) + little(2, 8) + little(0, 1) +
                            little(3, 1) + little(0, 1) + little(3, 1) + little(1'000, 2) +
                            little(0, 1) + "abc";
  const auto end = [](std::uint64_t entries) {
    return little(5, 1) + little(entries, 8) + little(0, 1) + little(0, 4);
  };
  const auto state_of = [&head](const std::string& records) {
    Held target;
    const State state = restore(*target.store, one_frame(head + records));
    if (state == State::kRefused) check_empty_and_usable(target);
    return state;
  };
  Held target;
  REQUIRE(restore(*target.store, one_frame(head + base + lifetime + entry + end(1))) ==
          State::kDone);
  EntryView view;
  REQUIRE(target.store->find({1, 2}, kNow, &view));
  CHECK(view.body == "abc");
  CHECK(view.info.filled_at == kWhole);
  CHECK(view.info.drop_at == kWhole + 120'000);

  CHECK(state_of(end(0)) == State::kDone);
  CHECK(state_of("") == State::kRefused);
  CHECK(state_of(base + lifetime + entry) == State::kRefused);
  CHECK(state_of(base + lifetime + entry + end(0)) == State::kRefused);
  CHECK(state_of(base + lifetime + entry + end(2)) == State::kRefused);
  CHECK(state_of(lifetime + entry + end(1)) == State::kRefused);
  CHECK(state_of(base + entry + end(1)) == State::kRefused);
  CHECK(state_of(base + lifetime + entry.substr(0, entry.size() - 1)) == State::kRefused);
  CHECK(state_of(end(0) + end(0)) == State::kRefused);
  CHECK(state_of(little(6, 1) + end(0)) == State::kRefused);
  CHECK(state_of(end(0).substr(0, 9)) == State::kRefused);
  CHECK(state_of(little(5, 1) + little(0, 8) + little(0, 1) + little(3, 4) + "abc") ==
        State::kRefused);
  std::string bad_queue = base;
  bad_queue.back() = 2;
  CHECK(state_of(bad_queue + end(0)) == State::kRefused);
  std::string bad_lifetime = lifetime;
  bad_lifetime[1] = 64;
  CHECK(state_of(base + bad_lifetime + end(0)) == State::kRefused);
  std::string dead = entry;
  dead[17] = 1;
  CHECK(state_of(base + lifetime + dead + end(1)) == State::kRefused);
  std::string shaped = entry;
  shaped[19] = 1;
  CHECK(state_of(base + lifetime + shaped + end(1)) == State::kRefused);
  const std::string shape = little(3, 1) + little(1, 2) + little(2, 4) + "ab";
  CHECK(state_of(shape + base + lifetime + shaped + end(1)) == State::kDone);
  CHECK(state_of(shape + shape + end(0)) == State::kRefused);
  CHECK(state_of(little(3, 1) + little(0, 2) + little(2, 4) + "ab" + end(0)) == State::kRefused);
  CHECK(state_of(little(3, 1) + little(1, 2) + little(200, 4) + "ab") == State::kRefused);
}

TEST_CASE("R10, R52: what ends while a snapshot is written or read does not come back") {
  Held source(1u << 20);
  constexpr std::uint64_t kEntries = 3'000;
  fill(source, kEntries);
  std::string snapshot;
  std::uint64_t next = 0;
  {
    SnapshotWriter writer(*source.store, kSecret, kNow);
    for (Bytes part = writer.next(4096); !part.empty(); part = writer.next(4096)) {
      snapshot += part;
      // Between the parts some are signed out, some change, some are new, and some are confirmed.
      if (next >= 60) continue;
      REQUIRE(source.store->erase(numbered_key(50 * next)));
      REQUIRE(source.store->put(numbered_key(50 * next + 1), info_for(1), {}, "changed", kNow));
      REQUIRE(source.store->put(numbered_key(10'000 + next), info_for(1), {}, "new", kNow));
      REQUIRE(source.store->set_info(numbered_key(50 * next + 2), info_for(2)));
      ++next;
    }
  }
  REQUIRE(next > 20);
  Held target(1u << 20);
  SnapshotReader reader(*target.store, kSecret, kNow);
  reader.feed(Bytes(snapshot).substr(0, snapshot.size() / 2));
  // Nothing is found yet; and what is signed out here is remembered.
  CHECK(body_of(*target.store, numbered_key(7)) == "(none)");
  CHECK_FALSE(target.store->erase(numbered_key(7)));
  CHECK_FALSE(target.store->erase(numbered_key(2'907)));
  CHECK_FALSE(target.store->put(numbered_key(8), info_for(8), {}, "put", kNow));
  reader.feed(Bytes(snapshot).substr(snapshot.size() / 2));
  while (reader.state() == State::kSifting) reader.step(10);
  REQUIRE(reader.state() == State::kDone);
  for (std::uint64_t i : {7u, 8u, 2'907u})
    CHECK(body_of(*target.store, numbered_key(i)) == "(none)");
  for (std::uint64_t i = 0; i < next; ++i) {
    REQUIRE(body_of(*target.store, numbered_key(50 * i)) == "(none)");
    REQUIRE(body_of(*target.store, numbered_key(50 * i + 1)) != body_for(50 * i + 1));
  }
  std::size_t kept = 0;
  for (std::uint64_t i = 0; i < kEntries; ++i) {
    const std::string body = body_of(*target.store, numbered_key(i));
    if (body == "(none)") continue;
    ++kept;
    REQUIRE((body == body_for(i) || body == "changed"));
  }
  CHECK(kept > kEntries * 3 / 4);
}

TEST_CASE("R52: entries that move while a snapshot is written are neither lost nor doubled") {
  Held source(1u << 20);
  std::uint64_t number = 0;
  for (; source.store->evictions() == 0; ++number) {
    source.store->step(kNow);
    source.store->put(numbered_key(number), info_for(1), {}, body_for(3 * number + 1), kNow);
    body_of(*source.store, numbered_key(number));
  }
  const std::uint64_t moved = source.store->stats().moved;
  std::string snapshot;
  std::size_t before = 0;
  {
    SnapshotWriter writer(*source.store, kSecret, kNow);
    before = source.store->entries();
    for (Bytes part = writer.next(8'000); !part.empty(); part = writer.next(8'000)) {
      snapshot += part;
      for (int i = 0; i < 10; ++i, ++number) {
        source.store->step(kNow);
        source.store->put(numbered_key(number), info_for(1), {}, body_for(number), kNow);
      }
    }
  }
  REQUIRE(source.store->stats().moved > moved + 100);
  Held target(1u << 20);
  REQUIRE(restore(*target.store, snapshot) == State::kDone);
  std::size_t found = 0;
  for (std::uint64_t i = 0; i < number; ++i) {
    found += body_of(*target.store, numbered_key(i)) != "(none)" ? 1 : 0;
  }
  CHECK(found == target.store->entries());
  CHECK(found > before / 2);
}

TEST_CASE("R52: expired entries are not restored, on either side") {
  Held source;
  fill(source, 100);
  const std::string snapshot = snapshot_of(*source.store);
  Held target;
  SnapshotReader reader(*target.store, kSecret, kNow + 66 * 60'000);
  CHECK(reader.feed(snapshot) == State::kDone);
  CHECK(target.store->entries() == 0);
  SnapshotWriter writer(*source.store, kSecret, kNow + 66 * 60'000);
  while (!writer.next().empty()) {
  }
  CHECK(writer.entries() == 0);
}

TEST_CASE("only one snapshot is written or read at a time") {
  Held source;
  fill(source, 100);
  const std::string snapshot = snapshot_of(*source.store);
  {
    SnapshotWriter writer(*source.store, kSecret, kNow);
    SnapshotWriter second(*source.store, kSecret, kNow);
    CHECK(second.is_done());
    CHECK(second.next().empty());
    CHECK_FALSE(writer.next().empty());
  }
  CHECK(snapshot_of(*source.store) == snapshot);
  Held target;
  {
    SnapshotReader reader(*target.store, kSecret, kNow);
    SnapshotReader second(*target.store, kSecret, kNow);
    CHECK(second.state() == State::kRefused);
    CHECK(SnapshotWriter(*target.store, kSecret, kNow).next().empty());
    CHECK(reader.feed(snapshot) == State::kDone);
  }
  CHECK(target.store->entries() == 100);
}

TEST_CASE("R2: neither the secret nor any key of the store's making stands in a snapshot") {
  Held source;
  fill(source, 100);
  const std::string snapshot = snapshot_of(*source.store);
  CHECK(snapshot.find(kSecret) == std::string::npos);
  // The keys that do are digests, as in the store.
  const Key key = numbered_key(1);
  CHECK(snapshot.find(little(key.low, 8) + little(key.high, 8)) != std::string::npos);
}

TEST_CASE("R51: a part of a snapshot takes no longer for a larger store") {
  Held source(8u << 20);
  fill(source, 20'000);
  SnapshotWriter writer(*source.store, kSecret, kNow);
  std::size_t parts = 0;
  for (Bytes part = writer.next(8'192); !part.empty(); part = writer.next(8'192)) {
    ++parts;
    REQUIRE(part.size() <= 8'192 + 10'000);
  }
  CHECK(parts > 100);
}

}  // namespace sesame
