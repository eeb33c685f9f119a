#include "sesame_abi.h"

#include "base/byte_order.h"
#include "cache_handle.h"

using sesame::Bytes;
using sesame::Outcome;
using sesame::TimeMs;

namespace {

// The numbers of the contract are those of the core.
static_assert(SESAME_ACTION_SERVE == static_cast<int>(sesame::Action::kServe));
static_assert(SESAME_ACTION_SERVE_STALE == static_cast<int>(sesame::Action::kServeStale));
static_assert(SESAME_ACTION_FETCH == static_cast<int>(sesame::Action::kFetch));
static_assert(SESAME_ACTION_WAIT == static_cast<int>(sesame::Action::kWait));
static_assert(SESAME_ACTION_REFUSE == static_cast<int>(sesame::Action::kRefuse));
static_assert(SESAME_ACTION_PASS == static_cast<int>(sesame::Action::kPass));
static_assert(SESAME_ACTION_UNAVAILABLE == static_cast<int>(sesame::Action::kUnavailable));
static_assert(SESAME_ACTION_RETRY == static_cast<int>(sesame::Action::kRetry));
static_assert(SESAME_ACTION_TOO_LARGE == static_cast<int>(sesame::Action::kTooLarge));
static_assert(SESAME_ACTION_ANSWER == static_cast<int>(sesame::Action::kAnswer));
static_assert(SESAME_SOURCE_NONE == static_cast<int>(sesame::Source::kNone));
static_assert(SESAME_SOURCE_FRESH == static_cast<int>(sesame::Source::kFresh));
static_assert(SESAME_SOURCE_STALE == static_cast<int>(sesame::Source::kStale));
static_assert(SESAME_SOURCE_ORIGIN == static_cast<int>(sesame::Source::kOrigin));
static_assert(SESAME_SOURCE_NEGATIVE == static_cast<int>(sesame::Source::kNegative));
static_assert(SESAME_CREDENTIAL_ANONYMOUS == static_cast<int>(sesame::CredentialKind::kAnonymous));
static_assert(SESAME_CREDENTIAL_COOKIE == static_cast<int>(sesame::CredentialKind::kCookie));
static_assert(SESAME_CREDENTIAL_BEARER == static_cast<int>(sesame::CredentialKind::kBearer));
static_assert(SESAME_CREDENTIAL_AMBIGUOUS == static_cast<int>(sesame::CredentialKind::kAmbiguous));
static_assert(SESAME_REMOTE_SESSION_FORGOTTEN ==
              static_cast<int>(sesame::RemoteEvent::kSessionForgotten));
static_assert(SESAME_STATUS_OK == static_cast<int>(sesame::Status::kOk));
static_assert(SESAME_STATUS_NOT_JSON == static_cast<int>(sesame::Status::kNotJson));
static_assert(SESAME_STATUS_NOT_OBJECT == static_cast<int>(sesame::Status::kNotObject));
static_assert(SESAME_STATUS_TOO_LARGE == static_cast<int>(sesame::Status::kTooLarge));
static_assert(SESAME_STATUS_TOO_DEEP == static_cast<int>(sesame::Status::kTooDeep));

// Takes the byte fields of a call off the input region, one after another (convention 3).
class InputReader {
 public:
  explicit InputReader(const sesame_cache& handle)
      : next_(handle.input.get()), left_(handle.input_bytes) {}

  Bytes take(std::uint32_t length) {
    if (length > left_) {
      fits_ = false;
      return {};
    }
    const Bytes field(next_, length);
    next_ += length;
    left_ -= length;
    return field;
  }

  sesame::RequestHead take_head(std::uint32_t tenant_length, std::uint32_t cookie_length,
                                std::uint32_t authorization_length) {
    const Bytes tenant = take(tenant_length);
    const Bytes cookie = take(cookie_length);
    return {tenant, cookie, take(authorization_length)};
  }

  bool fits() const { return fits_; }

 private:
  const char* next_;
  std::size_t left_;
  bool fits_ = true;
};

std::uint32_t report(sesame_cache* handle, const Outcome& outcome) {
  sesame_result& result = handle->result;
  result.action = static_cast<std::uint32_t>(outcome.action);
  result.source = static_cast<std::uint32_t>(outcome.source);
  result.credential = static_cast<std::uint32_t>(outcome.credential);
  result.http_status = outcome.http_status;
  result.lease = outcome.lease;
  result.meta = outcome.meta.data();
  result.meta_length = static_cast<std::uint32_t>(outcome.meta.size());
  result.body = outcome.body.data();
  result.body_length = static_cast<std::uint32_t>(outcome.body.size());
  result.deadline_ms = static_cast<double>(outcome.deadline);
  result.retry_after_ms = static_cast<double>(outcome.retry_after);
  // The same whole second, whether it comes from the store, which keeps no more, or not.
  result.expires_at_ms = static_cast<double>(outcome.expires_at - outcome.expires_at % 1000);
  result.fresh_until_ms = static_cast<double>(outcome.fresh_until);
  return result.action;
}

// A key as bytes, good until the next.
Bytes bytes_of(sesame_cache* handle, const sesame::Key& key) {
  sesame::store_le64(handle->key_bytes, key.low);
  sesame::store_le64(handle->key_bytes + 8, key.high);
  return {handle->key_bytes, sizeof handle->key_bytes};
}

bool read_key(Bytes bytes, sesame::Key* key) {
  if (bytes.size() != sizeof(sesame::Key)) return false;
  *key = {sesame::load_le64(bytes.data()), sesame::load_le64(bytes.data() + 8)};
  return true;
}

std::uint32_t report_too_large(sesame_cache* handle) {
  return report(handle, {.action = sesame::Action::kTooLarge});
}

}  // namespace

uint32_t sesame_abi_version(void) { return SESAME_ABI_VERSION; }

uint8_t* sesame_input(sesame_cache* cache) {
  return reinterpret_cast<std::uint8_t*>(cache->input.get());
}

uint32_t sesame_input_capacity(sesame_cache* cache) {
  return static_cast<std::uint32_t>(cache->input_bytes);
}

sesame_result* sesame_output(sesame_cache* cache) { return &cache->result; }

uint32_t sesame_check(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                      uint32_t cookie_length, uint32_t authorization_length, uint32_t waited,
                      uint32_t flags) {
  InputReader input(*cache);
  const auto head = input.take_head(tenant_length, cookie_length, authorization_length);
  if (!input.fits()) return report_too_large(cache);
  const sesame::CheckOptions options{
      .waited = waited,
      .fresh = (flags & SESAME_CHECK_FRESH) != 0,
      .again = (flags & SESAME_CHECK_AGAIN) != 0,
      .peek = (flags & SESAME_CHECK_PEEK) != 0,
      .want = (flags & SESAME_CHECK_DECISION) != 0 ? sesame::Want::kInfo : sesame::Want::kAll};
  return report(cache, cache->cache.check(head, time_of(now_ms), options));
}

uint32_t sesame_fill_complete(sesame_cache* cache, double now_ms, uint32_t lease,
                              uint32_t http_status, double retry_after_ms,
                              uint32_t cache_control_length, uint32_t meta_length,
                              uint32_t body_length) {
  InputReader input(*cache);
  sesame::OriginAnswer answer;
  answer.retry_after = time_of(retry_after_ms);
  answer.cache_control = input.take(cache_control_length);
  answer.meta = input.take(meta_length);
  answer.body = input.take(body_length);
  // More than the region holds is a document over the size limit, which is a failure (SPEC R13).
  if (input.fits() && http_status < 1000) answer.http_status = static_cast<int>(http_status);
  return report(cache, cache->cache.complete_fill(lease, answer, time_of(now_ms)));
}

void sesame_fill_release(sesame_cache* cache, uint32_t lease) { cache->cache.release(lease); }

void sesame_wait_leave(sesame_cache* cache, double now_ms, uint32_t waited) {
  cache->cache.leave(waited, time_of(now_ms));
}

void sesame_count_passed(sesame_cache* cache) { cache->cache.count_passed(); }

uint32_t sesame_write_begin(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                            uint32_t cookie_length, uint32_t authorization_length) {
  InputReader input(*cache);
  const auto head = input.take_head(tenant_length, cookie_length, authorization_length);
  return input.fits() ? cache->cache.begin_write(head, time_of(now_ms)) : 0;
}

uint32_t sesame_write_complete(sesame_cache* cache, double now_ms, uint32_t write,
                               uint32_t http_status, uint32_t may_hold_document,
                               uint32_t tenant_length, uint32_t cookie_length,
                               uint32_t authorization_length, uint32_t body_length) {
  InputReader input(*cache);
  const auto head = input.take_head(tenant_length, cookie_length, authorization_length);
  if (!input.fits()) return report_too_large(cache);
  sesame::WriteAnswer answer;
  answer.http_status = http_status < 1000 ? static_cast<int>(http_status) : 0;
  answer.body = input.take(body_length);
  // A body that is not here cannot replace a document: it is dropped instead.
  answer.may_hold_document = may_hold_document != 0 && input.fits();
  return report(cache, cache->cache.complete_write(write, head, answer, time_of(now_ms)));
}

void sesame_session_forget(sesame_cache* cache, uint32_t tenant_length, uint32_t cookie_length,
                           uint32_t authorization_length, uint32_t only_refusal) {
  InputReader input(*cache);
  const auto head = input.take_head(tenant_length, cookie_length, authorization_length);
  if (input.fits()) cache->cache.forget(head, only_refusal != 0);
}

void sesame_session_revoke(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                           uint32_t cookie_length, uint32_t authorization_length) {
  InputReader input(*cache);
  const auto head = input.take_head(tenant_length, cookie_length, authorization_length);
  if (input.fits()) cache->cache.revoke(head, time_of(now_ms));
}

uint32_t sesame_user_invalidate(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                                uint32_t user_id_length) {
  InputReader input(*cache);
  const Bytes tenant = input.take(tenant_length);
  const Bytes user_id = input.take(user_id_length);
  if (!input.fits()) return SESAME_STATUS_TOO_LARGE;
  return static_cast<std::uint32_t>(cache->cache.invalidate_user(tenant, user_id, time_of(now_ms)));
}

uint32_t sesame_user_revoke(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                            uint32_t user_id_length) {
  InputReader input(*cache);
  const Bytes tenant = input.take(tenant_length);
  const Bytes user_id = input.take(user_id_length);
  if (!input.fits()) return SESAME_STATUS_TOO_LARGE;
  return static_cast<std::uint32_t>(cache->cache.revoke_user(tenant, user_id, time_of(now_ms)));
}

uint32_t sesame_sequence(sesame_cache* cache) { return cache->cache.now_sequence(); }

uint32_t sesame_session_begin(sesame_cache* cache, double now_ms, uint32_t asked_at,
                              double access_expires_at_ms, uint32_t tenant_length,
                              uint32_t cookie_length, uint32_t access_length,
                              uint32_t refresh_length, uint32_t cache_control_length,
                              uint32_t meta_length, uint32_t body_length) {
  InputReader input(*cache);
  const Bytes tenant = input.take(tenant_length);
  const Bytes cookie = input.take(cookie_length);
  sesame::Tokens tokens;
  tokens.access = input.take(access_length);
  tokens.refresh = input.take(refresh_length);
  tokens.access_expires_at = time_of(access_expires_at_ms);
  sesame::OriginAnswer document;
  document.cache_control = input.take(cache_control_length);
  document.meta = input.take(meta_length);
  document.body = input.take(body_length);
  document.http_status = 200;
  if (!input.fits()) return report_too_large(cache);
  return report(cache, cache->cache.begin_session(tenant, cookie, tokens, document, asked_at,
                                                  time_of(now_ms)));
}

uint32_t sesame_session_authorize(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                                  uint32_t cookie_length, uint32_t authorization_length,
                                  uint32_t rejected_length, uint32_t waited) {
  InputReader input(*cache);
  const auto head = input.take_head(tenant_length, cookie_length, authorization_length);
  const Bytes rejected = input.take(rejected_length);
  if (!input.fits()) return report_too_large(cache);
  return report(cache, cache->cache.authorize(head, rejected, time_of(now_ms), waited));
}

uint32_t sesame_refresh_complete(sesame_cache* cache, double now_ms, uint32_t lease,
                                 uint32_t http_status, double retry_after_ms,
                                 double access_expires_at_ms, uint32_t access_length,
                                 uint32_t refresh_length) {
  InputReader input(*cache);
  sesame::Tokens tokens;
  tokens.access = input.take(access_length);
  tokens.refresh = input.take(refresh_length);
  tokens.access_expires_at = time_of(access_expires_at_ms);
  // Tokens too long for the region cannot be kept, which is a failure and not a refusal.
  const int status = input.fits() && http_status < 1000 ? static_cast<int>(http_status) : 0;
  return report(cache, cache->cache.complete_refresh(lease, status, tokens, time_of(retry_after_ms),
                                                     time_of(now_ms)));
}

uint32_t sesame_session_export(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                               uint32_t cookie_length, uint32_t authorization_length) {
  InputReader input(*cache);
  const auto head = input.take_head(tenant_length, cookie_length, authorization_length);
  if (!input.fits()) return 0;
  const auto* session = cache->cache.managed_session(head, time_of(now_ms));
  if (session == nullptr) return 0;
  const Bytes user = bytes_of(cache, session->user);
  cache->exported.assign(user.begin(), user.end());
  cache->exported += session->access_token;
  report(cache, {.deadline = session->access_expires_at,
                 .expires_at = session->expires_at,
                 .meta = session->refresh_token,
                 .body = cache->exported});
  return 1;
}

uint32_t sesame_session_adopt(sesame_cache* cache, double now_ms, uint32_t asked_at,
                              double access_expires_at_ms, double expires_at_ms,
                              uint32_t tenant_length, uint32_t cookie_length,
                              uint32_t access_length, uint32_t refresh_length,
                              uint32_t user_length) {
  InputReader input(*cache);
  const Bytes tenant = input.take(tenant_length);
  const Bytes cookie = input.take(cookie_length);
  sesame::VaultRecord session;
  session.access_token = input.take(access_length);
  session.refresh_token = input.take(refresh_length);
  session.access_expires_at = time_of(access_expires_at_ms);
  session.expires_at = time_of(expires_at_ms);
  const Bytes user = input.take(user_length);
  if (!input.fits() || !read_key(user, &session.user)) return 0;
  return cache->cache.adopt_session(tenant, cookie, std::move(session), asked_at, time_of(now_ms))
             ? 1
             : 0;
}

uint32_t sesame_session_key(sesame_cache* cache, uint32_t tenant_length, uint32_t cookie_length,
                            uint32_t authorization_length) {
  InputReader input(*cache);
  const auto head = input.take_head(tenant_length, cookie_length, authorization_length);
  sesame::Key key;
  sesame::Credential credential;
  if (!input.fits() || !cache->cache.session_key(head, &key, &credential)) return 0;
  report(cache,
         {.credential = credential.kind, .meta = credential.value, .body = bytes_of(cache, key)});
  return 1;
}

uint32_t sesame_held_user(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                          uint32_t cookie_length, uint32_t authorization_length) {
  InputReader input(*cache);
  const auto head = input.take_head(tenant_length, cookie_length, authorization_length);
  sesame::Key user;
  if (!input.fits() || !cache->cache.held_user(head, &user, time_of(now_ms))) return 0;
  report(cache, {.body = bytes_of(cache, user)});
  return 1;
}

uint32_t sesame_user_key(sesame_cache* cache, uint32_t tenant_length, uint32_t user_id_length) {
  InputReader input(*cache);
  const Bytes tenant = input.take(tenant_length);
  const Bytes user_id = input.take(user_id_length);
  if (!input.fits()) return SESAME_STATUS_TOO_LARGE;
  sesame::Key user;
  const sesame::Status status = cache->cache.user_key(tenant, user_id, &user);
  report(cache, {.body = bytes_of(cache, user)});
  return static_cast<std::uint32_t>(status);
}

void sesame_remote_apply(sesame_cache* cache, double now_ms, uint32_t event, uint32_t key_length) {
  InputReader input(*cache);
  sesame::Key key;
  if (!read_key(input.take(key_length), &key) || event > SESAME_REMOTE_SESSION_FORGOTTEN) return;
  cache->cache.apply(static_cast<sesame::RemoteEvent>(event), key, time_of(now_ms));
}

void sesame_trust_from(sesame_cache* cache, double time_ms) {
  cache->cache.trust_from(time_of(time_ms));
}

uint32_t sesame_fill_shared(sesame_cache* cache, double now_ms, uint32_t lease, double filled_at_ms,
                            double born_at_ms, uint32_t cache_control_length, uint32_t meta_length,
                            uint32_t body_length) {
  InputReader input(*cache);
  sesame::SharedDocument document;
  document.filled_at = time_of(filled_at_ms);
  document.born_at = time_of(born_at_ms);
  document.cache_control = input.take(cache_control_length);
  document.meta = input.take(meta_length);
  document.body = input.take(body_length);
  if (!input.fits()) document.body = {};
  return report(cache, cache->cache.complete_shared(lease, document, time_of(now_ms)));
}
