// A snapshot whose MACs are right and whose contents are anything: what somebody can write who has
// the secret, or a bit that fell over before the MAC was made. A real snapshot is taken apart into
// its frames; the input says which bytes to overwrite, insert or remove; each frame gets its MAC
// anew; it is fed to a new cache, cut as the input says, and that cache is used. Judged by the
// sanitizers, by the budget, and by every byte of an output being readable.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../test_config.h"
#include "base/byte_order.h"
#include "cache_handle.h"
#include "fuzz_input.h"
#include "session/memory_budget.h"
#include "snapshot/snapshot_format.h"

namespace {

using Input = sesame::testing::FuzzInput;
using sesame::testing::require;

constexpr double kNow = 1'800'000'000'000;
constexpr char kSecret[] = "0123456789abcdef";
constexpr char kContext[] = "context";
constexpr int kSessions = 300;
constexpr int kMaxEdits = 12;
constexpr int kUses = 60;
constexpr int kMaxParts = 1'000;
constexpr int kMaxEnds = 100'000;

const sesame::Config& config() {
  static const sesame::Config made = [] {
    sesame::Config config = sesame::testing::test_config();
    config.max_document_bytes = 2048;
    config.max_credential_bytes = 128;
    config.memory_bytes = 0;
    for (int i = 0; i < 64 && config.memory_bytes < sesame::MemoryBudget(config).min_memory_bytes();
         ++i) {
      config.memory_bytes = sesame::MemoryBudget(config).min_memory_bytes();
    }
    config.memory_bytes += 512 * 1024;
    require(sesame::find_faults(config).empty());
    return config;
  }();
  return made;
}

class Node {
 public:
  Node() : cache_(config(), sesame::Bytes(kSecret)) {}

  std::uint32_t check(int session, std::uint32_t flags) {
    filled_ = 0;
    const std::uint32_t cookie = put("session=c" + std::to_string(session));
    const std::uint32_t action = sesame_check(&cache_, now, 0, cookie, 0, 0, flags);
    const sesame_result& result = *sesame_output(&cache_);
    volatile unsigned sum = 0;
    for (std::uint32_t i = 0; i < result.body_length; ++i) sum = sum + (result.body[i] & 0xffU);
    for (std::uint32_t i = 0; i < result.meta_length; ++i) sum = sum + (result.meta[i] & 0xffU);
    return action;
  }

  void populate(int from, int count) {
    for (int session = from; session < from + count; ++session) {
      if (check(session, 0) != SESAME_ACTION_FETCH) continue;
      const std::uint32_t lease = sesame_output(&cache_)->lease;
      const bool is_refused = session % 11 == 0;
      filled_ = 0;
      const std::uint32_t control = put(session % 4 == 0 ? "max-age=600" : "");
      const std::uint32_t meta = put(session % 3 == 0 ? "\"etag\"" : "");
      const std::uint32_t body = put(is_refused ? "no" : document_of(session));
      sesame_fill_complete(&cache_, now, lease, is_refused ? 401 : 200, 0, 0, 0, 0, control, meta,
                           body);
      if (session % 17 == 0) revoke(session);
    }
  }

  void revoke(int session) {
    filled_ = 0;
    const std::uint32_t cookie = put("session=c" + std::to_string(session));
    sesame_session_revoke(&cache_, now, 0, cookie, 0, 1);
  }

  void write(int session) {
    filled_ = 0;
    const std::uint32_t cookie = put("session=c" + std::to_string(session));
    const std::uint32_t write = sesame_write_begin(&cache_, now, 0, cookie, 0);
    const std::uint32_t body = put(document_of(session));
    sesame_write_complete(&cache_, now, write, 200, 1, 0, cookie, 0, body);
  }

  void change_user(int user, bool is_revoked) {
    filled_ = 0;
    const std::uint32_t id = put("\"user-" + std::to_string(user) + "\"");
    is_revoked ? sesame_user_revoke(&cache_, now, id) : sesame_user_invalidate(&cache_, now, id);
  }

  std::string snapshot() {
    filled_ = 0;
    std::string out;
    if (sesame_snapshot_begin(&cache_, now, put(kContext)) != SESAME_STATUS_OK) return out;
    for (int part = 0; part < kMaxParts; ++part) {
      if (sesame_snapshot_next(&cache_) != SESAME_STATUS_MORE) break;
      const sesame_result& result = *sesame_output(&cache_);
      out.append(result.body, result.body_length);
    }
    return out;
  }

  // `cut` says how long the next piece is.
  template <typename Cut>
  void restore(const std::string& snapshot, Cut cut) {
    filled_ = 0;
    require(sesame_restore_begin(&cache_, now, put(kContext)) == SESAME_STATUS_OK);
    const std::size_t capacity = sesame_input_capacity(&cache_);
    std::uint32_t status = SESAME_STATUS_MORE;
    for (std::size_t at = 0; at < snapshot.size() && status == SESAME_STATUS_MORE;) {
      const std::size_t length = std::min({snapshot.size() - at, capacity, cut()});
      std::memcpy(sesame_input(&cache_), snapshot.data() + at, length);
      status = sesame_restore_feed(&cache_, static_cast<std::uint32_t>(length));
      at += length;
    }
    for (int end = 0; end < kMaxEnds; ++end) {
      if (sesame_restore_end(&cache_) != SESAME_STATUS_MORE) return;
    }
    require(false);  // a restore ends
  }

  void judge() const { require(cache_.cache.used_bytes() <= config().memory_bytes); }

  double now = kNow;

 private:
  static std::string document_of(int session) {
    const std::string number = std::to_string(session);
    std::string body = R"({"id":"user-)" + std::to_string(session % 7) + R"(","name":"Name )" +
                       number + R"(","plan":{"seats":)" + number + "}";
    if (session % 5 == 0) {
      body += R"(,"long":")" + std::string(static_cast<std::size_t>(session % 40) * 20, 'x') + "\"";
    }
    return body + "}";
  }

  std::uint32_t put(const std::string& field) {
    require(filled_ + field.size() <= sesame_input_capacity(&cache_));
    std::memcpy(sesame_input(&cache_) + filled_, field.data(), field.size());
    filled_ += static_cast<std::uint32_t>(field.size());
    return static_cast<std::uint32_t>(field.size());
  }

  sesame_cache cache_;
  std::uint32_t filled_ = 0;
};

// The payloads of the frames of a real snapshot.
const std::vector<std::string>& payloads() {
  static const std::vector<std::string> all = [] {
    const auto node = std::make_unique<Node>();
    node->populate(0, kSessions);
    const std::string snapshot = node->snapshot();
    std::vector<std::string> frames;
    for (std::size_t at = 0; at + sesame::kFrameHeadBytes <= snapshot.size();) {
      const auto size = static_cast<std::uint32_t>(sesame::load_le64(snapshot.data() + at));
      frames.push_back(snapshot.substr(at + sesame::kFrameHeadBytes, size));
      at += sesame::kFrameHeadBytes + size;
    }
    require(!frames.empty());
    return frames;
  }();
  return all;
}

void edit(Input& input, std::string& frame) {
  if (frame.empty()) return;
  // Near the start, where headers are, more often than in the middle of a document.
  const std::size_t at = (input.byte() % 2 == 0 ? input.byte() : input.word()) % frame.size();
  switch (input.byte() % 8) {
    case 0:
      frame[at] = static_cast<char>(input.byte());
      return;
    case 1:
      frame[at] = static_cast<char>(frame[at] ^ (1 << input.byte() % 8));
      return;
    case 2:
      if (at + 4 <= frame.size()) sesame::store_le32(frame.data() + at, input.word());
      return;
    case 3:
      if (at + 8 <= frame.size()) {
        std::memset(frame.data() + at, input.byte() % 2 != 0 ? 0xff : 0x7f, 8);
      }
      return;
    case 4:
      frame.erase(at, input.byte());
      return;
    case 5:
      frame.insert(at, std::string(input.byte() % 40, static_cast<char>(input.byte())));
      return;
    case 6:
      frame.resize(at);
      return;
    default: {
      const std::size_t other = input.word() % frame.size();
      const std::size_t room = frame.size() - std::max(at, other);
      const std::size_t length = std::min<std::size_t>(input.byte(), room);
      std::memmove(frame.data() + at, frame.data() + other, length);
    }
  }
}

std::string signed_frames(const std::vector<std::string>& frames) {
  std::string snapshot;
  sesame::SnapshotMac mac{kSecret, kContext};
  for (const std::string& frame : frames) {
    char head[4];
    sesame::store_le32(head, static_cast<std::uint32_t>(frame.size()));
    const auto& code = mac.add(frame);
    snapshot.append(head, sizeof head).append(code.data(), code.size()).append(frame);
  }
  return snapshot;
}

void use(Input& input, Node& node) {
  constexpr double kSteps[] = {1, 1'000, 11'000, 600'000, 1'900'000, 3'700'000, 1e13};
  const std::uint8_t what = input.byte();
  const int session = static_cast<int>(input.word() % (kSessions + 20));
  switch (what % 9) {
    case 0:
    case 1:
    case 2:
      node.check(session, 0);
      return;
    case 3:
      node.check(session, SESAME_CHECK_PEEK | SESAME_CHECK_DECISION);
      return;
    case 4:
      return node.populate(session, 8);
    case 5:
      return node.write(session);
    case 6:
      return node.change_user(session % 7, what >= 128);
    case 7:
      node.now += kSteps[session % static_cast<int>(std::size(kSteps))];
      return;
    default: {
      const auto next = std::make_unique<Node>();
      next->now = node.now;
      next->restore(node.snapshot(), [] { return std::size_t{60'000}; });
      next->check(session, 0);
      next->judge();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  std::vector<std::string> frames = payloads();
  const int edits = input.byte() % kMaxEdits;
  for (int i = 0; i < edits; ++i) edit(input, frames[input.byte() % frames.size()]);
  if (input.byte() % 8 == 0 && frames.size() > 1) {
    std::swap(frames[0], frames[input.byte() % frames.size()]);
  }
  const auto node = std::make_unique<Node>();
  node->now += 1'000;
  node->restore(signed_frames(frames), [&input] {
    return std::size_t{1} + (input.is_empty() ? 60'000 : input.word() % 70'000);
  });
  for (int i = 0; i < kUses && !input.is_empty(); ++i) {
    use(input, *node);
    node->judge();
  }
  return 0;
}
