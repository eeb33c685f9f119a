// How a store gets its segments back: entries whose time has come, dead bytes, and eviction.
// One segment at a time is emptied, a bounded number of entries a call (SPEC R51).
#include <algorithm>

#include "store/segment_store.h"

namespace sesame {
namespace {

// Entries looked at per call while there is work; and per put, beside twice its bytes.
constexpr std::uint32_t kEntriesPerStep = 8;
constexpr std::uint32_t kEntriesPerPut = 16;
constexpr std::uint32_t kEntriesAtOnce = 64;
// Segments looked at per call for whether their time has come.
constexpr std::uint32_t kSweptPerStep = 2;
// S3-FIFO's share of the small queue.
constexpr std::uint32_t kSmallShare = 10;
// Dead bytes up to this share of the segments are left alone.
constexpr std::uint32_t kDeadShare = 8;
constexpr std::uint32_t kSampledSegments = 16;

}  // namespace

bool SegmentStore::is_short_of_room() const {
  return log_.segments().free() < std::max(geometry_.reserve, wanted_) ||
         entries_ >= geometry_.max_entries;
}

// A put's share of the work: the less is left, the more.
void SegmentStore::make_room(std::size_t value_bytes) {
  if (!is_short_of_room()) return;
  const bool is_scarce = 2 * log_.segments().free() < geometry_.reserve;
  reclaim(is_scarce ? 4 * kEntriesPerPut : kEntriesPerPut, 2 * (value_bytes + kMaxHeaderBytes));
}

// Frees what an entry cannot do without, whatever that costs others.
void SegmentStore::force_room(std::size_t value_bytes) {
  wanted_ = log_.segments_for(value_bytes);
  while (log_.segments().free() < wanted_ && reclaim(kEntriesAtOnce, 0)) {
  }
  wanted_ = 0;
}

void SegmentStore::step(TimeMs now) {
  set_now(now);
  if (mode_ == Mode::kClearing) return clear_some();
  if (mode_ == Mode::kRestoring) return;
  sweep();
  if (victim_ != kNoSegment || is_short_of_room()) reclaim(kEntriesPerStep, 0);
}

// Looks for segments whose entries were to be dropped by now. Some may have got more time since, or
// had it from the start; those are moved, so that what has none left does not wait for them.
void SegmentStore::sweep() {
  SegmentTable& segments = log_.segments();
  for (std::uint32_t i = 0; i < kSweptPerStep && victim_ == kNoSegment; ++i) {
    const SegmentId id = sweep_next_;
    sweep_next_ = id + 1 < segments.size() ? id + 1 : 0;
    const Segment& segment = segments[id];
    if (segment.state == SegmentState::kFree || now_ < log_.due(segment)) continue;
    if (segment.state == SegmentState::kOpen) log_.close(id);
    begin_reclaim(id, Duty::kMove);
  }
}

void SegmentStore::begin_reclaim(SegmentId id, Duty duty) {
  log_.segments().begin_reclaim(id);
  victim_ = id;
  victim_offset_ = log_.segments()[id].first_entry;
  duty_ = duty;
}

void SegmentStore::finish_victim() {
  log_.segments().release(victim_);
  victim_ = kNoSegment;
}

// Deals with so many entries and bytes, or with all there is to do. False if there was nothing.
bool SegmentStore::reclaim(std::uint32_t min_entries, std::size_t min_bytes) {
  std::size_t bytes = 0;
  std::uint32_t entries = 0;
  for (; entries < min_entries || bytes < min_bytes; ++entries) {
    if (victim_ == kNoSegment && !choose_victim()) break;
    bytes += reclaim_next();
  }
  return entries > 0;
}

// A segment with few living entries, if there are many dead bytes in all.
SegmentId SegmentStore::mostly_dead() {
  const SegmentTable& segments = log_.segments();
  const std::uint64_t in_use =
      std::uint64_t{segments.size() - segments.free()} * geometry_.segment_bytes;
  if (segments.free() < 2 || in_use - log_.live_bytes() < in_use / kDeadShare) return kNoSegment;
  SegmentId best = kNoSegment;
  std::uint32_t least = geometry_.segment_bytes / 4 * 3;
  for (std::uint32_t i = 0; i < std::min(kSampledSegments, segments.size()); ++i) {
    const Segment& segment = segments[sample_next_];
    if (segment.state == SegmentState::kClosed && segment.live_bytes < least) {
      best = sample_next_;
      least = segment.live_bytes;
    }
    sample_next_ = sample_next_ + 1 < segments.size() ? sample_next_ + 1 : 0;
  }
  return best;
}

bool SegmentStore::choose_victim() {
  if (!is_short_of_room()) return false;
  SegmentTable& segments = log_.segments();
  // Dead bytes before living entries; but moving entries leaves the index as full as it was, and
  // frees less at a time.
  if (entries_ < geometry_.max_entries && wanted_ == 0) {
    const SegmentId dead = mostly_dead();
    if (dead != kNoSegment) {
      begin_reclaim(dead, Duty::kMove);
      return true;
    }
  }
  const bool is_small_large = segments.in_queue(QueueId::kSmall) * kSmallShare >= segments.size();
  const QueueId order[] = {is_small_large ? QueueId::kSmall : QueueId::kMain,
                           is_small_large ? QueueId::kMain : QueueId::kSmall};
  for (const QueueId queue : order) {
    SegmentId id = segments.oldest(queue);
    if (id == kNoSegment && log_.close_one(queue)) id = segments.oldest(queue);
    if (id == kNoSegment) continue;
    begin_reclaim(id, queue == QueueId::kSmall ? Duty::kEvictSmall : Duty::kEvictMain);
    return true;
  }
  return false;
}

// Deals with one entry of the victim. Returns the bytes that it took there.
std::size_t SegmentStore::reclaim_next() {
  const Segment& segment = log_.segments()[victim_];
  if (segment.live_bytes == 0 ||
      (victim_offset_ >= segment.used_bytes && segment.spilled_from == 0)) {
    const std::size_t left = geometry_.segment_bytes - victim_offset_;
    finish_victim();
    return left;
  }
  if (segment.spilled_from != 0) {
    // What began elsewhere goes first, whole.
    const Location head = segment.spilled_from;
    reclaim_entry(head, read_header(log_.at(head)));
    return segment.first_entry;
  }
  const Location location = log_.location(victim_, victim_offset_);
  const EntryHeader header = read_header(log_.at(location));
  const std::uint32_t extent = log_.extent(location, header);
  victim_offset_ += extent;
  if (!header.is_dead) reclaim_entry(location, header);
  return extent;
}

void SegmentStore::reclaim_entry(Location location, const EntryHeader& header) {
  const Key key = read_key(log_.at(location));
  SegmentIndex::Slot* const slot = index_.find_location(key, location);
  const EntryInfo info = log_.info(location, header);
  if (now_ >= info.drop_at) {
    ++expired_;
    forget(slot);
    return;
  }
  // The less room there is, the more often an entry must have been asked for to be kept.
  const std::uint32_t free = log_.segments().free();
  const std::uint8_t enough = wanted_ > 0 ? kMaxUse + 1 : free == 0 ? 2 : 1;
  QueueId queue = log_.segments()[log_.segment_of(location)].queue;
  std::uint8_t use = header.use;
  bool is_kept = true;
  if (duty_ == Duty::kEvictSmall) {
    is_kept = use >= enough;
    queue = QueueId::kMain;
    use = 0;
  } else if (duty_ == Duty::kEvictMain) {
    is_kept = use >= enough;
    if (use > 0) --use;
  }
  if (is_kept && move(slot, header, info, queue, use)) return;
  if (duty_ == Duty::kEvictSmall) ghosts_.add(key);
  ++evictions_;
  forget(slot);
}

// Writes the entry anew elsewhere. False, and nothing is changed, if there is no room.
bool SegmentStore::move(SegmentIndex::Slot* slot, const EntryHeader& header, const EntryInfo& info,
                        QueueId queue, std::uint8_t use) {
  const Location from = index_.location(*slot);
  const Bytes payload = log_.payload(from, header, output_);
  const EntryDraft draft{read_key(log_.at(from)), info, header.shape,
                         payload.substr(0, header.meta_bytes), payload.substr(header.meta_bytes)};
  const Location to = log_.append(draft, queue, use, now_);
  if (to == 0) return false;
  index_.move(slot, to);
  log_.kill(from);
  ++moved_;
  return true;
}

}  // namespace sesame
