// The suite on Sesame in Node and in workerd, alone and with each shared store, and in a browser, which keep every
// rule that is theirs, and on the cache and the service worker that applications write for themselves, which do
// not: they show that the suite can fail. Ends with the table of rules by target.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cases } from './rules/index.js';
import { runCase, runCases, verdicts } from './suite.js';
import { describeResults } from './table.js';
import { naiveTarget } from './targets/naive.js';
import { naiveWorkerTarget } from './targets/naive-worker.js';
import { nodeRedisTarget, nodeTarget } from './targets/node.js';
import { serviceWorkerTarget } from './targets/service-worker.js';
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

/** What is a browser's own. */
const BROWSER_RULES = ['R60', 'R61', 'R62', 'R63', 'R64'];

/** What is kept on a device: it keeps no tokens, and nobody but its own pages tells it of changes. */
const DEVICE_RULES = [
  ...RULES.filter((id) => !['R20', 'R21', 'R23', 'R42'].includes(id)),
  ...BROWSER_RULES,
];

const byNumber = (/** @type {string} */ one, /** @type {string} */ other) =>
  Number(one.slice(1)) - Number(other.slice(1));

/** So many cases of a browser run at the same time. */
const AT_ONCE = 6;

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

// One browser for all cases, several of them at once.
describe(serviceWorkerTarget.name, () => {
  /** @type {import('./suite.js').Result[]} */
  const own = [];
  results.set(serviceWorkerTarget.name, own);
  before(async () => {
    const target = await serviceWorkerTarget.open();
    own.push(...(await runCases(target, serviceWorkerTarget, cases, AT_ONCE)));
    await target.close();
  });

  for (const [at, each] of cases.entries()) {
    test(`${each.rule}: ${each.title}`, (t) => {
      const { outcome, reason, error } = own[at];
      if (outcome === 'n.a.') t.skip(reason);
      if (outcome === 'fail') throw error;
    });
  }

  test('every rule of a device is tested and kept, and what is not applicable is said to be so', () => {
    const all = verdicts(own);
    const kept = all.filter(({ verdict }) => verdict === 'pass');
    assert.deepEqual(
      kept.map(({ rule }) => rule),
      [...DEVICE_RULES].sort(byNumber),
    );
    const reasons = new Set(all.flatMap((verdict) => verdict.reasons));
    const said = Object.values(serviceWorkerTarget.lacks ?? {});
    assert.deepEqual(
      [...reasons].filter((reason) => !said.includes(reason)),
      [],
    );
  });
});

describe(naiveWorkerTarget.name, () => {
  test('the suite finds that it breaks every rule of a browser', async () => {
    const target = await naiveWorkerTarget.open();
    const wanted = cases.filter(({ rule }) => BROWSER_RULES.includes(rule));
    const own = await runCases(target, naiveWorkerTarget, wanted, wanted.length);
    await target.close();
    results.set(naiveWorkerTarget.name, own);
    const broken = verdicts(own).filter(({ verdict }) => verdict === 'FAIL');
    assert.deepEqual(
      broken.map(({ rule }) => rule),
      BROWSER_RULES,
    );
  });
});

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
