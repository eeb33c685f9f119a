// The configuration of native tests and fuzzers: the product's times in little memory. A test that
// is about an option sets it. What users get without one stands in
// js_bindings/options/definitions.js.
#pragma once

#include "session/config.h"

namespace sesame::testing {

inline Config test_config() {
  Config config;
  config.fresh_for = 30 * 60'000;
  config.keep_for = 60 * 60'000;
  config.expires_in = 30LL * 24 * 3'600'000;
  config.negative_for = 10'000;
  config.stale_if_error = 5 * 60'000;
  config.lease_for = 10'000;
  config.origin_timeout = 8'000;
  config.memory_bytes = 1u << 20;
  config.max_document_bytes = 8u << 10;
  config.max_credential_bytes = 2u << 10;
  config.refresh_lease_for = 95'000;
  config.authorization_schemes = {"Bearer", "Token", "ApiKey", "JWT"};
  config.cookie_names = {"session", "__Host-session", "__Secure-session"};
  config.user_id_pointers = {"/id",  "/user/id", "/data/id", "/sub",
                             "/_id", "/uuid",    "/userId",  "/user_id"};
  config.refusals = {401, 403};
  return config;
}

}  // namespace sesame::testing
