#include "store/segment_store.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace sesame {
namespace {

constexpr std::uint16_t kOk = 200;
constexpr std::size_t kLineBytes = 64;
constexpr std::size_t kSlotsPerClear = 16u << 10;
// What the allocator adds, generously.
constexpr std::size_t kAllocatorBytes = 64;

}  // namespace

// Where each part lies in the one piece of memory.
struct SegmentStore::Memory {
  StoreGeometry geometry;
  std::size_t index, ghosts, segments, filter, shape_marks, output, scratch, arena, end;

  Memory(const StoreGeometry& of, std::size_t shape_mark_bytes) : geometry(of) {
    std::size_t at = 0;
    const auto place = [&at](std::size_t bytes, std::size_t alignment) {
      const std::size_t here = (at + alignment - 1) / alignment * alignment;
      at = here + bytes;
      return here;
    };
    index = place(of.index_buckets * SegmentIndex::kBucketBytes, kLineBytes);
    ghosts = place(of.ghost_words * sizeof(std::uint64_t), kLineBytes);
    segments = place(of.segments * sizeof(Segment), kLineBytes);
    filter = place(std::size_t{1} << of.log2_filter_bytes, 1);
    shape_marks = place(shape_mark_bytes, 1);
    output = place(of.output_bytes, kLineBytes);
    scratch = place(of.scratch_bytes, kLineBytes);
    static_assert(kEncodedSlack <= kMaxHeaderBytes);  // the arena's end, and what follows scratch
    arena = place(of.arena_bytes() + kMaxHeaderBytes, kLineBytes);
    end = at + kLineBytes;
  }
};

std::unique_ptr<SegmentStore> SegmentStore::create(const SegmentStoreOptions& options,
                                                   std::unique_ptr<BodyCodec> codec) {
  if (options.budget_bytes < min_budget(*codec)) return nullptr;
  // What alignment and the allocator take comes off before anything is divided.
  const std::size_t shape_mark_bytes = (codec->shape_limit() + 7) / 8;
  const std::size_t aside = codec->budget_bytes() + shape_mark_bytes + sizeof(SegmentStore) +
                            10 * kLineBytes + 2 * kAllocatorBytes;
  const Memory parts(
      StoreGeometry::divide(options.budget_bytes - aside, options.max_value_bytes, sizeof(Segment)),
      shape_mark_bytes);
  std::unique_ptr<char[]> memory(new (std::nothrow) char[parts.end]);
  if (memory == nullptr) return nullptr;
  return std::unique_ptr<SegmentStore>(
      new (std::nothrow) SegmentStore(options, std::move(codec), std::move(memory), parts));
}

namespace {

char* first_line(char* memory) {
  const auto at = reinterpret_cast<std::uintptr_t>(memory);
  return memory + (kLineBytes - at % kLineBytes) % kLineBytes;
}

}  // namespace

SegmentStore::SegmentStore(const SegmentStoreOptions& options, std::unique_ptr<BodyCodec> codec,
                           std::unique_ptr<char[]> memory, const Memory& parts)
    : geometry_(parts.geometry),
      budget_bytes_(options.budget_bytes),
      table_bytes_(sizeof(SegmentStore) + 2 * kAllocatorBytes + parts.end -
                   geometry_.arena_bytes()),
      codec_(std::move(codec)),
      memory_(std::move(memory)),
      log_(geometry_, reinterpret_cast<Segment*>(first_line(memory_.get()) + parts.segments),
           first_line(memory_.get()) + parts.arena) {
  char* const base = first_line(memory_.get());
  // Index and ghosts start empty; the arena is left untouched until it is used.
  std::memset(base + parts.index, 0, parts.segments - parts.index);
  index_ = SegmentIndex(reinterpret_cast<SegmentIndex::Slot*>(base + parts.index),
                        geometry_.index_buckets, geometry_.location_bits, base + parts.arena,
                        geometry_.granule_shift);
  ghosts_ = GhostSet(reinterpret_cast<std::uint64_t*>(base + parts.ghosts), geometry_.ghost_words);
  changes_ = ChangeFilter(base + parts.filter, geometry_.log2_filter_bytes);
  shape_marks_ = {base + parts.shape_marks, (codec_->shape_limit() + 7) / 8};
  output_ = {base + parts.output, geometry_.output_bytes};
  scratch_ = {base + parts.scratch, geometry_.scratch_bytes};
}

std::size_t SegmentStore::used_bytes() const {
  const std::size_t in_use = geometry_.segments - log_.segments().free();
  return table_bytes_ + in_use * geometry_.segment_bytes + codec_->used_bytes();
}

SegmentStoreStats SegmentStore::stats() const {
  const SegmentTable& segments = log_.segments();
  return {segments.size(),
          segments.free(),
          segments.in_queue(QueueId::kSmall),
          segments.in_queue(QueueId::kMain),
          geometry_.segment_bytes,
          log_.live_bytes(),
          table_bytes_,
          expired_,
          moved_};
}

// A snapshot that is being written or read leaves out what changes meanwhile.
void SegmentStore::note_change(const Key& key) {
  if (mode_ != Mode::kReady) changes_.add(key);
}

// After a snapshot that was refused: a bounded piece of the index a step.
void SegmentStore::begin_clearing() {
  victim_ = kNoSegment;
  log_.clear();
  entries_ = 0;
  cleared_ = 0;
  mode_ = Mode::kClearing;
}

void SegmentStore::clear_some() {
  if (index_.clear(&cleared_, kSlotsPerClear)) mode_ = Mode::kReady;
}

// Encodes into the scratch buffer what may gain by it.
BodyCodec::Encoded SegmentStore::encode(const Key& key, const EntryInfo& info, Bytes meta,
                                        Bytes* body) {
  BodyCodec::Encoded encoded{kRawShape, body->size()};
  if (info.http_status != kOk || meta.size() + body->size() > scratch_.size()) return encoded;
  // A session whose user is unknown stands for one of its own.
  const std::uint64_t owner = info.user_tag != 0 ? info.user_tag : ~key.low;
  encoded = codec_->encode(*body, owner, scratch_);
  *body = {scratch_.data(), encoded.size};
  return encoded;
}

bool SegmentStore::put(const Key& key, const EntryInfo& info, Bytes meta, Bytes body, TimeMs now) {
  set_now(now);
  note_change(key);
  if (is_closed()) return false;
  if (meta.size() > max_value_bytes() || body.size() > max_value_bytes() - meta.size()) {
    erase(key);
    return false;
  }
  EntryDraft draft{key, info, kRawShape, meta, body};
  draft.shape = encode(key, info, meta, &draft.body).shape;
  codec_->retain(draft.shape);
  const std::size_t value_bytes = draft.meta.size() + draft.body.size();
  make_room(value_bytes);
  if (try_put(draft)) return true;
  force_room(value_bytes);
  if (try_put(draft)) return true;
  codec_->release(draft.shape);
  erase(key);
  return false;
}

// False, and nothing is changed, if there is no room.
bool SegmentStore::try_put(const EntryDraft& draft) {
  SegmentIndex::Slot* const slot = index_.find(draft.key);
  if (slot == nullptr) {
    const QueueId queue =
        ghosts_.claim(draft.key, ghost_depth()) ? QueueId::kMain : QueueId::kSmall;
    const Location location = log_.append(draft, queue, 0, now_);
    if (location != 0) add_to_index(draft.key, location);
    return location != 0;
  }
  const Location old = index_.location(*slot);
  const EntryHeader header = read_header(log_.at(old));
  if (!log_.overwrite(old, draft)) {
    const QueueId queue = log_.segments()[log_.segment_of(old)].queue;
    const Location location = log_.append(draft, queue, header.use, now_);
    if (location == 0) return false;
    index_.move(slot, location);
    log_.kill(old);
  }
  codec_->release(header.shape);
  return true;
}

// How many ghosts of a word count: as many in all as S3-FIFO remembers, nine tenths of the entries.
// Where entries are large there is room for more, which would let too much into the main queue.
unsigned SegmentStore::ghost_depth() const {
  const std::size_t wanted = entries_ * 9 / 10;
  return static_cast<unsigned>(std::clamp<std::size_t>(
      (wanted + geometry_.ghost_words / 2) / geometry_.ghost_words, 1, GhostSet::kPerWord));
}

bool SegmentStore::set_info(const Key& key, const EntryInfo& info) {
  note_change(key);
  if (is_closed()) return false;
  const SegmentIndex::Slot* const slot = index_.find(key);
  if (slot == nullptr) return false;
  if (log_.overwrite_info(index_.location(*slot), info)) return true;

  const EntryHeader header = read_header(log_.at(index_.location(*slot)));
  const std::size_t value_bytes = header.meta_bytes + header.body_bytes;
  make_room(value_bytes);
  if (try_set_info(key, info)) return true;
  force_room(value_bytes);
  if (try_set_info(key, info)) return true;
  // Making room may have cost the entry its own; a wrong one is worse than none.
  if (erase(key)) ++evictions_;
  return false;
}

bool SegmentStore::try_set_info(const Key& key, const EntryInfo& info) {
  SegmentIndex::Slot* const slot = index_.find(key);
  if (slot == nullptr) return false;
  const Location location = index_.location(*slot);
  const EntryHeader header = read_header(log_.at(location));
  const QueueId queue = log_.segments()[log_.segment_of(location)].queue;
  return move(slot, header, info, queue, header.use);
}

bool SegmentStore::erase(const Key& key) {
  note_change(key);
  if (is_closed()) return false;
  SegmentIndex::Slot* const slot = index_.find(key);
  if (slot == nullptr) return false;
  forget(slot);
  return true;
}

void SegmentStore::forget(SegmentIndex::Slot* slot) {
  const Location location = index_.location(*slot);
  codec_->release(read_header(log_.at(location)).shape);
  SegmentIndex::remove(slot);
  log_.kill(location);
  --entries_;
}

void SegmentStore::add_to_index(const Key& key, Location location) {
  if (!index_.insert(key, location)) {
    // Both buckets are full of entries that have nowhere else to go: the least used one makes room.
    SegmentIndex::Slot* least = nullptr;
    for (SegmentIndex::Slot* slot : index_.slots_of(key)) {
      if (least == nullptr ||
          read_use(log_.at(index_.location(*slot))) < read_use(log_.at(index_.location(*least)))) {
        least = slot;
      }
    }
    forget(least);
    ++evictions_;
    index_.insert(key, location);
  }
  ++entries_;
}

}  // namespace sesame
