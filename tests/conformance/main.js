// Runs the suite against the targets named on the command line, and prints the table of rules by target: for caches
// that have an adapter of their own. `node tests/conformance/main.js [--only R5,R6] [--at-once N] [adapter.js …]`
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { cases } from './rules/index.js';
import { casesFor, runCases, verdicts } from './suite.js';
import { describeResults } from './table.js';

const OWN = ['node', 'workerd', 'service-worker', 'naive'].map((name) =>
  fileURLToPath(new URL(`./targets/${name}.js`, import.meta.url)),
);

const { values, positionals } = parseArgs({
  options: { only: { type: 'string' }, 'at-once': { type: 'string', default: '4' } },
  allowPositionals: true,
});
const only = values.only?.split(',');
const wanted = cases.filter(({ rules }) => !only || rules.some((id) => only.includes(id)));

/** @type {Map<string, import('./suite.js').Result[]>} */
const results = new Map();
for (const file of positionals.length > 0 ? positionals : OWN) {
  const { default: adapter } = await import(pathToFileURL(path.resolve(file)).href);
  const target = await adapter.open();
  try {
    const own = await runCases(
      target,
      adapter,
      casesFor(wanted, adapter),
      Number(values['at-once']),
    );
    results.set(adapter.name, own);
    for (const { case: each, outcome, error } of own) {
      if (outcome === 'fail') console.log(`${adapter.name}: ${each.name}\n${error?.stack}\n`);
    }
  } finally {
    await target.close();
  }
}
console.log(describeResults(results));
const failed = [...results.values()].some((of) =>
  verdicts(of).some(({ failed: many }) => many > 0),
);
process.exitCode = failed ? 1 : 0;
