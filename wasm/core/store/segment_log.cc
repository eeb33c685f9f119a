#include "store/segment_log.h"

#include <algorithm>
#include <bit>
#include <iterator>

#include "base/copy_bytes.h"

namespace sesame {
namespace {

constexpr DurationMs kSecond = 1000;
constexpr DurationMs kMinute = 60 * kSecond;
constexpr DurationMs kHour = 60 * kMinute;

// A segment's base lies this far back, so that entries from before it can be counted from it.
constexpr DurationMs kBaseLead = 32'768 * kSecond;
constexpr DurationMs kMaxBaseAge = 49'152 * kSecond;

// Entries are grouped by the time they have left...
constexpr DurationMs kGroupLimits[] = {kMinute, 15 * kMinute, 2 * kHour, 24 * kHour};
// ...and may stand this long after they were to be dropped, until their segment is emptied.
constexpr DurationMs kGroupWindows[] = {15 * kSecond, 4 * kMinute, 20 * kMinute, 6 * kHour,
                                        7 * 24 * kHour};
// With few segments, those that stand open and half empty would cost too much.
constexpr std::uint32_t kFewSegments = 256;
// What is left of a segment is given up if it is at most this share of it.
constexpr std::uint32_t kMinSplitShare = 64;

// Hostile times come no further: what is computed from these does not overflow.
TimeMs bounded(TimeMs time) { return std::clamp(time, -kMaxStoreTime, kMaxStoreTime); }

// Whether times of now can no longer be counted from there in few bytes.
bool is_stale(const EntryBase& base, TimeMs now) {
  return now < base.time || now - base.time > kMaxBaseAge;
}

TimeMs whole_seconds(TimeMs time) { return time / kSecond * kSecond; }

}  // namespace

SegmentLog::SegmentLog(const StoreGeometry& geometry, Segment* segments, char* arena)
    : geometry_(geometry),
      segment_shift_(static_cast<unsigned>(std::countr_zero(geometry.segment_bytes))),
      min_split_(
          std::max<std::uint32_t>(geometry.segment_bytes / kMinSplitShare, kMaxHeaderBytes + 32)),
      arena_(arena),
      segments_(segments, geometry.segments) {
  for (auto& groups : open_) groups.fill(kNoSegment);
}

void SegmentLog::clear() {
  segments_ = SegmentTable(&segments_[0], geometry_.segments);
  lifetimes_.clear();
  for (auto& groups : open_) groups.fill(kNoSegment);
  adopting_ = kNoSegment;
  live_bytes_ = 0;
}

std::uint32_t SegmentLog::aligned(std::uint32_t bytes) const {
  const std::uint32_t granule = 1u << geometry_.granule_shift;
  return (bytes + granule - 1) & ~(granule - 1);
}

std::uint32_t SegmentLog::extent(Location location, const EntryHeader& header) const {
  return std::min(aligned(header.total_bytes), geometry_.segment_bytes - offset_of(location));
}

std::uint8_t SegmentLog::group_of(TimeMs drop_at, TimeMs now) const {
  std::uint8_t group = 0;
  // Compared so that no hostile time overflows: `now` is the host's.
  while (group < std::size(kGroupLimits) && drop_at > now + kGroupLimits[group]) ++group;
  return segments_.size() < kFewSegments ? std::min<std::uint8_t>(group, 1) : group;
}

DurationMs SegmentLog::window_of(std::uint8_t group) const {
  return segments_.size() < kFewSegments && group > 0 ? kGroupWindows[2] : kGroupWindows[group];
}

TimeMs SegmentLog::due(const Segment& segment) const {
  return std::min(segment.last_due, segment.first_due + window_of(segment.group));
}

SegmentId SegmentLog::open(QueueId queue, std::uint8_t group, const EntryDraft& draft, TimeMs now) {
  const SegmentId id = segments_.open(queue, group);
  Segment& segment = segments_[id];
  segment.base.time = whole_seconds(now) - kBaseLead;
  segment.base.sequence = draft.info.sequence;
  open_[static_cast<std::size_t>(queue)][group] = id;
  return id;
}

void SegmentLog::close(SegmentId id) {
  const Segment& segment = segments_[id];
  SegmentId& open = open_[static_cast<std::size_t>(segment.queue)][segment.group];
  if (open == id) open = kNoSegment;
  segments_.close(id);
}

bool SegmentLog::close_one(QueueId queue) {
  SegmentId fullest = kNoSegment;
  for (const SegmentId id : open_[static_cast<std::size_t>(queue)]) {
    if (id == kNoSegment) continue;
    if (fullest == kNoSegment || segments_[id].used_bytes > segments_[fullest].used_bytes) {
      fullest = id;
    }
  }
  if (fullest == kNoSegment) return false;
  close(fullest);
  return true;
}

Location SegmentLog::append(const EntryDraft& draft, QueueId queue, std::uint8_t use, TimeMs now) {
  const std::uint8_t group = group_of(draft.info.drop_at, now);
  SegmentId id = open_[static_cast<std::size_t>(queue)][group];
  if (id != kNoSegment && is_stale(segments_[id].base, now)) {
    close(id);
    id = kNoSegment;
  }
  const auto plan_in = [&](SegmentId in) {
    return plan_entry(draft.info, segments_[in].base, lifetimes_, draft.shape, draft.meta.size(),
                      draft.body.size());
  };
  EntryPlan plan;
  std::uint32_t room = 0;
  if (id != kNoSegment) {
    plan = plan_in(id);
    room = geometry_.segment_bytes - segments_[id].used_bytes;
    // An entry is split only where much room would be lost otherwise; a header never is.
    if (plan.total_bytes > room && room < min_split_) {
      close(id);
      id = kNoSegment;
    }
  }
  if (id == kNoSegment) {
    if (segments_.free() == 0) return 0;
    id = open(queue, group, draft, now);
    plan = plan_in(id);
    room = geometry_.segment_bytes;
  }
  const std::uint32_t beyond = plan.total_bytes > room ? plan.total_bytes - room : 0;
  const std::uint32_t more = (beyond + geometry_.segment_bytes - 1) >> segment_shift_;
  if (more > segments_.free()) return 0;

  Segment& segment = segments_[id];
  const Location head = location(id, segment.used_bytes);
  write_header(plan, draft.key, use, segment.base, at(head));
  lifetimes_.retain(plan.lifetime);
  note_written(segment, plan.header_bytes, plan.info.drop_at);
  write_payload(id, draft, head, now);
  return head;
}

void SegmentLog::note_written(Segment& segment, std::uint32_t bytes, TimeMs drop_at) {
  const TimeMs due = bounded(drop_at);
  if (segment.used_bytes == 0) segment.first_due = segment.last_due = due;
  segment.first_due = std::min(segment.first_due, due);
  segment.last_due = std::max(segment.last_due, due);
  segment.used_bytes += bytes;
  segment.live_bytes += bytes;
  live_bytes_ += bytes;
}

bool SegmentLog::begin_adopting(const EntryBase& base, QueueId queue, TimeMs drop_at, TimeMs now) {
  end_adopting();
  if (segments_.free() == 0) return false;
  adopting_ = segments_.open(queue, group_of(drop_at, now));
  segments_[adopting_].base = base;
  return true;
}

void SegmentLog::end_adopting() {
  if (adopting_ != kNoSegment) segments_.close(adopting_);
  adopting_ = kNoSegment;
}

Location SegmentLog::adopt(Bytes bytes, const EntryHeader& header, LifetimeId lifetime,
                           TimeMs drop_at) {
  if (adopting_ == kNoSegment) return 0;
  Segment& segment = segments_[adopting_];
  const std::uint32_t extent = aligned(header.total_bytes);
  if (extent > geometry_.segment_bytes - segment.used_bytes) return 0;
  const Location head = location(adopting_, segment.used_bytes);
  copy_bytes(at(head), bytes.data(), bytes.size());
  write_lifetime(at(head), lifetime);
  lifetimes_.retain(lifetime);
  note_written(segment, extent, drop_at);
  return head;
}

// Writes meta and body behind the header, over as many segments as it takes.
void SegmentLog::write_payload(SegmentId id, const EntryDraft& draft, Location head, TimeMs now) {
  const auto write = [&](Bytes piece) {
    while (!piece.empty()) {
      if (segments_[id].used_bytes == geometry_.segment_bytes) {
        Segment& full = segments_[id];
        if (full.spilled_from == head) full.first_entry = full.used_bytes;
        const QueueId queue = full.queue;
        const std::uint8_t group = full.group;
        close(id);
        const SegmentId next = open(queue, group, draft, now);
        segments_[id].spills_into = next;
        segments_[next].spilled_from = head;
        segments_[next].first_due = segments_[next].last_due = bounded(draft.info.drop_at);
        id = next;
      }
      Segment& segment = segments_[id];
      const auto part = static_cast<std::uint32_t>(
          std::min<std::size_t>(piece.size(), geometry_.segment_bytes - segment.used_bytes));
      copy_bytes(arena_ + (std::size_t{id} << segment_shift_) + segment.used_bytes, piece.data(),
                 part);
      segment.used_bytes += part;
      segment.live_bytes += part;
      live_bytes_ += part;
      piece.remove_prefix(part);
    }
  };
  write(draft.meta);
  write(draft.body);
  Segment& last = segments_[id];
  const std::uint32_t padding = aligned(last.used_bytes) - last.used_bytes;
  last.used_bytes += padding;
  last.live_bytes += padding;
  live_bytes_ += padding;
  if (last.spilled_from == head) last.first_entry = last.used_bytes;
}

bool SegmentLog::overwrite(Location location, const EntryDraft& draft) {
  char* const entry = at(location);
  const EntryHeader old = read_header(entry);
  const Segment& segment = segments_[segment_of(location)];
  // An entry that will be dropped long before its neighbours belongs elsewhere.
  if (draft.info.drop_at < segment.first_due) return false;
  const EntryPlan plan = plan_entry(draft.info, segment.base, lifetimes_, draft.shape,
                                    draft.meta.size(), draft.body.size(), old.layout);
  if (aligned(plan.total_bytes) != aligned(old.total_bytes)) return false;
  if (offset_of(location) + old.total_bytes > geometry_.segment_bytes ||
      offset_of(location) + plan.total_bytes > geometry_.segment_bytes) {
    return false;
  }
  lifetimes_.retain(plan.lifetime);
  lifetimes_.release(old.lifetime);
  write_header(plan, draft.key, old.use, segment.base, entry);
  char* const payload = entry + plan.header_bytes;
  copy_bytes(payload, draft.meta.data(), draft.meta.size());
  copy_bytes(payload + draft.meta.size(), draft.body.data(), draft.body.size());
  return true;
}

bool SegmentLog::overwrite_info(Location location, const EntryInfo& info) {
  char* const entry = at(location);
  const EntryHeader old = read_header(entry);
  const Segment& segment = segments_[segment_of(location)];
  if (info.drop_at < segment.first_due) return false;
  const EntryPlan plan = plan_entry(info, segment.base, lifetimes_, old.shape, old.meta_bytes,
                                    old.body_bytes, old.layout);
  if (plan.header_bytes != old.header_bytes) return false;
  lifetimes_.retain(plan.lifetime);
  lifetimes_.release(old.lifetime);
  write_header(plan, read_key(entry), old.use, segment.base, entry);
  return true;
}

// What goes on in other segments, in one piece.
Bytes SegmentLog::gather(Location location, const EntryHeader& header,
                         std::span<char> buffer) const {
  const std::uint32_t size = header.meta_bytes + header.body_bytes;
  const char* from = at(location) + header.header_bytes;
  std::uint32_t room = geometry_.segment_bytes - offset_of(location) - header.header_bytes;
  SegmentId id = segment_of(location);
  for (std::uint32_t done = 0;;) {
    const std::uint32_t part = std::min(size - done, room);
    copy_bytes(buffer.data() + done, from, part);
    done += part;
    if (done == size) return {buffer.data(), size};
    id = segments_[id].spills_into;
    from = arena_ + (std::size_t{id} << segment_shift_);
    room = geometry_.segment_bytes;
  }
}

void SegmentLog::drop_live(SegmentId id, std::uint32_t bytes) {
  Segment& segment = segments_[id];
  segment.live_bytes -= bytes;
  live_bytes_ -= bytes;
  if (segment.live_bytes > 0) return;
  SegmentId& open = open_[static_cast<std::size_t>(segment.queue)][segment.group];
  if (open == id) {
    open = kNoSegment;
    segments_.release(id);
  } else if (segment.state == SegmentState::kClosed) {
    segments_.release(id);
  }
}

void SegmentLog::kill(Location location) {
  char* const entry = at(location);
  const EntryHeader header = read_header(entry);
  mark_dead(entry);
  lifetimes_.release(header.lifetime);
  SegmentId id = segment_of(location);
  std::uint32_t here = extent(location, header);
  std::uint32_t left = aligned(header.total_bytes) - here;
  for (;;) {
    const SegmentId next = segments_[id].spills_into;
    drop_live(id, here);
    if (left == 0) return;
    id = next;
    segments_[id].spilled_from = 0;
    here = std::min(left, geometry_.segment_bytes);
    left -= here;
  }
}

}  // namespace sesame
