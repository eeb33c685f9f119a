#include "session/refresh_tokens.h"

namespace sesame {

RefreshTokenTable::RefreshTokenTable(std::size_t capacity)
    : slots_(capacity), by_token_(capacity), by_session_(capacity) {}

std::size_t RefreshTokenTable::bytes_for(std::size_t capacity) {
  return capacity * sizeof(Slot) + 2 * SlotIndex::bytes_for(capacity);
}

std::uint32_t RefreshTokenTable::find_slot(const Key& token) const {
  std::uint32_t slot = by_token_.first(token.low);
  while (slot != SlotIndex::kNone && slots_[slot].issued.token != token) {
    slot = by_token_.next(slot);
  }
  return slot;
}

std::uint32_t RefreshTokenTable::find_session(const Key& session) const {
  std::uint32_t slot = by_session_.first(session.low);
  while (slot != SlotIndex::kNone && slots_[slot].issued.session.key != session) {
    slot = by_session_.next(slot);
  }
  return slot;
}

const RefreshTokenTable::Issued* RefreshTokenTable::find(const Key& token) const {
  const std::uint32_t slot = find_slot(token);
  return slot == SlotIndex::kNone ? nullptr : &slots_[slot].issued;
}

bool RefreshTokenTable::renews(const Key& session) const {
  return find_session(session) != SlotIndex::kNone;
}

void RefreshTokenTable::put(const Issued& issued) {
  std::uint32_t slot = find_slot(issued.token);
  if (slot == SlotIndex::kNone) {
    slot = next_;
    next_ = next_ + 1 < slots_.size() ? next_ + 1 : 0;
  }
  clear(slot);
  fill(slot, issued);
}

void RefreshTokenTable::forget(const Key& session) {
  for (auto slot = find_session(session); slot != SlotIndex::kNone; slot = find_session(session)) {
    clear(slot);
  }
}

void RefreshTokenTable::clear(std::uint32_t slot) {
  if (!slots_[slot].is_used) return;
  by_token_.erase(slots_[slot].issued.token.low, slot);
  by_session_.erase(slots_[slot].issued.session.key.low, slot);
  slots_[slot] = Slot{};
}

void RefreshTokenTable::fill(std::uint32_t slot, const Issued& issued) {
  slots_[slot] = {issued, true};
  by_token_.insert(issued.token.low, slot);
  by_session_.insert(issued.session.key.low, slot);
}

}  // namespace sesame
