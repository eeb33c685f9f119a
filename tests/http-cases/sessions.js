// `GET /api/auth/session`: who is signed in, or null, in every state that a session can be in.
import assert from 'node:assert/strict';
import { ask, assertPrivate, bearer, cookie, httpCase, sourceOf } from '../support/http-case.js';
import { DOCUMENT, documentOf, READ, SESSION } from '../support/origin.js';

/** @typedef {import('../support/http-case.js').Target} Target */

/** @param {Target} t @param {Record<string, string>} headers @param {string} [method] */
async function session(t, headers, method = 'GET') {
  const response = await t.fetch(SESSION, { method, headers });
  assertPrivate(response);
  assert.equal(response.headers.get('content-type'), 'application/json');
  return { response, source: sourceOf(response), text: await response.text() };
}

export const sessions = [
  httpCase('R1: nobody is null, without asking anybody', async (t) => {
    /** @type {Record<string, string>[]} */
    const none = [{}, { cookie: 'theme=dark; session=' }];
    for (const headers of none) {
      const { response, text, source } = await session(t, headers);
      assert.deepEqual([response.status, text, source], [200, 'null', 'negative']);
    }
    assert.equal(t.origin.calls().length, 0);
  }),

  httpCase('R5: it shares what is held with the document, both ways', async (t) => {
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
  }),

  httpCase(
    'R6: stale is answered as well',
    async (t) => {
      const credential = bearer(t.user());
      await ask(t, credential);
      assert.equal((await session(t, credential)).source, 'stale');
    },
    { freshFor: 0 },
  ),

  httpCase('R12: a clear "no" is null, and remembered', async (t) => {
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

  httpCase(
    'R12: any other answer that is no document is null, and asked about again',
    async (t) => {
      for (const status of [302, 400, 404, 410]) {
        const credential = cookie(t.user());
        t.origin.reset();
        t.origin.on(READ, { status, headers: { location: '/login' }, body: 'elsewhere' });
        assert.equal((await session(t, credential)).text, 'null');
        assert.equal((await session(t, credential)).text, 'null');
        assert.equal(t.origin.count(), 2);
      }
    },
  ),

  httpCase('R13: 503 while nobody knows, never null', async (t) => {
    t.origin.on(READ, { status: 500 });
    const { response, text } = await session(t, cookie(t.user()));
    assert.deepEqual([response.status, text], [503, '{"error":"origin_unavailable"}']);
    assert.ok(Number(response.headers.get('retry-after')) >= 1);
  }),

  httpCase('R1: about an ambiguous credential the origin is asked each time', async (t) => {
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
  }),

  httpCase(
    'R13: an ambiguous request whose answer is no JSON object is a failure too',
    async (t) => {
      const ambiguous = { ...cookie(t.user()), ...bearer(t.user()) };
      for (const body of ['not JSON', '[]', '1', '', 'null']) {
        t.origin.on(READ, { body });
        assert.equal((await session(t, ambiguous)).response.status, 503, body);
      }
      for (const status of [204, 304, 408, 425, 429]) {
        t.origin.on(READ, { status });
        assert.equal((await session(t, ambiguous)).response.status, 503, String(status));
      }
    },
  ),

  httpCase('HEAD is the same without its body', async (t) => {
    const credential = bearer(t.user());
    const { text } = await session(t, credential);
    for (const headers of [credential, {}]) {
      const { response, text: none } = await session(t, headers, 'HEAD');
      const length = headers === credential ? Buffer.byteLength(text) : 4;
      assert.deepEqual([response.status, none], [200, '']);
      assert.equal(response.headers.get('content-length'), String(length));
    }
  }),

  httpCase(
    'other methods on its path, and another path, are the origin’s',
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

  httpCase(
    'sessionPath null leaves the path to the origin',
    async (t) => {
      t.origin.on(`GET ${SESSION}`, { body: "the origin's own" });
      const response = await t.fetch(SESSION, { headers: bearer(t.user()) });
      assert.equal(await response.text(), "the origin's own");
    },
    { sessionPath: null },
  ),
];
