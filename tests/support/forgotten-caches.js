// A program that makes caches, fills them and forgets them, all but one, which it disposes of. Prints how
// many the finaliser has freed, and how much memory they had and left. Run with --expose-gc.
const MADE = 8;
let freed = 0;

// What the package registers with is counted on its way.
const Registry = globalThis.FinalizationRegistry;
globalThis.FinalizationRegistry = new Proxy(Registry, {
  construct: (target, [callback]) =>
    new target((held) => {
      freed += 1;
      callback(held);
    }),
});

const { SessionCache } = await import('sesame-edge');
const { createFakeOrigin } = await import('./fake-origin.js');

const wait = () => new Promise((resolve) => setImmediate(resolve));
const memory = () => process.memoryUsage().arrayBuffers;

/** Nothing of it is left in the caller's frame. @param {boolean} isDisposed */
async function make(isDisposed) {
  const document = JSON.stringify({ id: 1, text: 'x'.repeat(20_000) });
  const { fetch } = createFakeOrigin(() => new Response(document));
  const sessions = new SessionCache({ origin: 'http://origin.test' }, { fetch });
  for (let user = 0; user < 20; user += 1) {
    await sessions.getSession({ headers: { cookie: `session=${user}` } });
  }
  if (isDisposed) sessions.dispose();
}

const before = memory();
for (let cache = 0; cache < MADE; cache += 1) await make(cache === 0);
const most = memory() - before;
for (let round = 0; round < 200 && freed < MADE - 1; round += 1) {
  globalThis.gc?.();
  await wait();
}
globalThis.gc?.();
await wait();
console.log(JSON.stringify({ made: MADE, freed, most, left: Math.max(0, memory() - before) }));
