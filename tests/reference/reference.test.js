// Every example of the API reference, run for real in the host that its entry is for: each value and each answer that
// an example names is compared, and one that throws, names what is not there or names nothing fails.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { instrument } from './checks.js';
import { readExamples } from './examples.js';
import { runInChromium } from './hosts/chromium.js';
import { runInNode } from './hosts/node.js';
import { runInWorkerd } from './hosts/workerd.js';
import { assertOutcome } from './outcome.js';

/** Where the examples of an entry run; those of all others in Node. @type {Record<string, import('./outcome.js').Run>} */
const HOSTS = {
  worker: runInWorkerd,
  'durable-object': runInWorkerd,
  stores: runInWorkerd,
  client: runInChromium,
  react: runInChromium,
  'service-worker': runInChromium,
  'sesame-service-worker': runInChromium,
};

/** The entries whose examples run one after the other, beside those of the other lane. */
const lanes = { inNode: Promise.resolve(), elsewhere: Promise.resolve() };

for (const { page, examples } of readExamples()) {
  const all = examples.map(({ title, code }) => ({ title, code, example: instrument(code) }));
  // What stands at a function and at the method behind it is run once.
  const different = [...new Map(all.map(({ code, example }) => [code, example]))];
  const run = HOSTS[page] ?? runInNode;
  const lane = run === runInNode ? 'inNode' : 'elsewhere';
  const running = lanes[lane].then(() =>
    run(
      page,
      different.map(([, example]) => example),
    ),
  );
  lanes[lane] = running.then(
    () => {},
    () => {},
  );

  describe(`the examples of ${page}`, () => {
    /** @type {Map<string, import('./outcome.js').Outcome>} */
    let outcomes;
    before(async () => {
      const found = await running;
      outcomes = new Map(different.map(([code], index) => [code, found[index]]));
    });
    test('there are some', () => assert.ok(all.length > 0));
    for (const { title, code, example } of all) {
      test(title, () => assertOutcome(/** @type {any} */ (outcomes.get(code)), example));
    }
  });
}
