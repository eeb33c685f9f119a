// What the core keeps its promises by, each guard to be taken out alone (scripts/mutants.mjs): the simulation notices.
// It must not know how a mutant is made or run.

/** @type {import('../mutants.mjs').Mutant[]} */
export const coreMutants = [
  {
    name: 'the generation compare',
    file: 'wasm/core/session/session_fill.cc',
    from: /(return event != nullptr &&) event->overtakes\(lease\.sequence\);/,
    to: '$1 false;',
  },
  {
    name: 'the tombstone',
    file: 'wasm/core/session/tombstones.cc',
    from: /slot != SlotIndex::kNone && now < slots_\[slot\]\.until/,
    to: 'now < 0 && slot != SlotIndex::kNone',
  },
  {
    name: 'the lease deadline',
    file: 'wasm/core/session/leases.cc',
    from: /now (<|>=) (lease|old)(->|\.)deadline/g,
    to: 'now * 0 $1 $2$3deadline',
  },
  {
    name: 'the branch for failures (R13)',
    file: 'wasm/core/session/session_fill.cc',
    from: /\s*\|\|\s+http_status >= 500/,
    to: '',
  },
  {
    name: 'the end of a lease with its session (R10)',
    file: 'wasm/core/session/session_events.cc',
    from: /(bool SessionCache::bury[^}]*)leases_\.cancel\(key\);/,
    to: '$1',
  },
  {
    name: 'the end of sessions with their user (R23)',
    file: 'wasm/core/session/session_cache.cc',
    from: /\(\*event\)->revoked &&/,
    to: 'false &&',
  },
  {
    name: 'the event of an update (R22)',
    file: 'wasm/core/session/session_events.cc',
    from: /(?=users_\.change\(user, change, )/,
    to: 'if (now < 0) ',
  },
  {
    name: 'the wait for a redemption under way (R24)',
    file: 'wasm/core/session/session_managed.cc',
    from: /if \(Lease\* current = leases_\.find_current\(key, now\)\)/,
    to: 'if (Lease* current = now < 0 ? leases_.find_current(key, now) : nullptr)',
  },
  {
    name: 'the difference between a refusal and a failed redemption (R24)',
    file: 'wasm/core/session/session_managed.cc',
    from: /http_status == http::kBadRequest \|\|/,
    to: 'http_status >= http::kBadRequest ||',
  },
  {
    name: 'the end of the session that a login replaces (R21)',
    file: 'js_bindings/http/auth-routes.js',
    from: /(no fixation \(R21\)\.[^\n]*\n *)await this\.#end\(this\.#requestOf\(request, context\), context\);/,
    to: '$1',
  },
];
