// A newcomer's path: what README.md and docs/*.md tell a reader to do is done, with the packed package, in an empty
// folder for each page. The conventions stand in HACKING.md. One page alone:
//
//   node --test --test-name-pattern=docs/node.md tests/docs/pages.test.js
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkScripts } from './support/fragments.js';
import { FRAMEWORK_PAGES } from './support/framework-pages.js';
import { runPage } from './support/run-page.js';
import { createWorkplace, root } from './support/workplace.js';

const names = [
  ...['README.md', 'README.ar.md'].filter((name) => existsSync(path.join(root, name))),
  ...readdirSync(path.join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const pages = names.map((name) => ({
  name,
  markdown: readFileSync(path.join(root, name), 'utf8'),
}));

/** @type {import('./support/workplace.js').Workplace} */
let workplace;
/** @type {Map<string, import('./support/run-page.js').Tally>} */
const tallies = new Map();

before(async () => {
  workplace = await createWorkplace();
});
after(async () => {
  await workplace?.remove();
  const rows = [...tallies].map(([page, { notRun, ...counts }]) => ({
    ...{ page, ...counts },
    'not run': notRun.length,
  }));
  console.table(rows);
  for (const [page, { notRun }] of tallies) {
    for (const { line, reason } of notRun) console.log(`not run: ${page}:${line}: ${reason}`);
  }
});

test('every script in the pages fits the package and its types', () => {
  const { checked, faults } = checkScripts(pages, workplace.packed);
  assert.deepEqual(faults, []);
  assert.ok(checked > 0);
  console.log(`${checked} scripts fit the package's types`);
});

describe('a newcomer who follows', { concurrency: 2 }, () => {
  for (const { name, markdown } of pages) {
    if (FRAMEWORK_PAGES.includes(name)) continue; // the part `frameworks` follows it
    test(name, { timeout: 280_000 }, async () => {
      tallies.set(name, await runPage(name, markdown, workplace));
    });
  }
});
