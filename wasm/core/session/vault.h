// The vault: managed sessions and their tokens, which the browser never sees (SPEC R20, R21, R24,
// R25). Unlike a document, a record cannot be had again from the origin: losing one signs somebody
// out. So only a record that the shared store has as well makes room for another (R33); where there
// is none, a login is refused instead. Invariants: logins keep within the budget; a record is found
// by its session and by its user, or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/key.h"
#include "base/slot_index.h"
#include "base/types.h"

namespace sesame {

struct VaultRecord {
  std::string access_token;
  std::string refresh_token;     ///< empty: none
  TimeMs access_expires_at = 0;  ///< 0: not known
  TimeMs expires_at = 0;         ///< the absolute end of the session (SPEC R8)
  TimeMs used_at = 0;
  TimeMs confirmed_at = 0;  ///< when it was begun or adopted the last time
  Key user;
  std::string note;        ///< the host's own
  bool is_shared = false;  ///< the store has it as it is
};

class Vault {
 public:
  struct Slot {
    Key session;
    VaultRecord record;
  };

  explicit Vault(std::size_t budget_bytes);

  /// Null if there is none, or if it has ended. Its times may be changed through it. Valid until
  /// the next call that is not const.
  VaultRecord* find(const Key& session, TimeMs now);

  /// Puts or replaces, and makes room of what is shared. False, and nothing is put, if it does not
  /// fit.
  bool put(const Key& session, const VaultRecord& record);

  /// Changes the tokens of a session that is there. They may take the vault a little past its
  /// budget: refusing them would sign somebody out.
  void renew(const Key& session, Bytes access_token, Bytes refresh_token, TimeMs access_expires_at);

  bool erase(const Key& session);

  /// Where a record stands that is there.
  const Slot* slot_of(const Key& session) const { return slots_[locate(session)].get(); }

  /// The first live record at a place or behind it, which is then the one behind the record; null
  /// if there is none. Places are from 0 on; a record keeps its own while it is there.
  const Slot* next(std::uint32_t* place, TimeMs now) const;

  /// The sessions of a user.
  std::vector<Key> sessions_of(const Key& user) const;

  /// Of a user with more than `most` sessions the one that ends first; else null. `most` 0: no user
  /// has too many.
  const Slot* oldest_of(const Key& user, std::size_t most) const;

  /// Forgets a bounded number of records that have ended.
  void step(TimeMs now);

  std::size_t size() const { return by_session_.size(); }
  std::size_t used_bytes() const { return used_bytes_; }

 private:
  static std::size_t size_of(const VaultRecord& record);

  std::uint32_t locate(const Key& session) const;
  void erase_slot(std::uint32_t slot);
  bool evict_one();

  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<std::uint32_t> free_;
  SlotIndex by_session_;
  SlotIndex by_user_;
  std::size_t budget_bytes_;
  std::size_t used_bytes_ = 0;
  std::uint32_t sweep_ = 0;
  std::uint32_t most_used_ = 0;  // no slot from here on has ever been used
  std::uint32_t hand_ = 0;       // where the next one is looked for that makes room
};

}  // namespace sesame
