// What a `sesame_cache` is: one SessionCache with the regions through which its host speaks to it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "sesame_abi.h"
#include "session/session_cache.h"
#include "session/session_snapshot.h"

// A time as a host gives it (convention 6), where it must be known soon.
inline sesame::TimeMs time_of_hit(double now_ms) {
  // Outside of this, or not a number, a conversion would be undefined.
  constexpr double kLatest = 253'402'300'800'000.0;  // the year 10000
  if (!(now_ms >= 0)) return 0;
  return static_cast<sesame::TimeMs>(now_ms < kLatest ? now_ms : kLatest);
}
// The same, of which the module has one.
sesame::TimeMs time_of(double now_ms);

struct sesame_cache {
  // Beside a document on its way in stand its validator and its `Cache-Control`, or beside the
  // credentials a tenant.
  static constexpr std::size_t kOtherInputBytes = 8192;

  sesame_cache(sesame::Config config, sesame::Bytes secret)
      : cache(std::move(config), secret),
        input_bytes(cache.config().max_document_bytes + 2 * cache.config().max_credential_bytes +
                    kOtherInputBytes),
        input(new char[input_bytes]) {}

  sesame::SessionCache cache;
  std::size_t input_bytes;
  std::unique_ptr<char[]> input;  // not touched before a host writes to it
  sesame_result result{};
  sesame_exported exported{};
  std::string text;  // what the last result points to that is nowhere else
  std::string other_text;
  std::optional<sesame::SessionSnapshotWriter> writer;
  std::optional<sesame::SessionSnapshotReader> reader;
};
