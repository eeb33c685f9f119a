// Browsers are told through a real nginx (R65), with the lines that the page shows: what is said comes at once, and what is silent
// stays open, from a Sesame in Node as from one in workerd.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { serve } from '../../edge_worker/serve/serve.js';
import { createOrigin } from '../../examples/origin/server.mjs';
import { PASSWORD } from '../../examples/origin/users.mjs';
import { startNginx } from '../support/nginx.js';
import { until } from '../support/wait.js';

const CONFIGURATION = new URL('../support/events-in-front.conf', import.meta.url);
const EVENTS = '/api/auth/events';

test('R65: the lines of the page are those that are tested', () => {
  const page = readFileSync(new URL('../../docs/sign-outs.md', import.meta.url), 'utf8');
  const [location] = /location = \/api\/auth\/events \{[^}]*\}/.exec(
    readFileSync(CONFIGURATION, 'utf8'),
  ) ?? [''];
  const lines = location.split('\n').map((line) => line.trim());
  const shown = page.split('\n').map((line) => line.trim());
  for (const line of lines) {
    if (!line.startsWith('proxy_read_timeout')) assert.ok(shown.includes(line), line);
  }
});

for (const runtime of /** @type {const} */ (['node', 'workerd'])) {
  describe(`behind nginx, in ${runtime}`, { timeout: 120_000 }, () => {
    /** @type {(() => Promise<unknown>)[]} what to end, the last first */
    const started = [];
    after(async () => {
      for (const end of started.reverse()) await end();
    });

    test('R65: events come at once, a silent connection stays open, and a sign-out elsewhere ends it', async () => {
      const origin = createOrigin({ delayMs: 0 });
      const originUrl = await origin.listen();
      started.push(() => origin.close());
      const sesame = await serve({
        ...{ runtime, origin: originUrl },
        options: { userId: '/id', events: true, eventsHeartbeat: '1s', devices: true },
      });
      started.push(() => sesame.close(0));
      const nginx = await startNginx(CONFIGURATION, {
        'server 127.0.0.1:8787;': `server ${new URL(sesame.url).host};`,
      });
      started.push(() => nginx.stop());
      const signIn = async () => {
        const answer = await fetch(`${originUrl}/api/v1/auth/login?mode=cookie`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ email: 'ingrid@example.com', password: PASSWORD }),
        });
        return { cookie: (answer.headers.get('set-cookie') ?? '').split(';')[0] };
      };
      const [here, there] = [await signIn(), await signIn()];
      const stream = await nginx.open(EVENTS, here);
      let text = '';
      let isOver = false;
      stream.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      stream.on('close', () => {
        isOver = true;
      });
      await until(() => text.startsWith('retry: '), 'it begins');
      const { headers } = stream;
      assert.equal(headers['cache-control'], 'private, no-store');
      assert.equal(headers['x-accel-buffering'], undefined, 'nginx keeps that to itself');
      await until(() => (text.match(/^: $/gm) ?? []).length >= 4, 'it beats');
      assert.equal(isOver, false, 'longer than the time-out of nginx');
      const list = await nginx.fetch('/api/auth/devices', { headers: there });
      assert.equal(JSON.parse(list.body).devices.length, 2);
      const ending = await nginx.fetch('/api/auth/devices', { method: 'DELETE', headers: there });
      assert.deepEqual(JSON.parse(ending.body), { ended: 1, isComplete: true });
      await until(() => text.includes('event: ended') && isOver, 'it is told');
      assert.equal((await nginx.fetch(EVENTS, { headers: here })).status, 401);
    });
  });
}
