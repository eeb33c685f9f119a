// What the session cookies are called, and which other names some cookie reader takes for one of
// them (rules R1, R3).
// It must not know what a cookie's value says. Invariant: a name that is told to be `kOther` is
// read as a session cookie by none of the readers listed in cookie_names.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/byte_order.h"
#include "base/types.h"

namespace sesame {

enum class NameKind : std::uint8_t {
  kOther,    ///< no session cookie to any reader
  kWhole,    ///< a configured name, exactly
  kChunk,    ///< a numbered chunk of one
  kVariant,  ///< another name that some reader takes for one
  kLegacy,   ///< `$Version`: it turns some readers into readers of RFC 2109
};

/// How the session libraries number the pieces of a cookie over 4 kB.
enum class ChunkStyle : std::uint8_t {
  kNone,
  kDot,             ///< `NAME.0 NAME.1` (Auth.js, Supabase, AuthKit)
  kUnderscore,      ///< `NAME_0 NAME_1` (oauth2-proxy)
  kTwoUnderscores,  ///< `NAME__0 NAME__1` (nextjs-auth0)
  kAspNet,          ///< `NAMEC1 NAMEC2`, announced by `NAME=chunks-2` (ASP.NET)
};

inline constexpr ChunkStyle kChunkStyles[] = {ChunkStyle::kDot, ChunkStyle::kUnderscore,
                                              ChunkStyle::kTwoUnderscores, ChunkStyle::kAspNet};

struct NameMatch {
  NameKind kind = NameKind::kOther;
  std::uint32_t index = 0;  ///< of the configured name that is meant
  ChunkStyle style = ChunkStyle::kNone;
  unsigned chunk = 0;  ///< its number, counted from 0 in every style
};

class CookieNames {
 public:
  /// More chunks than this are no library's: `session_2024` is some other cookie.
  static constexpr unsigned kMaxChunks = 100;

  /// A configured name that is another's chunk is that chunk, and no name of its own (rule R1).
  explicit CookieNames(const std::vector<std::string>& configured);

  /// False if `match` would say kOther, found out from the first two bytes of `pair`, `name=value`.
  bool may_match(Bytes pair) const {
    if (pair.size() < 2) return false;
    return (first_[static_cast<unsigned char>(pair[0])] &
            second_[static_cast<unsigned char>(pair[1])]) != 0;
  }

  /// True if `pair` is of a configured name, exactly, with an '=' behind it and nothing between. Of
  /// a pair below eight bytes it is for `match` to say.
  bool begins_with_name(Bytes pair, std::uint32_t* index) const {
    if (pair.size() < kHeadBytes) return false;
    const std::uint64_t head = load_le64(pair.data());
    for (*index = 0; *index < size_; ++*index) {
      const Name& name = names_[*index];
      if (((head ^ name.head) & name.head_mask) == 0 &&
          (name.name.size() < kHeadBytes || has_rest_of(name.name, pair))) {
        return true;
      }
    }
    return false;
  }

  /// `raw`: a cookie's name as it stands before the '=', with what surrounds it.
  NameMatch match(Bytes raw) const;

  std::size_t size() const { return size_; }
  Bytes name(std::uint32_t index) const { return names_[index].name; }

 private:
  struct Name {
    std::string name;
    std::string folded;           // see `fold`
    std::uint64_t head = 0;       // what pairs of this name begin with, their '=' included
    std::uint64_t head_mask = 0;  // which bytes of that count
  };
  static constexpr std::size_t kHeadBytes = 8;

  // Whether a pair that begins with a name's head begins with all of it.
  static bool has_rest_of(Bytes name, Bytes pair);

  NameMatch match_exactly(Bytes name) const;
  bool is_variant(Bytes raw, std::uint32_t* index) const;
  void note_first_bytes(Bytes name, std::size_t index);

  std::unique_ptr<Name[]> names_;
  std::size_t size_ = 0;
  // A bit for each configured name (they share seven), and one for bytes that may mean anything.
  std::array<std::uint8_t, 256> first_{};
  std::array<std::uint8_t, 256> second_{};
};

}  // namespace sesame
