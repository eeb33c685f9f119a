// Keys: what a session is found by.
// A key is a keyed 128-bit hash (SipHash-2-4-128) over length-prefixed (tenant, kind, name, value),
// so that equal keys mean equal inputs and a chosen credential cannot steer where it lands (rules
// R2, R3). The credential itself is not kept.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/siphash.h"
#include "base/types.h"

namespace sesame {

struct Key {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  friend bool operator==(const Key&, const Key&) = default;
};

/// What the hashed value is. Values take part in the hash: append, never renumber.
enum class KeyKind : std::uint8_t {
  kCookie = 1,
  kBearer = 2,
  kUser = 3,
  kReplacement = 4,
  kEnding = 5,  ///< what all spellings of a token have in common: tombstones alone have such keys
  kRefreshToken = 6,
  kSubject = 7,  ///< of whom a token speaks
};

/// Makes keys under one secret. Two makers with different secrets make unrelated keys.
class KeyMaker {
 public:
  static constexpr std::size_t kSecretBytes = 16;

  /// `usual_cookie`: the name of the cookie that most keys are made of.
  /// REQUIRES: `secret` holds kSecretBytes of randomness.
  explicit KeyMaker(Bytes secret, Bytes usual_cookie = {});

  /// `name`: the cookie's, or the scheme of `Authorization`; empty for a user.
  Key make(Bytes tenant, KeyKind kind, Bytes name, Bytes value) const;
  /// The same of no tenant and the usual cookie, sooner.
  Key make_usual(Bytes value) const {
    SipHash128 hash = usual_;
    hash.update_with_length(value);
    const SipHash128::Digest digest = hash.finish();
    return {digest.low, digest.high};
  }

  /// The key of a user: the same for every tenant, so that what happens to the user reaches all of
  /// the user's sessions (R4, R23). `id`: see find_user_id.
  Key make_user(Bytes id) const { return make({}, KeyKind::kUser, {}, id); }

  /// Where the document that replaces those of a user is left, for the sessions of one tenant that
  /// hold the same bytes as the writer did before (R22).
  Key make_replacement(Bytes tenant, const Key& user, Bytes before) const;

 private:
  // Of all that stands before the value.
  SipHash128 begin(Bytes tenant, KeyKind kind, Bytes name) const;

  std::uint64_t secret_low_;
  std::uint64_t secret_high_;
  SipHash128 usual_;  // begun for the usual cookie
};

/// The key under which a session's tokens are exchanged: one of its own, that no credential has.
constexpr Key refresh_key(const Key& session) {
  return {~session.low, session.high ^ 0x7265667265736821ULL};
}

/// Where a session's document is kept for the token that will follow its own (R85): it may outlive
/// that.
constexpr Key renewal_key(const Key& session) {
  return {~session.low, session.high ^ 0x72656e6577616c73ULL};
}

/// Where it is noted that a credential was accepted for some tenant.
constexpr Key acceptance_key(const Key& of_all_tenants) {
  return {~of_all_tenants.low, of_all_tenants.high ^ 0x6163636570746564ULL};
}

}  // namespace sesame
