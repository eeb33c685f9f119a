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
static_assert(SESAME_REASON_NONE == static_cast<int>(sesame::Reason::kNone));
static_assert(SESAME_REASON_FRESH == static_cast<int>(sesame::Reason::kFresh));
static_assert(SESAME_REASON_STALE == static_cast<int>(sesame::Reason::kStale));
static_assert(SESAME_REASON_FOLLOWED == static_cast<int>(sesame::Reason::kFollowed));
static_assert(SESAME_REASON_ABSENT == static_cast<int>(sesame::Reason::kAbsent));
static_assert(SESAME_REASON_EXPIRED == static_cast<int>(sesame::Reason::kExpired));
static_assert(SESAME_REASON_DISTRUSTED == static_cast<int>(sesame::Reason::kDistrusted));
static_assert(SESAME_REASON_CHANGED == static_cast<int>(sesame::Reason::kChanged));
static_assert(SESAME_REASON_REVOKED == static_cast<int>(sesame::Reason::kRevoked));
static_assert(SESAME_REASON_TOMBSTONE == static_cast<int>(sesame::Reason::kTombstone));
static_assert(SESAME_REASON_NEGATIVE == static_cast<int>(sesame::Reason::kNegative));
static_assert(SESAME_REASON_UNKNOWN_SESSION == static_cast<int>(sesame::Reason::kUnknownSession));
static_assert(SESAME_REASON_INSISTED == static_cast<int>(sesame::Reason::kInsisted));
static_assert(SESAME_REASON_UNKNOWN_WRITER == static_cast<int>(sesame::Reason::kUnknownWriter));
static_assert(SESAME_REASON_ANONYMOUS == static_cast<int>(sesame::Reason::kAnonymous));
static_assert(SESAME_REASON_MALFORMED_HEADER == static_cast<int>(sesame::Reason::kMalformedHeader));
static_assert(SESAME_REASON_COOKIES_DIFFER == static_cast<int>(sesame::Reason::kCookiesDiffer));
static_assert(SESAME_REASON_AUTHORIZATION == static_cast<int>(sesame::Reason::kAuthorization));
static_assert(SESAME_REASON_COOKIE_AND_AUTHORIZATION ==
              static_cast<int>(sesame::Reason::kCookieAndAuthorization));
static_assert(SESAME_REASON_TOO_LARGE == static_cast<int>(sesame::Reason::kTooLarge));
static_assert(SESAME_REASON_LEASE_BUSY == static_cast<int>(sesame::Reason::kLeaseBusy));
static_assert(SESAME_REASON_NO_LEASE == static_cast<int>(sesame::Reason::kNoLease));
static_assert(SESAME_REASON_BACKOFF == static_cast<int>(sesame::Reason::kBackoff));
static_assert(SESAME_REASON_ORIGIN_FAILED == static_cast<int>(sesame::Reason::kOriginFailed));
static_assert(SESAME_REASON_OVERTAKEN == static_cast<int>(sesame::Reason::kOvertaken));
static_assert(SESAME_REASON_IDLE == static_cast<int>(sesame::Reason::kIdle));
static_assert(SESAME_REASON_CHUNKS == static_cast<int>(sesame::Reason::kChunks));
static_assert(SESAME_KEY_BYTES == sizeof(sesame::Key));
static_assert(SESAME_REMOTE_SESSION_FORGOTTEN ==
              static_cast<int>(sesame::RemoteEvent::kSessionForgotten));
static_assert(SESAME_STATUS_OK == static_cast<int>(sesame::Status::kOk));
static_assert(SESAME_STATUS_NOT_JSON == static_cast<int>(sesame::Status::kNotJson));
static_assert(SESAME_STATUS_NOT_OBJECT == static_cast<int>(sesame::Status::kNotObject));
static_assert(SESAME_STATUS_TOO_LARGE == static_cast<int>(sesame::Status::kTooLarge));
static_assert(SESAME_STATUS_TOO_DEEP == static_cast<int>(sesame::Status::kTooDeep));
static_assert(SESAME_STATUS_UNKNOWN == static_cast<int>(sesame::Status::kUnknown));
static_assert(SESAME_STATUS_FULL == static_cast<int>(sesame::Status::kFull));

static_assert(SESAME_CHECK_DECISION == static_cast<int>(sesame::Want::kInfo));
static_assert(SESAME_CHECK_LOOK == static_cast<int>(sesame::Want::kLook));

// Reads the byte fields of a call from the input region, one after another (convention 3).
class InputReader {
 public:
  [[gnu::noinline]] explicit InputReader(const sesame_cache& handle)
      : next_(handle.input.get()), left_(handle.input_bytes) {}

  // Once in the module, and not at each of its calls.
  [[gnu::noinline]] Bytes next(std::uint32_t length) {
    if (length > left_) {
      fits_ = false;
      return {};
    }
    const Bytes field(next_, length);
    next_ += length;
    left_ -= length;
    return field;
  }

  sesame::RequestHead read_head(std::uint32_t tenant_length, std::uint32_t cookie_length,
                                std::uint32_t authorization_length) {
    const Bytes tenant = next(tenant_length);
    const Bytes cookie = next(cookie_length);
    return {tenant, cookie, next(authorization_length)};
  }

  bool fits() const { return fits_; }

 private:
  const char* next_;
  std::size_t left_;
  bool fits_ = true;
};

void write_key(const sesame::Key& key, void* to) {
  char* const bytes = static_cast<char*>(to);
  sesame::store_le64(bytes, key.low);
  sesame::store_le64(bytes + 8, key.high);
}

// The same whole second, whether it comes from the store, which keeps no more, or not.
double whole_second(TimeMs time) { return static_cast<double>(time - time % 1000); }

sesame_exported* export_session(sesame_cache* cache, const sesame::Vault::Slot* slot) {
  if (slot == nullptr) return nullptr;
  const sesame::VaultRecord& record = slot->record;
  sesame_exported& exported = cache->exported;
  write_key(record.user, exported.user);
  write_key(slot->session, exported.session);
  exported.access = record.access_token.data();
  exported.access_length = static_cast<std::uint32_t>(record.access_token.size());
  exported.refresh = record.refresh_token.data();
  exported.refresh_length = static_cast<std::uint32_t>(record.refresh_token.size());
  exported.note = record.note.data();
  exported.note_length = static_cast<std::uint32_t>(record.note.size());
  exported.access_expires_at_ms = static_cast<double>(record.access_expires_at);
  exported.expires_at_ms = static_cast<double>(record.expires_at);
  exported.confirmed_at_ms = static_cast<double>(record.confirmed_at);
  return &exported;
}

std::uint32_t report(sesame_cache* handle, const Outcome& outcome) {
  sesame_result& result = handle->result;
  result.action = static_cast<std::uint32_t>(outcome.action);
  result.source = static_cast<std::uint32_t>(outcome.source);
  result.credential = static_cast<std::uint32_t>(outcome.credential);
  result.reason = static_cast<std::uint32_t>(outcome.reason);
  result.http_status = outcome.http_status;
  result.is_kept = outcome.is_kept ? 1 : 0;
  result.lease = outcome.lease;
  result.meta = outcome.meta.data();
  result.meta_length = static_cast<std::uint32_t>(outcome.meta.size());
  result.body = outcome.body.data();
  result.body_length = static_cast<std::uint32_t>(outcome.body.size());
  result.deadline_ms = static_cast<double>(outcome.deadline);
  result.retry_after_ms = static_cast<double>(outcome.retry_after);
  result.expires_at_ms = whole_second(outcome.expires_at);
  result.fresh_until_ms = static_cast<double>(outcome.fresh_until);
  result.filled_at_ms = static_cast<double>(outcome.filled_at);
  result.born_at_ms = static_cast<double>(outcome.born_at);
  result.ends_at_ms = static_cast<double>(outcome.ends_at);
  result.asks_first = outcome.asks_first ? 1 : 0;
  result.user_count = outcome.user ? 1 : 0;
  if (outcome.user) write_key(*outcome.user, result.users);
  return result.action;
}

std::uint32_t report_write(sesame_cache* handle, const sesame::WriteOutcome& outcome) {
  report(handle, outcome.decision);
  sesame_result& result = handle->result;
  result.user_count = outcome.user_count;
  for (std::uint32_t i = 0; i < outcome.user_count; ++i) {
    write_key(outcome.users[i], result.users + i * SESAME_KEY_BYTES);
  }
  return result.action;
}

// At the end of the text.
[[gnu::noinline]] void append_key(sesame_cache* handle, const sesame::Key& key) {
  char bytes[sizeof(sesame::Key)];
  write_key(key, bytes);
  handle->text.append(bytes, sizeof bytes);
}

bool read_key(Bytes bytes, sesame::Key* key) {
  if (bytes.size() != sizeof(sesame::Key)) return false;
  *key = {sesame::load_le64(bytes.data()), sesame::load_le64(bytes.data() + 8)};
  return true;
}

// The text as the body.
[[gnu::noinline]] void report_text(
    sesame_cache* handle, Bytes meta = {},
    sesame::CredentialKind credential = sesame::CredentialKind::kAnonymous) {
  Outcome outcome;
  outcome.credential = credential;
  outcome.meta = meta;
  outcome.body = handle->text;
  report(handle, outcome);
}

[[gnu::noinline]] std::uint32_t report_action(sesame_cache* handle, sesame::Action action) {
  return report(handle, {.action = action});
}

std::uint32_t report_too_large(sesame_cache* handle) {
  return report_action(handle, sesame::Action::kTooLarge);
}

[[gnu::noinline]] std::uint32_t apply_to_user(sesame_cache* handle, double now_ms,
                                              std::uint32_t user_id_length, bool is_revoked) {
  InputReader input(*handle);
  const Bytes user_id = input.next(user_id_length);
  if (!input.fits()) return SESAME_STATUS_TOO_LARGE;
  const TimeMs now = time_of(now_ms);
  return static_cast<std::uint32_t>(is_revoked ? handle->cache.revoke_user(user_id, now)
                                               : handle->cache.invalidate_user(user_id, now));
}

}  // namespace

[[gnu::noinline]] TimeMs time_of(double now_ms) { return time_of_hit(now_ms); }

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
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  if (!input.fits()) return report_too_large(cache);
  const sesame::CheckOptions options{
      .waited = waited,
      .fresh = (flags & SESAME_CHECK_FRESH) != 0,
      .again = (flags & SESAME_CHECK_AGAIN) != 0,
      .peek = (flags & SESAME_CHECK_PEEK) != 0,
      .want = static_cast<sesame::Want>(flags & (SESAME_CHECK_DECISION | SESAME_CHECK_LOOK))};
  return report(cache, cache->cache.check(head, time_of_hit(now_ms), options));
}

uint32_t sesame_fill_complete(sesame_cache* cache, double now_ms, uint32_t lease,
                              uint32_t http_status, uint32_t is_refusal, double retry_after_ms,
                              double ends_at_ms, uint32_t sets_cookies,
                              uint32_t cache_control_length, uint32_t meta_length,
                              uint32_t body_length) {
  InputReader input(*cache);
  sesame::OriginAnswer answer;
  // It marks a success or a redirect, and nothing else.
  answer.is_refusal = is_refusal != 0 && sesame::http::may_refuse(static_cast<int>(http_status));
  answer.retry_after = time_of(retry_after_ms);
  answer.ends_at = time_of(ends_at_ms);
  answer.sets_cookies = sets_cookies != 0;
  answer.cache_control = input.next(cache_control_length);
  answer.meta = input.next(meta_length);
  answer.body = input.next(body_length);
  // More than the region holds is a document over the size limit, which is a failure (SPEC R13).
  if (input.fits() && http_status < 1000) answer.http_status = static_cast<int>(http_status);
  return report(cache, cache->cache.complete_fill(lease, answer, time_of(now_ms)));
}

uint32_t sesame_fill_ask(sesame_cache* cache, double now_ms, uint32_t lease) {
  return cache->cache.ask_origin(lease, time_of(now_ms)) ? 1 : 0;
}

void sesame_fill_release(sesame_cache* cache, uint32_t lease) { cache->cache.release(lease); }

void sesame_wait_leave(sesame_cache* cache, double now_ms, uint32_t waited) {
  cache->cache.leave(waited, time_of(now_ms));
}

void sesame_count_passed(sesame_cache* cache) { cache->cache.count_passed(); }

uint32_t sesame_write_begin(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                            uint32_t cookie_length, uint32_t authorization_length) {
  InputReader input(*cache);
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  return input.fits() ? cache->cache.begin_write(head, time_of(now_ms)) : 0;
}

uint32_t sesame_write_complete(sesame_cache* cache, double now_ms, uint32_t write,
                               uint32_t http_status, uint32_t may_hold_document,
                               uint32_t tenant_length, uint32_t cookie_length,
                               uint32_t authorization_length, uint32_t body_length) {
  InputReader input(*cache);
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  if (!input.fits()) return report_too_large(cache);
  sesame::WriteAnswer answer;
  answer.http_status = http_status < 1000 ? static_cast<int>(http_status) : 0;
  answer.body = input.next(body_length);
  // A body that is not here cannot replace a document: it is dropped instead.
  answer.may_hold_document = may_hold_document != 0 && input.fits();
  return report_write(cache, cache->cache.complete_write(write, head, answer, time_of(now_ms)));
}

void sesame_session_forget(sesame_cache* cache, uint32_t tenant_length, uint32_t cookie_length,
                           uint32_t authorization_length, uint32_t what) {
  InputReader input(*cache);
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  if (input.fits()) cache->cache.forget(head, what == 1, what == 2);
}

uint32_t sesame_session_revoke(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                               uint32_t cookie_length, uint32_t authorization_length,
                               uint32_t is_accepted) {
  InputReader input(*cache);
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  if (!input.fits()) return SESAME_STATUS_TOO_LARGE;
  return static_cast<std::uint32_t>(cache->cache.revoke(head, time_of(now_ms), is_accepted != 0));
}

uint32_t sesame_session_is_accepted(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                                    uint32_t cookie_length, uint32_t authorization_length) {
  InputReader input(*cache);
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  return input.fits() && cache->cache.is_accepted(head, time_of(now_ms)) ? 1 : 0;
}

uint32_t sesame_user_invalidate(sesame_cache* cache, double now_ms, uint32_t user_id_length) {
  return apply_to_user(cache, now_ms, user_id_length, false);
}

uint32_t sesame_user_revoke(sesame_cache* cache, double now_ms, uint32_t user_id_length) {
  return apply_to_user(cache, now_ms, user_id_length, true);
}

uint32_t sesame_session_succeed(sesame_cache* cache, double now_ms, double ends_at_ms,
                                uint32_t flags, uint32_t tenant_length, uint32_t cookie_length,
                                uint32_t authorization_length, uint32_t new_cookie_length,
                                uint32_t new_authorization_length) {
  InputReader input(*cache);
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  sesame::RequestHead to{.tenant = head.tenant, .cookie = {}, .authorization = {}};
  to.cookie = input.next(new_cookie_length);
  to.authorization = input.next(new_authorization_length);
  if (!input.fits()) return report_action(cache, sesame::Action::kRetry);
  const sesame::SuccessionOptions options{
      .ends_at = time_of(ends_at_ms),
      .is_accepted = (flags & SESAME_SUCCEED_ACCEPTED) != 0,
      .is_delivered = (flags & SESAME_SUCCEED_UNDELIVERED) == 0};
  return report(cache, cache->cache.succeed(head, to, options, time_of(now_ms)));
}

void sesame_tokens_issued(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                          uint32_t cookie_length, uint32_t authorization_length,
                          uint32_t refresh_length) {
  InputReader input(*cache);
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  const Bytes refresh_token = input.next(refresh_length);
  if (input.fits()) cache->cache.note_refresh_token(head, refresh_token, time_of(now_ms));
}

uint32_t sesame_tokens_renewed(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                               uint32_t cookie_length, uint32_t authorization_length,
                               uint32_t used_length, uint32_t refresh_length) {
  InputReader input(*cache);
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  const Bytes used = input.next(used_length);
  const Bytes refresh_token = input.next(refresh_length);
  if (!input.fits()) return report_action(cache, sesame::Action::kRetry);
  return report(cache, cache->cache.renew(head, used, refresh_token, time_of(now_ms)));
}

uint32_t sesame_session_relatives(sesame_cache* cache, uint32_t tenant_length,
                                  uint32_t cookie_length, uint32_t authorization_length) {
  InputReader input(*cache);
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  if (!input.fits()) return 0;
  const auto relatives = cache->cache.relatives_of(head);
  cache->text.clear();
  for (const auto& [key, ending] : relatives) {
    append_key(cache, key);
    append_key(cache, ending);
  }
  report_text(cache);
  return static_cast<std::uint32_t>(relatives.size());
}

void sesame_session_link(sesame_cache* cache, double now_ms, uint32_t members_length) {
  InputReader input(*cache);
  Bytes members = input.next(members_length);
  if (!input.fits()) return;
  sesame::SuccessionTable::Family family;
  constexpr std::size_t kMemberBytes = 2 * sizeof(sesame::Key);
  for (; members.size() >= kMemberBytes; members.remove_prefix(kMemberBytes)) {
    sesame::SuccessionTable::Member member;
    read_key(members.substr(0, sizeof(sesame::Key)), &member.key);
    read_key(members.substr(sizeof(sesame::Key), sizeof(sesame::Key)), &member.ending);
    family.add(member);
  }
  cache->cache.link(family, time_of(now_ms));
}

uint32_t sesame_sequence(sesame_cache* cache) { return cache->cache.now_sequence(); }

uint32_t sesame_session_begin(sesame_cache* cache, double now_ms, uint32_t asked_at,
                              double access_expires_at_ms, uint32_t tenant_length,
                              uint32_t cookie_length, uint32_t access_length,
                              uint32_t refresh_length, uint32_t cache_control_length,
                              uint32_t meta_length, uint32_t body_length) {
  InputReader input(*cache);
  const Bytes tenant = input.next(tenant_length);
  const Bytes cookie = input.next(cookie_length);
  sesame::Tokens tokens;
  tokens.access = input.next(access_length);
  tokens.refresh = input.next(refresh_length);
  tokens.access_expires_at = time_of(access_expires_at_ms);
  sesame::OriginAnswer document;
  document.cache_control = input.next(cache_control_length);
  document.meta = input.next(meta_length);
  document.body = input.next(body_length);
  document.http_status = 200;
  if (!input.fits()) return report_too_large(cache);
  return report(cache, cache->cache.begin_session(tenant, cookie, tokens, document, asked_at,
                                                  time_of(now_ms)));
}

uint32_t sesame_session_authorize(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                                  uint32_t cookie_length, uint32_t authorization_length,
                                  uint32_t rejected_length, uint32_t waited) {
  InputReader input(*cache);
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  const Bytes rejected = input.next(rejected_length);
  if (!input.fits()) return report_too_large(cache);
  return report(cache, cache->cache.authorize(head, rejected, time_of(now_ms), waited));
}

uint32_t sesame_refresh_complete(sesame_cache* cache, double now_ms, uint32_t lease,
                                 uint32_t http_status, double retry_after_ms,
                                 double access_expires_at_ms, uint32_t access_length,
                                 uint32_t refresh_length) {
  InputReader input(*cache);
  sesame::Tokens tokens;
  tokens.access = input.next(access_length);
  tokens.refresh = input.next(refresh_length);
  tokens.access_expires_at = time_of(access_expires_at_ms);
  // Tokens too long for the region cannot be kept, which is a failure and not a refusal.
  const int status = input.fits() && http_status < 1000 ? static_cast<int>(http_status) : 0;
  return report(cache, cache->cache.complete_refresh(lease, status, tokens, time_of(retry_after_ms),
                                                     time_of(now_ms)));
}

sesame_exported* sesame_session_export(sesame_cache* cache, double now_ms, uint32_t tenant_length,
                                       uint32_t cookie_length, uint32_t authorization_length) {
  InputReader input(*cache);
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  if (!input.fits()) return nullptr;
  return export_session(cache, cache->cache.managed_session(head, time_of(now_ms)));
}

sesame_exported* sesame_session_find(sesame_cache* cache, double now_ms, uint32_t key_length) {
  InputReader input(*cache);
  sesame::Key key;
  if (!read_key(input.next(key_length), &key)) return nullptr;
  return export_session(cache, cache->cache.managed_session(key, time_of(now_ms)));
}

sesame_exported* sesame_session_next(sesame_cache* cache, double now_ms, uint32_t from) {
  cache->exported.next = from;
  return export_session(cache,
                        cache->cache.next_managed_session(&cache->exported.next, time_of(now_ms)));
}

uint32_t sesame_session_adopt(sesame_cache* cache, double now_ms, uint32_t asked_at,
                              double access_expires_at_ms, double expires_at_ms,
                              uint32_t key_length, uint32_t user_length, uint32_t access_length,
                              uint32_t refresh_length, uint32_t note_length, uint32_t is_shared) {
  InputReader input(*cache);
  const Bytes key_bytes = input.next(key_length);
  const Bytes user = input.next(user_length);
  sesame::VaultRecord session;
  session.access_token = input.next(access_length);
  session.refresh_token = input.next(refresh_length);
  session.note = input.next(note_length);
  session.access_expires_at = time_of(access_expires_at_ms);
  session.expires_at = time_of(expires_at_ms);
  session.is_shared = is_shared != 0;
  sesame::Key key;
  if (!input.fits() || !read_key(key_bytes, &key) || !read_key(user, &session.user)) return 0;
  return cache->cache.adopt_session(key, std::move(session), asked_at, time_of(now_ms)) ? 1 : 0;
}

uint32_t sesame_sessions_crowded_out(sesame_cache* cache) {
  cache->text.clear();
  for (const sesame::Key& session : cache->cache.crowded_out()) append_key(cache, session);
  report_text(cache);
  const auto count = static_cast<std::uint32_t>(cache->cache.crowded_out().size());
  cache->cache.forget_crowded_out();
  return count;
}

uint32_t sesame_session_key(sesame_cache* cache, uint32_t tenant_length, uint32_t cookie_length,
                            uint32_t authorization_length) {
  InputReader input(*cache);
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  if (!input.fits()) return 0;
  const auto session = cache->cache.session_name(head);
  if (!session) return 0;
  cache->text.clear();
  append_key(cache, session->key);
  append_key(cache, session->ending ? *session->ending : session->key);
  cache->text += session->name;
  cache->other_text = session->value;
  report_text(cache, cache->other_text, session->kind);
  return 1;
}

uint32_t sesame_credentials(sesame_cache* cache, uint32_t tenant_length, uint32_t cookie_length,
                            uint32_t authorization_length) {
  InputReader input(*cache);
  const auto head = input.read_head(tenant_length, cookie_length, authorization_length);
  if (!input.fits()) return 0;
  const auto named = cache->cache.all_named(head);
  cache->text.clear();
  for (std::size_t i = 0; i < named.size(); ++i) {
    cache->text.append(named[i]).push_back('\n');
  }
  report_text(cache);
  return static_cast<std::uint32_t>(named.size());
}

uint32_t sesame_user_key(sesame_cache* cache, uint32_t user_id_length) {
  InputReader input(*cache);
  const Bytes user_id = input.next(user_id_length);
  if (!input.fits()) return SESAME_STATUS_TOO_LARGE;
  const auto user = cache->cache.user_key(user_id);
  if (!user) return SESAME_STATUS_NOT_JSON;
  cache->text.clear();
  append_key(cache, *user);
  report_text(cache);
  return SESAME_STATUS_OK;
}

void sesame_remote_apply(sesame_cache* cache, double now_ms, uint32_t event, uint32_t key_length,
                         double before_ms) {
  InputReader input(*cache);
  sesame::Key key;
  if (!read_key(input.next(key_length), &key) || event > SESAME_REMOTE_SESSION_FORGOTTEN) return;
  cache->cache.apply(static_cast<sesame::RemoteEvent>(event), key, time_of(now_ms),
                     time_of(before_ms));
}

void sesame_trust_from(sesame_cache* cache, double time_ms) {
  cache->cache.trust_from(time_of(time_ms));
}

uint32_t sesame_fill_shared(sesame_cache* cache, double now_ms, uint32_t lease, double filled_at_ms,
                            double born_at_ms, double ends_at_ms, uint32_t asks_first,
                            uint32_t cache_control_length, uint32_t meta_length,
                            uint32_t body_length) {
  InputReader input(*cache);
  sesame::SharedDocument document;
  document.filled_at = time_of(filled_at_ms);
  document.born_at = time_of(born_at_ms);
  document.ends_at = time_of(ends_at_ms);
  document.asks_first = asks_first != 0;
  document.cache_control = input.next(cache_control_length);
  document.meta = input.next(meta_length);
  document.body = input.next(body_length);
  if (!input.fits()) document.body = {};
  return report(cache, cache->cache.complete_shared(lease, document, time_of(now_ms)));
}
