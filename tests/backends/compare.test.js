// A device that was revoked: how long it stays in behind Sesame and with better-auth's own cache, as the page says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compare, tableOf } from './compare.mjs';

test('docs/comparison.md has the figures of better-auth’s cookie cache beside Sesame', async () => {
  const results = await compare();
  const [asked, cached, sesame] = results;
  assert.ok(
    sesame.seconds <= asked.seconds,
    'out as soon as with a database that is asked each time',
  );
  assert.ok(cached.seconds > 60, 'the cache believes its cookie');
  assert.ok(sesame.before < asked.before);
  const page = readFileSync(new URL('../../docs/comparison.md', import.meta.url), 'utf8');
  const [, table] = /<!-- revocation -->\n([\s\S]*?)\n<!-- end -->/.exec(page) ?? [];
  // Its clock goes on while programs start: a few seconds more or less on another machine.
  const seconds = Number(/`cookieCache`[^|]*\| (\d+) \|/.exec(table ?? '')?.[1]);
  assert.ok(Math.abs(seconds - cached.seconds) <= 10, `${cached.seconds} seconds`);
  assert.equal(table, tableOf([asked, { ...cached, seconds }, sesame]));
});
