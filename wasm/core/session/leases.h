// Leases: who may ask the origin for a key, and what the ones who wait are told (SPEC R9, R10).
// A lease has one holder and a deadline. Whatever happens to its key cancels it, so a late fill
// finds no lease and is refused. After it ends, its answer stays just long enough for those who
// waited, even where nothing may be stored (R15).
// A stranger is a key for which the origin has given no document yet. Strangers take half of the
// table and half of the answers' room at most, and leave nothing behind once their followers have
// been told (R53).
// Invariants: at most one lease per key is current; ids are never 0 and not soon reused; memory is
// bounded by the capacity and by the bytes of the answers held.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/key.h"
#include "base/slot_index.h"
#include "base/types.h"

namespace sesame {

/// 0 is no lease.
using LeaseId = std::uint32_t;

enum class LeaseState : std::uint8_t {
  kFree,
  kInFlight,  ///< the holder is asking the origin
  kStored,    ///< ended; the answer is in the store
  kAnswered,  ///< ended; the answer is here and nowhere else
  kFailed,    ///< ended; the origin failed (R13)
  kPaused,    ///< ended: a refresh failed, and the next one waits until the deadline
  kBackoff,   ///< the origin asked for patience (429): nobody asks before the deadline
};

/// Why the origin is asked.
enum class FillCause : std::uint8_t {
  kMiss,
  kRefresh,
  kFresh,   ///< the caller insisted (R11)
  kWrite,   ///< to learn whom a write has changed (R22)
  kTokens,  ///< an exchange of tokens, which brings no document (R24)
};

struct Lease {
  Key key;
  LeaseId id = 0;
  LeaseState state = LeaseState::kFree;
  FillCause cause = FillCause::kMiss;
  std::uint8_t reason = 0;           ///< why nothing was served instead: a Reason
  bool current = false;              ///< found by its key
  bool conditional = false;          ///< the holder was given a validator to send (R15)
  bool took_over = false;            ///< the one before it ran past its deadline
  bool is_stranger = false;          ///< no document of this key was held when it began
  bool is_cookie = false;            ///< of a session cookie
  bool login_seen = false;           ///< what may have been a login went past since it began
  TimeMs deadline = 0;               ///< from here on it counts for nothing
  TimeMs credential_expires_at = 0;  ///< `exp` of a credential that is a JWT; 0: none
  Sequence sequence = 0;             ///< the newest event when it began
  std::uint32_t waiters = 0;         ///< followers that have not had the answer yet
  std::uint16_t http_status = 0;     ///< of kAnswered
  DurationMs retry_after = 0;        ///< of kFailed
  std::uint32_t user_tag = 0;        ///< of kAnswered: whose document it is
  TimeMs expires_at = 0;             ///< of kAnswered: the absolute end of the session
  Key ending;                        ///< what all spellings of its token have in common
  bool has_ending = false;           ///< there are others
  Key subject;                       ///< of an exchange of tokens: the session
  Key of_all_tenants;                ///< the same credential of no tenant, where it has one
  std::string tenant;
  std::string meta;
  std::string body;
};

class LeaseTable {
 public:
  LeaseTable(std::size_t capacity, std::size_t answer_bytes);

  /// The current lease of `key` if it still counts at `now`.
  Lease* find_current(const Key& key, TimeMs now);

  /// A lease by its id if it still counts at `now`, ended ones included.
  Lease* find(LeaseId id, TimeMs now);

  /// Begins a lease in place of the key's current one. Null if all are taken, or all that strangers
  /// may take.
  Lease* begin(const Key& key, FillCause cause, TimeMs now, TimeMs deadline,
               bool is_stranger = false);

  /// Ends a lease with what its followers are to be told. Freed at once if nobody waits.
  void end(Lease* lease, LeaseState state);

  /// Ends it with an answer that is stored nowhere else; dropped if there is no room for it, in
  /// which case one of the followers asks again.
  void end_with_answer(Lease* lease, std::uint16_t http_status, Bytes meta, Bytes body);

  /// Ends it, and keeps everybody from asking for this key until `until`. REQUIRES: no stranger's.
  void end_with_backoff(Lease* lease, TimeMs until, DurationMs retry_after);

  /// Ends a refresh, and keeps others from being begun until `until`. REQUIRES: no stranger's.
  void end_with_pause(Lease* lease, TimeMs until);

  /// A follower has been told.
  void drop_waiter(Lease* lease);

  void free(Lease* lease);

  /// Frees every lease of `key`, ended ones included: what they hold or bring counts no more.
  /// Returns how many were in flight. Takes a copy: the key may be one that a lease holds.
  std::uint32_t cancel(Key key);

  /// Frees a lease whose holder comes back too late. True if it was there still.
  bool drop_overdue(LeaseId id, TimeMs now);

  /// Frees a bounded number of leases that are past their deadline. Returns how many of them had a
  /// holder.
  std::uint32_t step(TimeMs now);

  std::size_t in_use() const { return slots_.size() - free_.size(); }
  static std::size_t bytes_for(std::size_t capacity, std::size_t answer_bytes);

 private:
  Lease* slot_of(LeaseId id);
  Lease* current_of(const Key& key);

  std::vector<Lease> slots_;
  std::vector<std::uint32_t> free_;
  SlotIndex by_key_;
  std::size_t answer_bytes_left_;
  std::size_t reserved_answer_bytes_;  // strangers leave so much
  std::size_t strangers_ = 0;
  std::uint32_t serial_ = 0;
  std::size_t sweep_ = 0;
};

}  // namespace sesame
