// Reads when a bearer token that is a JWT ends (SPEC R8). It checks no signature: the origin
// does that; an `exp` can only shorten a session here.
#pragma once

#include <optional>

#include "base/types.h"

namespace sesame {

/// The `exp` claim of a compact-serialised JWS (RFC 7515 section 7.1, RFC 7519 section 4.1.4) as
/// milliseconds since the epoch; fractions of a second are dropped. Empty if the token has not
/// three base64url parts, if the payload is not a JSON object, or if it has no numeric `exp`. An
/// `exp` that is negative or too large for TimeMs is held at the nearest end of [0,
/// 253402300799000] (end of year 9999).
std::optional<TimeMs> jwt_expiry(Bytes token);

}  // namespace sesame
