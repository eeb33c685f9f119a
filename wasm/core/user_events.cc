#include "user_events.h"

#include <algorithm>

namespace sesame {
namespace {

constexpr int kForgetPerStep = 2;
// Two list links, a hash node and its bucket, generously.
constexpr std::size_t kLinkBytesPerEvent = 80;

}  // namespace

std::size_t UserEvents::bytes_for(std::size_t capacity) {
  return capacity * (sizeof(UserEvent) + kLinkBytesPerEvent);
}

UserEvents::Events::iterator UserEvents::locate(const Key& user) {
  const auto [first, last] = by_tag_.equal_range(user_tag(user));
  for (auto it = first; it != last; ++it) {
    if (it->second->user == user) return it->second;
  }
  return events_.end();
}

const UserEvent* UserEvents::find(const Key& user) {
  const auto found = locate(user);
  return found == events_.end() ? nullptr : &*found;
}

void UserEvents::raise_floor(Sequence at, TimeMs until) {
  if (!has_floor_ || is_before(floor_, at)) floor_ = at;
  floor_until_ = has_floor_ ? std::max(floor_until_, until) : until;
  has_floor_ = true;
}

void UserEvents::forget(Events::iterator event) {
  const auto [first, last] = by_tag_.equal_range(user_tag(event->user));
  for (auto it = first; it != last; ++it) {
    if (it->second == event) {
      by_tag_.erase(it);
      break;
    }
  }
  events_.erase(event);
}

UserEvent& UserEvents::event_of(const Key& user, TimeMs until) {
  auto event = locate(user);
  if (event != events_.end()) {
    events_.splice(events_.end(), events_, event);
  } else {
    if (events_.size() >= capacity_) {
      const UserEvent& oldest = events_.front();
      if (oldest.revoked) raise_floor(oldest.revoked_at, oldest.until);
      if (oldest.change != UserChange::kNone) raise_floor(oldest.changed_at, oldest.until);
      if (oldest.is_doubtful) raise_floor(oldest.doubted_at, oldest.until);
      forget(events_.begin());
    }
    event = events_.insert(events_.end(), UserEvent{.user = user});
    by_tag_.emplace(user_tag(user), event);
  }
  event->until = std::max(event->until, until);
  return *event;
}

void UserEvents::revoke(const Key& user, Sequence at, TimeMs until) {
  UserEvent& event = event_of(user, until);
  event.revoked = true;
  event.revoked_at = at;
}

void UserEvents::change(const Key& user, UserChange change, Sequence at, TimeMs until) {
  UserEvent& event = event_of(user, until);
  if (change == UserChange::kStale) {
    event.is_doubtful = true;
    event.doubted_at = at;
  } else {
    event.change = change;
    event.changed_at = at;
  }
}

void UserEvents::step(TimeMs now) {
  if (now >= floor_until_) has_floor_ = false;
  for (int i = 0; i < kForgetPerStep && !events_.empty(); ++i) {
    if (now < events_.front().until) return;
    forget(events_.begin());
  }
}

}  // namespace sesame
