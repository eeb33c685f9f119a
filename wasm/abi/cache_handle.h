// What a `sesame_cache` is: one SessionCache with the regions through which its host speaks to it.
#pragma once

#include <cstddef>
#include <vector>

#include "sesame_abi.h"
#include "session_cache.h"

struct sesame_cache {
  // Beside a document on its way in stand its validator and its `Cache-Control`, or beside the
  // credentials a tenant.
  static constexpr std::size_t kOtherInputBytes = 8192;

  sesame_cache(const sesame::Config& config, sesame::Bytes secret)
      : cache(config, secret),
        input(config.max_document_bytes + 2 * config.max_credential_bytes + kOtherInputBytes) {}

  sesame::SessionCache cache;
  std::vector<char> input;
  sesame_result result{};
};
