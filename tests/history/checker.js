// Whether a recorded history keeps the promises of several nodes (SPEC R22, R24, R31, R33). A pure function: it knows
// neither how the history came about nor how long it took to.
// Invariant: what is unknown (a request without an answer) counts as either, whichever accuses nobody.

/**
 * One thing that a client did. Times are of one clock, in milliseconds.
 * @typedef {object} Entry
 * @property {'login' | 'read' | 'write' | 'logout' | 'revoke' | 'revokeUser'} what
 * @property {string} user
 * @property {string} session of the user; of a `revokeUser`, none
 * @property {string} node that was asked
 * @property {number} sent
 * @property {number} answered
 * @property {number} status 0: there was no answer
 * @property {boolean} [isPending] of an end or a write: the answer said that the other nodes do not know of it yet
 * @property {string} [why] of an answer that is no success: what the node's log says of it
 * @property {number} [version] of the document: the one read, or the one written
 */

/**
 * @typedef {object} History
 * @property {Entry[]} entries in the order of `sent`
 * @property {import('./origin.js').Redemption[]} redemptions that the origin saw
 * @property {{ node: string, at: number, until?: number }[]} deaths of nodes, and when each began again: what comes from a
 *   node between the two it sent before it died
 * @property {{ name: string, about?: string, from: number, to: number }[]} faults
 * @property {number} boundMs `revocationBound`
 * @property {number} settleMs within this after the last fault, what was pending is known everywhere
 */

/**
 * @typedef {object} Finding
 * @property {'served after its end' | 'signed out' | 'own write lost' | 'redeemed twice'} fault
 * @property {string} about
 * @property {string[]} during faults that were there, or had just been
 * @property {string} user of whom it is
 * @property {number} at when it showed
 */

const ENDS = new Set(['logout', 'revoke', 'revokeUser']);
/** A sign-out reaches the origin within this. */
const ENDING_MS = 20_000;
/** The fault with which the store loses all that it has. */
const EMPTIED = 'store emptied';
/** From the origin's answer to where the tokens are safe, where nothing is wrong, on a machine that has much else to do. */
const SAVED_WITHIN_MS = 5000;

/**
 * @param {History} history
 * @returns {{ findings: Finding[], excused: Record<string, number>, counts: Record<string, number> }}
 */
export function check(history) {
  const { entries, redemptions, deaths, faults, boundMs, settleMs } = history;
  /** @type {Finding[]} */
  const findings = [];
  /** @type {Record<string, number>} */
  const excused = {};
  /** @type {Record<string, number>} */
  const counts = {};

  const during = (/** @type {number} */ from, /** @type {number} */ to) =>
    faults.filter((each) => each.from < to && each.to > from - 15_000).map(({ name }) => name);
  /** @param {Finding['fault']} fault @param {string} user @param {string} about @param {number} from @param {number} to */
  const find = (fault, user, about, from, to) =>
    findings.push({ fault, about, during: [...new Set(during(from, to))], user, at: to });
  const excuse = (/** @type {string} */ why) => {
    excused[why] = (excused[why] ?? 0) + 1;
  };

  /** @type {Map<string, Entry[]>} */
  const bySession = new Map();
  /** @type {Map<string, Entry[]>} */
  const byUser = new Map();
  for (const entry of entries) {
    counts[`${entry.what} ${entry.status}`] = (counts[`${entry.what} ${entry.status}`] ?? 0) + 1;
    push(entry.what === 'revokeUser' ? byUser : bySession, keyOf(entry), entry);
  }
  const lost = lostTokens();
  const lastFault = Math.max(0, ...faults.map(({ to }) => to));

  for (const [session, own] of bySession) {
    const { user } = own[0];
    const begun = own.find(({ what }) => what === 'login')?.sent ?? own[0].sent;
    const ends = [...own, ...(byUser.get(user) ?? [])].filter(
      ({ what, sent }) => ENDS.has(what) && sent >= begun,
    );
    checkEnd(session, own, ends);
    checkSignOuts(session, own, ends);
  }
  for (const own of ofUsers().values()) checkWrites(own);
  for (const { user, token, node, at, isFirst } of redemptions) {
    if (isFirst) continue;
    const first = redemptions.find((each) => each.token === token && each.isFirst);
    // A strict origin ends the login then, as it is meant to.
    const isEnding = entries.some(
      ({ what, user: of, sent }) =>
        of === user && ENDS.has(what) && sent < at && sent > at - ENDING_MS,
    );
    if (first && isLost(first)) excuse('redeemed again after its answer was lost');
    else if (isEnding) excuse('redeemed again by a sign-out');
    else {
      const after = Math.round(at - (first?.at ?? at));
      const about = `${token} of ${user} by ${first?.node}, and ${after} ms later by ${node}`;
      find('redeemed twice', user, about, first?.at ?? at, at);
    }
  }
  return { findings, excused, counts };

  function ofUsers() {
    /** @type {Map<string, Entry[]>} */
    const users = new Map();
    for (const entry of entries) push(users, entry.user, entry);
    return users;
  }

  /** The first end that nobody could doubt, and what is served too late after it. @param {string} session @param {Entry[]} own @param {Entry[]} ends */
  function checkEnd(session, own, ends) {
    const known = ends
      .filter(({ status }) => status >= 200 && status < 300)
      .map((end) =>
        end.isPending ? Math.max(end.answered, lastFault) + settleMs : end.answered + boundMs,
      );
    const limit = Math.min(...known);
    for (const read of own) {
      if (read.what !== 'read' || read.status !== 200 || read.sent <= limit) continue;
      const late = Math.round(read.sent - limit);
      const about = `${session} by ${read.node}, ${late} ms late`;
      find('served after its end', read.user, about, limit, read.sent);
    }
  }

  /** @param {string} session @param {Entry[]} own @param {Entry[]} ends */
  function checkSignOuts(session, own, ends) {
    const firstEnd = Math.min(...ends.map(({ sent }) => sent));
    for (const { what, status, sent, answered, node } of own) {
      if (status !== 401 || answered > firstEnd || !(what === 'read' || what === 'write')) continue;
      const begun = own[0].sent;
      const why = lost.get(own[0].user)?.find(({ at }) => begun < at && at < answered)?.why;
      if (why) excuse(`signed out: ${why}`);
      else {
        const seconds = Math.round((sent - begun) / 1000);
        const about = `${session} by ${node}, ${seconds} s after its login`;
        find('signed out', own[0].user, about, sent, answered);
      }
    }
  }

  /** @param {Entry[]} own of one user */
  function checkWrites(own) {
    const writes = own.filter(
      ({ what, status }) => what === 'write' && status >= 200 && status < 300,
    );
    let next = 0;
    /** @type {Entry[]} */
    const done = [];
    for (const read of own) {
      if (read.what !== 'read' || read.status !== 200 || read.version === undefined) continue;
      while (next < writes.length && writes[next].answered < read.sent) done.push(writes[next++]);
      const seen = done.findLast(
        ({ node, answered, isPending }) =>
          node === read.node ||
          (isPending ? Math.max(answered, lastFault) + settleMs : answered + boundMs) < read.sent,
      );
      if (seen?.version === undefined || read.version >= seen.version) continue;
      const about = `${read.session} by ${read.node}: ${read.version} after ${seen.version}`;
      find('own write lost', read.user, about, seen.answered, read.sent);
    }
  }

  /** @param {import('./origin.js').Redemption} redemption */
  function isLost({ isLost, node, at }) {
    return isLost || deathAfter(node, at) !== null;
  }

  /**
   * Why what a node got is nowhere any more.
   * @param {string} node
   * @param {number} at
   * @returns {string | null}
   */
  function deathAfter(node, at) {
    for (const death of deaths) {
      if (death.node !== node || (death.until ?? death.at) < at) continue;
      if (longestPeace(at, death.at) < SAVED_WITHIN_MS) return 'the node died before it saved';
      // What it had saved the store has lost since, and it could not tell it again.
      const emptied = faults.findLast(({ name, from }) => name === EMPTIED && from < death.at);
      const isForgotten = emptied !== undefined && emptied.from > at;
      if (isForgotten && longestPeace(emptied.from, death.at) < SAVED_WITHIN_MS) {
        return 'the store forgot, and the node died before it told it again';
      }
    }
    return null;
  }

  /** The longest time without a fault. @param {number} from @param {number} to */
  function longestPeace(from, to) {
    let [since, longest] = [from, 0];
    for (const fault of faults) {
      if (fault.to < since || fault.from > to) continue;
      longest = Math.max(longest, fault.from - since);
      since = Math.max(since, fault.to);
    }
    return Math.max(longest, Math.min(to, Number.MAX_VALUE) - since);
  }

  /** What nothing can save: tokens that were redeemed and never reached a node that lived. */
  function lostTokens() {
    /** @type {Map<string, { at: number, why: string }[]>} */
    const result = new Map();
    for (const redemption of redemptions) {
      if (!redemption.isFirst || !isLost(redemption)) continue;
      const { node, at } = redemption;
      const why = redemption.isLost ? 'the origin’s answer was lost' : `${deathAfter(node, at)}`;
      push(result, redemption.user, { at, why });
    }
    return result;
  }
}

/** @param {Entry} entry */
const keyOf = ({ what, user, session }) => (what === 'revokeUser' ? user : session);

/**
 * @template T
 * @param {Map<string, T[]>} map
 * @param {string} key
 * @param {T} value
 */
function push(map, key, value) {
  const found = map.get(key);
  if (found) found.push(value);
  else map.set(key, [value]);
}
