// What led to a finding of the history check, for who has to find its cause. It must not know what is a fault.

/** So much of what was before is told. */
const STORY_MS = 20_000;

/**
 * What happened to the user of a finding, and around, in its order.
 * @param {import('./checker.js').Finding} finding
 * @param {import('./checker.js').History} history
 */
export function storyOf({ user, at }, { entries, redemptions, deaths, faults }) {
  const from = at - STORY_MS;
  /** @type {[at: number, line: string][]} */
  const lines = [];
  for (const each of entries) {
    if (each.user !== user || each.answered < from || each.sent > at + 1000) continue;
    const { what, session, node, status, version = '', isPending, sent, answered, why = '' } = each;
    const took = `${Math.round(answered - sent)} ms`;
    lines.push([
      sent,
      `${what} ${session} at ${node}: ${status} ${isPending ? 'pending' : ''} ${version} (${took}) ${why}`,
    ]);
  }
  for (const { token, node, isFirst, isLost, ...each } of redemptions) {
    if (each.user !== user || each.at < from || each.at > at + 1000) continue;
    lines.push([
      each.at,
      `${token} redeemed by ${node}, ${isFirst ? 'first' : 'AGAIN'}${isLost ? ', answer lost' : ''}`,
    ]);
  }
  for (const { node, at: died } of deaths)
    if (died > from && died <= at) lines.push([died, `${node} dies`]);
  for (const { name, about, from: begun, to } of faults) {
    if (to < from || begun > at) continue;
    lines.push([begun, `${name} ${about ?? ''} begins`], [to, `${name} ends`]);
  }
  return lines
    .sort(([one], [other]) => one - other)
    .map(([time, line]) => `${Math.round(time)} ${line}`);
}
