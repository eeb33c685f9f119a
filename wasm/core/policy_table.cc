#include "policy_table.h"

namespace sesame {
namespace {

// From here on a new end of life is taken for an entry's own.
constexpr std::size_t kManyPolicies = PolicyTable::kCapacity / 2;

}  // namespace

PolicyId PolicyTable::find(const Policy& policy) const {
  if (slots_[newest_].references > 0 && slots_[newest_].policy == policy) return newest_;
  for (std::size_t i = 0; i < kCapacity; ++i) {
    if (slots_[i].references > 0 && slots_[i].policy == policy) return static_cast<PolicyId>(i);
  }
  return kNone;
}

PolicyId PolicyTable::add(const Policy& policy) {
  for (std::size_t i = 0; i < kCapacity; ++i) {
    if (slots_[i].references > 0) continue;
    slots_[i].policy = policy;
    return static_cast<PolicyId>(i);
  }
  return kNone;
}

PolicyId PolicyTable::choose(const Policy& policy) {
  const PolicyId found = find(policy);
  if (found != kNone) return found;
  if (used_ < kManyPolicies) return add(policy);
  Policy own = policy;
  own.lives_for = 0;
  own.has_own_end = true;
  const PolicyId found_own = find(own);
  return found_own != kNone ? found_own : add(own);
}

}  // namespace sesame
