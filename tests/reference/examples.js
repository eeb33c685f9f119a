// The examples of the API reference: every code block under a heading "Example" of docs/api. The pages are what the
// documentation comments say (`node scripts/reference.mjs --check`), so what is run here is what is read there.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findEntries } from '../../scripts/reference/entries.mjs';

/**
 * @typedef {object} Example
 * @property {string} title what it is an example of
 * @property {string} code
 */

/** @returns {{ page: string, examples: Example[] }[]} */
export function readExamples() {
  return findEntries().map(({ page }) => {
    const file = fileURLToPath(new URL(`../../docs/api/${page}.md`, import.meta.url));
    return { page, examples: examplesOf(readFileSync(file, 'utf8')) };
  });
}

/** @param {string} markdown @returns {Example[]} */
export function examplesOf(markdown) {
  /** @type {string[]} the headings above, by their level */
  const above = [];
  const parts = markdown.matchAll(/^(#+) (.+)$|^```(\w*)\n([\s\S]*?)^```$/gm);
  /** @type {Example[]} */
  const examples = [];
  for (const [, hashes, heading, , code] of parts) {
    if (hashes) {
      above.length = hashes.length - 1;
      above[hashes.length - 1] = heading;
    } else if (/^Examples?$/.test(above.at(-1) ?? '')) {
      const names = above
        .slice(1, -1)
        .filter((name) => !/^(Functions|Classes|Methods)$/.test(name));
      const number = examples.filter(({ title }) => title.startsWith(names.join(' '))).length;
      examples.push({ title: `${names.join(' ')} ${number + 1}`.trim(), code });
    }
  }
  return examples;
}
