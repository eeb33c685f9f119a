// better-auth's own cookie cache beside Sesame: how long a device that was revoked stays in, and what the same journey
// costs the database. Prints the table of docs/comparison.md: `node tests/backends/compare.mjs`.
// Invariant: all three go through one run with one clock, which is moved by a second with each check.
import { mock } from 'node:test';
import { isMain, main } from '../../scripts/lib/run.mjs';
import { freePort } from '../support/free-port.js';
import { createDevice } from './lib/device.js';
import { HOSTS } from './lib/hosts.js';
import { clientOf } from './npm/better-auth-client.js';
import { startBetterAuth } from './npm/better-auth-server.js';

const DOCUMENT = '/api/auth/get-session';
const PASSWORD = 'correct horse battery';
const CHECKS = 17;
const SECOND_MS = 1000;
/** Longer than any of them keeps a session. */
const MAX_SECONDS = 3600;

/** @typedef {{ name: string, seconds: number, before: number, until: number }} Result */

/** @type {{ name: string, options?: object, hasSesame?: boolean }[]} */
const SETUPS = [
  { name: 'better-auth, its database asked each time' },
  {
    name: 'better-auth with `cookieCache` of 5 minutes',
    options: { session: { cookieCache: { enabled: true, maxAge: 300 } } },
  },
  { name: 'better-auth behind Sesame', hasSesame: true },
];

/** @param {typeof SETUPS[number]} setup @returns {Promise<Result>} */
async function journey({ name, options, hasSesame = false }) {
  let queries = 0;
  const port = await freePort();
  const own = `http://localhost:${port}`;
  const running = await startBetterAuth({
    ...{ publicUrl: own, options },
    onQuery: () => {
      queries += 1;
    },
  });
  const front = hasSesame
    ? await HOSTS.Node(port, { origin: running.url, backend: 'better-auth' })
    : null;
  const url = hasSesame ? own : running.url;
  try {
    const [a, b] = [createDevice(url), createDevice(url)];
    const account = { email: 'ada@example.com', password: PASSWORD };
    await clientOf(a).signUp.email({ ...account, name: 'ada' });
    await clientOf(b).signIn.email(account);
    const isIn = async () => {
      mock.timers.tick(SECOND_MS);
      const answer = await b.get(DOCUMENT);
      if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
      return (await answer.json()) !== null;
    };
    queries = 0;
    for (let check = 0; check < CHECKS; check += 1) {
      if (!(await isIn())) throw new Error(`${name}: signed out before it was revoked`);
    }
    const before = queries;
    await clientOf(a).revokeOtherSessions();
    queries = 0;
    let seconds = 1;
    while (await isIn()) {
      seconds += 1;
      if (seconds > MAX_SECONDS) throw new Error(`${name}: it is in for more than an hour`);
    }
    return { name, seconds, before, until: queries };
  } finally {
    await front?.close();
    await running.close();
  }
}

/** @returns {Promise<Result[]>} */
export async function compare() {
  mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const results = [];
  try {
    for (const setup of SETUPS) results.push(await journey(setup));
  } finally {
    mock.timers.reset();
  }
  return results;
}

/** The table as the page has it. @param {Result[]} results */
export function tableOf(results) {
  const rows = results.map(
    ({ name, seconds, before, until }) => `| ${name} | ${seconds} | ${before} | ${until} |`,
  );
  const head = `| | seconds until the revoked device is out | queries for ${CHECKS} checks before | queries from then until it is out |`;
  return [head, '|---|---|---|---|', ...rows].join('\n');
}

if (isMain(import.meta)) main(async () => console.log(tableOf(await compare())));
