#include "session/outcomes.h"

#include <algorithm>

namespace sesame {

Outcome outcome_of(Action action, Reason reason) { return {.action = action, .reason = reason}; }

Outcome unavailable(DurationMs retry_after, Reason reason) {
  Outcome outcome = outcome_of(Action::kUnavailable, reason);
  outcome.retry_after = std::max<DurationMs>(retry_after, 1000);
  return outcome;
}

Outcome waiting(const Lease& lease, Reason reason) {
  Outcome outcome = outcome_of(Action::kWait, reason);
  outcome.lease = lease.id;
  outcome.deadline = lease.deadline;
  return outcome;
}

Outcome refused(std::uint16_t http_status, Bytes meta, Bytes body, Reason reason) {
  Outcome outcome = outcome_of(Action::kRefuse, reason);
  outcome.source = Source::kNegative;
  outcome.http_status = http_status & ~http::kUnauthenticated;
  outcome.meta = meta;
  outcome.body = body;
  return outcome;
}

Outcome refused(const EntryView& entry) {
  Outcome outcome = refused(entry.info.http_status, entry.meta, entry.body, Reason::kNegative);
  outcome.filled_at = entry.info.filled_at;
  outcome.fresh_until = entry.info.fresh_until;
  return outcome;
}

}  // namespace sesame
