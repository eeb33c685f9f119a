// Forward authentication with the real nginx, the configuration being the one that the documentation shows.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { serve } from '../../edge_worker/serve/serve.js';
import { createOrigin } from '../../examples/origin/server.mjs';
import { createUsers, PASSWORD } from '../../examples/origin/users.mjs';
import { fieldValue } from '../../js_bindings/http/verify.js';
import { startNginx } from '../support/nginx.js';

const SITE = new URL('../../examples/forward-auth/nginx.conf', import.meta.url);
const READ = 'GET /api/v1/users/me';
const options = { verify: { headers: { 'x-user-id': '/id', 'x-user-email': '/email' } } };
const addressOf = (/** @type {http.Server} */ server) => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return `127.0.0.1:${port}`;
};

/** What stands behind nginx: it believes the headers, and says back what they are. */
async function createBackend() {
  const server = http.createServer((request, response) => {
    const names = Object.keys(request.headers).filter((name) => name.startsWith('x-user-'));
    response.end(JSON.stringify(Object.fromEntries(names.map((n) => [n, request.headers[n]]))));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

/** @type {Record<string, (origin: string) => Promise<{ address: string, close(): Promise<void> }>>} */
const verifiers = {
  async Node(origin) {
    const sessions = new SessionCache({ origin, ...options });
    const server = http.createServer(toNodeHandler(sessions));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return {
      address: addressOf(server),
      async close() {
        const closed = once(server, 'close');
        server.close().closeAllConnections();
        await closed;
        sessions.dispose();
      },
    };
  },
  async workerd(origin) {
    const server = await serve({ runtime: 'workerd', origin, options });
    return { address: new URL(server.url).host, close: () => server.close(0) };
  },
};

for (const [kind, startVerifier] of Object.entries(verifiers)) {
  describe(`nginx asks Sesame in ${kind}`, { timeout: 120_000 }, () => {
    const origin = createOrigin({ delayMs: 50 });
    /** @type {Awaited<ReturnType<typeof startNginx>>} */
    let nginx;
    /** @type {(() => Promise<unknown>)[]} what to end, the last first */
    const started = [];
    /** @type {string} */
    let originUrl;

    before(async () => {
      originUrl = await origin.listen();
      started.push(() => origin.close());
      const verifier = await startVerifier(originUrl);
      started.push(() => verifier.close());
      const backend = await createBackend();
      started.push(async () => {
        backend.close().closeAllConnections();
      });
      nginx = await startNginx(SITE, {
        'server 127.0.0.1:8787;': `server ${verifier.address};`,
        'server 127.0.0.1:3000;': `server ${addressOf(backend)};`,
      });
      started.push(() => nginx.stop());
    });
    after(async () => {
      for (const stop of started.reverse()) await stop();
    });

    /** A session of a user's own. @param {string} email */
    async function logIn(email) {
      const answer = await fetch(`${originUrl}/api/v1/auth/login?mode=cookie`, {
        method: 'POST',
        body: JSON.stringify({ email, password: PASSWORD }),
      });
      return { email, cookie: answer.headers.getSetCookie()[0].split(';')[0] };
    }
    const emails = createUsers().map((user) => user.email);
    /** What the back end has to be told. @param {string} email */
    const identity = (email) => ({ 'x-user-id': origin.user(email)?.id, 'x-user-email': email });

    test('10,000 checks of 100 sessions cost 100 calls of the origin, and name the right user', async () => {
      const sessions = await Promise.all(
        Array.from({ length: 100 }, (_, index) => logIn(emails[index % emails.length])),
      );
      const before = origin.calls.get(READ) ?? 0;
      let next = 0;
      const client = async () => {
        for (let at = next++; at < 10_000; at = next++) {
          const { cookie, email } = sessions[(at * 7) % 100];
          const { status, body } = await nginx.fetch(`/page/${at}`, { headers: { cookie } });
          assert.equal(status, 200);
          assert.deepEqual(JSON.parse(body), identity(email));
        }
      };
      await Promise.all(Array.from({ length: 32 }, client));
      assert.equal((origin.calls.get(READ) ?? 0) - before, 100);
    });

    test('without a credential, or with an unknown one: 401, and no back end', async () => {
      const before = origin.calls.get(READ) ?? 0;
      const nobody = await nginx.fetch('/page');
      assert.equal(nobody.status, 401);
      assert.equal(nobody.headers['www-authenticate'], 'Bearer');
      assert.equal(origin.calls.get(READ) ?? 0, before);
      for (let round = 0; round < 3; round += 1) {
        const unknown = await nginx.fetch('/page', { headers: { cookie: 'session=unknown' } });
        assert.equal(unknown.status, 401);
      }
      assert.equal(origin.calls.get(READ) ?? 0, before + 1); // a "no" is remembered too
    });

    test('a client that says who it is is not believed', async () => {
      const { cookie, email } = await logIn(emails[0]);
      const victim = origin.user(emails[1]);
      const spoofed = {
        ...{ 'X-User-Id': `${victim?.id}`, 'x-user-email': `${victim?.email}` },
        ...{ 'X-Forwarded-Uri': '/api/auth/login', 'X-Original-URL': '/api/v1/posts' },
      };
      const answer = await nginx.fetch('/page', { headers: { ...spoofed, cookie } });
      assert.deepEqual(JSON.parse(answer.body), identity(email));
      assert.equal((await nginx.fetch('/page', { headers: spoofed })).status, 401);
      const asked = await nginx.fetch('/api/auth/verify', { headers: { cookie } });
      assert.equal(asked.status, 404);
    });

    test('a POST is asked about without its body', async () => {
      const { cookie } = await logIn(emails[2]);
      const answer = await nginx.fetch('/form', { method: 'POST', headers: { cookie } });
      assert.equal(answer.status, 200);
    });

    test('R25: a logout counts for the very next request', async () => {
      const { cookie } = await logIn(emails[3]);
      assert.equal((await nginx.fetch('/page', { headers: { cookie } })).status, 200);
      const out = await nginx.fetch('/api/v1/auth/logout', { method: 'POST', headers: { cookie } });
      assert.equal(out.status, 204);
      assert.equal((await nginx.fetch('/page', { headers: { cookie } })).status, 401);
    });

    test('R13: with the origin down, whoever is known is let through and nobody else is', async () => {
      const known = await logIn(emails[4]);
      const other = await logIn(emails[5]);
      assert.equal((await nginx.fetch('/', { headers: { cookie: known.cookie } })).status, 200);
      await origin.close();
      started.shift();
      assert.equal((await nginx.fetch('/', { headers: { cookie: known.cookie } })).status, 200);
      const answer = await nginx.fetch('/', { headers: { cookie: other.cookie } });
      assert.equal(answer.status, 503);
      assert.match(`${answer.headers['retry-after']}`, /^\d+$/);
    });
  });
}

describe('forward authentication', () => {
  test('what the documentation shows of nginx is the file that is tested', () => {
    const text = readFileSync(new URL('../../docs/forward-auth.md', import.meta.url), 'utf8');
    const shown = /```nginx title=sesame.conf\n([\s\S]*?)```/.exec(text)?.[1];
    assert.equal(shown, readFileSync(SITE, 'utf8'));
  });

  test('a field value is visible ASCII that decodeURIComponent reads back', () => {
    for (const text of [
      'id-1',
      'a b',
      ' a ',
      'a@b.c',
      '50%',
      'é م\u{1f600}',
      'a\r\nb: c',
      '\0\x7f',
    ]) {
      const value = fieldValue(text);
      assert.match(`${value}`, /^[!-~]([ -~]*[!-~])?$/, text);
      assert.equal(decodeURIComponent(`${value}`), text);
      assert.equal(new Headers({ a: `${value}` }).get('a'), value);
    }
    for (const [value, expected] of /** @type {[unknown, string | null][]} */ ([
      ...[
        [7, '7'],
        [1.5, '1.5'],
        [true, 'true'],
        [false, 'false'],
        [0, '0'],
      ],
      ...[
        [null, null],
        [undefined, null],
        [{}, null],
        [[1], null],
        ['', null],
        ['\ud800', null],
      ],
      ...[
        [2 ** 53, null],
        [Number.POSITIVE_INFINITY, null],
        ['x'.repeat(1024), 'x'.repeat(1024)],
      ],
      ['x'.repeat(1025), null],
    ])) {
      assert.equal(fieldValue(value), expected, String(value).slice(0, 20));
    }
  });
});
