#include "session/vault.h"

#include <algorithm>
#include <utility>

namespace sesame {
namespace {

// A pointer, two chains, a place in the list of free slots, and what an allocator adds.
constexpr std::size_t kIndexBytesPerRecord = 64;
// What a record takes that has no tokens.
constexpr std::size_t kEmptyBytes = sizeof(Vault::Slot) + kIndexBytesPerRecord;
// Of so many records that may make room, the one that was used longest ago does.
constexpr int kCandidates = 8;
// So many places are looked at for them.
constexpr std::size_t kMaxLooks = 256;

}  // namespace

// As many slots as there can ever be records: nothing has to grow, which would take as long as
// there are sessions.
Vault::Vault(std::size_t budget_bytes)
    : slots_(budget_bytes / kEmptyBytes),
      free_(free_slots(slots_.size())),
      by_session_(slots_.size()),
      by_user_(slots_.size()),
      budget_bytes_(budget_bytes) {}

std::size_t Vault::size_of(const VaultRecord& record) {
  return kEmptyBytes + record.access_token.size() + record.refresh_token.size() +
         record.note.size();
}

std::uint32_t Vault::locate(const Key& session) const {
  std::uint32_t slot = by_session_.first(session.low);
  while (slot != SlotIndex::kNone && slots_[slot]->session != session) {
    slot = by_session_.next(slot);
  }
  return slot;
}

VaultRecord* Vault::find(const Key& session, TimeMs now) {
  const std::uint32_t slot = locate(session);
  if (slot == SlotIndex::kNone) return nullptr;
  VaultRecord& record = slots_[slot]->record;
  if (now < record.expires_at) return &record;
  erase_slot(slot);
  return nullptr;
}

bool Vault::put(const Key& session, const VaultRecord& record) {
  const std::uint32_t old = locate(session);
  const std::size_t freed = old == SlotIndex::kNone ? 0 : size_of(slots_[old]->record);
  const std::size_t size = size_of(record);
  if (size > budget_bytes_) return false;
  if (old != SlotIndex::kNone) slots_[old]->record.is_shared = false;  // it makes room for none
  while (used_bytes_ - freed + size > budget_bytes_) {
    // One that is there already may take the vault a little past its budget, as in `renew`.
    if (!evict_one()) {
      if (old == SlotIndex::kNone) return false;
      break;
    }
  }
  if (old != SlotIndex::kNone) erase_slot(old);
  used_bytes_ += size;
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  most_used_ = std::max(most_used_, slot + 1);
  by_session_.insert(session.low, slot);
  by_user_.insert(record.user.low, slot);
  // Made where it stays: an aggregate given to make_unique is copied once more, in more code.
  slots_[slot] = std::unique_ptr<Slot>(new Slot{session, record});  // NOLINT(modernize-make-unique)
  return true;
}

void Vault::renew(const Key& session, Bytes access_token, Bytes refresh_token,
                  TimeMs access_expires_at) {
  const std::uint32_t slot = locate(session);
  if (slot == SlotIndex::kNone) return;
  VaultRecord& record = slots_[slot]->record;
  used_bytes_ -= size_of(record);
  record.access_token = access_token;
  if (!refresh_token.empty()) record.refresh_token = refresh_token;
  record.access_expires_at = access_expires_at;
  record.is_shared = false;
  used_bytes_ += size_of(record);
}

bool Vault::erase(const Key& session) {
  const std::uint32_t slot = locate(session);
  if (slot == SlotIndex::kNone) return false;
  erase_slot(slot);
  return true;
}

void Vault::erase_slot(std::uint32_t slot) {
  const Slot& gone = *slots_[slot];
  used_bytes_ -= size_of(gone.record);
  by_session_.erase(gone.session.low, slot);
  by_user_.erase(gone.record.user.low, slot);
  slots_[slot].reset();
  free_.push_back(slot);
}

// A bounded piece of work (R51): what is not found now may be found the next time.
bool Vault::evict_one() {
  std::uint32_t oldest = SlotIndex::kNone;
  int candidates = 0;
  for (std::size_t look = 0; look < std::min<std::size_t>(kMaxLooks, most_used_); ++look) {
    hand_ = hand_ + 1 < most_used_ ? hand_ + 1 : 0;
    const Slot* const slot = slots_[hand_].get();
    if (slot == nullptr || !slot->record.is_shared) continue;
    if (oldest == SlotIndex::kNone || slot->record.used_at < slots_[oldest]->record.used_at) {
      oldest = hand_;
    }
    if (++candidates == kCandidates) break;
  }
  if (oldest == SlotIndex::kNone) return false;
  erase_slot(oldest);
  return true;
}

const Vault::Slot* Vault::next(std::uint32_t* place, TimeMs now) const {
  while (*place < slots_.size()) {
    const Slot* const slot = slots_[(*place)++].get();
    if (slot != nullptr && now < slot->record.expires_at) return slot;
  }
  return nullptr;
}

std::vector<Key> Vault::sessions_of(const Key& user) const {
  std::vector<Key> sessions;
  for (auto slot = by_user_.first(user.low); slot != SlotIndex::kNone; slot = by_user_.next(slot)) {
    if (slots_[slot]->record.user == user) sessions.push_back(slots_[slot]->session);
  }
  return sessions;
}

const Vault::Slot* Vault::oldest_of(const Key& user, std::size_t most) const {
  const Slot* oldest = nullptr;
  std::size_t count = 0;
  if (most == 0) return nullptr;
  for (auto slot = by_user_.first(user.low); slot != SlotIndex::kNone; slot = by_user_.next(slot)) {
    const Slot& each = *slots_[slot];
    if (each.record.user != user) continue;
    ++count;
    // Of those that began at the same time the last in the chain is the oldest.
    if (oldest == nullptr || each.record.expires_at <= oldest->record.expires_at) oldest = &each;
  }
  return count > most ? oldest : nullptr;
}

void Vault::step(TimeMs now) {
  if (slots_.empty()) return;
  sweep_ = sweep_ + 1 < slots_.size() ? sweep_ + 1 : 0;
  const Slot* const slot = slots_[sweep_].get();
  if (slot != nullptr && now >= slot->record.expires_at) erase_slot(sweep_);
}

}  // namespace sesame
