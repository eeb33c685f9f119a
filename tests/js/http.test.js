// The HTTP cases against a cache in this process: requests and responses are objects, the origin and
// what lies between are real.
import { describe, test } from 'node:test';
import { themes } from '../http-cases/index.js';
import { createNodeTarget } from '../support/targets.js';

for (const [theme, cases] of Object.entries(themes)) {
  describe(theme, () => {
    for (const { name, options, run, only } of cases) {
      if (only === 'workerd') continue;
      test(name, { timeout: 20_000 }, async () => {
        const target = await createNodeTarget(options);
        try {
          await run(target);
        } finally {
          await target.close();
        }
      });
    }
  });
}
