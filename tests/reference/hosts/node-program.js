// The process that examples run in: one after the other, each with an origin that begins anew. It ends with whatever
// they have left open.
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { freePort } from '../../support/free-port.js';
import { startRedis } from '../../support/redis-server.js';
import { until } from '../../support/wait.js';
import { INSPECT } from '../checks.js';
import { startOrigin } from '../origin.js';
import { inNode, SECRET } from '../preludes.js';

const [page] = process.argv.slice(2);
const directory = fileURLToPath(
  new URL(`../../../build/reference-examples/${page}`, import.meta.url),
);
const work = mkdtempSync(path.join(tmpdir(), 'sesame-reference-'));
process.chdir(work); // what examples write is theirs
process.on('exit', () => rmSync(work, { recursive: true }));

/** @type {Error | null} */
let stray = null;
process.on('unhandledRejection', (error) => {
  stray = /** @type {Error} */ (error);
});

const [examples] = await once(process, 'message');
const origin = await startOrigin();
const redis = page === 'redis' ? await startRedis() : null;
rmSync(directory, { recursive: true, force: true });
mkdirSync(directory, { recursive: true });
const outcomes = [];
for (const [index, example] of examples.entries()) outcomes.push(await outcomeOf(index, example));
process.send?.(outcomes, () => process.exit());

/**
 * @param {number} index
 * @param {import('../checks.js').Instrumented} example
 * @returns {Promise<import('../outcome.js').Outcome>}
 */
async function outcomeOf(index, { code, requests }) {
  /** @type {Record<number, string[]>} */
  const values = {};
  const answers = [];
  try {
    const cookie = await origin.begin();
    const port = await freePort();
    const check = (/** @type {number} */ number, /** @type {unknown} */ value) => {
      values[number] = [...(values[number] ?? []), inspect(value, INSPECT)];
    };
    Object.assign(globalThis, { $check: check, secret: SECRET }, inNode(origin.url, cookie));
    const file = path.join(directory, `${index}.mjs`);
    writeFileSync(
      file,
      code
        .replaceAll('https://api.example.com', origin.url)
        .replaceAll('redis://localhost', `${redis?.url}`)
        .replaceAll('8080', String(port)),
    );
    const module = await import(pathToFileURL(file).href);
    for (const { method, path: target, as } of requests) {
      /** @type {Record<string, string>} */
      const headers = as ? { cookie } : {};
      const url = `http://127.0.0.1:${port}${target}`;
      /** @type {any} */
      let answer;
      await until(async () => {
        answer = await ask(module.default, new Request(url, { method, headers }));
        return answer;
      }, `${url} answers`);
      answers.push(`${answer.status} ${await answer.text()}`.trim());
    }
    if (stray) throw stray;
    return { values, answers };
  } catch (error) {
    stray = null;
    return { values, answers, error: inspect(error) };
  }
}

/**
 * What an application answers: it is exported, or it listens. Null while it does not listen yet.
 * @param {{ fetch(request: Request): Promise<Response> } | undefined} application
 * @param {Request} request
 */
function ask(application, request) {
  if (application) return application.fetch(request);
  return fetch(request).catch((error) => {
    if (error.cause?.code !== 'ECONNREFUSED') throw error;
    return null;
  });
}
