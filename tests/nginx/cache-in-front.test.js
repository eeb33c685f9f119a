// A real nginx that caches stands in front of a cache: it keeps nobody's session, whatever the origin tells caches
// to do with its answers (SPEC R40).
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { toNodeHandler } from 'sesame-edge/node';
import { cookie } from '../support/http-case.js';
import { startNginx } from '../support/nginx.js';
import { DOCUMENT, documentOf, READ, SESSION } from '../support/origin.js';
import { createNodeTarget } from '../support/targets.js';

/** Each of them makes nginx keep an answer; newer ones believe X-Accel-Expires before all others. */
const KEEP = {
  'cache-control': 'public, max-age=600',
  expires: 'Thu, 01 Jan 2099 00:00:00 GMT',
  'x-accel-expires': '600',
};

/** @type {Awaited<ReturnType<typeof startNginx>>} */
let nginx;
/** @type {Awaited<ReturnType<typeof createNodeTarget>>} */
let t;
/** @type {http.Server} */
let server;

before(async () => {
  t = await createNodeTarget();
  server = http.createServer(toNodeHandler(t.sessions));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  nginx = await startNginx(new URL('../support/cache-in-front.conf', import.meta.url), {
    'server 127.0.0.1:8787;': `server 127.0.0.1:${port};`,
  });
});

after(async () => {
  await nginx?.stop();
  await t?.close();
  server?.close();
  server?.closeAllConnections();
});

test('R40: a cache in front gives nobody the session of another', async () => {
  t.origin.on(READ, ({ headers }) => ({
    headers: KEEP,
    body: documentOf(/session=(\w+)/.exec(String(headers.cookie))?.[1] ?? 'nobody'),
  }));
  for (const path of [DOCUMENT, SESSION]) {
    for (const name of ['ada', 'mia', 'ada', 'mia']) {
      const { body, headers } = await nginx.fetch(path, { headers: cookie(name) });
      assert.equal(headers['x-cache'], 'MISS', path);
      assert.ok(body.includes(name) && !body.includes(name === 'ada' ? 'mia' : 'ada'), body);
    }
  }
});

test('R40: nor a cookie that was set for another', async () => {
  let visits = 0;
  t.origin.on('GET /page', () => {
    visits += 1;
    return { headers: { ...KEEP, 'set-cookie': `session=of-${visits}` }, body: 'page' };
  });
  for (const visit of [1, 2]) {
    const { headers } = await nginx.fetch('/page');
    assert.deepEqual(headers['set-cookie'], [`session=of-${visit}`]);
  }
});

test('R41: and it keeps what is for everybody, as the origin says', async () => {
  t.origin.on('GET /logo', { headers: KEEP, body: 'logo' });
  const states = [];
  for (let visit = 0; visit < 2; visit += 1) {
    states.push((await nginx.fetch('/logo')).headers['x-cache']);
  }
  assert.deepEqual([states, t.origin.count('GET /logo')], [['MISS', 'HIT'], 1]);
});
