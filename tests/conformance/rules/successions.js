// Sessions that go on with another credential, cookies that are renewed as they are used, and what has to be confirmed
// before it is served (R15, R24, R85 to R87).
import assert from 'node:assert/strict';
import { DOCUMENT, documentOf, READ, SESSION } from '../../support/origin.js';
import { createGate } from '../../support/wait.js';
import { bearer, cookie, MARGIN, MINUTE, SECOND } from '../context.js';
import { rule } from '../suite.js';

/** @param {string} name @param {string} value @param {string} [attributes] */
const exchanged = (name, value, attributes = '; Path=/') => ({
  headers: { 'set-cookie': [`session=${value}${attributes}`] },
  body: documentOf(name),
});

/** @param {{ headers: Headers }} response */
const setBy = ({ headers }) => headers.getSetCookie().map((line) => line.split(';', 1)[0]);

const VERIFY = '/api/auth/verify';

/** @type {{ needs: import('../suite.js').Feature[] }} */
const OVER_HTTP = { needs: ['wire', 'cookies'] };

export const successions = [
  rule(
    'R85',
    'a session cookie that comes with the document has that document: it costs no call of its own',
    async (t) => {
      const name = t.user();
      t.origin.on(READ, exchanged(name, `${name}-2`), { body: documentOf(name) });
      const first = await t.fetch(DOCUMENT, { headers: cookie(name) });
      assert.deepEqual(setBy(first), [`session=${name}-2`]);
      assert.deepEqual(await t.ask(cookie(`${name}-2`)), [200, documentOf(name)]);
      const old = await t.fetch(DOCUMENT, { headers: cookie(name) });
      assert.deepEqual([setBy(old), await old.text()], [[], documentOf(name)]);
      assert.equal(t.origin.count(), 1);
    },
    OVER_HTTP,
  ),

  rule(
    'R85',
    'the cookie that was exchanged is asked for again after 30 seconds, and the new one is not',
    async (t) => {
      const name = t.user();
      t.origin.on(READ, exchanged(name, `${name}-2`), { status: 401 });
      await t.ask(cookie(name));
      await t.advance(30 * SECOND - MARGIN);
      assert.equal((await t.ask(cookie(name)))[0], 200);
      await t.advance(2 * MARGIN);
      assert.equal((await t.ask(cookie(name)))[0], 401);
      assert.equal((await t.ask(cookie(`${name}-2`)))[0], 200);
      assert.equal(t.origin.count(), 2);
    },
    OVER_HTTP,
  ),

  rule(
    'R85',
    'all requests that waited for a document get the session cookie that came with it',
    async (t) => {
      const name = t.user();
      const gate = createGate();
      t.origin.on(READ, { ...exchanged(name, `${name}-2`), after: gate.opened });
      const asked = [DOCUMENT, SESSION, DOCUMENT].map((path) =>
        t.fetch(path, { headers: cookie(name) }),
      );
      await t.soon(t.origin.called(READ));
      await t.turn(); // the others have arrived
      gate.open();
      for (const response of await Promise.all(asked)) {
        assert.equal(response.status, 200);
        assert.deepEqual(setBy(response), [`session=${name}-2`]);
      }
      assert.equal(t.origin.count(), 1);
    },
    OVER_HTTP,
  ),

  rule(
    'R85, R8',
    'ending a session ends every cookie that it has had',
    async (t) => {
      const name = t.user();
      t.origin.on(READ, exchanged(name, `${name}-2`), { body: documentOf(name) });
      await t.ask(cookie(name));
      await t.api.revoke(cookie(name));
      for (const value of [name, `${name}-2`]) {
        assert.equal((await t.ask(cookie(value)))[0], 401);
        assert.equal(await t.session(cookie(value)), null);
      }
      assert.equal(t.origin.count(), 1);
    },
    { needs: ['api', 'revoke', ...OVER_HTTP.needs] },
  ),

  rule(
    'R85',
    'with `rotates`, a cookie that comes with any other answer has the session, and costs no call',
    async (t) => {
      const name = t.user();
      let value = name;
      t.origin.on(READ, { body: documentOf(name) });
      for (let check = 0; check < 6; check += 1) {
        assert.deepEqual(await t.ask(cookie(value)), [200, documentOf(name)]);
        t.origin.on('GET /orders', exchanged(name, `${name}-${check}`));
        const passed = await t.fetch('/orders', { headers: cookie(value) });
        assert.deepEqual(setBy(passed), [`session=${name}-${check}`]);
        value = `${name}-${check}`;
      }
      assert.equal(t.origin.count(), 1);
    },
    { options: { rotates: true }, ...OVER_HTTP },
  ),

  rule(
    'R85, R8',
    'with `rotates`, a cookie that comes with a sign-in has nothing of the session that was there before',
    async (t) => {
      const [name, other] = [t.user(), t.user()];
      t.origin.on(READ, { body: documentOf(name) }, { body: documentOf(other) });
      await t.ask(cookie(name));
      t.origin.on('POST /api/login', exchanged(other, other));
      t.origin.on('GET /login/callback', exchanged(other, other));
      await (await t.fetch('/login/callback', { headers: cookie(name) })).text();
      await (
        await t.fetch('/api/login', { method: 'POST', headers: cookie(name), body: 'x' })
      ).text();
      assert.deepEqual(await t.ask(cookie(other)), [200, documentOf(other)]);
    },
    { options: { rotates: true }, ...OVER_HTTP },
  ),

  rule(
    'R86',
    'a cookie that the document renews is renewed before half of its life is over, on every path',
    async (t) => {
      for (const path of [DOCUMENT, SESSION]) {
        const name = t.user();
        t.origin.on(READ, exchanged(name, name, '; Path=/; Max-Age=600'));
        const before = t.origin.count();
        for (let minute = 0; minute < 30; minute += 1) {
          const response = await t.fetch(path, { headers: cookie(name) });
          assert.equal(response.status, 200);
          if (minute % 5 === 0) assert.deepEqual(setBy(response), [`session=${name}`]);
          await t.advance(MINUTE);
        }
        const calls = t.origin.count() - before;
        assert.ok(calls >= 5 && calls <= 6, `${calls} calls`);
      }
    },
    OVER_HTTP,
  ),

  rule(
    'R8, R86',
    'nothing is served past the end of the cookie that the origin has told',
    async (t) => {
      const name = t.user();
      t.origin.on(READ, exchanged(name, name, '; Max-Age=600'), { status: 503 });
      await t.ask(cookie(name));
      await t.advance(9 * MINUTE);
      assert.equal((await t.ask(cookie(name)))[0], 200);
      await t.advance(MINUTE + MARGIN);
      assert.equal((await t.ask(cookie(name)))[0], 503);
    },
    OVER_HTTP,
  ),

  ...[DOCUMENT, SESSION, VERIFY].map((path) =>
    rule(
      'R87',
      `what the origin sets while a document is refreshed behind an answer is told with the next: ${path}`,
      async (t) => {
        const name = t.user();
        t.origin.on(READ, { body: documentOf(name) }, exchanged(name, `${name}-2`));
        await t.ask(cookie(name));
        await t.advance(30 * MINUTE + MARGIN);
        const stale = await t.fetch(path, { headers: cookie(name) });
        assert.deepEqual(setBy(stale), []);
        await t.soon(t.origin.called(READ, 2));
        await t.until(async () => {
          const response = await t.fetch(path, { headers: cookie(name) });
          const lines = setBy(response);
          assert.equal(response.status, 200);
          assert.ok(lines.length === 0 || lines[0] === `session=${name}-2`);
          return lines.length > 0;
        });
        assert.deepEqual(setBy(await t.fetch(path, { headers: cookie(name) })), []);
        assert.equal(t.origin.count(), 2);
      },
      { needs: path === VERIFY ? ['wire', 'cookies', 'source'] : OVER_HTTP.needs },
    ),
  ),

  rule(
    'R87',
    'an origin that sets cookies with documents is asked before a stale one is served',
    async (t) => {
      const [name, other] = [t.user(), t.user()];
      t.origin.on(READ, { body: documentOf(name) }, exchanged(other, `${other}-2`), {
        headers: { 'set-cookie': ['lang=en'] },
        body: documentOf(name),
      });
      await t.ask(cookie(name));
      await t.ask(cookie(other));
      await t.advance(30 * MINUTE + MARGIN);
      const response = await t.fetch(DOCUMENT, { headers: cookie(name) });
      assert.deepEqual(setBy(response), ['lang=en']);
      assert.equal(t.origin.count(), 3);
    },
    OVER_HTTP,
  ),

  ...['no-cache', 'private, max-age=0, must-revalidate'].map((control) =>
    rule('R15', `a document with ${control} is confirmed before it is served`, async (t) => {
      const credential = bearer(t.user());
      const headers = { 'cache-control': control };
      const [old, changed] = ['{"id":"a","v":1}', '{"id":"a","v":2}'];
      t.origin.on(READ, { body: old, headers }, { body: changed, headers }, { status: 401 });
      assert.deepEqual(await t.ask(credential), [200, old]);
      assert.deepEqual(await t.ask(credential), [200, changed]);
      assert.equal((await t.ask(credential))[0], 401);
    }),
  ),

  rule('R15', '`Expires` and `Pragma` count where there is no Cache-Control', async (t) => {
    /** @type {Record<string, string>[]} */
    const said = [{ pragma: 'no-cache' }, { expires: '0' }];
    for (const headers of said) {
      const credential = bearer(t.user());
      const [old, changed] = ['{"id":"a","v":1}', '{"id":"a","v":2}'];
      t.origin.on(READ, { body: old, headers }, { body: changed, headers });
      assert.deepEqual(await t.ask(credential), [200, old]);
      assert.deepEqual(await t.ask(credential), [200, changed]);
    }
  }),

  rule(
    'R24, R85',
    'a renewal that passes through asks for no document',
    async (t) => {
      const name = t.user();
      const answer = (/** @type {number} */ n) => ({
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ access_token: `${name}-${n}`, refresh_token: `r-${name}-${n}` }),
      });
      const post = async (/** @type {string} */ path, /** @type {object} */ fields) => {
        const body = JSON.stringify(fields);
        const length = String(Buffer.byteLength(body));
        const headers = { 'content-type': 'application/json', 'content-length': length };
        const response = await t.fetch(path, { method: 'POST', headers, body });
        return JSON.parse(await response.text());
      };
      t.origin.on(READ, { body: documentOf(name) });
      t.origin.on('POST /api/login', answer(1));
      t.origin.on('POST /api/auth/renew', answer(2));
      let tokens = await post('/api/login', { name });
      await t.ask(bearer(tokens.access_token));
      tokens = await post('/api/auth/renew', { refresh_token: tokens.refresh_token });
      assert.deepEqual(await t.ask(bearer(tokens.access_token)), [200, documentOf(name)]);
      assert.equal(t.origin.count(), 1);
    },
    { needs: ['between'] },
  ),
];
