#include "store/segment_table.h"

namespace sesame {

SegmentTable::SegmentTable(Segment* segments, std::uint32_t count)
    : segments_(segments), count_(count), free_(count), first_free_(0) {
  for (SegmentId id = 0; id < count; ++id) {
    segments_[id] = Segment();
    segments_[id].next = id + 1 < count ? id + 1 : kNoSegment;
  }
}

SegmentId SegmentTable::open(QueueId queue, std::uint8_t group) {
  const SegmentId id = first_free_;
  first_free_ = segments_[id].next;
  --free_;
  ++in_queue_[index(queue)];
  Segment& segment = segments_[id];
  segment = Segment();
  segment.state = SegmentState::kOpen;
  segment.queue = queue;
  segment.group = group;
  segment.generation = ++generation_;
  return id;
}

void SegmentTable::close(SegmentId id) {
  Segment& segment = segments_[id];
  Queue& queue = queues_[index(segment.queue)];
  segment.state = SegmentState::kClosed;
  segment.previous = queue.last;
  segment.next = kNoSegment;
  (queue.last == kNoSegment ? queue.first : segments_[queue.last].next) = id;
  queue.last = id;
}

void SegmentTable::unlink(SegmentId id) {
  Segment& segment = segments_[id];
  Queue& queue = queues_[index(segment.queue)];
  (segment.previous == kNoSegment ? queue.first : segments_[segment.previous].next) = segment.next;
  (segment.next == kNoSegment ? queue.last : segments_[segment.next].previous) = segment.previous;
}

void SegmentTable::begin_reclaim(SegmentId id) {
  unlink(id);
  segments_[id].state = SegmentState::kVictim;
  --in_queue_[index(segments_[id].queue)];
}

void SegmentTable::release(SegmentId id) {
  Segment& segment = segments_[id];
  if (segment.state == SegmentState::kClosed) unlink(id);
  if (segment.state != SegmentState::kVictim) --in_queue_[index(segment.queue)];
  segment.state = SegmentState::kFree;
  segment.next = first_free_;
  first_free_ = id;
  ++free_;
}

SegmentId SegmentTable::opened_after(std::uint64_t generation) const {
  SegmentId found = kNoSegment;
  for (SegmentId id = 0; id < count_; ++id) {
    const Segment& segment = segments_[id];
    if (segment.state == SegmentState::kFree || segment.generation <= generation) continue;
    if (found == kNoSegment || segment.generation < segments_[found].generation) found = id;
  }
  return found;
}

}  // namespace sesame
