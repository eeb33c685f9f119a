// The suite on Sesame in Node and in workerd, alone and with each shared store, which keep every rule, and on the cache that applications
// write for themselves, which does not: it shows that the suite can fail. Ends with the table of rules by
// target.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cases } from './rules/index.js';
import { runCase, runCases, verdicts } from './suite.js';
import { describeResults } from './table.js';
import { naiveTarget } from './targets/naive.js';
import { nodeRedisTarget, nodeTarget } from './targets/node.js';
import { workerdObjectsTarget, workerdTarget } from './targets/workerd.js';
import { workerdKvTarget } from './targets/workerd-kv.js';

/** What a Map and fetch do not do by themselves. */
const BROKEN_BY_NAIVE = [
  ...['R1', 'R3', 'R6', 'R7', 'R8', 'R9', 'R10', 'R12', 'R13', 'R15'],
  ...['R20', 'R21', 'R22', 'R23', 'R24', 'R25', 'R26'],
  ...['R40', 'R41', 'R42', 'R43', 'R44'],
];

/** Every rule that one node without a shared store has to keep, and that can be seen from outside. */
const RULES = [
  ...[
    'R1',
    'R2',
    'R3',
    'R4',
    'R5',
    'R6',
    'R7',
    'R8',
    'R9',
    'R10',
    'R11',
    'R12',
    'R13',
    'R14',
    'R15',
  ],
  ...['R20', 'R21', 'R22', 'R23', 'R24', 'R25', 'R26'],
  ...['R40', 'R41', 'R42', 'R43', 'R44', 'R70', 'R71'],
];

/** What several nodes keep between them. */
const SHARED_RULES = ['R30', 'R31'];

const byNumber = (/** @type {string} */ one, /** @type {string} */ other) =>
  Number(one.slice(1)) - Number(other.slice(1));

/** @type {Map<string, import('./suite.js').Result[]>} */
const results = new Map();

const alone = [nodeTarget, workerdTarget];
const sharing = [nodeRedisTarget, workerdObjectsTarget, workerdKvTarget];

for (const adapter of [...alone, ...sharing]) {
  describe(adapter.name, () => {
    /** @type {import('./targets/target.js').OpenTarget} */
    let target;
    /** @type {import('./suite.js').Result[]} */
    const own = [];
    results.set(adapter.name, own);
    before(async () => {
      target = await adapter.open();
    });
    after(() => target?.close());

    for (const each of cases) {
      test(`${each.rule}: ${each.title}`, async (t) => {
        const result = await runCase(target, adapter, each);
        own.push(result);
        if (result.outcome === 'n.a.') t.skip(result.reason);
        if (result.outcome === 'fail') throw result.error;
      });
    }

    test('every rule is tested and kept', () => {
      const kept = verdicts(own).filter(({ verdict }) => verdict === 'pass');
      assert.deepEqual(
        kept.map(({ rule }) => rule),
        sharing.includes(adapter) ? [...RULES, ...SHARED_RULES].sort(byNumber) : RULES,
      );
    });
  });
}

describe(naiveTarget.name, () => {
  test('the suite finds what it breaks, and no more', async () => {
    const target = await naiveTarget.open();
    const own = await runCases(target, naiveTarget, cases, 8);
    await target.close();
    results.set(naiveTarget.name, own);
    const broken = verdicts(own).filter(({ verdict }) => verdict === 'FAIL');
    assert.deepEqual(
      broken.map(({ rule }) => rule),
      BROKEN_BY_NAIVE,
    );
    assert.ok(broken.length >= 10);
  });
});

after(() => console.log(`\n${describeResults(results)}`));
