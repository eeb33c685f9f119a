// What a cache really takes from the allocator, and what lies in it: this program's operator new
// keeps the books. It knows nothing of how the cache counts.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "cache_handle.h"
#include "support.h"

namespace {

// Every live block, in a ring.
struct alignas(std::max_align_t) Block {
  Block* previous;
  Block* next;
  std::size_t size;
};

Block blocks = {&blocks, &blocks, 0};
std::size_t live_bytes = 0;

// What an allocator with a word of its own before each block, in steps of 16, takes for it.
std::size_t taken(std::size_t size) { return std::max<std::size_t>(32, (size + 8 + 15) / 16 * 16); }

std::size_t blocks_that_hold(std::string_view needle) {
  std::size_t count = 0;
  for (const Block* block = blocks.next; block != &blocks; block = block->next) {
    const std::string_view bytes(reinterpret_cast<const char*>(block + 1), block->size);
    if (bytes.find(needle) != std::string_view::npos) ++count;
  }
  return count;
}

}  // namespace

// Not inlined: an optimising compiler would see one kind of pointer given to the other's function.
[[gnu::noinline]] void* operator new(std::size_t size) {
  auto* block = static_cast<Block*>(std::malloc(sizeof(Block) + size));
  if (block == nullptr) std::abort();
  *block = {blocks.previous, &blocks, size};
  block->previous->next = block->next->previous = block;
  live_bytes += taken(size);
  return block + 1;
}

void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return operator new(size); }

[[gnu::noinline]] void operator delete(void* pointer) noexcept {
  if (pointer == nullptr) return;
  Block* block = static_cast<Block*>(pointer) - 1;
  block->previous->next = block->next;
  block->next->previous = block->previous;
  live_bytes -= taken(block->size);
  std::free(block);
}

void operator delete(void* pointer, std::size_t) noexcept { operator delete(pointer); }

namespace sesame::testing {
namespace {

class Load {
 public:
  explicit Load(const Config& config)
      : before_(live_bytes), cache_(std::make_unique<sesame_cache>(config, kSecret)) {}

  SessionCache& cache() { return cache_->cache; }
  std::size_t most() const { return most_; }

  // Something that a busy host does, its answers of about this size.
  void step(std::size_t document_bytes) {
    act(document_bytes);
    most_ = std::max(most_, live_bytes - before_);
  }

 private:
  void act(std::size_t document_bytes) {
    const std::size_t n = random();
    const Request request = n % 2 == 0 ? bearer("token-" + std::to_string(random() % 40'000))
                                       : cookie("value-" + std::to_string(random() % 40'000));
    const std::string id = std::to_string(random() % 5'000);
    const std::string body = R"({"id":)" + id + R"(,"pad":")" +
                             std::string(random() % (document_bytes + 1), 'x') + "\"}";
    const Outcome outcome = cache().check(request.head(), now_);
    if (outcome.lease != 0 && outcome.action != Action::kWait) answer(request, outcome.lease, body);
    if (n % 61 == 0) cache().revoke(request.head(), now_);
    if (n % 67 == 0) cache().forget(request.head());
    if (n % 31 == 0) cache().revoke_user(id, now_);
    if (n % 29 == 0) cache().invalidate_user(id, now_);
    if (n % 37 == 0) write(request, body);
    if (n % 101 == 0) now_ += kSecond;
  }

  std::size_t random() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::size_t>(state_ >> 33);
  }

  void answer(const Request& request, LeaseId lease, const std::string& body) {
    const std::size_t n = random();
    if (n % 5 == 0) return;                               // never
    if (n % 3 == 0) cache().check(request.head(), now_);  // somebody waits
    const int status = n % 11 == 0 ? 503 : n % 13 == 0 ? 401 : n % 17 == 0 ? 404 : 200;
    cache().complete_fill(lease,
                          {.http_status = status,
                           .retry_after = 0,
                           .cache_control = n % 7 == 0 ? "no-store" : "",
                           .meta = "\"0123456789abcdef0123456789abcdef\"",
                           .body = body},
                          now_);
  }

  void write(const Request& request, const std::string& body) {
    const WriteId id = cache().begin_write(request.head(), now_);
    cache().complete_write(
        id, request.head(),
        {.http_status = 200, .may_hold_document = true, .meta = {}, .body = body}, now_);
  }

  std::size_t before_;
  std::unique_ptr<sesame_cache> cache_;
  std::size_t most_ = 0;
  std::uint64_t state_ = 7;
  TimeMs now_ = kStart;
};

TEST_CASE("R50: what is taken from the allocator stays within the configured bytes") {
  Config config = test_config();
  config.memory_bytes = GENERATE(std::size_t{1} << 20, std::size_t{3} << 20);
  // Many small entries cost the most beside their bytes; large ones, their copies.
  const std::vector<std::size_t> sizes =
      GENERATE(std::vector<std::size_t>{0, 300, 8'000}, std::vector<std::size_t>{8'000, 0});
  CAPTURE(config.memory_bytes, sizes);
  Load load(config);
  for (const std::size_t size : sizes) {
    const std::uint64_t before = load.cache().store().evictions();
    for (int i = 0; i < 500 || load.cache().store().evictions() < before + 600; ++i) {
      load.step(size);
    }
    CHECK(load.most() <= config.memory_bytes);
    CHECK(load.cache().used_bytes() <= config.memory_bytes);
  }
  CHECK(add_up(load.cache().metrics()));
}

TEST_CASE("R50: a cache gives everything back when it ends") {
  const std::size_t before = live_bytes;
  {
    Load load(test_config());
    for (int i = 0; i < 2'000; ++i) load.step(1'000);
    CHECK(live_bytes > before);
  }
  CHECK(live_bytes == before);
}

TEST_CASE("R2: a credential lies nowhere in the core's memory once a call has ended") {
  const std::string secret = "credential-of-somebody-" + std::to_string(kStart);
  const std::size_t own = blocks_that_hold(secret);
  CHECK(own == 1);
  Fixture f;
  for (const bool is_cookie : {true, false}) {
    CAPTURE(is_cookie);
    {
      const Request request = is_cookie ? cookie(secret) : bearer(secret);
      CHECK(blocks_that_hold(secret) == own + 1);
      const LeaseId lease = f.begin(request);
      f.join(request, lease);
      f.fill(lease, document("7"));
      f.write(request, document("7", "New"));
      f.begin_write(request);
      f.check_fresh(request);
      f.revoke(request);
      f.check(request);
      f.forget(request);
    }
    CHECK(blocks_that_hold(secret) == own);
  }
}

}  // namespace
}  // namespace sesame::testing
