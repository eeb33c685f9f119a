// Whether what an example did is what it says.
import assert from 'node:assert/strict';
import { matches } from './checks.js';

/**
 * @typedef {object} Outcome
 * @property {Record<number, string[]>} values of each check, as it was shown whenever it was reached
 * @property {string[]} answers to the requests, as `200 body`
 * @property {string} [error] what was thrown
 */

/**
 * Refuses what only a page can show.
 * @param {import('./checks.js').Instrumented[]} examples
 */
export function refuseSteps(examples) {
  const has = examples.some(({ steps }) => steps.length > 0);
  if (has) throw new Error('`// shows` is for examples that run in a page');
}

/** @typedef {(page: string, examples: import('./checks.js').Instrumented[]) => Promise<Outcome[]>} Run */

/**
 * @param {Outcome} outcome
 * @param {import('./checks.js').Instrumented} example
 */
export function assertOutcome({ values, answers, error }, { expected, requests }) {
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
