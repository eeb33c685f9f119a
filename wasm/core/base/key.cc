// What is hashed: u32 LE length, tenant, kind byte, u32 LE length, name, u32 LE length, value.
// Changing it changes every key.
#include "base/key.h"

#include <cstddef>
#include <cstdint>

#include "base/byte_order.h"
#include "base/siphash.h"

namespace sesame {

KeyMaker::KeyMaker(Bytes secret, Bytes usual_cookie)
    : secret_low_(load_le64(secret.data())),
      secret_high_(load_le64(secret.data() + 8)),
      usual_(begin({}, KeyKind::kCookie, usual_cookie)) {}

SipHash128 KeyMaker::begin(Bytes tenant, KeyKind kind, Bytes name) const {
  SipHash128 hash(secret_low_, secret_high_);
  hash.update_with_length(tenant);
  const char byte = static_cast<char>(kind);
  hash.update({&byte, 1});
  hash.update_with_length(name);
  return hash;
}

Key KeyMaker::make(Bytes tenant, KeyKind kind, Bytes name, Bytes value) const {
  SipHash128 hash = begin(tenant, kind, name);
  hash.update_with_length(value);
  const SipHash128::Digest digest = hash.finish();
  return {digest.low, digest.high};
}

Key KeyMaker::make_replacement(Bytes tenant, const Key& user, Bytes before) const {
  const Key old = make({}, KeyKind::kReplacement, {}, before);
  char bytes[2 * sizeof(Key)];
  store_le64(bytes, user.low);
  store_le64(bytes + 8, user.high);
  store_le64(bytes + 16, old.low);
  store_le64(bytes + 24, old.high);
  return make(tenant, KeyKind::kReplacement, {}, {bytes, sizeof bytes});
}

}  // namespace sesame
