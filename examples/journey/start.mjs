#!/usr/bin/env node
// `npm start`: the example origin, Sesame in front of it, and one user's journey, first without
// and then with Sesame. Prints what both cost, then serves until Ctrl-C; `--once` ends there,
// `--delay MS` makes the origin's `/users/me` faster or slower.
//
// Invariant: what it prints as a result it has checked, and it ends with 1 if it does not hold.
import { parseArgs } from 'node:util';
import { serve } from '../../edge_worker/serve/serve.js';
import { startDemo } from '../demo/server.mjs';
import { createOrigin } from '../origin/server.mjs';
import { PASSWORD } from '../origin/users.mjs';
import { takeJourney } from './journey.mjs';
import { percentFewer, table, total } from './table.mjs';

/** What each phase may cost the origin: see journey.mjs on the tokens of the last. */
const WANTED_CALLS = [1, 0, 1];

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    delay: { type: 'string', default: '250' },
  },
});
const hasColours = process.stdout.isTTY && !process.env.NO_COLOR;
const bold = (/** @type {string} */ text) => (hasColours ? `\x1b[1m${text}\x1b[0m` : text);

const origin = createOrigin({ delayMs: Number(values.delay) });
/** @type {import('../../edge_worker/serve/serve.js').Server | undefined} */
let server;
/** @type {import('../demo/server.mjs').Demo | undefined} */
let demo;
let isStopping = false;

const stop = async (/** @type {number} */ exitCode) => {
  if (isStopping) return;
  isStopping = true;
  await server?.close();
  await demo?.close();
  await origin.close();
  process.exit(exitCode);
};
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => void stop(0));

try {
  const originUrl = await origin.listen();
  let isQuiet = true;
  server = await serve({
    origin: originUrl,
    log: (line) => (isQuiet ? undefined : console.log(line)),
    warn: (line) => console.error(line),
  });

  console.log(`One user's journey; GET /api/v1/users/me takes ${origin.settings.delayMs} ms.\n`);
  console.log(`  straight to the origin, ${originUrl} ...`);
  const to = { origin, password: PASSWORD };
  const direct = await takeJourney({ ...to, url: originUrl, hasSessionPath: false });
  origin.reset();
  console.log(`  through Sesame,         ${server.url} ...\n`);
  const edge = await takeJourney({ ...to, url: server.url, hasSessionPath: true });

  console.log(table(direct.phases, edge.phases, bold));
  const faults = [...direct.faults, ...edge.faults, ...wrongCounts(direct.phases, edge.phases)];
  if (faults.length > 0) {
    for (const fault of faults) console.error(`journey: ${fault}`);
    await stop(1);
  }
  const fewer = (/** @type {number} */ phase) =>
    percentFewer(direct.phases[phase]?.calls ?? 0, edge.phases[phase]?.calls ?? 0);
  const overall = percentFewer(total(direct.phases).calls, total(edge.phases).calls);
  console.log(
    `${fewer(0)} % fewer origin calls until the profile change, ${fewer(1)} % after it, ` +
      `${overall} % in all.\nEvery answer through Sesame was the one the origin would have given.`,
  );
  if (values.once) await stop(0);
  demo = await startDemo({ delayMs: origin.settings.delayMs });
  console.log(invitation(server.url, demo.url));
  isQuiet = false;
} catch (error) {
  if (!isStopping) {
    console.error(`journey: ${/** @type {Error} */ (error).message}`);
    await stop(1);
  }
}

/**
 * @param {import('./journey.mjs').Phase[]} direct
 * @param {import('./journey.mjs').Phase[]} edge
 * @returns {string[]}
 */
function wrongCounts(direct, edge) {
  const faults = [];
  for (const [index, phase] of edge.entries()) {
    if (direct[index]?.calls !== direct[index]?.checks) {
      faults.push(`${phase.name}: ${direct[index]?.calls} calls straight to the origin`);
    }
    if (phase.calls !== WANTED_CALLS[index]) {
      faults.push(`${phase.name}: ${phase.calls} calls, not ${WANTED_CALLS[index]}`);
    }
  }
  return faults;
}

/** @param {string} url @param {string} demoUrl */
function invitation(url, demoUrl) {
  return `
${bold('See it in a browser, in its service worker:')}

  ${demoUrl}

${bold('Still serving. Try it from another terminal:')}

  SESAME=${url}
  curl -sw '\\n' -c /tmp/jar "$SESAME/api/v1/auth/login?mode=cookie" \\
       -d '{"email":"omar@example.com","password":"${PASSWORD}"}'
  curl -isw '\\n' -b /tmp/jar $SESAME/api/v1/users/me   # slow once; see Server-Timing
  curl -sw '\\n' -b /tmp/jar $SESAME/api/auth/session
  curl -sw '\\n' -b /tmp/jar $SESAME/api/v1/users/me -X PATCH -d '{"name":"Omar F."}'
  curl -sN $SESAME/events                              # streams pass through

Ctrl-C ends all servers. What Sesame does is shown here once a second:
`;
}
