#include "snapshot/snapshot_reader.h"

#include <algorithm>
#include <cstring>

namespace sesame {
namespace {

// Of a frame's head, so that there are more bytes than these.
std::size_t size_of_payload(const char* head) {
  return static_cast<std::uint32_t>(load_le64(head));
}

}  // namespace

// Eight bytes are read where fewer are asked for: there is always slack behind a frame.
std::uint64_t SnapshotReader::Cursor::read(unsigned bytes) {
  const unsigned unused = 64 - 8 * bytes;
  const std::uint64_t word = load_le64(at);
  at += bytes;
  return word << unused >> unused;
}

SnapshotReader::SnapshotReader(SegmentStore& store, Bytes secret, TimeMs now, Bytes context,
                               SnapshotTarget* target)
    : store_(store), mac_(secret, context), target_(target) {
  if (store.entries() != 0 || store.mode_ != SegmentStore::Mode::kReady) {
    state_ = State::kRefused;
    return;
  }
  store_.set_now(now);
  store_.mode_ = SegmentStore::Mode::kRestoring;
  store_.changes_.clear();
  // Without entries there may still be a segment that was being reclaimed, and shapes.
  store_.victim_ = kNoSegment;
  store_.log_.clear();
  store_.codec_->clear();
  std::fill(store_.shape_marks_.begin(), store_.shape_marks_.end(), char{0});
}

SnapshotReader::~SnapshotReader() {
  end();
  while (state_ == State::kSifting) step();
}

void SnapshotReader::refuse() {
  if (target_ != nullptr) target_->refuse();
  store_.codec_->clear();
  if (entries_ > 0) {
    store_.begin_clearing();
  } else {
    store_.mode_ = SegmentStore::Mode::kReady;
  }
  state_ = State::kRefused;
}

// Shapes and lifetimes are retained by their entries from here on.
void SnapshotReader::finish() {
  for (std::size_t id = 0; id < lifetimes_.size(); ++id) {
    if (((lifetimes_retained_ >> id) & 1) != 0) store_.log_.lifetimes().release(lifetimes_[id].own);
  }
  const std::uint32_t limit = store_.codec_->shape_limit();
  for (std::uint32_t id = 1; id < limit; ++id) {
    if (((store_.shape_marks_[id / 8] >> (id % 8)) & 1) != 0) {
      store_.codec_->release(static_cast<ShapeId>(id));
    }
  }
  store_.mode_ = SegmentStore::Mode::kReady;
  state_ = State::kDone;
}

SnapshotReader::State SnapshotReader::feed(Bytes piece) {
  while (state_ == State::kReading && !piece.empty()) {
    std::size_t used = 0;
    if (is_ended_ || !feed_once(piece, &used)) {
      refuse();
      break;
    }
    piece.remove_prefix(used);
  }
  if (state_ == State::kReading && is_ended_) {
    state_ = State::kSifting;
    // What was put or erased here, and what changed there: both are in the store's filter by now.
    if (store_.changes_.saved().empty() && !may_repeat_) finish();
  }
  return state_;
}

SnapshotReader::State SnapshotReader::end() {
  if (state_ == State::kReading) refuse();
  return state_;
}

// Takes a whole frame where it is, or puts some more of one together. False if it is none.
bool SnapshotReader::feed_once(Bytes piece, std::size_t* used) {
  const std::span<char> output = store_.output_;
  const std::size_t largest = output.size() - kFrameSlack;
  if (held_ == 0 && piece.size() >= kFrameHeadBytes) {
    const std::size_t frame_bytes = kFrameHeadBytes + size_of_payload(piece.data());
    if (frame_bytes > largest) return false;
    if (frame_bytes + kFrameSlack <= piece.size()) {
      *used = frame_bytes;
      return read_frame(piece.substr(0, frame_bytes));
    }
  }
  const std::size_t wanted =
      kFrameHeadBytes + (held_ < kFrameHeadBytes ? 0 : size_of_payload(output.data()));
  if (wanted > largest) return false;
  *used = std::min(piece.size(), wanted - held_);
  std::memcpy(output.data() + held_, piece.data(), *used);
  held_ += *used;
  if (held_ < kFrameHeadBytes) return true;
  const std::size_t frame_bytes = kFrameHeadBytes + size_of_payload(output.data());
  if (held_ < frame_bytes) return true;
  held_ = 0;
  return frame_bytes <= largest && read_frame({output.data(), frame_bytes});
}

// REQUIRES: kFrameSlack readable bytes behind the frame.
bool SnapshotReader::read_frame(Bytes frame) {
  const Bytes payload = frame.substr(kFrameHeadBytes);
  const SnapshotMac::Mac& mac = mac_.add(payload);
  const char* const given = frame.data() + 4;
  unsigned difference = 0;
  for (std::size_t i = 0; i < kMacBytes; ++i) {
    difference |= static_cast<unsigned char>(mac[i] ^ given[i]);
  }
  if (difference != 0) return false;

  Cursor cursor{payload.data(), payload.data() + payload.size()};
  if (is_first_) {
    is_first_ = false;
    if (cursor.left() < kSnapshotMagic.size() + 4) return false;
    if (Bytes(cursor.at, kSnapshotMagic.size()) != kSnapshotMagic) return false;
    cursor.at += kSnapshotMagic.size();
    if (cursor.read(4) != kSnapshotVersion) return false;
  }
  has_base_ = false;
  lifetimes_known_ = 0;
  while (cursor.left() > 0) {
    if (is_ended_ || !read_record(&cursor)) return false;
  }
  return true;
}

bool SnapshotReader::read_record(Cursor* cursor) {
  const auto kind = static_cast<RecordKind>(cursor->read(1));
  switch (kind) {
    case RecordKind::kBase:
      return read_base(cursor);
    case RecordKind::kLifetime:
      return read_lifetime(cursor);
    case RecordKind::kShape:
      return read_shape(cursor);
    case RecordKind::kEntry:
      return read_entry(cursor);
    case RecordKind::kEnd:
      return read_end(cursor);
    case RecordKind::kHead:
    case RecordKind::kTail:
      return read_state(kind, cursor);
  }
  return false;
}

bool SnapshotReader::read_base(Cursor* cursor) {
  if (cursor->left() < kBaseBytes) return false;
  EntryBase base;
  base.time = static_cast<TimeMs>(cursor->read(8));
  base.sequence = static_cast<Sequence>(cursor->read(4));
  living_bytes_ = static_cast<std::uint32_t>(cursor->read(4));
  const std::uint64_t queue = cursor->read(1);
  if (queue >= kQueues) return false;
  const bool is_same = base.time == base_.time && base.sequence == base_.sequence &&
                       queue == static_cast<std::uint64_t>(queue_);
  if (is_adopting_ && !is_same) {
    store_.log_.end_adopting();
    is_adopting_ = false;
  }
  base_ = base;
  queue_ = static_cast<QueueId>(queue);
  has_base_ = true;
  return true;
}

bool SnapshotReader::read_lifetime(Cursor* cursor) {
  if (cursor->left() < kLifetimeBytes) return false;
  const auto id = static_cast<std::size_t>(cursor->read(1));
  if (id >= lifetimes_.size()) return false;
  Lifetime lifetime{};
  lifetime.fresh_for = static_cast<DurationMs>(cursor->read(8));
  lifetime.kept_for = static_cast<DurationMs>(cursor->read(8));
  lifetime.lives_for = static_cast<DurationMs>(cursor->read(8));
  lifetime.http_status = static_cast<std::uint16_t>(cursor->read(2));
  lifetime.has_own_end = cursor->read(1) != 0;
  const std::uint64_t bit = std::uint64_t{1} << id;
  lifetimes_known_ |= bit;

  LifetimeTable& table = store_.log_.lifetimes();
  KnownLifetime& known = lifetimes_[id];
  const LifetimeId own = table.choose(lifetime);
  table.retain(own);
  if ((lifetimes_retained_ & bit) != 0) table.release(known.own);
  lifetimes_retained_ |= bit;
  known = {lifetime, own};
  return true;
}

bool SnapshotReader::read_shape(Cursor* cursor) {
  if (cursor->left() < kShapeHeadBytes) return false;
  const auto id = static_cast<std::size_t>(cursor->read(2));
  const auto size = static_cast<std::size_t>(cursor->read(4));
  if (size > cursor->left() || id == kRawShape || id >= store_.codec_->shape_limit()) return false;
  char& marks = store_.shape_marks_[id / 8];
  if (((marks >> (id % 8)) & 1) != 0) return false;
  const Bytes saved(cursor->at, size);
  cursor->at += size;
  if (!store_.codec_->load_shape(static_cast<ShapeId>(id), saved)) return false;
  marks = static_cast<char>(marks | (1 << (id % 8)));
  return true;
}

bool SnapshotReader::read_state(RecordKind kind, Cursor* cursor) {
  if (target_ == nullptr || cursor->left() < kStateHeadBytes) return false;
  const auto size = static_cast<std::size_t>(cursor->read(kStateHeadBytes));
  if (size > cursor->left()) return false;
  const Bytes state(cursor->at, size);
  cursor->at += size;
  if (kind == RecordKind::kTail) return has_head_ && target_->read_tail(state);
  if (has_head_) return false;
  has_head_ = true;
  return target_->read_head(state);
}

bool SnapshotReader::read_entry(Cursor* cursor) {
  if (!has_base_ || (target_ != nullptr && !has_head_)) return false;
  // May read past the end of the payload, never past the slack behind it.
  const EntryHeader header = read_header(cursor->at);
  if (cursor->left() < header.total_bytes || header.is_dead) return false;
  const KnownLifetime* known = nullptr;
  if (!header.layout.is_explicit) {
    if (header.lifetime >= lifetimes_.size() || ((lifetimes_known_ >> header.lifetime) & 1) == 0) {
      return false;
    }
    known = &lifetimes_[header.lifetime];
    if (header.layout.has_own_end != known->lifetime.has_own_end) return false;
  }
  const std::uint32_t value_bytes = header.meta_bytes + header.body_bytes;
  if (value_bytes > store_.max_value_bytes()) return false;
  if (header.shape != kRawShape) {
    if (header.shape >= store_.codec_->shape_limit()) return false;
    const char marks = store_.shape_marks_[header.shape / 8];
    if (((marks >> (header.shape % 8)) & 1) == 0) return false;
    if (value_bytes > store_.scratch_.size()) return false;
  }
  const EntryInfo info = read_info(header, base_, known != nullptr ? &known->lifetime : nullptr);
  const Bytes bytes(cursor->at, header.total_bytes);
  cursor->at += header.total_bytes;
  ++entries_;
  if (info.drop_at > store_.now_) {
    add(bytes, header, info, known != nullptr ? known->own : LifetimeTable::kNone);
  }
  return true;
}

// Takes an entry over as it is if it comes from a segment that is full enough to be worth one here;
// otherwise writes it anew, which takes longer. One for which there is no room is forgotten.
void SnapshotReader::add(Bytes bytes, const EntryHeader& header, const EntryInfo& info,
                         LifetimeId lifetime) {
  SegmentLog& log = store_.log_;
  const bool is_full = living_bytes_ >= store_.geometry_.segment_bytes / 4 * 3;
  const bool is_same_lifetime =
      header.layout.is_explicit ||
      (lifetime != LifetimeTable::kNone &&
       log.lifetimes().at(lifetime) == lifetimes_[header.lifetime].lifetime);
  if (is_full && is_same_lifetime && header.total_bytes <= store_.geometry_.segment_bytes / 8) {
    Location location = log.adopt(bytes, header, lifetime, info.drop_at);
    if (location == 0) {
      is_adopting_ = log.begin_adopting(base_, queue_, info.drop_at, store_.now_);
      location = log.adopt(bytes, header, lifetime, info.drop_at);
    }
    if (location != 0) return index(location, read_key(bytes.data()));
  }
  const Bytes payload = bytes.substr(header.header_bytes);
  const EntryDraft draft{read_key(bytes.data()), info, header.shape,
                         payload.substr(0, header.meta_bytes), payload.substr(header.meta_bytes)};
  const Location location = log.append(draft, queue_, header.use, store_.now_);
  if (location != 0) index(location, draft.key);
}

void SnapshotReader::index(Location location, const Key& key) {
  store_.codec_->retain(read_header(store_.log_.at(location)).shape);
  batch_[batch_size_++] = {location, key.low, key.high};
  if (batch_size_ == kBatch) index_batch();
}

void SnapshotReader::index_batch() {
  // A loop of loads alone, so that they wait together. Their result must be used for them to
  // happen.
  for (std::size_t i = 0; i < batch_size_; ++i) {
    store_.touched_ ^= *store_.index_.bucket_of(batch_[i].key());
  }
  for (std::size_t i = 0; i < batch_size_; ++i) {
    store_.add_to_index(batch_[i].key(), batch_[i].location);
  }
  batch_size_ = 0;
}

bool SnapshotReader::read_end(Cursor* cursor) {
  if (cursor->left() < kEndHeadBytes) return false;
  const std::uint64_t entries = cursor->read(8);
  may_repeat_ = cursor->read(1) != 0;
  const std::uint64_t filter_bytes = cursor->read(4);
  if (entries != entries_ || filter_bytes != cursor->left()) return false;
  const Bytes filter(cursor->at, cursor->left());
  cursor->at = cursor->end;
  is_ended_ = true;
  store_.log_.end_adopting();
  index_batch();
  return store_.changes_.merge(filter);
}

SnapshotReader::State SnapshotReader::step(std::uint32_t entries) {
  const SegmentTable& segments = store_.log_.segments();
  for (std::uint32_t done = 0; state_ == State::kSifting && done < entries; ++done) {
    if (segment_ == segments.size()) {
      finish();
      break;
    }
    const Segment& segment = segments[segment_];
    offset_ = std::max(offset_, segment.first_entry);
    if (segment.state == SegmentState::kFree || offset_ >= segment.used_bytes) {
      ++segment_;
      offset_ = 0;
      continue;
    }
    const Location location = store_.log_.location(segment_, offset_);
    const EntryHeader header = read_header(store_.log_.at(location));
    offset_ += store_.log_.extent(location, header);
    if (!header.is_dead) sift(location);
  }
  return state_;
}

// Leaves out what may have changed, and the second of two: an entry that moved while the snapshot
// was written may be in it twice.
void SnapshotReader::sift(Location location) {
  const Key key = read_key(store_.log_.at(location));
  SegmentIndex::Slot* const slot = store_.index_.find_location(key, location);
  const EntryHeader header = read_header(store_.log_.at(location));
  const std::uint32_t user_tag = store_.log_.info(location, header).user_tag;
  if (store_.changes_.may_hold(key) || store_.index_.find(key) != slot ||
      (user_tag != 0 && store_.changes_.may_hold(key_of_tag(user_tag)))) {
    store_.forget(slot);
  }
}

}  // namespace sesame
