// What the core needs to know of a document: that it is a JSON object, whose it is, and what its
// top-level members are. Parsing happens here, on the way in, never on the way out.
// Uses nlohmann_json for what is JSON; positions come from a scan of text already known to be
// valid.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"

namespace sesame {

inline constexpr std::size_t kMaxDepth = 512;  // js_bindings/origin/depth.js says so too

/// kOk if `text` is a JSON object in valid UTF-8, nested at most kMaxDepth deep (an object without
/// containers in it is 1 deep). All that the grammar of RFC 8259 allows is, duplicate names,
/// numbers beyond any double and escaped halves of surrogate pairs included. A byte-order mark is
/// not JSON (section 8.1). Returns kNotJson, kNotObject or kTooDeep otherwise; kTooDeep without
/// reading further.
Status check_document(Bytes text);

/// The raw text of the value at a JSON pointer (RFC 6901), white space around it excluded. Of
/// duplicate names the last counts, as in JSON.parse. Empty if there is none.
/// Array indices are supported. Escapes in member names are compared decoded; an escaped half of a
/// surrogate pair counts as U+FFFD, as where JavaScript makes bytes of a string.
/// REQUIRES: check_document(text) == kOk.
std::optional<Bytes> find_value(Bytes text, Bytes pointer);

/// The user's identifier: the first of `pointers` whose value is a non-empty string or a number,
/// as bytes to hash. A string and a number that look alike differ ("7" is not 7). Empty if there is
/// none. The bytes are
/// - for a string: 's', then what it stands for in UTF-8, so that escapes do not matter;
/// - for a number: 'n', then its plain digits if it is whole and below 2^64 (7, 7.0 and 70e-1 are
///   one), else its text as it stands.
/// REQUIRES: check_document(text) == kOk.
std::optional<std::string> find_user_id(Bytes text, const std::vector<std::string>& pointers);
/// The same of a value that has been found.
std::optional<std::string> user_id_of(Bytes value);

/// True if both have the same members, no more and no fewer, and so have the objects that they
/// hold, at every depth; what stands in arrays is not looked at. It tells the whole new document
/// from an answer such as {"ok":true}, and from one for other eyes (R22). A member named twice
/// counts twice. REQUIRES: both are documents.
bool have_same_members(Bytes one, Bytes other);

/// The document with only the top-level members in `fields`, in their own order, each value byte
/// for byte as it was (SPEC R14), without the white space between them. A member is matched by its
/// decoded name; of duplicate names all are kept.
/// REQUIRES: check_document(text) == kOk.
std::string project(Bytes text, const std::vector<std::string>& fields);

}  // namespace sesame
