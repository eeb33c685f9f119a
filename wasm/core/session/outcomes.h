// Outcomes as they are made in more than one place.
#pragma once

#include "session/session_cache.h"

namespace sesame {

/// One that holds nothing else.
Outcome outcome_of(Action action, Reason reason = Reason::kNone);

/// kUnavailable, for a second at least.
Outcome unavailable(DurationMs retry_after, Reason reason = Reason::kNone);

/// kWait, for what becomes of a lease.
Outcome waiting(const Lease& lease, Reason reason = Reason::kNone);

/// `http_status`: as it is stored, with its mark.
Outcome refused(std::uint16_t http_status, Bytes meta, Bytes body, Reason reason);
Outcome refused(const EntryView& entry);

// Inline: every hit makes one.
inline Outcome served(const EntryView& entry, Action action, Source source, Reason reason) {
  return {.action = action,
          .source = source,
          .reason = reason,
          .http_status = http::kOk,
          .is_kept = true,
          .expires_at = entry.info.expires_at,
          .fresh_until = entry.info.fresh_until,
          .filled_at = entry.info.filled_at,
          .born_at = entry.info.born_at,
          .ends_at = entry.info.ends_at,
          .asks_first = entry.info.asks_first,
          .meta = entry.meta,
          .body = entry.body};
}

inline Outcome served_stale(const EntryView& entry, Reason reason = Reason::kStale) {
  return served(entry, Action::kServeStale, Source::kStale, reason);
}

}  // namespace sesame
