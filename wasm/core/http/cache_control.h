// Reads the directives of a response's `Cache-Control` that SPEC R15 obeys (RFC 9111 section 5.2).
#pragma once

#include <optional>

#include "base/types.h"

namespace sesame {

struct CacheControl {
  bool no_store = false;
  bool no_cache = false;
  bool must_revalidate = false;
  std::optional<DurationMs> max_age_ms;  ///< the smallest, if given more than once
};

/// Reads a `Cache-Control` field value: comma-separated, names in any case, values as tokens or
/// quoted strings, unknown directives and commas inside quotes ignored. A `max-age` that is not a
/// whole number of seconds counts as 0 (RFC 9111 section 4.2.1: invalid freshness is stale). A huge
/// one is held at 2^31 seconds.
/// `no-cache="field"`, with a field list, is not the bare directive. `private` is not read: a
/// session is never anybody else's here.
CacheControl read_cache_control(Bytes value);

}  // namespace sesame
