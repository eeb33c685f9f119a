// Documents from nowhere good, by a codec that learns from them: what was encoded comes back byte
// for byte, from a copy of its shapes as well; any bytes at all, shapes that somebody made up
// included, decode to something that fits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "codec/shape_codec.h"
#include "codec/shape_program.h"

namespace {

using sesame::Bytes;
using sesame::ShapeCodec;
using sesame::ShapeId;

constexpr std::size_t kRoom = ShapeCodec::kDecodeBytes;
constexpr unsigned kRepeats = 40;

void must(bool holds) {
  if (!holds) std::abort();
}

// On the heap and of just the size that may be read, so that a byte too far is found.
std::string read(const ShapeCodec& codec, ShapeId shape, Bytes encoded, std::size_t room) {
  const auto bytes = std::make_unique<char[]>(encoded.size() + sesame::kEncodedSlack);
  std::copy(encoded.begin(), encoded.end(), bytes.get());
  const auto out = std::make_unique<char[]>(room);
  const std::size_t size = codec.decode(shape, {bytes.get(), encoded.size()}, {out.get(), room});
  must(size <= room);
  return {out.get(), size};
}

struct Stored {
  ShapeId shape;
  std::string bytes, document;
};

Stored store(ShapeCodec& codec, std::uint64_t owner, const std::string& document) {
  const auto out = std::make_unique<char[]>(document.size());
  const auto encoded = codec.encode(document, owner, {out.get(), document.size()});
  codec.retain(encoded.shape);
  must(encoded.size <= document.size() && codec.used_bytes() <= codec.budget_bytes());
  return {encoded.shape, {out.get(), encoded.size}, document};
}

void must_read(const ShapeCodec& codec, const Stored& stored) {
  must(read(codec, stored.shape, stored.bytes, kRoom) == stored.document ||
       stored.document.size() > kRoom);
  must(read(codec, stored.shape, stored.bytes, stored.document.size()) == stored.document);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Before the first line's end a seed for changes, then a document a line.
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at <= text.size() && lines.size() < 8;) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  std::uint64_t random = sesame::hash_bytes(lines[0]) | 1;
  const auto next = [&] { return random = random * 6364136223846793005 + 1442695040888963407; };

  // Each often enough to be learnt; a few bytes change, so that the slots hold something.
  ShapeCodec codec(ShapeCodec::kMinBudget);
  std::vector<Stored> kept;
  for (unsigned i = 0; i < kRepeats * lines.size(); ++i) {
    std::string document = lines[i % lines.size()];
    for (char& c : document) {
      if (c >= '0' && c <= '9' && (next() >> 40) % 4 == 0)
        c = static_cast<char>('0' + (next() >> 40) % 10);
    }
    kept.push_back(store(codec, i, document));
  }
  for (const Stored& stored : kept) must_read(codec, stored);

  ShapeCodec copy(ShapeCodec::kMinBudget);
  for (std::uint32_t id = 1; id < codec.shape_limit(); ++id) {
    const auto shape = static_cast<ShapeId>(id);
    std::string saved(codec.saved_bytes(shape), '\0');
    if (saved.empty()) continue;
    codec.save_shape(shape, saved);
    must(copy.load_shape(shape, saved));
    // As somebody would make it who can sign it.
    for (unsigned n = 0; n < 4; ++n) {
      saved[(next() >> 33) % saved.size()] = static_cast<char>(next() >> 50);
      sesame::ShapeHead head;
      std::memcpy(&head, saved.data(), sizeof head);
      head.checksum = sesame::shape_checksum(saved);
      std::memcpy(saved.data(), &head, sizeof head);
      ShapeCodec other(ShapeCodec::kMinBudget);
      if (!other.load_shape(1, saved)) continue;
      for (const Stored& stored : {kept.front(), kept.back()}) {
        (void)read(other, 1, stored.bytes, kRoom);
        (void)read(other, 1, text, stored.document.size());
        must_read(other, store(other, n, stored.document));
      }
    }
    (void)read(codec, shape, text, kRoom);
    (void)read(codec, shape, text, text.size());
  }
  for (const Stored& stored : kept) must_read(copy, stored);

  const bool loaded = copy.load_shape(static_cast<ShapeId>(copy.shape_limit() - 1), text);
  must(!loaded || sesame::is_shape(text));
  for (const Stored& stored : kept) codec.release(stored.shape);
  codec.clear();
  must(codec.shapes() == 0);
  return 0;
}
