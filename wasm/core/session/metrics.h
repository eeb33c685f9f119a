// Counters (rule R70). The cache only ever adds to them; whoever reports them reads them.
#pragma once

#include <array>
#include <cstdint>

#include "http/ambiguity.h"

namespace sesame {

struct Metrics {
  // One request is one check, however often its shell has to come back, and counts as exactly one
  // of fresh, stale, miss, joined, negative and bypass.
  std::uint64_t checks = 0;
  std::uint64_t fresh = 0;     ///< answered from a fresh document
  std::uint64_t stale = 0;     ///< answered from an older one
  std::uint64_t miss = 0;      ///< nothing was held that may be served
  std::uint64_t joined = 0;    ///< waited for another's fill instead of asking
  std::uint64_t negative = 0;  ///< answered from a remembered refusal or a tombstone
  std::uint64_t bypass = 0;  ///< passed to the origin: anonymous, ambiguous, or no lease to be had
  /// ... of which ambiguous, by reason; the position is the Ambiguity
  std::array<std::uint64_t, kAmbiguities> ambiguous{};

  // Counted when the shell is about to ask, not when a lease begins: it may find the answer in a
  // store.
  std::uint64_t origin_miss = 0;           ///< origin calls because nothing was held
  std::uint64_t origin_refresh = 0;        ///< ... behind a stale answer
  std::uint64_t origin_fresh = 0;          ///< ... because the caller insisted (R11)
  std::uint64_t origin_bypass = 0;         ///< ... for requests without one clear credential
  std::uint64_t origin_write = 0;          ///< ... to learn whom a write has changed (R22)
  std::uint64_t origin_login = 0;          ///< ... as part of a login (R20)
  std::uint64_t origin_token_refresh = 0;  ///< exchanges of tokens, which ask for no document (R24)
  std::uint64_t origin_failures = 0;       ///< origin calls that failed (R13)
  std::uint64_t unavailable = 0;           ///< checks answered 503
  std::uint64_t shared_fills = 0;          ///< documents received from other nodes instead (R30)

  std::uint64_t fills_refused = 0;  ///< overtaken by a revoke, logout or update (R10)
  std::uint64_t takeovers = 0;      ///< leases whose holder ran past its deadline (R9)
  std::uint64_t updates = 0;        ///< writes that replaced or dropped a document (R22)
  std::uint64_t revocations = 0;    ///< sessions and users revoked
};

}  // namespace sesame
