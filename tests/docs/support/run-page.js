// Does what a page says, step by step, as somebody does who follows it from its top in an empty folder.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Visitor } from './browser.js';
import { checkData, programOf } from './fragments.js';
import { isAsShown } from './output.js';
import { replacePorts } from './ports.js';
import { readPage, startsServer } from './read-page.js';
import { Shell } from './shell.js';
import { root } from './workplace.js';

/**
 * @typedef {object} Tally what became of a page's blocks
 * @property {number} ran commands, files that they use, and visits of a browser
 * @property {number} compared outputs that were as shown
 * @property {number} checked configurations and fragments that were read, not run
 * @property {{ line: number, reason: string }[]} notRun
 */

/**
 * @param {string} name of the page, relative to the top
 * @param {string} markdown
 * @param {import('./workplace.js').Workplace} workplace
 * @returns {Promise<Tally>}
 * @throws {Error} with the page's name and the line of the step that failed
 */
export async function runPage(name, markdown, workplace) {
  const { steps, faults } = readPage(markdown);
  if (faults.length > 0) {
    throw new Error(faults.map(({ line, reason }) => `${name}:${line}: ${reason}`).join('\n'));
  }
  const folder = await workplace.folderFor(name);
  const shells = {
    reader: new Shell(folder, `${folder}.work`, workplace.env),
    repository: new Shell(root, `${folder}.repository`, workplace.env),
  };
  const visitor = new Visitor();
  const withPorts = await replacePorts(steps.flatMap((step) => ('text' in step ? step.text : [])));
  /** @type {Tally} */
  const tally = { ran: 0, compared: 0, checked: 0, notRun: [] };
  let said = '';
  /** @type {import('./read-page.js').Step | undefined} */
  let previous;

  const start = performance.now();
  /** @param {import('./read-page.js').Step} step */
  const doStep = async (step) => {
    if (step.kind === 'not-run') return void tally.notRun.push(step);
    const text = withPorts(step.text);
    switch (step.kind) {
      case 'run': {
        const shell = step.inRepository ? shells.repository : shells.reader;
        said = await (startsServer(text) ? shell.start(text) : shell.run(text));
        if (process.env.VERBOSE)
          console.log(
            `${Math.round(performance.now() - start)} ${name}:${step.line}\n${text}\n${said}`,
          );
        tally.ran += 1;
        return;
      }
      case 'output':
        if (step.of === 'server') await shells.reader.heard(text, previous?.kind === 'run');
        else if (!isAsShown(text, said)) {
          throw new Error(`the page shows\n${text}\nbut it said\n${said}`);
        }
        tally.compared += 1;
        return;
      case 'file': {
        const file = path.join(shells.reader.directory, step.name);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, `${text}\n`);
        tally.ran += 1;
        return;
      }
      case 'fragment':
        if (step.prelude === null) {
          tally.checked += 1; // with those of all pages at once
          return;
        }
        await writeFile(
          path.join(shells.reader.directory, `fragment-${step.line}.mjs`),
          programOf(step),
        );
        said = await shells.reader.run(`node fragment-${step.line}.mjs`);
        tally.ran += 1;
        return;
      case 'data':
        await checkData(step.language, text);
        tally.checked += 1;
        return;
      case 'browser':
        await visitor.follow(text);
        tally.ran += 1;
    }
  };

  try {
    for (const step of steps) {
      try {
        await doStep(step);
      } catch (error) {
        throw new Error(`${name}:${step.line}: ${/** @type {Error} */ (error).message}`);
      }
      previous = step;
    }
  } finally {
    await Promise.all([visitor.close(), shells.reader.close(), shells.repository.close()]);
  }
  return tally;
}
