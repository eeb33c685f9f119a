// Managed sessions in a run of several nodes: users sign in and out on any of them, some more often than a user may have
// sessions (rules R20, R25, R31-R33, R54). It must not know what the nodes tell each other.
// Invariant: what the ledger is told of a session happened before its client had the answer, or with it.
import { readOverHttp } from './events.js';

/** @typedef {import('./shared-scenario.js').Node} Node */

/** @type {[number, (node: Node) => void][]} */
export const MANAGED_NODE_EVENTS = [
  [3, login],
  [1, logout],
  [2, (node) => readOverHttp(/** @type {any} */ (node))],
];

const ASKED_AT_THE_END = 6;

/** @param {string} cookie */
const headersOf = (cookie) => ({ cookie: `__Host-session=${cookie}` });

/** A login, by nobody or from within a session, which it ends. @param {Node} node */
function login(node) {
  const { choices, ledger, judge, world } = node;
  const names = [...ledger.managed.keys()];
  const old = names.length > 0 && choices.oneIn(4) ? choices.pick(names) : null;
  node.request(`login${old ? ` from ${old}` : ''}`, async (signal, label) => {
    const headers = old ? headersOf(old) : {};
    const asked = node.ask(label, '', signal, false);
    if (old) ledger.swept.add(old);
    const init = { method: 'POST', headers, body: '{}', signal };
    const response = await node.send('/api/auth/login', init);
    const answer = await response.json().catch(() => null); // it may be a page of the back end's
    const cookie =
      /__Host-session=([^;]*)/.exec(response.headers.get('set-cookie') ?? '')?.[1] ?? '';
    world.tell(`${label} → ${response.status} ${cookie}`);
    if (response.status === 503) judge.judgeManagedUnavailable(asked);
    if (!response.ok && cookie) judge.violate(`R20: a login that failed left ${cookie}`);
    if (!response.ok || (cookie === '' && !answer?.user)) return;
    if (ledger.managed.has(cookie) || cookie.length < 43) judge.violate(`R21: cookie ${cookie}`);
    ledger.begin(cookie, answer.user.id, node);
    if (old) judge.revoke(old);
  });
}

/** What could not be told yet says so, or is refused: then it ends when it is repeated (R25). @param {Node} node */
function logout(node) {
  const { choices, ledger, judge, world } = node;
  const names = [...ledger.managed.keys()];
  if (names.length === 0) return;
  const cookie = choices.pick(names);
  node.request(`logout ${cookie}`, async (signal, label) => {
    ledger.swept.add(cookie);
    const init = { method: 'POST', headers: headersOf(cookie), signal };
    const response = await node.send('/api/auth/logout', init);
    const isPending = response.status === 202 || response.headers.has('sesame-pending');
    world.tell(`${label} → ${response.status}${isPending ? ', pending' : ''}`);
    if (![200, 202, 503].includes(response.status)) {
      judge.violate(`R25: a logout was answered ${response.status}`);
    }
    if (response.status !== 503) judge.revoke(cookie);
  });
}

/** Whose tabs are open everywhere. @param {import('./shared-scenario.js').SharedRun} run */
export function askNewest({ ledger, nodes }) {
  for (const cookie of [...ledger.managed.keys()].slice(-ASKED_AT_THE_END)) {
    for (const node of nodes) askWith(node, cookie);
  }
}

/** @param {Node} node @param {string} cookie */
function askWith(node, cookie) {
  node.request(`check ${cookie}`, async (signal, label) => {
    const asked = node.ask(label, cookie, signal, false);
    try {
      const session = await node.sessions.getSession({ headers: headersOf(cookie) }, { signal });
      node.answered(asked, /** @type {any} */ (session?.user ?? null));
    } catch (/** @type {any} */ error) {
      if (!/^ERR_SESAME_(ORIGIN|STORE)_UNAVAILABLE$/.test(error.code)) throw error;
      node.unavailable(asked);
    }
  });
}
