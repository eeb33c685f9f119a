#include "snapshot/snapshot_writer.h"

#include <algorithm>
#include <cstring>

#include "base/copy_bytes.h"

namespace sesame {
namespace {

// A frame looks at no more than so many times its size, however little of it is alive.
constexpr std::size_t kScanFactor = 4;
constexpr std::size_t kMinFrame = 4096;
// It is not worth asking for less.
constexpr std::size_t kMinTail = 256;
constexpr std::size_t kEntryOverhead = 1 + kMaxHeaderBytes + 1 + kBaseBytes + 1 + kLifetimeBytes;

bool has_mark(std::span<const char> marks, std::uint32_t bit) {
  return bit / 8 < marks.size() && ((marks[bit / 8] >> (bit % 8)) & 1) != 0;
}

}  // namespace

SnapshotWriter::SnapshotWriter(SegmentStore& store, Bytes secret, TimeMs now, Bytes context,
                               SnapshotSource* source)
    : store_(store), mac_(secret, context), source_(source), moved_before_(store.moved_) {
  if (store_.mode_ != SegmentStore::Mode::kReady) {
    part_ = Part::kDone;
    return;
  }
  is_writing_ = true;
  store_.set_now(now);
  store_.mode_ = SegmentStore::Mode::kWriting;
  store_.changes_.clear();
  std::fill(store_.shape_marks_.begin(), store_.shape_marks_.end(), char{0});
  // Entries that move while this goes on are found again; the rest of what comes later is left out
  // anyway. A limit, so that a busy store does not keep this running.
  last_generation_ = store_.log_.segments().generation() + store_.log_.segments().size();
}

SnapshotWriter::~SnapshotWriter() {
  if (!is_writing_) return;
  for (std::uint32_t id = 1; id < next_shape_; ++id) {
    if (has_mark(store_.shape_marks_, id)) store_.codec_->release(static_cast<ShapeId>(id));
  }
  store_.mode_ = SegmentStore::Mode::kReady;
}

// Writes eight bytes, of which the next write covers what is too much: there is slack at the end.
void SnapshotWriter::put(std::uint64_t value, unsigned bytes) {
  store_le64(store_.output_.data() + size_, value);
  size_ += bytes;
}

void SnapshotWriter::put_bytes(Bytes bytes) {
  copy_bytes(store_.output_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

// The size of what its owner has written behind it.
void SnapshotWriter::put_state(std::size_t size) {
  store_le32(store_.output_.data() + size_, static_cast<std::uint32_t>(size));
  size_ += kStateHeadBytes + size;
}

Bytes SnapshotWriter::next(std::size_t wanted_bytes) {
  if (part_ == Part::kDone) return {};
  limit_ = std::clamp(wanted_bytes, kMinFrame, store_.output_.size() - kFrameSlack);
  size_ = kFrameHeadBytes;
  scanned_ = 0;
  lifetimes_written_ = 0;
  base_written_ = 0;
  if (is_first_) {
    is_first_ = false;
    put_bytes(kSnapshotMagic);
    put(kSnapshotVersion, 4);
    if (source_ != nullptr) {
      store_.output_[size_++] = static_cast<char>(RecordKind::kHead);
      put_state(source_->write_head(
          store_.output_.subspan(size_ + kStateHeadBytes, SnapshotSource::kMaxHeadBytes)));
    }
  }
  empty_size_ = size_;
  if (part_ == Part::kShapes && write_shapes()) part_ = Part::kEntries;
  if (part_ == Part::kEntries && write_entries()) part_ = Part::kTail;
  if (part_ == Part::kTail && write_tail()) part_ = Part::kEnd;
  if (part_ == Part::kEnd && source_ != nullptr && !source_->is_sound()) {
    part_ = Part::kDone;
    return {};
  }
  if (part_ == Part::kEnd && write_end()) part_ = Part::kDone;

  char* const frame = store_.output_.data();
  store_le32(frame, static_cast<std::uint32_t>(size_ - kFrameHeadBytes));
  const SnapshotMac::Mac& mac = mac_.add({frame + kFrameHeadBytes, size_ - kFrameHeadBytes});
  std::memcpy(frame + 4, mac.data(), mac.size());
  return {frame, size_};
}

// Whether the frame takes so much more. One that holds nothing yet takes whatever the buffer does.
bool SnapshotWriter::has_room(std::size_t bytes) {
  if (size_ + bytes <= limit_) return true;
  if (size_ > empty_size_ || size_ + bytes > store_.output_.size() - kFrameSlack) return false;
  limit_ = size_ + bytes;
  return true;
}

// True when there are no more. Those written are retained until the end, so that none's number is
// given to another meanwhile.
bool SnapshotWriter::write_shapes() {
  BodyCodec& codec = *store_.codec_;
  const std::size_t head = 1 + kShapeHeadBytes;
  for (; next_shape_ < codec.shape_limit(); ++next_shape_) {
    const auto id = static_cast<ShapeId>(next_shape_);
    const std::size_t size = codec.saved_bytes(id);
    if (size == 0) continue;
    if (!has_room(head + size)) {
      if (size_ > empty_size_) return false;
      continue;  // longer than any frame: its entries are left out
    }
    put(static_cast<std::uint8_t>(RecordKind::kShape), 1);
    put(id, 2);
    put(size, 4);
    codec.save_shape(id, store_.output_.subspan(size_, size));
    size_ += size;
    codec.retain(id);
    char& marks = store_.shape_marks_[id / 8];
    marks = static_cast<char>(marks | (1 << (id % 8)));
  }
  return true;
}

// True when there are no more.
bool SnapshotWriter::write_entries() {
  SegmentLog& log = store_.log_;
  const std::size_t scan_limit = kScanFactor * limit_;
  while (scanned_ < scan_limit) {
    if (segment_ == kNoSegment || log.segments()[segment_].generation != generation_ ||
        log.segments()[segment_].state == SegmentState::kFree ||
        offset_ >= log.segments()[segment_].used_bytes) {
      segment_ = log.segments().opened_after(generation_);
      if (segment_ == kNoSegment || log.segments()[segment_].generation > last_generation_) {
        return true;
      }
      generation_ = log.segments()[segment_].generation;
      offset_ = log.segments()[segment_].first_entry;
      scanned_ += kMinFrame / 16;
      continue;
    }
    const Location location = log.location(segment_, offset_);
    const EntryHeader header = read_header(log.at(location));
    if (!write_entry(location, header)) return false;
    const std::uint32_t extent = log.extent(location, header);
    scanned_ += extent;
    offset_ += extent;
  }
  return false;
}

// False if the frame has no room for it.
bool SnapshotWriter::write_entry(Location location, const EntryHeader& header) {
  SegmentLog& log = store_.log_;
  if (header.is_dead) return true;
  const char* const entry = log.at(location);
  const EntryInfo info = log.info(location, header);
  if (info.drop_at <= store_.now_) return true;
  if (store_.changes_.may_hold(read_key(entry))) return true;
  if (source_ != nullptr && !source_->may_keep(info)) return true;
  if (header.shape != kRawShape && !has_mark(store_.shape_marks_, header.shape)) return true;

  const std::size_t needed = kEntryOverhead + header.meta_bytes + header.body_bytes;
  if (!has_room(needed)) return false;
  const Segment& segment = log.segments()[segment_];
  if (base_written_ != generation_) {
    base_written_ = generation_;
    put(static_cast<std::uint8_t>(RecordKind::kBase), 1);
    put(static_cast<std::uint64_t>(segment.base.time), 8);
    put(segment.base.sequence, 4);
    put(segment.live_bytes, 4);
    put(static_cast<std::uint8_t>(segment.queue), 1);
  }
  if (!header.layout.is_explicit && ((lifetimes_written_ >> header.lifetime) & 1) == 0) {
    lifetimes_written_ |= std::uint64_t{1} << header.lifetime;
    const Lifetime& lifetime = log.lifetimes().at(header.lifetime);
    put(static_cast<std::uint8_t>(RecordKind::kLifetime), 1);
    put(header.lifetime, 1);
    put(static_cast<std::uint64_t>(lifetime.fresh_for), 8);
    put(static_cast<std::uint64_t>(lifetime.kept_for), 8);
    put(static_cast<std::uint64_t>(lifetime.lives_for), 8);
    put(lifetime.http_status, 2);
    put(lifetime.has_own_end ? 1 : 0, 1);
  }
  put(static_cast<std::uint8_t>(RecordKind::kEntry), 1);
  put_bytes({entry, header.header_bytes});
  const std::span<char> room = store_.output_.subspan(size_);
  const Bytes payload = log.payload(location, header, room);
  if (payload.data() == room.data()) {
    size_ += payload.size();
  } else {
    put_bytes(payload);
  }
  ++entries_;
  return true;
}

// True when there is no more.
bool SnapshotWriter::write_tail() {
  const std::size_t head = 1 + kStateHeadBytes;
  while (source_ != nullptr) {
    if (!has_room(head + kMinTail)) return false;
    const std::size_t start = size_ + head;
    const std::size_t size = source_->write_tail(store_.output_.subspan(start, limit_ - start));
    if (size == 0) return true;
    store_.output_[size_++] = static_cast<char>(RecordKind::kTail);
    put_state(size);
  }
  return true;
}

// False if the frame has no room for it.
bool SnapshotWriter::write_end() {
  const Bytes filter = store_.changes_.saved();
  if (!has_room(1 + kEndHeadBytes + filter.size())) return false;
  put(static_cast<std::uint8_t>(RecordKind::kEnd), 1);
  put(entries_, 8);
  put(store_.moved_ != moved_before_ ? 1 : 0, 1);
  put(filter.size(), 4);
  put_bytes(filter);
  return true;
}

}  // namespace sesame
