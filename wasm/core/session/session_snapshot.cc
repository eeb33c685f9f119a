#include "session/session_snapshot.h"

namespace sesame {
namespace {

constexpr std::size_t kHeadBytes = 8;
// Numbers of events are compared as if they never wrapped around; a node that is new is far below.
constexpr Sequence kMaxSequence = 1u << 30;

Bytes bytes_of(const std::array<char, KeyMaker::kSecretBytes>& secret) {
  return {secret.data(), secret.size()};
}

}  // namespace

SessionSnapshotWriter::SessionSnapshotWriter(SessionCache& cache, Bytes context, TimeMs now)
    : cache_(cache),
      users_floor_(cache.users_.floor_version()),
      next_tombstone_(cache.tombstones_.first_number()),
      is_usable_(cache.sequence_ < kMaxSequence && !cache.store_->as_segments()->is_busy()),
      writer_(*cache.store_->as_segments(), bytes_of(cache.secret_), now, context, this) {}

std::size_t SessionSnapshotWriter::write_head(std::span<char> room) {
  store_le64(room.data(), cache_.sequence_);
  return kHeadBytes;
}

bool SessionSnapshotWriter::may_keep(const EntryInfo& info) {
  return !cache_.users_.is_below_floor(info.sequence) &&
         (info.user_tag == 0 || !cache_.users_.may_overtake(info.user_tag, info.sequence));
}

std::size_t SessionSnapshotWriter::write_tail(std::span<char> room) {
  constexpr std::size_t kBytes = TombstoneTable::kSavedBytes;
  const TombstoneTable& tombstones = cache_.tombstones_;
  std::size_t size = 0;
  for (; next_tombstone_ < tombstones.next_number() && size + kBytes <= room.size();
       ++next_tombstone_) {
    if (tombstones.save(next_tombstone_, room.data() + size)) size += kBytes;
  }
  return size;
}

bool SessionSnapshotWriter::is_sound() const {
  return is_usable_ && users_floor_ == cache_.users_.floor_version();
}

SessionSnapshotReader::SessionSnapshotReader(SessionCache& cache, Bytes context, TimeMs now)
    : cache_(cache),
      now_(now),
      reader_(*cache.store_->as_segments(), bytes_of(cache.secret_), now, context, this) {}

SessionSnapshotReader::State SessionSnapshotReader::end() {
  return reader_.state() == State::kSifting ? reader_.step() : reader_.end();
}

// Entries are as new as the events they reflect: the next event here has to outnumber them.
bool SessionSnapshotReader::read_head(Bytes head) {
  if (head.size() != kHeadBytes || cache_.sequence_ != 0) return false;
  const std::uint64_t sequence = load_le64(head.data());
  if (sequence >= kMaxSequence) return false;
  cache_.sequence_ = static_cast<Sequence>(sequence);
  return true;
}

bool SessionSnapshotReader::read_tail(Bytes piece) {
  constexpr std::size_t kBytes = TombstoneTable::kSavedBytes;
  if (piece.size() % kBytes != 0) return false;
  for (; !piece.empty(); piece.remove_prefix(kBytes)) {
    if (!cache_.tombstones_.restore(piece.data(), now_)) return false;
    cache_.note_ending(now_ + cache_.config_.expires_in, now_);
  }
  return true;
}

void SessionSnapshotReader::refuse() { cache_.tombstones_.drop_restored(); }

}  // namespace sesame
