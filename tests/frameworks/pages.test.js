// The frameworks' pages, followed as those of tests/docs are, with the packages of tests/frameworks/npm and their Node.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { FRAMEWORK_PAGES } from '../docs/support/framework-pages.js';
import { runPage } from '../docs/support/run-page.js';
import { createWorkplace, root } from '../docs/support/workplace.js';
import { node, project } from './support/page-application.js';

/** @type {import('../docs/support/workplace.js').Workplace} */
let workplace;
before(async () => {
  workplace = await createWorkplace(project, node);
});
after(() => workplace?.remove());

for (const name of FRAMEWORK_PAGES) {
  test(`a newcomer who follows ${name}`, { timeout: 280_000 }, async () => {
    await runPage(name, readFileSync(path.join(root, name), 'utf8'), workplace);
  });
}
