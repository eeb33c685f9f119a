#include "lru_store.h"

namespace sesame {
namespace {

// A list node, a hash node and what the allocator adds to each, generously.
constexpr std::size_t kLinkBytes = 128;

}  // namespace

std::size_t LruStore::size_of(std::size_t meta_bytes, std::size_t body_bytes) {
  return sizeof(Entry) + kLinkBytes + meta_bytes + body_bytes;
}

void LruStore::drop(Entries::iterator entry) {
  entry_bytes_ -= size_of(entry->meta.size(), entry->body.size());
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

void LruStore::evict() {
  drop(entries_.begin());
  ++evictions_;
}

bool LruStore::find(const Key& key, TimeMs /*now*/, EntryView* found) {
  const auto it = by_key_.find(key);
  if (it == by_key_.end()) return false;
  entries_.splice(entries_.end(), entries_, it->second);
  *found = {it->second->info, it->second->meta, it->second->body};
  return true;
}

bool LruStore::put(const Key& key, const EntryInfo& info, Bytes meta, Bytes body, TimeMs /*now*/) {
  erase(key);
  const std::size_t size = size_of(meta.size(), body.size());
  if (size > budget_bytes_) return false;
  while (!entries_.empty() && used_bytes() + size > budget_bytes_) evict();
  entries_.push_back({key, info, std::string(meta), std::string(body)});
  by_key_[key] = std::prev(entries_.end());
  entry_bytes_ += size;
  // The table of buckets may have grown.
  while (entries_.size() > 1 && used_bytes() > budget_bytes_) evict();
  if (used_bytes() <= budget_bytes_) return true;
  erase(key);
  return false;
}

bool LruStore::set_info(const Key& key, const EntryInfo& info) {
  const auto it = by_key_.find(key);
  if (it == by_key_.end()) return false;
  it->second->info = info;
  return true;
}

bool LruStore::erase(const Key& key) {
  const auto it = by_key_.find(key);
  if (it == by_key_.end()) return false;
  drop(it->second);
  return true;
}

void LruStore::step(TimeMs now) {
  // The longest unused is the likeliest to have ended; one look a call keeps this bounded.
  if (!entries_.empty() && now >= entries_.front().info.drop_at) drop(entries_.begin());
}

}  // namespace sesame
