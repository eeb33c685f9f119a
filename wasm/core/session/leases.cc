#include "session/leases.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace sesame {
namespace {

constexpr std::size_t kSweepPerStep = 4;

bool has_ended(LeaseState state) {
  return state != LeaseState::kFree && state != LeaseState::kInFlight;
}

}  // namespace

LeaseTable::LeaseTable(std::size_t capacity, std::size_t answer_bytes)
    : slots_(capacity),
      free_(free_slots(capacity)),
      by_key_(capacity),
      answer_bytes_left_(answer_bytes),
      reserved_answer_bytes_(answer_bytes / 2) {}

std::size_t LeaseTable::bytes_for(std::size_t capacity, std::size_t answer_bytes) {
  return capacity * (sizeof(Lease) + sizeof(std::uint32_t)) + SlotIndex::bytes_for(capacity) +
         answer_bytes;
}

Lease* LeaseTable::slot_of(LeaseId id) {
  if (id == 0) return nullptr;
  Lease& lease = slots_[id % slots_.size()];
  return lease.id == id && lease.state != LeaseState::kFree ? &lease : nullptr;
}

Lease* LeaseTable::find(LeaseId id, TimeMs now) {
  Lease* lease = slot_of(id);
  return lease != nullptr && now < lease->deadline ? lease : nullptr;
}

Lease* LeaseTable::current_of(const Key& key) {
  for (auto slot = by_key_.first(key.low); slot != SlotIndex::kNone; slot = by_key_.next(slot)) {
    Lease& lease = slots_[slot];
    if (lease.current && lease.key == key) return &lease;
  }
  return nullptr;
}

Lease* LeaseTable::find_current(const Key& key, TimeMs now) {
  Lease* const lease = current_of(key);
  return lease != nullptr && now < lease->deadline ? lease : nullptr;
}

Lease* LeaseTable::begin(const Key& key, FillCause cause, TimeMs now, TimeMs deadline,
                         bool is_stranger) {
  bool took_over = false;
  Lease* const old = current_of(key);
  // One that is past its deadline has lost it for good, and its followers look again.
  const bool is_over = old != nullptr && (old->state == LeaseState::kInFlight ||
                                          now >= old->deadline || old->waiters == 0);
  const std::size_t strangers = strangers_ - (is_over && old->is_stranger ? 1 : 0);
  if (is_stranger && strangers >= (slots_.size() + 1) / 2) return nullptr;
  if (!is_over && free_.empty()) return nullptr;
  if (old != nullptr) {
    took_over = old->state == LeaseState::kInFlight && now >= old->deadline;
    old->current = false;
    if (is_over) free(old);
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();

  // The id names the slot, and a serial number that changes with every use of it.
  const auto capacity = static_cast<std::uint32_t>(slots_.size());
  const std::uint32_t serials = UINT32_MAX / capacity - 1;
  serial_ = serial_ % serials + 1;
  Lease& lease = slots_[slot];
  lease.key = key;
  lease.id = serial_ * capacity + slot;
  lease.state = LeaseState::kInFlight;
  lease.cause = cause;
  lease.current = true;
  lease.took_over = took_over;
  lease.is_stranger = is_stranger;
  strangers_ += is_stranger ? 1 : 0;
  lease.deadline = deadline;
  by_key_.insert(key.low, slot);
  return &lease;
}

void LeaseTable::end(Lease* lease, LeaseState state) {
  lease->state = state;
  lease->current = false;
  if (lease->waiters == 0) free(lease);
}

void LeaseTable::end_with_answer(Lease* lease, std::uint16_t http_status, Bytes meta, Bytes body) {
  const std::size_t size = meta.size() + body.size();
  const std::size_t reserved = lease->is_stranger ? reserved_answer_bytes_ : 0;
  if (size + reserved > answer_bytes_left_) lease->waiters = 0;
  end(lease, LeaseState::kAnswered);
  if (lease->state != LeaseState::kAnswered) return;
  answer_bytes_left_ -= size;
  lease->http_status = http_status;
  lease->meta.assign(meta);
  lease->body.assign(body);
}

void LeaseTable::end_with_backoff(Lease* lease, TimeMs until, DurationMs retry_after) {
  lease->state = LeaseState::kBackoff;
  lease->deadline = until;
  lease->retry_after = retry_after;
}

void LeaseTable::end_with_pause(Lease* lease, TimeMs until) {
  lease->state = LeaseState::kPaused;
  lease->deadline = until;
}

void LeaseTable::drop_waiter(Lease* lease) {
  if (lease->waiters > 0) --lease->waiters;
  if (lease->waiters == 0 && has_ended(lease->state) && !lease->current) free(lease);
}

void LeaseTable::free(Lease* lease) {
  if (lease->state == LeaseState::kFree) return;
  const auto slot = static_cast<std::uint32_t>(lease - slots_.data());
  by_key_.erase(lease->key.low, slot);
  strangers_ -= lease->is_stranger ? 1 : 0;
  answer_bytes_left_ += lease->meta.size() + lease->body.size();
  // Anew, not assigned: a string may keep its room over an assignment.
  std::destroy_at(lease);
  std::construct_at(lease);
  free_.push_back(slot);
}

std::uint32_t LeaseTable::cancel(Key key) {
  std::uint32_t in_flight = 0;
  for (auto slot = by_key_.first(key.low); slot != SlotIndex::kNone;) {
    Lease& lease = slots_[slot];
    slot = by_key_.next(slot);
    if (lease.key != key) continue;
    in_flight += lease.state == LeaseState::kInFlight ? 1 : 0;
    free(&lease);
  }
  return in_flight;
}

bool LeaseTable::drop_overdue(LeaseId id, TimeMs now) {
  Lease* lease = slot_of(id);
  if (lease == nullptr || lease->state != LeaseState::kInFlight || now < lease->deadline) {
    return false;
  }
  free(lease);
  return true;
}

std::uint32_t LeaseTable::step(TimeMs now) {
  std::uint32_t in_flight = 0;
  for (std::size_t i = 0; i < std::min(kSweepPerStep, slots_.size()); ++i) {
    Lease& lease = slots_[sweep_];
    sweep_ = (sweep_ + 1) % slots_.size();
    if (lease.state == LeaseState::kFree || now < lease.deadline) continue;
    in_flight += lease.state == LeaseState::kInFlight ? 1 : 0;
    free(&lease);
  }
  return in_flight;
}

}  // namespace sesame
