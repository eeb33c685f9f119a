// What a worker does while it starts, in the real workerd: there is no randomness, no timer and no network then.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { workerdConfig } from '../../edge_worker/serve/capnp.js';
import { findWorkerd, startWorkerd } from '../../edge_worker/serve/workerd-process.js';
import { createOrigin, DOCUMENT, documentOf } from '../support/origin.js';
import { bundleWorker } from '../support/workerd-entry-bundle.js';

/** Inside the project, so that the package is found by its own name. */
const WORK = fileURLToPath(new URL('../../build/workerd-start', import.meta.url));

/** @type {import('../support/origin.js').Origin} */
let origin;
before(async () => {
  origin = await createOrigin();
  await mkdir(WORK, { recursive: true });
});
after(() => origin.stop());

/**
 * Starts a worker, and asks it for ada's document twice.
 * @param {string} source
 */
async function tryWorker(source) {
  const directory = await mkdtemp(path.join(WORK, 'worker-'));
  const entry = path.join(directory, 'source.js');
  await writeFile(entry, `${source}\nexport const control = { fetch() {} };`);
  await bundleWorker(entry, directory);
  const { binary, compatibilityDate } = findWorkerd();
  const address = '127.0.0.1:0';
  const config = workerdConfig({
    ...{ modules: ['entry.js', 'sesame.wasm'], address, compatibilityDate, options: {} },
    controlPath: path.join(directory, 'control.sock'),
  });
  await writeFile(path.join(directory, 'config.capnp'), config);
  /** @type {string[]} */
  const said = [];
  const onLine = (/** @type {string} */ line) => void said.push(line);
  try {
    const start = { binary, directory, address, onLine, signal: undefined };
    const workerd = await startWorkerd(start).catch(() => null);
    if (workerd === null) return { said: said.join('\n'), bodies: [] };
    const bodies = [];
    for (let round = 0; round < 2; round += 1) {
      const headers = { cookie: 'session=ada' };
      const answer = await fetch(`http://127.0.0.1:${workerd.port}${DOCUMENT}`, { headers });
      bodies.push(await answer.text());
    }
    workerd.kill();
    await workerd.ended;
    return { said: said.join('\n'), bodies };
  } finally {
    await rm(directory, { recursive: true });
  }
}

const twice = [documentOf('ada'), documentOf('ada')];

test('R5: createWorker with options makes a worker that starts, and one call for two checks', async () => {
  const { bodies, said } = await tryWorker(`
    import { createWorker } from 'sesame-edge/worker';
    export default createWorker({ origin: '${origin.url}' });
  `);
  assert.deepEqual(bodies, twice, said);
  assert.equal(origin.count(), 1);
});

test("R5: a cache may be made at a worker's top level", async () => {
  origin.reset();
  const { bodies, said } = await tryWorker(`
    import { SessionCache } from 'sesame-edge';
    await SessionCache.load();
    const sessions = new SessionCache({ origin: '${origin.url}' });
    export default { fetch: (request, _env, context) => sessions.handle(request, context) };
  `);
  assert.deepEqual(bodies, twice, said);
  assert.equal(origin.count(), 1);
});

test('wrong options keep a worker from starting, the core’s judgement included', async () => {
  for (const options of ["{ origin: 'nowhere' }", "{ origin: 'http://a.test', leaseFor: '1s' }"]) {
    const { bodies, said } = await tryWorker(`
      import { createWorker } from 'sesame-edge/worker';
      export default createWorker(${options});
    `);
    assert.deepEqual(bodies, []);
    assert.match(said, /ConfigError: Sesame's options are wrong: (origin|leaseFor) /);
  }
});
