// What is hashed: u32 LE length, tenant, kind byte, u32 LE length, name, u32 LE length, value.
// Changing it changes every key. Short inputs take two pieces.
#include "base/key.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/byte_order.h"
#include "base/siphash.h"

namespace sesame {

namespace {

constexpr std::size_t kLengthBytes = 4;
// Tenants are host names or short labels, names those of cookies; longer ones only cost more
// pieces.
constexpr std::size_t kInlineBytes = 160;

// Collects the fields before the value.
class HeadWriter {
 public:
  explicit HeadWriter(SipHash128* hash) : hash_(hash) {}

  void put(char byte) { buffer_[filled_++] = byte; }

  void put_length(Bytes field) {
    store_le32(buffer_ + filled_, static_cast<std::uint32_t>(field.size()));
    filled_ += kLengthBytes;
  }

  void put(Bytes field) {
    put_length(field);
    if (field.size() > room()) {
      flush();
      hash_->update(field);
      return;
    }
    if (!field.empty()) std::memcpy(buffer_ + filled_, field.data(), field.size());
    filled_ += field.size();
  }

  void flush() {
    hash_->update({buffer_, filled_});
    filled_ = 0;
  }

 private:
  // What is left for a field, the lengths and the kind around it apart.
  std::size_t room() const { return filled_ < kInlineBytes ? kInlineBytes - filled_ : 0; }

  SipHash128* hash_;
  std::size_t filled_ = 0;
  char buffer_[kInlineBytes + 3 * kLengthBytes + 1];  // NOLINT: filled before it is read
};

}  // namespace

KeyMaker::KeyMaker(Bytes secret)
    : secret_low_(load_le64(secret.data())), secret_high_(load_le64(secret.data() + 8)) {}

Key KeyMaker::make(Bytes tenant, KeyKind kind, Bytes name, Bytes value) const {
  SipHash128 hash(secret_low_, secret_high_);
  HeadWriter head(&hash);
  head.put(tenant);
  head.put(static_cast<char>(kind));
  head.put(name);
  head.put_length(value);
  head.flush();
  hash.update(value);
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
