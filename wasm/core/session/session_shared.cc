// Several nodes: what others have done, and what they have left in a store (SPEC R30-R32). Whether
// that may still be believed is for the shell to find out in the store; here it stands back behind
// whatever this node knows.
#include <algorithm>

#include "http/cache_control.h"
#include "json/document.h"
#include "session/outcomes.h"
#include "session/session_cache.h"

namespace sesame {
namespace {

// The same text for the same bytes, and for no others.
void append_ascii(Bytes value, std::string* to) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '%') {
      to->push_back(c);
    } else {
      to->append({'%', kDigits[byte >> 4], kDigits[byte & 0xf]});
    }
  }
}

}  // namespace

std::optional<SessionCache::SessionName> SessionCache::session_name(
    const RequestHead& request) const {
  std::optional<SessionName> name;
  const Subject subject = identify(request);
  if (!subject.has_key) return name;
  const Credential& credential = subject.credential;
  name.emplace();
  name->key = subject.key;
  name->ending = ending_of(credential, request.tenant);
  name->kind = credential.kind;
  name->name = credential.name;
  append_ascii(credential.value, &name->value);
  return name;
}

NamedCredentials SessionCache::all_named(const RequestHead& request) const {
  return reader_.all_named(request.cookie, request.authorization);
}

void SessionCache::apply(RemoteEvent event, const Key& key, TimeMs now, TimeMs before) {
  step(now);
  switch (event) {
    case RemoteEvent::kSessionEnded:
      // It may be what all spellings of a token have in common.
      note_ending(now + config_.expires_in, now);
      bury(key, {.session_end = now + config_.expires_in}, now);
      end_relatives(key, now);
      return;
    case RemoteEvent::kUserRevoked:
      return end_user(key, before, now);
    case RemoteEvent::kUserChanged:
      record_change(key, UserChange::kDropped, now);
      return;
    case RemoteEvent::kSessionForgotten:
      forget_relatives(key);
      return forget_session(key, false);
  }
}

Outcome SessionCache::complete_shared(LeaseId id, const SharedDocument& document, TimeMs now) {
  step(now);
  if (leases_.drop_overdue(id, now)) ++metrics_.takeovers;
  Lease* lease = leases_.find(id, now);
  if (lease == nullptr || lease->state != LeaseState::kInFlight) return overtaken(nullptr);
  // If the session has ended with its user, this cancels the lease.
  const Held held = find_live(lease->key, lease->tenant, now, Want::kInfo);
  if (held.reason == Reason::kRevoked) return overtaken(nullptr);

  Outcome ask = outcome_of(Action::kFetch);
  ask.lease = id;
  const bool asks_origin = lease->cause == FillCause::kFresh || lease->cause == FillCause::kWrite;
  const TimeMs filled_at = std::min(document.filled_at, now);
  const bool is_older = held.is_held && filled_at <= held.entry.info.filled_at;
  if (asks_origin || is_older || filled_at < trusted_from_) return ask;
  if (document.body.size() > config_.max_document_bytes ||
      check_document(document.body) != Status::kOk) {
    return ask;
  }
  const std::optional<Key> user = user_of(document.body);
  if (is_overtaken(*lease, user)) return overtaken(lease);

  EntryInfo info = document_info({.cache_control = document.cache_control,
                                  .credential_expires_at = lease->credential_expires_at,
                                  .ends_at = document.ends_at,
                                  .is_cookie = lease->is_cookie,
                                  .asks_first = document.asks_first},
                                 std::min(document.born_at, filled_at), filled_at);
  info.used_at = config_.idle_for > 0 ? now : 0;
  info.user_tag = user ? user_tag(*user) : 0;
  info.sequence = lease->sequence;
  // A refresh wants what need not be refreshed; who has nothing takes what may still be served.
  const bool is_refresh = lease->cause == FillCause::kRefresh;
  const bool is_wanted =
      now < (is_refresh || info.asks_first ? info.fresh_until : filled_at + config_.keep_for);
  // How often it was used elsewhere since is not known.
  const bool is_idle = config_.idle_for > 0 && now >= filled_at + config_.idle_for;
  const bool may_keep = is_wanted && !is_idle && now < info.drop_at && !has_ended(*lease, now) &&
                        !forbids_storing(document.cache_control);
  if (!may_keep || !store_->put(lease->key, info, document.meta, document.body, now)) return ask;
  keep_for_renewal(lease->key, info, document.meta, document.body, now);
  note_accepted(lease->of_all_tenants, info, now);
  ++metrics_.shared_fills;
  leases_.end(lease, LeaseState::kStored);
  return outcome_of(Action::kRetry);
}

}  // namespace sesame
