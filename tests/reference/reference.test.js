// Every example of the API reference, run for real in the host that its entry is for: each value and each answer that
// an example names is compared, and one that throws, names what is not there or names nothing fails.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { instrument, matches } from './checks.js';
import { readExamples } from './examples.js';
import { runInChromium } from './hosts/chromium.js';
import { runInNode } from './hosts/node.js';
import { runInWorkerd } from './hosts/workerd.js';

/**
 * @typedef {object} Outcome
 * @property {Record<number, string[]>} values of each check, as it was shown whenever it was reached
 * @property {string[]} answers to the requests, as `200 body`
 * @property {string} [error] what was thrown
 */

/** @typedef {(page: string, examples: import('./checks.js').Instrumented[]) => Promise<Outcome[]>} Run */

/** Where the examples of an entry run; those of all others in Node. @type {Record<string, Run>} */
const HOSTS = {
  worker: runInWorkerd,
  'durable-object': runInWorkerd,
  stores: runInWorkerd,
  client: runInChromium,
  'service-worker': runInChromium,
  'sesame-service-worker': runInChromium,
};

for (const { page, examples } of readExamples()) {
  describe(`the examples of ${page}`, () => {
    const all = examples.map(({ title, code }) => ({ title, example: instrument(code) }));
    /** @type {Outcome[]} */
    let outcomes = [];
    before(async () => {
      const run = HOSTS[page] ?? runInNode;
      outcomes = await run(
        page,
        all.map(({ example }) => example),
      );
    });
    test('there are some', () => assert.ok(all.length > 0));
    for (const [index, { title, example }] of all.entries()) {
      test(title, () => assertOutcome(outcomes[index], example));
    }
  });
}

/**
 * @param {Outcome} outcome
 * @param {import('./checks.js').Instrumented} example
 */
function assertOutcome({ values, answers, error }, { expected, requests }) {
  assert.equal(error, undefined);
  for (const [number, wanted] of expected.entries()) {
    const shown = values[number] ?? [];
    assert.ok(shown.length > 0, `never reached: // => ${wanted}`);
    for (const each of shown) assert.ok(matches(each, wanted), `is ${each}\nnot ${wanted}`);
  }
  for (const [number, { method, path, as, expected: wanted }] of requests.entries()) {
    const what = `${method} ${path}${as ? ` as ${as}` : ''}`;
    const answer = answers[number];
    assert.ok(matches(answer, wanted), `${what} is ${answer}\nnot ${wanted}`);
  }
}
