// Runs the examples of one entry in workerd, each as a worker of its own: one that exports a default is the worker,
// any other stands in a worker's handler. Durable Objects and KV are miniflare's, which has both.
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Miniflare } from 'miniflare';
import { MINIFLARE_DATE } from '../../support/edge-stores.js';
import { bundleWorker } from '../../support/workerd-entry-bundle.js';
import { INSPECT } from '../checks.js';
import { startOrigin } from '../origin.js';
import { refuseSteps } from '../outcome.js';
import { IN_WORKER, SECRET } from '../preludes.js';

const SOURCES = fileURLToPath(new URL('../../../build/reference-examples', import.meta.url));

/** @param {import('../checks.js').Instrumented} example */
function inHandler({ imports, body }) {
  return `
import { inspect } from 'node:util';
export { SesameStore } from 'sesame-edge/durable-object';
${imports.join('\n')}
export default {
  async fetch($request, env) {
    const $values = {};
    const $check = (number, value) =>
      ($values[number] ??= []).push(inspect(value, ${JSON.stringify({ ...INSPECT, breakLength: 1e9 })}));
    try {
      ${IN_WORKER}
      { ${body}
      }
      return Response.json({ values: $values, answers: [] });
    } catch (error) {
      return Response.json({ values: $values, answers: [], error: inspect(error) });
    }
  },
};`;
}

/** @type {import('../outcome.js').Run} */
export async function runInWorkerd(page, examples) {
  refuseSteps(examples);
  const origin = await startOrigin();
  const work = await mkdtemp(path.join(tmpdir(), 'sesame-reference-'));
  const sources = path.join(SOURCES, page);
  await mkdir(sources, { recursive: true });
  /** @type {Miniflare | null} */
  let miniflare = null;
  try {
    const first = await origin.begin();
    const bindings = { SESAME_SECRET: SECRET, INGRID: first };
    const workers = [];
    for (const [index, example] of examples.entries()) {
      const source = example.isModule ? example.code : inHandler(example);
      const entry = path.join(sources, `${index}.js`);
      await writeFile(entry, source.replaceAll('https://api.example.com', origin.url));
      const hasObjects = source.includes('SesameStore');
      workers.push({ ...(await workerOf(entry, work)), name: `w${index}`, bindings, hasObjects });
    }
    miniflare = new Miniflare({
      workers: workers.map(({ hasObjects, ...worker }) => ({
        ...worker,
        ...(hasObjects && {
          durableObjects: { SESAME_STORE: { className: 'SesameStore', useSQLite: true } },
        }),
      })),
    });
    const outcomes = [];
    for (const [index, example] of examples.entries()) {
      const worker = await miniflare.getWorker(`w${index}`);
      outcomes.push(await outcomeOf(worker, example, first));
    }
    return outcomes;
  } finally {
    await miniflare?.dispose();
    await origin.close();
    await rm(work, { recursive: true });
  }
}

/** @param {string} entry @param {string} work */
async function workerOf(entry, work) {
  const directory = await mkdtemp(path.join(work, 'worker-'));
  await bundleWorker(entry, directory);
  const [script, wasm] = await Promise.all(
    ['entry.js', 'sesame.wasm'].map((name) => readFile(path.join(directory, name))),
  );
  return {
    modules: [
      { type: /** @type {const} */ ('ESModule'), path: 'entry.js', contents: script.toString() },
      { type: /** @type {const} */ ('CompiledWasm'), path: 'sesame.wasm', contents: wasm },
    ],
    compatibilityDate: MINIFLARE_DATE,
    compatibilityFlags: ['nodejs_compat'],
    kvNamespaces: ['SESSIONS'],
  };
}

/**
 * @param {any} worker
 * @param {import('../checks.js').Instrumented} example
 * @param {string} cookie Ingrid's
 */
async function outcomeOf(worker, { isModule, requests }, cookie) {
  try {
    if (!isModule) return await (await worker.fetch('http://edge.test/')).json();
    const answers = [];
    for (const { method, path: target, as } of requests) {
      const headers = as ? { cookie } : {};
      const answer = await worker.fetch(`http://edge.test${target}`, { method, headers });
      answers.push(`${answer.status} ${await answer.text()}`.trim());
    }
    return { values: {}, answers };
  } catch (error) {
    return { values: {}, answers: [], error: String(error) };
  }
}
