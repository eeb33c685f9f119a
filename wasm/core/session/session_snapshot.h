// A session cache as a snapshot: the documents that may still be served, and the sessions that may
// not be (SPEC R52). What has happened to users is not in it; what that has overtaken is left out,
// so the origin is asked.
// Must not know: where snapshots are kept, and what seals them: documents can be read in them.
#pragma once

#include "session/session_cache.h"
#include "snapshot/snapshot_reader.h"
#include "snapshot/snapshot_writer.h"

namespace sesame {

class SessionSnapshotWriter final : private SnapshotSource {
 public:
  /// Done at once, and not sound, if the cache has no snapshots or one is being written or read.
  /// `context`: what else a reader must agree about, such as which origin this is. REQUIRES: the
  /// cache outlives this.
  SessionSnapshotWriter(SessionCache& cache, Bytes context, TimeMs now);

  /// The next part, of about 64 KiB; empty at the end. Valid until the next call on the cache.
  Bytes next() { return writer_.next(); }

  /// After the end: whether what was written can be restored. If not, so much was forgotten about
  /// users meanwhile that another must be written.
  bool is_sound() const override;

 private:
  std::size_t write_head(std::span<char> room) override;
  bool may_keep(const EntryInfo& info) override;
  std::size_t write_tail(std::span<char> room) override;

  SessionCache& cache_;
  std::uint32_t users_floor_;
  std::uint64_t next_tombstone_;
  bool is_usable_;
  SnapshotWriter writer_;
};

class SessionSnapshotReader final : private SnapshotTarget {
 public:
  using State = SnapshotReader::State;

  /// Refuses at once unless nothing has happened in the cache yet. REQUIRES: the cache outlives
  /// this.
  SessionSnapshotReader(SessionCache& cache, Bytes context, TimeMs now);

  /// The next bytes, cut as one likes.
  State feed(Bytes piece) { return reader_.feed(piece); }
  /// There is no more to feed; as long as this says kSifting it is to be called again.
  State end();

 private:
  bool read_head(Bytes head) override;
  bool read_tail(Bytes piece) override;
  void refuse() override;

  SessionCache& cache_;
  TimeMs now_;
  SnapshotReader reader_;
};

}  // namespace sesame
