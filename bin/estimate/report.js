// An estimate as text for people. It knows counts and hashes, nothing of the log.

/** @typedef {import('./estimate.js').Estimate} Estimate */

const UNITS = /** @type {[string, number][]} */ ([
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
]);

/** @param {number} value */
export function count(value) {
  return value.toLocaleString('en-US');
}

/** @param {number} part @param {number} whole */
export function share(part, whole) {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`;
}

/**
 * A length of time in its two largest units.
 * @param {number} ms
 * @returns {string}
 */
export function duration(ms) {
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < 1000) return `${Number(ms.toFixed(1))} ms`;
  const first = UNITS.findIndex(([, length]) => ms >= length);
  const [unit, length] = UNITS[first];
  if (unit === 's') return `${Number((ms / 1000).toFixed(1))} s`;
  const [next, nextLength] = UNITS[first + 1];
  const rest = Math.floor((ms % length) / nextLength);
  return `${Math.floor(ms / length)} ${unit}${rest > 0 ? ` ${rest} ${next}` : ''}`;
}

/** @param {string} label @param {string | number} value @param {string} [note] */
function row(label, value, note = '') {
  const text = typeof value === 'number' ? count(value) : value;
  return `  ${label.padEnd(28)}${text.padStart(14)}  ${note}`.trimEnd();
}

/**
 * @param {Estimate} estimate
 * @returns {string}
 */
export function reportOf(estimate) {
  const { checks, lines, from, to } = estimate;
  const span = from === null ? '' : `, ${from} to ${to}`;
  const head = [
    `Sesame in front of this site (${estimate.format}${span})`,
    '',
    row('lines read', lines.read, lines.bad > 0 ? `${count(lines.bad)} not understood` : ''),
    row('session checks', checks.total, `GET ${estimate.policy.path}`),
  ];
  if (checks.total === 0) {
    head.push('', 'There is no session check in this log: say where the site has it with --path.');
    return `${[...head, ...warningsOf(estimate)].join('\n')}\n`;
  }
  if (isOneVisitor(estimate)) {
    return `${[...head, ...onlyOne(estimate), ...notes(estimate)].join('\n')}\n`;
  }
  return `${[...head, ...answers(estimate), ...notes(estimate), ...table(estimate)].join('\n')}\n`;
}

/**
 * Whether all checks count as one session's because the log names nothing that tells sessions apart. Shares of what
 * such a log says would be of one visitor who is there all the time.
 * @param {Estimate} estimate
 */
export function isOneVisitor({ checks, sessions }) {
  return sessions.distinction === 'nothing' && checks.total > 1;
}

/** @param {Estimate} estimate */
function onlyOne({ checks, originCalls }) {
  return [
    '',
    `This log cannot tell visitors apart: all ${count(checks.total)} checks come from the same user, or from one ` +
      'address with one user agent.',
    "Behind a proxy, have it log the client's address (X-Forwarded-For) or the user, or name the field that tells",
    'sessions apart (--session-field).',
    '',
    `If it was one visitor: ${count(checks.answered)} checks answered by Sesame, ` +
      `${count(originCalls.withSesame)} calls of the back end.`,
  ];
}

/** @param {Estimate} estimate */
function answers({ checks, originCalls, wait, writes }) {
  const assumed =
    wait.checksAssumed === 0
      ? 'as long as the log says that each took'
      : `${wait.checksAssumed === checks.total ? 'all' : count(wait.checksAssumed)} assumed to take ` +
        `${wait.assumedMs} ms (--latency)`;
  return [
    row('  answered by Sesame', checks.answered, share(checks.answered, checks.total)),
    row('    fresh', checks.fresh),
    row('    older, refreshed behind', checks.stale),
    row('    a remembered "no"', checks.negative),
    row("    with another's call", checks.joined),
    row('  answered by the back end', checks.total - checks.answered),
    row('updates of the user', writes.updates),
    row('logins and logouts', writes.identityChanges),
    '',
    row(
      'calls of the back end',
      originCalls.withSesame,
      `instead of ${count(originCalls.today)}: ${share(originCalls.today - originCalls.withSesame, originCalls.today)} fewer`,
    ),
    row('wait saved', duration(wait.savedMs), `of ${duration(wait.todayMs)}; ${assumed}`),
    row('  for each check', duration(wait.savedMs / checks.total)),
  ];
}

/** @param {Estimate} estimate */
function notes(estimate) {
  const { policy } = estimate;
  const times = [
    `fresh for ${duration(policy.freshForMs)}`,
    `kept for ${duration(policy.keepForMs)}`,
    `a session lives ${duration(policy.expiresInMs)}`,
    ...(policy.idleForMs > 0 ? [`idle for ${duration(policy.idleForMs)} at most`] : []),
    `a "no" for ${duration(policy.negativeForMs)}`,
  ];
  return ['', `Policy: ${times.join(', ')}.`, `A session is ${estimate.identity}.`].concat(
    warningsOf(estimate),
  );
}

/** @param {Estimate} estimate @returns {string[]} */
function warningsOf({ format, checks, lines, policy, evictions, sessions }) {
  const said = [];
  if (format !== 'har') {
    said.push(
      'Logs hold no Cache-Control: a back end that forbids to keep the document is obeyed.',
    );
  }
  if (sessions.distinction === 'agent' && checks.total > 0) {
    said.push('All checks come from one address: user agents alone tell its visitors apart.');
  } else if (sessions.distinction === 'address' && sessions.arePrivate) {
    said.push(
      'All addresses are of private networks: where they are those of proxies, many visitors count as one.',
    );
  }
  if (checks.local > 0) {
    said.push(
      `${count(checks.local)} more never left the browser: its cache or a service worker answered them.`,
    );
  }
  if (checks.noStore > 0 && policy.obeyCacheControl) {
    said.push(
      `${count(checks.noStore)} answers forbid to keep them (no-store): see --no-obey-cache-control.`,
    );
  }
  if (checks.unnamedCookies > 0) {
    said.push(
      `${count(checks.unnamedCookies)} checks had cookies, but none that is a session's: see --cookie.`,
    );
  }
  if (checks.withQuery > 0) {
    said.push(`${count(checks.withQuery)} more had a query: those go to the back end.`);
  }
  if (checks.servedWhereRefused > 0) {
    said.push(
      `${count(checks.servedWhereRefused)} were answered though the back end said no by then: how did these ` +
        'sessions end? See --identity-path, and the webhook.',
    );
  }
  if (lines.late > 0) {
    said.push(
      `${count(lines.late)} requests stood more than a minute too late in the log: they count as of the ` +
        `time before them${lines.late * 100 > lines.relevant ? '. Sort the log before you trust this' : ''}.`,
    );
  }
  if (evictions > 0) said.push(`${count(evictions)} sessions were evicted: see --memory.`);
  return said;
}

/** @param {Estimate} estimate */
function table({ sessions }) {
  if (sessions.rows.length === 0) return [];
  const all = sessions.isMore ? `more than ${count(sessions.count)}` : count(sessions.count);
  const title = `Sessions: ${all}. Those with the most checks:`;
  const line = (/** @type {string[]} */ [name, ...cells]) =>
    `  ${name.padEnd(10)}${cells.map((cell) => cell.padStart(14)).join('')}`;
  const rows = sessions.rows.map((each) =>
    line([
      each.session,
      count(each.checks),
      count(each.answered),
      share(each.answered, each.checks),
      count(each.originCalls),
      duration(each.savedMs),
    ]),
  );
  const limit = sessions.isMore
    ? [`  (the table holds ${count(sessions.most)}; later ones are in the totals only)`]
    : [];
  const names = ['session', 'checks', 'answered', '', 'back end', 'wait saved'];
  return ['', title, line(names), ...rows, ...limit];
}
