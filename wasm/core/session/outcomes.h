// Outcomes as they are made in more than one place.
#pragma once

#include <algorithm>

#include "session/session_cache.h"

namespace sesame {

inline Outcome unavailable(DurationMs retry_after, Reason reason) {
  return {.action = Action::kUnavailable,
          .reason = reason,
          .retry_after = std::max<DurationMs>(retry_after, 1000)};
}

inline Outcome refused(std::uint16_t http_status, Bytes meta, Bytes body, Reason reason) {
  return {.action = Action::kRefuse,
          .source = Source::kNegative,
          .reason = reason,
          .http_status = http_status,
          .meta = meta,
          .body = body};
}

inline Outcome refused(const EntryView& entry) {
  return refused(entry.info.http_status, entry.meta, entry.body, Reason::kNegative);
}

inline Outcome served(const EntryView& entry, Action action, Source source, Reason reason) {
  return {.action = action,
          .source = source,
          .reason = reason,
          .http_status = http::kOk,
          .is_kept = true,
          .expires_at = entry.info.expires_at,
          .fresh_until = entry.info.fresh_until,
          .meta = entry.meta,
          .body = entry.body};
}

inline Outcome served_stale(const EntryView& entry, Reason reason = Reason::kStale) {
  return served(entry, Action::kServeStale, Source::kStale, reason);
}

}  // namespace sesame
