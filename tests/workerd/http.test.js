// The HTTP cases against the worker in the real workerd, over HTTP. Cases with the same options share
// a process, one after another.
import { after, describe, test } from 'node:test';
import { themes } from '../http-cases/index.js';
import { createWorkerdTarget } from '../support/targets.js';

/** @type {Map<string, ReturnType<typeof createWorkerdTarget>>} */
const targets = new Map();

/** @param {object} options */
function targetFor(options) {
  const key = JSON.stringify(options);
  const target = targets.get(key) ?? createWorkerdTarget(options);
  targets.set(key, target);
  return target;
}

after(async () => {
  for (const target of targets.values()) await (await target).close();
});

for (const [theme, cases] of Object.entries(themes)) {
  describe(theme, () => {
    for (const { name, options, run, only } of cases) {
      if (only === 'node') continue;
      test(name, { timeout: 20_000 }, async () => {
        const target = await targetFor(options);
        await target.begin();
        await run(target);
      });
    }
  });
}
