// Snapshots across the boundary: the last section of sesame_abi.h.
#include <algorithm>

#include "cache_handle.h"
#include "sesame_abi.h"

using sesame::Bytes;
using State = sesame::SessionSnapshotReader::State;

namespace {

Bytes input_of(const sesame_cache& handle, std::uint32_t length) {
  return {handle.input.get(), std::min<std::size_t>(length, handle.input_bytes)};
}

// Ends what was begun before. False: there are no snapshots of this cache.
[[gnu::noinline]] bool prepare(sesame_cache* handle) {
  handle->writer.reset();
  handle->reader.reset();
  return handle->cache.has_snapshots();
}

std::uint32_t status_of(State state) {
  if (state == State::kRefused) return SESAME_STATUS_REFUSED;
  return state == State::kDone ? SESAME_STATUS_OK : SESAME_STATUS_MORE;
}

}  // namespace

uint32_t sesame_snapshot_begin(sesame_cache* cache, double now_ms, uint32_t context_length) {
  if (!prepare(cache)) return SESAME_STATUS_UNSUPPORTED;
  cache->writer.emplace(cache->cache, input_of(*cache, context_length), time_of(now_ms));
  return SESAME_STATUS_OK;
}

uint32_t sesame_snapshot_next(sesame_cache* cache) {
  if (!cache->writer) return SESAME_STATUS_REFUSED;
  const Bytes part = cache->writer->next();
  cache->result.body = part.data();
  cache->result.body_length = static_cast<std::uint32_t>(part.size());
  if (!part.empty()) return SESAME_STATUS_MORE;
  const bool is_sound = cache->writer->is_sound();
  cache->writer.reset();
  return is_sound ? SESAME_STATUS_OK : SESAME_STATUS_REFUSED;
}

uint32_t sesame_restore_begin(sesame_cache* cache, double now_ms, uint32_t context_length) {
  if (!prepare(cache)) return SESAME_STATUS_UNSUPPORTED;
  cache->reader.emplace(cache->cache, input_of(*cache, context_length), time_of(now_ms));
  return SESAME_STATUS_OK;
}

uint32_t sesame_restore_feed(sesame_cache* cache, uint32_t length) {
  if (!cache->reader) return SESAME_STATUS_REFUSED;
  const State state = cache->reader->feed(input_of(*cache, length));
  return state == State::kRefused ? SESAME_STATUS_REFUSED : SESAME_STATUS_MORE;
}

uint32_t sesame_restore_end(sesame_cache* cache) {
  if (!cache->reader) return SESAME_STATUS_REFUSED;
  const std::uint32_t status = status_of(cache->reader->end());
  if (status != SESAME_STATUS_MORE) cache->reader.reset();
  return status;
}
