// A log made from a model whose figures follow from arithmetic: users who look at pages at known times, and what
// a cache with the default policy must have made of it.

const START = Date.UTC(2026, 0, 5, 8);
const MINUTE = 60_000;
export const DURATION_MS = 120;
export const ME = '/api/v1/users/me';

/**
 * @typedef {{ timeMs: number, method: string, path: string, status: number, who: number, bytes: number }} Line
 */

/**
 * Every user does the same, a second after the one before. What comes of it stands beside each step.
 * @param {number} users
 * @returns {Line[]} in order
 */
export function modelLines(users) {
  /** @type {Line[]} */
  const lines = [];
  for (let who = 0; who < users; ++who) {
    const at = (
      /** @type {number} */ minute,
      method = 'GET',
      path = ME,
      { status = 200, bytes = 300 } = {},
    ) =>
      lines.push({
        timeMs: START + minute * MINUTE + who * 1000,
        method,
        path,
        status,
        who,
        bytes,
      });
    at(0); // missing: a call
    for (let minute = 1; minute <= 10; ++minute) at(minute); // 10 fresh
    at(11, 'GET', '/app/inbox');
    at(40); // older: answered, and a call behind
    at(41); // fresh again
    at(42, 'PATCH'); // stores the document anew
    at(71); // 29 minutes later: fresh
    at(72, 'PATCH', ME, { status: 500 }); // changes nothing
    at(73); // 31 minutes after the update: older, and a call behind
    at(74, 'DELETE', `${ME}/avatar`, { status: 204, bytes: 0 }); // below it: the document goes
    at(75); // a call
    at(76, 'POST', '/api/v1/auth/logout', { status: 204, bytes: 0 }); // it is gone
    at(77, 'GET', ME, { status: 401, bytes: 20 }); // a call, refused
    at(77.1, 'GET', ME, { status: 401, bytes: 20 }); // 6 s later: the remembered no
    at(77.5, 'GET', ME, { status: 401, bytes: 20 }); // 24 s after that it is forgotten: a call
    at(78, 'POST', '/api/v1/auth/login');
    at(79); // a call
    at(79.5); // fresh
    at(150); // past keepFor: a call
    at(155, 'GET', ME, { status: 503, bytes: 0 }); // fresh: the back end need not be well
  }
  return lines.sort((one, other) => one.timeMs - other.timeMs);
}

/** What each user comes to: the comments above, counted. */
export const EACH = Object.freeze({
  checks: 23,
  fresh: 10 + 4,
  stale: 2,
  negative: 1,
  answered: 17,
  missed: 6,
  originCalls: 6 + 2,
  updates: 2,
  identityChanges: 2,
  waitMs: 6 * DURATION_MS,
});

/** @param {Line[]} lines @returns {string} */
export function asCombined(lines) {
  const text = lines.map(({ timeMs, method, path, status, who, bytes }) => {
    const [, day, month, year, time] = /** @type {RegExpExecArray} */ (
      /, (\d+) (\w+) (\d+) (\S+)/.exec(new Date(timeMs).toUTCString())
    );
    const request = `${method} ${path} HTTP/1.1`;
    const took = (DURATION_MS / 1000).toFixed(3);
    return (
      `192.0.2.${who % 250} - user${who}@example.com [${day}/${month}/${year}:${time} +0000] "${request}" ` +
      `${status} ${bytes} "-" "Browser/${who}" ${took}`
    );
  });
  return `${text.join('\n')}\n`;
}

/** @param {Line[]} lines @returns {string} */
export function asJson(lines) {
  const text = lines.map(({ timeMs, method, path, status, who, bytes }) =>
    JSON.stringify({
      ts: timeMs / 1000,
      request: {
        method,
        uri: path,
        remote_ip: '192.0.2.1',
        headers: { 'User-Agent': [`Browser/${who}`] },
      },
      status,
      size: bytes,
      duration: DURATION_MS / 1000,
    }),
  );
  return `${text.join('\n')}\n`;
}

/** @param {Line[]} lines @param {{ hasCredentials?: boolean }} [how] @returns {string} */
export function asHar(lines, { hasCredentials = true } = {}) {
  const entries = lines.map(({ timeMs, method, path, status, who }) => ({
    startedDateTime: new Date(timeMs).toISOString(),
    time: DURATION_MS,
    request: {
      method,
      url: `https://app.example.com${path}`,
      headers: hasCredentials
        ? [{ name: 'Cookie', value: `a=1; session=secret-token-${who}` }]
        : [],
      cookies: [],
    },
    response: {
      status,
      headers: [{ name: 'Content-Type', value: 'application/json' }],
      content: { size: 60, text: JSON.stringify({ id: who, email: `user${who}@example.com` }) },
    },
  }));
  return JSON.stringify({ log: { version: '1.2', creator: { name: '"[{' }, entries } }, null, 1);
}
