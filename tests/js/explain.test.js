// Why a request is answered as it is (R72), and what says that it is wired wrongly (R73), asked of a cache in this
// process; the socket at which the command asks a server is this machine's own.
import assert from 'node:assert/strict';
import { lstat, mkdtemp, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { letInspect, toNodeHandler } from 'sesame-edge/node';
import { runCli } from '../support/cli.js';
import { MINUTE } from '../support/clock.js';
import { attempt, bearer, cookie } from '../support/http-case.js';
import { byDefault, documentOf, READ } from '../support/origin.js';
import { createNodeTarget } from '../support/targets.js';

/**
 * @param {(t: Awaited<ReturnType<typeof createNodeTarget>> & { said: string[] }) => Promise<void>} work
 * @param {object} [options]
 */
async function withTarget(work, options) {
  /** @type {string[]} */
  const said = [];
  const t = await createNodeTarget(options, { warn: (line) => void said.push(line) });
  try {
    await work({ ...t, said });
  } finally {
    await t.close();
  }
}

describe('explain', () => {
  test('R72: tells from where the credential was read, whether its document is held, and how old it is', () =>
    withTarget(async (t) => {
      const headers = { cookie: 'theme=dark; session=ada' };
      const before = t.sessions.explain({ headers });
      assert.deepEqual(
        [before.credential, before.readFrom, before.otherCookies, before.answer, before.ageMs],
        ['cookie', 'session', ['theme'], 'asks', null],
      );
      await attempt(t, headers);
      t.clock?.advance(10 * MINUTE);
      const fresh = t.sessions.explain({ headers });
      assert.deepEqual(
        [fresh.answer, fresh.ageMs, fresh.freshForMs],
        ['fresh', 10 * MINUTE, 20 * MINUTE],
      );
      t.clock?.advance(21 * MINUTE);
      const stale = t.sessions.explain({ headers });
      assert.deepEqual([stale.answer, stale.ageMs, stale.freshForMs], ['stale', 31 * MINUTE, 0]);
      assert.ok(stale.options.some(({ option }) => option === 'freshFor'));
      assert.equal(t.sessions.explain({ headers: bearer('ada') }).readFrom, 'Authorization');
    }));

  test('R72: to explain asks nobody, counts nothing and begins nothing', () =>
    withTarget(async (t) => {
      await attempt(t, cookie('ada'));
      const before = t.sessions.statistics();
      for (const headers of [cookie('ada'), cookie('eve'), bearer('mia'), {}]) {
        t.sessions.explain({ headers });
      }
      assert.deepEqual(t.sessions.statistics(), before);
      assert.equal(t.origin.count(), 1);
    }));

  test('R72: tells what has dropped or ended a session, and when', () =>
    withTarget(async (t) => {
      const headers = cookie('ada');
      await attempt(t, headers);
      await attempt(t, headers, { path: '/account/logout', method: 'POST' });
      const dropped = t.sessions.explain({ headers });
      assert.deepEqual([dropped.answer, dropped.isHeld], ['asks', false]);
      assert.equal(dropped.lastChange?.what, 'POST /**/logout/**');
      assert.equal(dropped.lastChange?.at, new Date(t.clock?.now() ?? 0).toISOString());

      await attempt(t, headers);
      await t.sessions.revoke({ headers });
      const ended = t.sessions.explain({ headers });
      assert.deepEqual([ended.answer, ended.reason], ['ended', 'tombstone']);
      assert.equal(ended.lastChange?.what, 'revoke()');
    }));

  for (const [name, headers, option] of /** @type {const} */ ([
    ['two cookies that differ', { cookie: 'session=a; session=b' }, 'cookie'],
    ['a scheme that is not configured', { authorization: 'Basic YTpi' }, 'authorizationSchemes'],
    ['a cookie of another name', { cookie: 'access_token=a' }, 'cookie'],
  ])) {
    test(`R72: ${name}: passed on, and which option would change that`, () =>
      withTarget(async (t) => {
        const { answer, options } = t.sessions.explain({ headers });
        assert.equal(answer, 'passed');
        assert.ok(options.some((each) => each.option === option));
      }));
  }

  test('R72: a remembered refusal is told as one', () =>
    withTarget(async (t) => {
      t.origin.on(READ, { status: 401 });
      await attempt(t, cookie('eve'));
      const { answer, reason, isHeld } = t.sessions.explain({ headers: cookie('eve') });
      assert.deepEqual([answer, reason, isHeld], ['refused', 'negative', true]);
    }));

  test('R71: nothing that is told holds the credential or a part of the document', () =>
    withTarget(async (t) => {
      const headers = { cookie: 'session=secret-ada; secret-without-a-name; other=secret-other' };
      await attempt(t, headers);
      await t.sessions.revoke({ headers });
      const told = JSON.stringify([t.sessions.explain({ headers }), t.sessions.notices(), t.said]);
      assert.doesNotMatch(told, /secret/);
    }));
});

describe('wrong wiring speaks', () => {
  /** @param {{ sessions: import('sesame-edge').SessionCache }} t */
  const causes = (t) => t.sessions.notices().map(({ cause }) => cause);

  test('R73: cookies of which none is configured are named, once', () =>
    withTarget(async (t) => {
      for (let page = 0; page < 3; page += 1) await attempt(t, { cookie: 'sid=1; lang=en' });
      assert.deepEqual(causes(t), ['unknown-cookies']);
      assert.equal(t.said.length, 1);
      assert.match(t.said[0], /sid, lang/);
    }));

  test('R73: cookies that are no session’s say nothing by themselves', () =>
    withTarget(async (t) => {
      await attempt(t, { cookie: '_ga=1; XSRF-TOKEN=2; authjs.callback-url=3; theme=dark' });
      assert.deepEqual(causes(t), []);
      await attempt(t, { cookie: '_ga=1; access_token=2' });
      assert.deepEqual(causes(t), ['unknown-cookies']);
      assert.match(t.said[0], /_ga, access_token/);
    }));

  test('R73: a stranger who makes up cookies fills neither the log nor the memory, and forges no line', () =>
    withTarget(async (t) => {
      for (let n = 0; n < 50; n += 1) await attempt(t, { cookie: `made-up-${n}=1` });
      await attempt(t, { cookie: 'a\tnew line=1' });
      assert.ok(t.said.length <= 8);
      assert.ok(t.sessions.notices().length <= 8);
    }));

  test('R73: a request that has the session cookie says nothing, whatever else it has', () =>
    withTarget(async (t) => {
      await attempt(t, { cookie: 'session=ada; sid=1' });
      assert.deepEqual(causes(t), []);
    }));

  test('R73: an origin that forbids to keep its document is named, with the option', () =>
    withTarget(async (t) => {
      t.origin.on(READ, { headers: { 'cache-control': 'no-store' }, body: documentOf('ada') });
      await attempt(t, cookie('ada'));
      await attempt(t, cookie('eve'));
      assert.deepEqual(causes(t), ['no-store']);
      assert.match(t.said[0], /obeyCacheControl/);
    }));

  test('R81: a document without an identifier is served, named by what may be one, and counted', () =>
    withTarget(async (t) => {
      t.origin.on(READ, { body: '{"shop":{"guid":"g1"},"name":"secret"}' });
      const [status] = await attempt(t, cookie('ada'));
      assert.equal(status, 200);
      assert.deepEqual(causes(t), ['no-user-id']);
      assert.match(t.said[0], /\/shop\/guid\?$/);
      assert.equal(t.sessions.statistics().documentsWithoutUser, 1);
      assert.match(t.sessions.prometheusText(), /^sesame_documents_without_user_total 1$/m);
    }));

  test('R73: an origin that answers the path of the session itself is noticed by its answer to a write there', () =>
    withTarget(async (t) => {
      const path = '/api/auth/session';
      await attempt(t, {}, { path });
      await attempt(t, {}, { path, method: 'POST' }); // 404: it has none
      assert.deepEqual(causes(t), []);
      t.origin.on(`POST ${path}`, { body: '{}' });
      await attempt(t, {}, { path, method: 'POST' });
      assert.deepEqual(causes(t), ['own-session-path']);
      assert.match(t.said[0], /\/api\/auth\/session itself.* sessionPath/);
    }));

  test('R73: an origin that is away and back is told each time, with the reason', () =>
    withTarget(async (t) => {
      await attempt(t, cookie('ada'));
      for (let outage = 0; outage < 2; outage += 1) {
        t.origin.on(READ, { status: 502 });
        await attempt(t, cookie(`eve-${outage}`));
        await attempt(t, cookie(`mia-${outage}`));
        t.origin.on(READ, byDefault);
        await attempt(t, cookie(`ida-${outage}`));
      }
      assert.deepEqual(causes(t), ['origin-away', 'origin-back', 'origin-away', 'origin-back']);
      assert.match(t.said[0], /status 502/);
    }));
});

describe('sesame-edge inspect', () => {
  test('R72: asks a Node server over a socket that only its own user may open', () =>
    withTarget(async (t) => {
      const server = http.createServer(toNodeHandler(t.sessions)).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      const inspection = await letInspect(t.sessions, `http://127.0.0.1:${port}`);
      try {
        const socket = await lstat(inspection.socketPath);
        const directory = await lstat(path.dirname(inspection.socketPath));
        assert.deepEqual([socket.mode & 0o777, directory.mode & 0o777], [0o600, 0o700]);

        await attempt(t, cookie('secret-ada'));
        const words = ['inspect', '--port', `${port}`];
        const told = await runCli([...words, '--header', 'Cookie: session=secret-ada']);
        assert.deepEqual([told.code, told.stderr], [0, []]);
        assert.match(told.stdout.join('\n'), /^credential +a cookie, from session$/m);
        assert.doesNotMatch(told.stdout.join('\n'), /secret/);

        const file = path.join(await mkdtemp(path.join(tmpdir(), 'inspect-test-')), 'headers');
        await writeFile(file, 'GET / HTTP/1.1\r\nHost: a\r\nCookie: session=secret-ada\r\n');
        const asJson = await runCli([...words, '--headers', file, '--json']);
        assert.equal(JSON.parse(asJson.stdout.join('\n')).answer, 'fresh');

        await attempt(t, { cookie: 'sid=1' });
        const notices = await runCli(words);
        assert.match(notices.stdout.join('\n'), /2 checks, 2 origin calls.*\n.* cookies sid,/);
      } finally {
        await inspection.close();
        server.closeAllConnections();
        server.close();
      }
      const gone = await runCli(['inspect', '--port', `${port}`]);
      assert.deepEqual([gone.code, gone.stderr.length], [1, 1]);
      assert.match(gone.stderr[0], /no server of this user runs on port/);
      await assert.rejects(lstat(path.dirname(inspection.socketPath)));
    }));

  for (const [words, said] of /** @type {[string[], RegExp][]} */ ([
    [['--prot', '1'], /Unknown option '--prot'/],
    [['--header', 'nonsense', '--socket', '/no/such'], /--header must be like/],
    [['--headers', '/no/such'], /cannot read \/no\/such \(ENOENT/],
  ])) {
    test(`refuses 'inspect ${words.join(' ')}' in one line, with exit code 2`, async () => {
      const { code, stdout, stderr } = await runCli(['inspect', ...words]);
      assert.deepEqual([code, stdout, stderr.length], [2, [], 1]);
      assert.match(stderr[0], said);
    });
  }
});
