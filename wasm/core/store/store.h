// The store: entries by key in a fixed budget of bytes (SPEC R50, R51).
// It decides nothing about sessions: states, times and sequences are the caller's. It may forget an
// entry at any time, which costs an origin call and nothing else; what must not be forgotten
// (leases, tombstones, user events) is kept elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/key.h"
#include "base/types.h"

namespace sesame {

/// What is kept beside the bytes of an entry. Times are milliseconds; a store may keep them in
/// whole seconds, rounding so that nothing is served longer than it was given.
struct EntryInfo {
  TimeMs filled_at = 0;    ///< when the origin last confirmed it
  TimeMs fresh_until = 0;  ///< from here on it is stale
  TimeMs drop_at = 0;      ///< from here on it may not be served, failures included; entries are
                           ///< forgotten some time after
  TimeMs expires_at = 0;   ///< the absolute end of the session (SPEC R8), at or after drop_at
  TimeMs born_at = 0;      ///< when the session was first seen here, kept over refreshes
  TimeMs used_at = 0;      ///< when it was last asked for; 0 unless `idleFor` is on, and then free
  Sequence sequence = 0;   ///< the newest event it already reflects
  std::uint32_t user_tag = 0;     ///< low bits of the user's key; 0: unknown
  std::uint16_t http_status = 0;  ///< 200 for a document, else the remembered refusal (R12)
  bool asks_first =
      false;           ///< once stale it is confirmed before it is served (R15, R86), not after
  TimeMs ends_at = 0;  ///< when its cookie ends, as the origin has told; 0: not known
};

/// An entry found. The bytes stay valid until the next call on the store that is not const.
struct EntryView {
  EntryInfo info;
  Bytes meta;  ///< small opaque bytes of the shell: an ETag, or headers of a refusal
  Bytes body;
};

/// What to find of an entry: putting a body together takes longer than all the rest.
/// kLook is kInfo, for who only looks whether a session has been used. Values are the ABI's flags.
enum class Want : std::uint8_t { kAll = 0, kInfo = 8, kLook = 16 };

class SegmentStore;

class Store {
 public:
  virtual ~Store() = default;

  /// Finds the entry and counts it as used. False if there is none. The whole key is compared (R3).
  /// Without kAll, `meta` and `body` may be missing.
  virtual bool find(const Key& key, TimeMs now, EntryView* found, Want want = Want::kAll) = 0;

  /// Puts or replaces. False if it does not fit, in which case the key has no entry afterwards.
  /// `meta` and `body` must not point into the store.
  virtual bool put(const Key& key, const EntryInfo& info, Bytes meta, Bytes body, TimeMs now) = 0;

  /// Changes what is beside the bytes, leaving those. False if there is no entry.
  virtual bool set_info(const Key& key, const EntryInfo& info) = 0;

  /// True if there was one.
  virtual bool erase(const Key& key) = 0;

  /// Does a bounded amount of due work (expiry, eviction). Called with every operation of the
  /// cache.
  virtual void step(TimeMs now) = 0;

  /// Something has happened to a user: a snapshot that is being written leaves out what carries the
  /// user's tag.
  virtual void note_user_change(std::uint32_t) {}

  /// What snapshots are written from and read into (rule R52); null if there can be none.
  virtual SegmentStore* as_segments() { return nullptr; }

  virtual std::size_t entries() const = 0;
  virtual std::size_t used_bytes() const = 0;  ///< all that the store holds, tables included
  virtual std::size_t budget_bytes() const = 0;
  virtual std::uint64_t evictions() const = 0;  ///< entries forgotten for want of room
};

}  // namespace sesame
