#include "vault.h"

#include <utility>

namespace sesame {
namespace {

// Two hash nodes and their buckets, generously.
constexpr std::size_t kIndexBytesPerRecord = 128;

}  // namespace

Vault::Vault(std::size_t budget_bytes) : budget_bytes_(budget_bytes) {
  // As many as can ever be: it never has to grow, which would take as long as there are sessions.
  const std::size_t most = budget_bytes / size_of(VaultRecord{});
  records_.reserve(most);
  by_user_.reserve(most);
}

std::size_t Vault::size_of(const VaultRecord& record) {
  return sizeof(VaultRecord) + 2 * sizeof(Key) + kIndexBytesPerRecord + record.access_token.size() +
         record.refresh_token.size();
}

VaultRecord* Vault::find(const Key& session, TimeMs now) {
  const auto found = records_.find(session);
  if (found == records_.end()) return nullptr;
  if (now < found->second.expires_at) return &found->second;
  erase(session);
  return nullptr;
}

bool Vault::put(const Key& session, VaultRecord record) {
  const auto old = records_.find(session);
  const std::size_t freed = old == records_.end() ? 0 : size_of(old->second);
  const std::size_t size = size_of(record);
  if (used_bytes_ - freed + size > budget_bytes_) return false;
  if (old != records_.end()) erase(session);
  used_bytes_ += size;
  by_user_.emplace(record.user, session);
  records_.emplace(session, std::move(record));
  return true;
}

void Vault::renew(const Key& session, Bytes access_token, Bytes refresh_token,
                  TimeMs access_expires_at) {
  const auto found = records_.find(session);
  if (found == records_.end()) return;
  VaultRecord& record = found->second;
  used_bytes_ -= size_of(record);
  record.access_token = access_token;
  if (!refresh_token.empty()) record.refresh_token = refresh_token;
  record.access_expires_at = access_expires_at;
  used_bytes_ += size_of(record);
}

bool Vault::erase(const Key& session) {
  const auto found = records_.find(session);
  if (found == records_.end()) return false;
  used_bytes_ -= size_of(found->second);
  const auto [first, last] = by_user_.equal_range(found->second.user);
  for (auto it = first; it != last; ++it) {
    if (it->second == session) {
      by_user_.erase(it);
      break;
    }
  }
  records_.erase(found);
  return true;
}

std::vector<Key> Vault::sessions_of(const Key& user) const {
  std::vector<Key> sessions;
  const auto [first, last] = by_user_.equal_range(user);
  for (auto it = first; it != last; ++it) sessions.push_back(it->second);
  return sessions;
}

void Vault::step(TimeMs now) {
  if (records_.empty()) return;
  sweep_ = (sweep_ + 1) % records_.bucket_count();
  for (auto it = records_.begin(sweep_); it != records_.end(sweep_); ++it) {
    if (now < it->second.expires_at) continue;
    const Key session = it->first;
    erase(session);
    return;
  }
}

}  // namespace sesame
