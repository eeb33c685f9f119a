// The simplest store that keeps its promises: a hash map and a list by last use.
#pragma once

#include <list>
#include <string>
#include <unordered_map>

#include "store.h"

namespace sesame {

class LruStore final : public Store {
 public:
  explicit LruStore(std::size_t budget_bytes) : budget_bytes_(budget_bytes) {}

  bool find(const Key& key, TimeMs now, EntryView* found) override;
  bool put(const Key& key, const EntryInfo& info, Bytes meta, Bytes body, TimeMs now) override;
  bool set_info(const Key& key, const EntryInfo& info) override;
  bool erase(const Key& key) override;
  void step(TimeMs now) override;

  std::size_t entries() const override { return by_key_.size(); }
  std::size_t used_bytes() const override {
    // The table of buckets grows with the entries and does not shrink with them.
    return entry_bytes_ + by_key_.bucket_count() * sizeof(void*);
  }
  std::size_t budget_bytes() const override { return budget_bytes_; }
  std::uint64_t evictions() const override { return evictions_; }

 private:
  struct Entry {
    Key key;
    EntryInfo info;
    std::string meta;
    std::string body;
  };
  using Entries = std::list<Entry>;

  static std::size_t size_of(std::size_t meta_bytes, std::size_t body_bytes);
  void drop(Entries::iterator entry);
  void evict();

  Entries entries_;  // the longest unused first
  std::unordered_map<Key, Entries::iterator, KeyHash> by_key_;
  std::size_t budget_bytes_;
  std::size_t entry_bytes_ = 0;
  std::uint64_t evictions_ = 0;
};

}  // namespace sesame
