// What the documentation says of the code and its tests is there: claims that nobody checks stop being true.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const read = (/** @type {string} */ file) =>
  readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

for (const name of ['docs/security.md', 'docs/comparison.md']) {
  test(`each test that ${name} names is in the file that it names`, () => checkClaims(name));
}

/** @param {string} name */
function checkClaims(name) {
  const page = read(name);
  let file = '';
  let claims = 0;
  // A file in backticks, then titles of its tests in quotes, until the next file.
  for (const [, named, title] of page.matchAll(/`(tests\/[^`]+)`|“([^”]+)”/g)) {
    if (named) file = named;
    if (!title) continue;
    claims += 1;
    assert.ok(read(file).replace(/"\s+"/g, '').includes(title), `${file}: ${title}`);
  }
  assert.ok(claims >= 10, `${claims}`);
  // And every rule that it names is one.
  const rules = read('docs/rules.md');
  for (const rule of page.match(/\bR\d\d?\b/g) ?? []) {
    assert.ok(rules.includes(`- **${rule}** `), rule);
  }
}
