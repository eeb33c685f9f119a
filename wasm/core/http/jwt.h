// Reads tokens that are JWTs (rules R3, R8): when one ends, and what all spellings of one have in
// common. It checks no signature: the origin does that; an `exp` can only shorten a session here.
#pragma once

#include <optional>
#include <string>

#include "base/types.h"

namespace sesame {

/// What the signature of a compact-serialised JWS stands for (RFC 7515 section 7.1): the header and
/// the payload as bytes, whatever their base64 spelling. Behind them may stand any signature. Empty
/// if the token is none: its first two parts are no base64 (base64url or base64, padded or not), or
/// its payload is not in the braces of a JSON object. In a cookie "Bearer" may stand before it.
std::optional<std::string> jwt_content(Bytes token);

/// The `exp` claim of such a token (RFC 7519 section 4.1.4) as milliseconds since the epoch;
/// fractions of a second are dropped. Empty if it has no numeric `exp`. An `exp` that is negative
/// or too large for TimeMs is held at the nearest end of [0, 253402300799000] (end of year 9999).
std::optional<TimeMs> jwt_expiry(Bytes token);

/// The `sub` claim of such a token as it stands there, a JSON string or number. Empty if it has
/// none.
std::optional<std::string> jwt_subject(Bytes token);

/// What the readers of an `Authorization` take for the token: without quotes and the `token=`
/// before it (Rails). The scheme is not part of it, as some readers take several for the same.
Bytes bare_token(Bytes value);

}  // namespace sesame
