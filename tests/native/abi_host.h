// A host of one cache that speaks to it only through sesame_abi.h: writes the input, reads the
// output.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>

#include "cache_handle.h"
#include "sesame_abi.h"
#include "support.h"

namespace sesame::testing {

inline constexpr double kNow = static_cast<double>(kStart);

class Host {
 public:
  explicit Host(const Config& config = test_config()) : handle_(config, kSecret) {}

  sesame_cache* handle() { return &handle_; }
  const sesame_result& result() { return *sesame_output(&handle_); }
  const Metrics& metrics() const { return handle_.cache.metrics(); }
  std::string body() { return {result().body, result().body_length}; }
  std::string meta() { return {result().meta, result().meta_length}; }

  void put(std::initializer_list<std::string> fields) {
    std::uint8_t* to = sesame_input(&handle_);
    for (const std::string& field : fields) {
      to = std::copy(field.begin(), field.end(), to);
    }
  }
  std::uint32_t check(const Request& request, double now = kNow, std::uint32_t waited = 0,
                      std::uint32_t flags = 0) {
    put({request.tenant, request.cookie, request.authorization});
    return sesame_check(&handle_, now, length(request.tenant), length(request.cookie),
                        length(request.authorization), waited, flags);
  }
  std::uint32_t begin(const Request& request) {
    REQUIRE(check(request) == SESAME_ACTION_FETCH);
    return result().lease;
  }
  std::uint32_t fill(std::uint32_t lease, std::uint32_t status, const std::string& body,
                     const std::string& meta = "", const std::string& cache_control = "",
                     double now = kNow, double retry_after = 0, bool is_refusal = false) {
    put({cache_control, meta, body});
    return sesame_fill_complete(&handle_, now, lease, status, is_refusal, retry_after, 0, 0,
                                length(cache_control), length(meta), length(body));
  }
  std::uint32_t begin_write(const Request& request, double now = kNow) {
    put({request.tenant, request.cookie, request.authorization});
    return sesame_write_begin(&handle_, now, length(request.tenant), length(request.cookie),
                              length(request.authorization));
  }
  std::uint32_t end_write(std::uint32_t write, const Request& request, std::uint32_t status,
                          const std::string& body, double now = kNow) {
    put({request.tenant, request.cookie, request.authorization, body});
    return sesame_write_complete(&handle_, now, write, status, 1, length(request.tenant),
                                 length(request.cookie), length(request.authorization),
                                 length(body));
  }
  /// `what`: 0 all, 1 a remembered refusal, 2 all, and an ended session begins anew.
  void forget(const Request& request, std::uint32_t what = 0) {
    put({request.tenant, request.cookie, request.authorization});
    sesame_session_forget(&handle_, length(request.tenant), length(request.cookie),
                          length(request.authorization), what);
  }
  std::uint32_t revoke(const Request& request, double now = kNow, bool is_accepted = false) {
    put({request.tenant, request.cookie, request.authorization});
    return sesame_session_revoke(&handle_, now, length(request.tenant), length(request.cookie),
                                 length(request.authorization), is_accepted ? 1 : 0);
  }
  bool is_accepted(const Request& request, double now = kNow) {
    put({request.tenant, request.cookie, request.authorization});
    return sesame_session_is_accepted(&handle_, now, length(request.tenant), length(request.cookie),
                                      length(request.authorization)) == 1;
  }
  std::uint32_t invalidate_user(const std::string& id, double now = kNow) {
    put({id});
    return sesame_user_invalidate(&handle_, now, length(id));
  }
  std::uint32_t revoke_user(const std::string& id, double now = kNow) {
    put({id});
    return sesame_user_revoke(&handle_, now, length(id));
  }

  static std::uint32_t length(const std::string& text) {
    return static_cast<std::uint32_t>(text.size());
  }

 private:
  sesame_cache handle_;
};

}  // namespace sesame::testing
