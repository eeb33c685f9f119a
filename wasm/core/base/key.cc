// What is hashed: u32 LE length, tenant, kind byte, u32 LE length, value. Changing it changes every
// key. Short inputs take two pieces.
#include "base/key.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/byte_order.h"
#include "base/siphash.h"

namespace sesame {

namespace {

constexpr std::size_t kLengthBytes = 4;
// Tenants are host names or short labels; a longer one only costs two more pieces.
constexpr std::size_t kInlineTenantBytes = 128;

// What stands between tenant and value: the kind, then the value's length.
constexpr std::size_t kMiddleBytes = 1 + kLengthBytes;

void put_middle(char* to, KeyKind kind, Bytes value) {
  to[0] = static_cast<char>(kind);
  store_le32(to + 1, static_cast<std::uint32_t>(value.size()));
}

}  // namespace

KeyMaker::KeyMaker(Bytes secret)
    : secret_low_(load_le64(secret.data())), secret_high_(load_le64(secret.data() + 8)) {}

Key KeyMaker::make(Bytes tenant, KeyKind kind, Bytes value) const {
  SipHash128 hash(secret_low_, secret_high_);
  char head[kLengthBytes + kInlineTenantBytes + kMiddleBytes];
  store_le32(head, static_cast<std::uint32_t>(tenant.size()));
  std::size_t filled = kLengthBytes;
  if (tenant.size() <= kInlineTenantBytes) {
    if (!tenant.empty()) std::memcpy(head + filled, tenant.data(), tenant.size());
    filled += tenant.size();
    put_middle(head + filled, kind, value);
    hash.update({head, filled + kMiddleBytes});
  } else {
    hash.update({head, filled});
    hash.update(tenant);
    put_middle(head, kind, value);
    hash.update({head, kMiddleBytes});
  }
  hash.update(value);
  const SipHash128::Digest digest = hash.finish();
  return {digest.low, digest.high};
}

Key KeyMaker::make_replacement(Bytes tenant, const Key& user) const {
  char bytes[sizeof(Key)];
  store_le64(bytes, user.low);
  store_le64(bytes + 8, user.high);
  return make(tenant, KeyKind::kReplacement, {bytes, sizeof bytes});
}

}  // namespace sesame
