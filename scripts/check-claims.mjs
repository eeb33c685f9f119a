// What the pages say of the code and its tests is there: each claim names its test by file and title, and each rule that
// a page names is one. Claims that nobody checks stop being true. It must not know what a claim says.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Failure, isMain, main, root } from './lib/run.mjs';

const PAGES = ['docs/security.md', 'docs/comparison.md'];
/** A page with fewer has lost its form: nothing would be checked. */
const MIN_CLAIMS = 10;

const read = (/** @type {string} */ file) => readFileSync(path.join(root, file), 'utf8');

/** @param {string} page @returns {{ claims: number, faults: string[] }} */
export function claimsOf(page) {
  const text = read(page);
  const faults = [];
  let file = '';
  let claims = 0;
  // A file in backticks, then titles of its tests in quotes, until the next file.
  for (const [, named, title] of text.matchAll(/`(tests\/[^`]+)`|“([^”]+)”/g)) {
    if (named) {
      file = named;
      if (!existsSync(path.join(root, file))) faults.push(`${page}: there is no ${file}`);
    }
    if (!title || faults.at(-1)?.endsWith(` ${file}`)) continue;
    claims += 1;
    if (file === '') faults.push(`${page}: “${title}” names no file`);
    else if (!unbroken(read(file)).includes(title)) {
      faults.push(`${page}: “${title}” is no test of ${file}`);
    }
  }
  const rules = read('docs/rules.md');
  for (const rule of new Set(text.match(/\bR\d\d?\b/g) ?? [])) {
    if (!rules.includes(`- **${rule}** `)) faults.push(`${page}: there is no rule ${rule}`);
  }
  if (claims < MIN_CLAIMS) faults.push(`${page}: only ${claims} claims name a test`);
  return { claims, faults };
}

/** A text whose strings and comments are not broken into lines. @param {string} source */
function unbroken(source) {
  return source.replace(/"\s+"/g, '').replace(/\n\s*\/\/ ?/g, ' ');
}

export function checkClaims() {
  const found = PAGES.map(claimsOf);
  const faults = found.flatMap((each) => each.faults);
  if (faults.length > 0) throw new Failure(`claims: ${faults.join('\nclaims: ')}`);
  console.log(`claims: ${found.reduce((sum, { claims }) => sum + claims, 0)}, each with its test`);
}

if (isMain(import.meta)) main(checkClaims);
