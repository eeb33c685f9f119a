// `GET /api/auth/session`: who is signed in, or null, in every state that a session can be in (R1, R5, R12, R13).
// Invariant: every answer of it is private JSON.
import assert from 'node:assert/strict';
import { ask, assertPrivate, bearer, cookie, sourceOf } from '../../support/http-case.js';
import { DOCUMENT, documentOf, READ, SESSION } from '../../support/origin.js';
import { hostRule } from '../suite.js';

/** @typedef {import('../context.js').Context} Target */

/** @param {Target} t @param {Record<string, string>} headers @param {string} [method] */
async function session(t, headers, method = 'GET') {
  const response = await t.fetch(SESSION, { method, headers });
  assertPrivate(response);
  assert.equal(response.headers.get('content-type'), 'application/json');
  return { response, source: sourceOf(response), text: await response.text() };
}

export const sessionPath = [
  hostRule(
    'R1',
    'the session path answers null without a credential, as private JSON and without an origin call',
    async (t) => {
      for (const cookies of ['theme=dark; session=', '']) {
        /** @type {Record<string, string>} */
        const headers = cookies === '' ? {} : { cookie: cookies };
        const { response, text, source } = await session(t, headers);
        assert.deepEqual([response.status, text, source], [200, 'null', 'negative']);
      }
      assert.equal(t.origin.calls().length, 0);
    },
  ),

  hostRule(
    'R5',
    'the session path and the document’s path share the document that is held',
    async (t) => {
      const [one, other] = [t.user(), t.user()];
      const first = await session(t, bearer(one));
      assert.equal(first.source, 'origin');
      const { user, expiresAt } = JSON.parse(first.text);
      assert.deepEqual(user, JSON.parse(documentOf(one)));
      assert.match(expiresAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.deepEqual(await ask(t, bearer(one)), ['fresh', documentOf(one)]);
      await ask(t, cookie(other));
      const second = await session(t, cookie(other));
      assert.equal(second.source, 'fresh');
      assert.equal(JSON.parse(second.text).user.name, other);
      assert.equal(t.origin.count(), 2);
    },
  ),

  hostRule(
    'R6',
    'with freshFor 0 the session path answers the held document as stale',
    async (t) => {
      const credential = bearer(t.user());
      await ask(t, credential);
      assert.equal((await session(t, credential)).source, 'stale');
    },
    { freshFor: 0 },
  ),

  hostRule('R12', 'the session path answers a clear "no" as null, and remembers it', async (t) => {
    for (const status of [401, 403]) {
      const credential = cookie(t.user());
      t.origin.on(READ, { status, headers: { 'www-authenticate': 'Bearer' }, body: 'no' });
      const answers = [await session(t, credential), await session(t, credential)];
      assert.deepEqual(
        answers.map(({ text }) => text),
        ['null', 'null'],
      );
      assert.deepEqual(
        answers.map(({ source }) => source),
        ['origin', 'negative'],
      );
      assert.deepEqual(
        answers.map(({ response }) => response.status),
        [200, 200],
      );
      assert.equal(answers[1].response.headers.get('www-authenticate'), null);
    }
    assert.equal(t.origin.count(), 2);
  }),

  hostRule('R13', 'the session path answers 503 while the origin fails, never null', async (t) => {
    t.origin.on(READ, { status: 500 });
    const { response, text } = await session(t, cookie(t.user()));
    assert.deepEqual([response.status, text], [503, '{"error":"origin_unavailable"}']);
    assert.ok(Number(response.headers.get('retry-after')) >= 1);
  }),

  hostRule(
    'R1',
    'the session path asks the origin about an ambiguous credential each time, and passes its cookies on',
    async (t) => {
      const ambiguous = { ...cookie(t.user()), ...bearer(t.user()) };
      t.origin.on(
        READ,
        { body: '{"id":1}', headers: { 'set-cookie': ['a=1', 'b=2; Path=/'] } },
        { status: 401 },
        { status: 500, headers: { 'retry-after': '9' } },
        { body: 'not JSON' },
      );
      const known = await session(t, ambiguous);
      assert.equal(known.text, '{"user":{"id":1},"expiresAt":null}');
      assert.deepEqual(known.response.headers.getSetCookie(), ['a=1', 'b=2; Path=/']);
      assert.equal((await session(t, ambiguous)).text, 'null');
      const failed = await session(t, ambiguous);
      assert.deepEqual(
        [failed.response.status, failed.response.headers.get('retry-after')],
        [503, '9'],
      );
      const [sent] = t.origin.calls(READ);
      assert.deepEqual(
        [sent.headers.cookie, sent.headers.authorization],
        [ambiguous.cookie, ambiguous.authorization],
      );
      assert.equal(t.origin.count(), 3);
    },
  ),

  hostRule(
    'R13',
    'the session path answers 503 for an ambiguous request whose answer is not a JSON object',
    async (t) => {
      const ambiguous = { ...cookie(t.user()), ...bearer(t.user()) };
      for (const body of ['not JSON', '[]', '1', '']) {
        t.origin.on(READ, { body });
        assert.equal((await session(t, ambiguous)).response.status, 503, body);
      }
      for (const status of [204, 302, 304, 400, 404, 408, 410, 425, 429]) {
        t.origin.on(READ, { status });
        assert.equal((await session(t, ambiguous)).response.status, 503, String(status));
      }
    },
  ),

  hostRule('R7', 'HEAD on the session path is the answer to GET without its body', async (t) => {
    const credential = bearer(t.user());
    const { text } = await session(t, credential);
    for (const headers of [credential, {}]) {
      const { response, text: none } = await session(t, headers, 'HEAD');
      const length = headers === credential ? Buffer.byteLength(text) : 4;
      assert.deepEqual([response.status, none], [200, '']);
      assert.equal(response.headers.get('content-length'), String(length));
    }
  }),

  hostRule(
    'R41',
    'other methods on the session path, and other paths, are the origin’s',
    async (t) => {
      t.origin.on(`POST ${SESSION}`, { status: 201, body: 'made' });
      t.origin.on(`GET ${DOCUMENT}`, { body: 'unused' });
      const made = await t.fetch(SESSION, { method: 'POST', headers: bearer(t.user()), body: 'x' });
      assert.deepEqual([made.status, await made.text()], [201, 'made']);
      assert.equal((await t.fetch('/who')).status, 200);
      const trailing = await t.fetch(`${SESSION}/`);
      assert.deepEqual([trailing.status, await trailing.text()], [404, '{"error":"no such path"}']);
    },
    { sessionPath: '/who' },
  ),

  hostRule(
    'R41',
    'sessionPath null leaves the session path to the origin',
    async (t) => {
      t.origin.on(`GET ${SESSION}`, { body: "the origin's own" });
      const response = await t.fetch(SESSION, { headers: bearer(t.user()) });
      assert.equal(await response.text(), "the origin's own");
    },
    { sessionPath: null },
  ),
];
