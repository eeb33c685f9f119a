// The suite on every target of the table: on Sesame, which has to keep its rules, and on the cache and the service
// worker that applications write for themselves, which have to break theirs: so the suite can fail. Prints the table of
// rules by target at the end.
// Invariant: every case of a target is one test, with the case's name.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cases } from './rules/index.js';
import { casesFor, runCase, runCases, verdicts } from './suite.js';
import { describeResults } from './table.js';
import { TARGETS } from './targets/index.js';

/** @type {Map<string, import('./suite.js').Result[]>} */
const results = new Map();

/** @param {import('./suite.js').Result[]} own @param {import('./suite.js').Verdict['verdict']} wanted */
const rulesWith = (own, wanted) =>
  verdicts(own)
    .filter(({ verdict }) => verdict === wanted)
    .map(({ rule }) => rule);

/** @param {import('node:test').TestContext} t @param {import('./suite.js').Result} result */
function report(t, { outcome, reason, error }) {
  if (outcome === 'n.a.') t.skip(reason);
  if (outcome === 'fail') throw error;
}

/** @param {import('./targets/target.js').Adapter} adapter @param {string[]} [only] */
const wantedOf = (adapter, only) =>
  casesFor(cases, adapter).filter(({ rules }) => !only || rules.some((id) => only.includes(id)));

/** A target that keeps its rules. @param {import('./targets/index.js').Row} row */
function keeping({ adapter, keeps, only, atOnce }) {
  const wanted = wantedOf(adapter, only);
  /** @type {import('./suite.js').Result[]} */
  const own = [];
  results.set(adapter.name, own);
  /** @type {import('./targets/target.js').OpenTarget} */
  let target;
  before(async () => {
    target = await adapter.open();
    if (atOnce) own.push(...(await runCases(target, adapter, wanted, atOnce)));
  });
  after(() => target?.close());

  for (const [at, each] of wanted.entries()) {
    test(each.name, async (t) => {
      own[at] ??= await runCase(target, adapter, each);
      report(t, own[at]);
    });
  }

  test('every rule of the target is tested and kept, and what does not apply has its reason', () => {
    assert.deepEqual(rulesWith(own, 'pass'), keeps);
    const { lacks = {}, refuses = [] } = adapter;
    const known = [...Object.values(lacks), ...refuses];
    const reasons = verdicts(own).flatMap((verdict) => verdict.reasons);
    assert.deepEqual(
      reasons.filter((reason) => !known.includes(reason)),
      [],
    );
  });
}

/** A target that breaks rules. @param {import('./targets/index.js').Row} row */
function breaking({ adapter, breaks, only, atOnce = 1 }) {
  test('the suite finds the rules that the target breaks, and no others', async () => {
    const wanted = wantedOf(adapter, only);
    const target = await adapter.open();
    const own = await runCases(target, adapter, wanted, atOnce);
    await target.close();
    results.set(adapter.name, own);
    assert.deepEqual(rulesWith(own, 'FAIL'), breaks);
  });
}

for (const row of TARGETS) {
  describe(row.adapter.name, () => (row.breaks ? breaking(row) : keeping(row)));
}

after(() => console.log(`\n${describeResults(results)}`));
