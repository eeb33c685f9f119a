#include "store/entry_format.h"

#include "base/byte_order.h"
#include "store/entry_header_bits.h"

namespace sesame {

using namespace entry_header;

namespace {

TimeMs add(TimeMs time, DurationMs duration) {
  // What was read need not have been written by us.
  return static_cast<TimeMs>(static_cast<std::uint64_t>(time) +
                             static_cast<std::uint64_t>(duration));
}

struct Reader {
  const char* at;

  /// Reads eight bytes where fewer are asked for.
  std::uint64_t read(unsigned bytes) {
    if (bytes == 0) return 0;
    const std::uint64_t word = load_le64(at);
    at += bytes;
    return word << (64 - 8 * bytes) >> (64 - 8 * bytes);
  }
  std::int64_t read_signed(unsigned bytes) { return static_cast<std::int64_t>(read(bytes)); }
  std::uint32_t read_varint() {
    std::uint32_t size = 0;
    for (unsigned shift = 0; shift < 28; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at++);
      size |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return size;
  }
};

}  // namespace

unsigned EntryLayout::field_bytes() const {
  unsigned bytes = sequence_bytes + (has_user ? 4u : 0u);
  if (is_explicit) return bytes + 6 * 8 + 2 + (has_cookie_end ? 8u : 0u);
  bytes += time_bytes() + born_bytes + fraction_bytes();
  if (has_own_end) bytes += 4;
  if (has_used) bytes += 4;
  if (has_cookie_end) bytes += 4;
  return bytes;
}

EntryHeader read_header(const char* from) {
  EntryHeader header;
  EntryLayout& layout = header.layout;
  Reader reader{from + kStateAt};
  const auto state = static_cast<std::uint8_t>(reader.read(1));
  header.is_dead = (state & kDead) != 0;
  header.use = (state >> kUseShift) & kMaxUse;
  layout.sequence_bytes = kSequenceWidths[(state >> kSequenceShift) & 3];
  layout.has_user = (state & kHasUser) != 0;
  layout.is_extended = (state & kIsExtended) != 0;
  header.lifetime = static_cast<LifetimeId>(reader.read(1));
  layout.is_explicit = header.lifetime == LifetimeTable::kNone;
  if (layout.is_extended) {
    const auto more = static_cast<std::uint8_t>(reader.read(1));
    layout.born_bytes = kBornWidths[more & kBornMask];
    layout.is_fine = (more & kIsFine) != 0;
    layout.has_own_end = (more & kHasOwnEnd) != 0;
    layout.has_used = (more & kHasUsed) != 0;
    layout.asks_first = (more & kAsksFirst) != 0;
    layout.has_cookie_end = (more & kHasCookieEnd) != 0;
  }
  header.shape = static_cast<ShapeId>(reader.read_varint());
  header.body_bytes = reader.read_varint();
  if ((state & kHasMeta) != 0) header.meta_bytes = reader.read_varint();
  header.fields = reader.at;
  header.header_bytes = static_cast<std::uint32_t>(reader.at - from) + layout.field_bytes();
  header.total_bytes = header.header_bytes + header.meta_bytes + header.body_bytes;
  return header;
}

EntryInfo read_info(const EntryHeader& header, const EntryBase& base, const Lifetime* lifetime) {
  const EntryLayout& layout = header.layout;
  Reader reader{header.fields};
  EntryInfo info;
  info.asks_first = layout.asks_first;
  if (layout.sequence_bytes == 4) {
    info.sequence = static_cast<Sequence>(reader.read(4));
  } else {
    // Sign-extended from the width it has.
    const unsigned unused = 32 - 8u * layout.sequence_bytes;
    const auto offset = static_cast<std::uint32_t>(reader.read(layout.sequence_bytes));
    info.sequence = base.sequence;
    if (unused < 32) {
      info.sequence += static_cast<Sequence>(static_cast<std::int32_t>(offset << unused) >> unused);
    }
  }
  if (layout.has_user) info.user_tag = static_cast<std::uint32_t>(reader.read(4));
  if (layout.is_explicit) {
    for (TimeMs* time : {&info.filled_at, &info.fresh_until, &info.drop_at, &info.expires_at,
                         &info.born_at, &info.used_at}) {
      *time = reader.read_signed(8);
    }
    info.http_status = static_cast<std::uint16_t>(reader.read(2));
    if (layout.has_cookie_end) info.ends_at = reader.read_signed(8);
    return info;
  }
  const DurationMs unit = layout.time_unit();
  const unsigned time_bytes = layout.time_bytes();
  info.filled_at = add(base.time, reader.read_signed(time_bytes) * unit - layout.base_lead());
  info.born_at = add(info.filled_at, -reader.read_signed(layout.born_bytes) * unit);
  info.fresh_until = add(info.filled_at, lifetime->fresh_for);
  info.drop_at = add(info.filled_at, lifetime->kept_for);
  info.expires_at = add(info.born_at, lifetime->lives_for);
  info.born_at = add(info.born_at, reader.read_signed(layout.fraction_bytes()) * kTimeUnit);
  if (layout.has_own_end) info.expires_at = add(info.filled_at, reader.read_signed(4) * unit);
  if (layout.has_used) info.used_at = add(info.filled_at, reader.read_signed(4));
  if (layout.has_cookie_end) {
    const DurationMs lives_for = reader.read_signed(4) * unit;
    if (lives_for > 0) info.ends_at = add(info.filled_at, lives_for);
  }
  info.http_status = lifetime->http_status;
  return info;
}

std::uint8_t read_use(const char* entry) {
  return (static_cast<std::uint8_t>(entry[kStateAt]) >> kUseShift) & kMaxUse;
}

void write_use(char* entry, std::uint8_t use) {
  auto state = static_cast<std::uint8_t>(entry[kStateAt]);
  state = static_cast<std::uint8_t>((state & ~(kMaxUse << kUseShift)) | (use << kUseShift));
  entry[kStateAt] = static_cast<char>(state);
}

void write_lifetime(char* entry, LifetimeId lifetime) {
  entry[kStateAt + 1] = static_cast<char>(lifetime);
}

void mark_dead(char* entry) { entry[kStateAt] = static_cast<char>(entry[kStateAt] | kDead); }

}  // namespace sesame
