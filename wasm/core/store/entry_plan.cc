#include "store/entry_plan.h"

#include <algorithm>

#include "base/byte_order.h"
#include "base/copy_bytes.h"
#include "store/entry_header_bits.h"

namespace sesame {

using namespace entry_header;

namespace {

// Times of entries that live less than this are kept exactly.
constexpr DurationMs kShortLife = 60'000;
constexpr DurationMs kSecond = 1000;

std::uint8_t code_of(const std::uint8_t (&widths)[4], std::uint8_t width) {
  std::uint8_t code = 0;
  while (widths[code] != width) ++code;
  return code;
}

TimeMs floor_to_second(TimeMs time) {
  TimeMs below = time % kSecond;
  if (below < 0) below += kSecond;
  // The first second of all has no beginning that can be written.
  return time < INT64_MIN + kSecond ? time : time - below;
}

/// False if the difference cannot be written.
bool subtract(TimeMs from, TimeMs what, std::int64_t* difference) {
  return !__builtin_sub_overflow(from, what, difference);
}

bool fits(std::int64_t value, unsigned bytes) {
  return value >= 0 && (static_cast<std::uint64_t>(value) >> (8 * bytes)) == 0;
}

unsigned size_bytes(std::uint32_t size) {
  unsigned bytes = 1;
  for (; size >= 0x80; size >>= 7) ++bytes;
  return bytes;
}

std::uint8_t sequence_width(Sequence sequence, Sequence base) {
  const auto offset = static_cast<std::int32_t>(sequence - base);
  if (offset == 0) return 0;
  if (offset >= INT8_MIN && offset <= INT8_MAX) return 1;
  if (offset >= INT16_MIN && offset <= INT16_MAX) return 2;
  return 4;
}

struct Writer {
  char* at;

  /// Writes eight bytes, of which the next `put` writes over what is too much.
  void put(std::uint64_t value, unsigned bytes) {
    store_le32(at, static_cast<std::uint32_t>(value));
    store_le32(at + 4, static_cast<std::uint32_t>(value >> 32));
    at += bytes;
  }
  void put_size(std::uint32_t size) {
    for (; size >= 0x80; size >>= 7) put(size | 0x80, 1);
    put(size, 1);
  }
};

/// Lays the times out relative to the base. False if they do not fit so.
bool plan_times(const EntryBase& base, LifetimeTable& lifetimes, const EntryLayout& at_least,
                bool is_fine, EntryPlan* plan) {
  const EntryInfo& info = plan->info;
  std::int64_t filled, born, used;
  Lifetime lifetime{};
  EntryLayout& layout = plan->layout;
  layout.is_fine = is_fine;
  TimeMs begun = floor_to_second(info.born_at);
  // Milliseconds are not counted on from a second that `filled_at` has been rounded down to.
  if (is_fine && begun == info.filled_at) plan->info.born_at = begun;
  if (is_fine) begun = info.born_at;
  if (!subtract(info.filled_at, base.time, &filled) ||
      !subtract(filled, -layout.base_lead(), &filled) || !subtract(info.filled_at, begun, &born) ||
      !subtract(info.fresh_until, info.filled_at, &lifetime.fresh_for) ||
      !subtract(info.drop_at, info.filled_at, &lifetime.kept_for) ||
      !subtract(info.expires_at, begun, &lifetime.lives_for)) {
    return false;
  }
  const DurationMs unit = layout.time_unit();
  const unsigned time_bytes = layout.time_bytes();
  if (filled % unit != 0 || born % unit != 0) return false;
  if (!fits(filled / unit, time_bytes) || !fits(born / unit, 4)) return false;
  lifetime.http_status = info.http_status;
  layout.has_used = at_least.has_used || info.used_at != 0;
  if (layout.has_used) {
    if (!subtract(info.used_at, info.filled_at, &used) || !fits(used, 4)) return false;
  }
  layout.born_bytes = at_least.born_bytes;
  while (!fits(born / unit, layout.born_bytes)) {
    layout.born_bytes = kBornWidths[code_of(kBornWidths, layout.born_bytes) + 1];
  }

  plan->lifetime = lifetimes.choose(lifetime);
  if (plan->lifetime == LifetimeTable::kNone) return false;
  layout.has_own_end = lifetimes.at(plan->lifetime).has_own_end;
  if (layout.has_own_end) {
    std::int64_t end;
    if (!subtract(info.expires_at, info.filled_at, &end) || end % unit != 0 ||
        !fits(end / unit, 4)) {
      return false;
    }
  }
  if (info.ends_at == 0) return true;
  std::int64_t lives_for;
  return subtract(info.ends_at, info.filled_at, &lives_for) && lives_for > 0 &&
         lives_for % unit == 0 && fits(lives_for / unit, 4);
}

}  // namespace

EntryInfo rounded(const EntryInfo& info) {
  const auto is_short = [&info](TimeMs until) {
    DurationMs life;
    return !subtract(until, info.filled_at, &life) || (life > 0 && life < kShortLife);
  };
  EntryInfo result = info;
  if (is_short(info.fresh_until) || is_short(info.drop_at)) return result;
  for (TimeMs* time : {&result.filled_at, &result.fresh_until, &result.drop_at, &result.expires_at,
                       &result.ends_at}) {
    *time = floor_to_second(*time);
  }
  result.born_at &= -kTimeUnit;
  return result;
}

EntryPlan plan_entry(const EntryInfo& info, const EntryBase& base, LifetimeTable& lifetimes,
                     ShapeId shape, std::size_t meta_bytes, std::size_t body_bytes,
                     const EntryLayout& at_least) {
  EntryPlan plan;
  plan.info = rounded(info);
  plan.shape = shape;
  plan.meta_bytes = static_cast<std::uint32_t>(meta_bytes);
  plan.body_bytes = static_cast<std::uint32_t>(body_bytes);
  EntryLayout& layout = plan.layout;
  const bool is_compact =
      !at_least.is_explicit &&
      ((!at_least.is_fine && plan_times(base, lifetimes, at_least, false, &plan)) ||
       plan_times(base, lifetimes, at_least, true, &plan));
  if (!is_compact) {
    plan.lifetime = LifetimeTable::kNone;
    layout = EntryLayout();
    layout.is_explicit = true;
  }
  layout.sequence_bytes =
      std::max(at_least.sequence_bytes, sequence_width(info.sequence, base.sequence));
  layout.has_user = at_least.has_user || info.user_tag != 0;
  layout.asks_first = info.asks_first;
  layout.has_cookie_end = at_least.has_cookie_end || info.ends_at != 0;
  layout.is_extended = at_least.is_extended || layout.is_fine || layout.has_own_end ||
                       layout.has_used || layout.born_bytes != 0 || layout.asks_first ||
                       layout.has_cookie_end;
  plan.header_bytes = static_cast<std::uint32_t>(kStateAt) + 2 + (layout.is_extended ? 1 : 0) +
                      size_bytes(shape) + size_bytes(plan.body_bytes) +
                      (plan.meta_bytes > 0 ? size_bytes(plan.meta_bytes) : 0) +
                      layout.field_bytes();
  plan.total_bytes = plan.header_bytes + plan.meta_bytes + plan.body_bytes;
  return plan;
}

void write_header(const EntryPlan& plan, const Key& key, std::uint8_t use, const EntryBase& base,
                  char* to) {
  const EntryLayout& layout = plan.layout;
  const EntryInfo& info = plan.info;
  char header[kMaxHeaderBytes + 8];
  Writer writer{header};
  writer.put(key.low, 8);
  writer.put(key.high, 8);
  writer.put((static_cast<unsigned>(use) << kUseShift) |
                 (static_cast<unsigned>(code_of(kSequenceWidths, layout.sequence_bytes))
                  << kSequenceShift) |
                 (layout.has_user ? kHasUser : 0u) | (plan.meta_bytes > 0 ? kHasMeta : 0u) |
                 (layout.is_extended ? kIsExtended : 0u),
             1);
  writer.put(plan.lifetime, 1);
  if (layout.is_extended) {
    writer.put(code_of(kBornWidths, layout.born_bytes) | (layout.is_fine ? kIsFine : 0u) |
                   (layout.has_own_end ? kHasOwnEnd : 0u) | (layout.has_used ? kHasUsed : 0u) |
                   (layout.asks_first ? kAsksFirst : 0u) |
                   (layout.has_cookie_end ? kHasCookieEnd : 0u),
               1);
  }
  writer.put_size(plan.shape);
  writer.put_size(plan.body_bytes);
  if (plan.meta_bytes > 0) writer.put_size(plan.meta_bytes);

  writer.put(layout.sequence_bytes == 4 ? info.sequence : info.sequence - base.sequence,
             layout.sequence_bytes);
  if (layout.has_user) writer.put(info.user_tag, 4);
  if (layout.is_explicit) {
    for (TimeMs time : {info.filled_at, info.fresh_until, info.drop_at, info.expires_at,
                        info.born_at, info.used_at}) {
      writer.put(static_cast<std::uint64_t>(time), 8);
    }
    writer.put(info.http_status, 2);
    if (layout.has_cookie_end) writer.put(static_cast<std::uint64_t>(info.ends_at), 8);
  } else {
    const DurationMs unit = layout.time_unit();
    const unsigned time_bytes = layout.time_bytes();
    const auto put_span = [&writer, unit](TimeMs since, TimeMs until, unsigned bytes) {
      if (bytes > 0) writer.put(static_cast<std::uint64_t>((until - since) / unit), bytes);
    };
    put_span(base.time - layout.base_lead(), info.filled_at, time_bytes);
    const TimeMs begun = layout.is_fine ? info.born_at : floor_to_second(info.born_at);
    put_span(begun, info.filled_at, layout.born_bytes);
    writer.put(static_cast<unsigned>(info.born_at - begun) / kTimeUnit, layout.fraction_bytes());
    if (layout.has_own_end) put_span(info.filled_at, info.expires_at, 4);
    if (layout.has_used) writer.put(static_cast<std::uint64_t>(info.used_at - info.filled_at), 4);
    if (layout.has_cookie_end) {
      put_span(info.filled_at, info.ends_at == 0 ? info.filled_at : info.ends_at, 4);
    }
  }
  copy_short(to, header, plan.header_bytes);
}

}  // namespace sesame
