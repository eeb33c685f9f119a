// Which credential a request has, and whose session that is (R1-R4).
import assert from 'node:assert/strict';
import { DOCUMENT, documentOf, READ, SESSION } from '../../support/origin.js';
import { bearer, cookie } from '../context.js';
import { MANAGED, signUsersIn } from '../identity.js';
import { rule } from '../suite.js';

/**
 * Requests that do not have exactly one clear credential: because of their cookies, or without any.
 * @type {{ of: string, needs: import('../suite.js').Feature[],
 *   ambiguous: (one: string, other: string) => Record<string, string>[] }[]}
 */
const AMBIGUITIES = [
  {
    of: 'cookies',
    needs: ['cookies'],
    ambiguous: (one, other) =>
      /** @type {Record<string, string>[]} */ ([
        { cookie: `session=${one}; session=${other}` },
        { cookie: `session=${one}; __Host-session=${other}` },
        { cookie: `session=${one}`, authorization: `Bearer ${one}` },
        { cookie: `session=${one}`, authorization: `Bearer ${other}` },
        { cookie: `session="${one}` },
      ]),
  },
  {
    of: 'Authorization',
    needs: [],
    ambiguous: (one, other) => [
      { authorization: `Basic ${one}` },
      { authorization: `Bearer ${one} ${other}` },
      { authorization: 'Bearer' },
      { authorization: 'Bearer ' },
    ],
  },
];

/**
 * Asks in every way with credentials that contain a secret, and returns everything that was answered.
 * @param {import('../context.js').Cache} t
 * @param {string} secret
 */
async function everythingSaid(t, secret) {
  /** @type {string[]} */
  const said = [];
  const look = async (/** @type {Record<string, string>} */ headers) => {
    for (const path of [DOCUMENT, SESSION]) {
      const response = await t.fetch(path, { headers });
      said.push(JSON.stringify([...response.headers]), await response.text());
    }
    said.push(await t.api.getSession(headers).then(JSON.stringify, (error) => `${error.stack}`));
  };
  t.origin.on(READ, { body: '{"id":1}' });
  await look(bearer(secret));
  await look(cookie(secret));
  await look({ ...bearer(secret), ...cookie(secret) });
  for (const behaviour of [{ status: 401 }, { status: 500 }, { body: 'no JSON' }]) {
    t.origin.on(READ, behaviour);
    await look(bearer(`${secret}-${said.length}`));
  }
  await look(cookie(`${secret}${'x'.repeat(20_000)}`));
  return said;
}

export const identity = [
  rule('R1', 'a session cookie is a credential, and so is a bearer token', async (t) => {
    for (const make of [bearer, cookie]) {
      const name = t.user();
      for (let check = 0; check < 3; check += 1) {
        assert.deepEqual(await t.ask(make(name)), [200, documentOf(name)]);
      }
    }
    assert.equal(t.origin.count(), 2);
  }),

  rule(
    'R1',
    'a request without a credential is answered by the origin each time, and nothing is kept',
    async (t) => {
      t.origin.on(READ, { body: '{"id":"guest"}' });
      for (let time = 1; time <= 3; time += 1) {
        assert.deepEqual(await t.ask({}), [200, '{"id":"guest"}']);
        assert.equal(t.origin.count(), time);
      }
      t.origin.on(READ, { status: 401, body: '{"error":"nobody"}' });
      assert.deepEqual(await t.ask({}), [401, '{"error":"nobody"}']);
    },
  ),

  rule(
    'R1',
    'the session of an unauthenticated client is null, without an origin call',
    async (t) => {
      await t.ask(cookie(t.user()));
      assert.equal(await t.session({}), null);
      assert.equal(t.origin.calls().length, 1);
    },
  ),

  rule(
    'R1',
    'cookies other than the session’s are not a credential',
    async (t) => {
      t.origin.on(READ, { body: '{"id":"guest"}' });
      for (const headers of [{ cookie: 'theme=dark' }, { cookie: 'session=' }]) {
        const before = t.origin.count();
        for (let time = 1; time <= 2; time += 1) {
          assert.deepEqual(await t.ask(headers), [200, '{"id":"guest"}']);
          assert.equal(await t.session(headers), null);
          assert.equal(t.origin.count(), before + time);
        }
      }
    },
    { needs: ['cookies'] },
  ),

  ...AMBIGUITIES.map(({ of, needs, ambiguous }) =>
    rule(
      'R1',
      `a request with an ambiguous credential (${of}) goes to the origin untouched each time, and nothing is kept`,
      async (t) => {
        const [one, other] = [t.user(), t.user()];
        t.origin.on(READ, { body: '{"id":"whoever"}' });
        for (const headers of ambiguous(one, other)) {
          for (let time = 1; time <= 2; time += 1) {
            const before = t.origin.count();
            const what = `${JSON.stringify(headers)}, time ${time}`;
            const answer = await t.ask(headers, DOCUMENT, 'origin');
            assert.deepEqual(answer, [200, '{"id":"whoever"}'], what);
            assert.equal(t.origin.count(), before + 1, what);
            const sent = t.origin.calls(READ).at(-1)?.headers;
            assert.equal(sent?.cookie, headers.cookie);
            assert.equal(sent?.authorization?.trim(), headers.authorization?.trim());
          }
        }
        const before = t.origin.count();
        for (const headers of [cookie(one), bearer(one)]) await t.ask(headers, DOCUMENT, 'origin');
        assert.equal(t.origin.count(), before + 2);
      },
      { needs },
    ),
  ),

  ...AMBIGUITIES.map(({ of, needs, ambiguous }) =>
    rule(
      'R1',
      `a request with an ambiguous credential (${of}) is not answered from what is held, and changes nothing`,
      async (t) => {
        const [one, other] = [t.user(), t.user()];
        const [held, more] = [cookie(one), bearer(one)];
        for (const headers of [cookie(other), held, more, bearer(other)]) await t.ask(headers);
        t.origin.on(READ, { status: 401, body: 'no' });
        for (const headers of ambiguous(one, other)) {
          assert.deepEqual(await t.ask(headers), [401, 'no'], JSON.stringify(headers));
        }
        for (const headers of [held, more]) {
          assert.deepEqual(await t.ask(headers), [200, documentOf(one)]);
        }
      },
      { needs },
    ),
  ),

  rule(
    'R1',
    'the same session cookie twice is one credential',
    async (t) => {
      const name = t.user();
      await t.ask(cookie(name));
      assert.deepEqual(await t.ask({ cookie: `session=${name}; a=b; session=${name}` }), [
        200,
        documentOf(name),
      ]);
      assert.equal(t.origin.count(), 1);
    },
    { needs: ['cookies'] },
  ),

  rule(
    'R1',
    'getSession() is null without a credential and the user with one',
    async (t) => {
      const name = t.user();
      assert.equal(await t.api.getSession({}), null);
      assert.equal(t.origin.calls().length, 0);
      assert.equal((await t.api.getSession(cookie(name)))?.user.name, name);
      assert.equal((await t.api.getSession(cookie(name)))?.user.name, name);
      assert.equal(t.origin.count(), 1);
    },
    { needs: ['api', 'cookies'] },
  ),

  rule(
    'R2',
    'no answer and no error names a credential',
    async (t) => {
      const secret = `s3cr3t${t.user()}`;
      for (const text of await everythingSaid(t, secret)) {
        assert.ok(!text.includes(secret), text.slice(0, 300));
      }
    },
    { needs: ['api'] },
  ),

  rule(
    'R2',
    'no counter and no line of the log names a credential',
    async (t) => {
      const secret = `s3cr3t${t.user()}`;
      await everythingSaid(t, secret);
      for (const seen of [await t.statistics(), await t.logs()]) {
        assert.ok(!JSON.stringify(seen).includes(secret));
      }
    },
    { needs: ['api', 'statistics', 'logs'] },
  ),

  rule(
    'R2',
    'no answer, counter or log line names the tokens of a managed session',
    async (t) => {
      const idp = signUsersIn(t);
      const { response, cookie: made, headers } = await idp.login(t.user());
      const seen = [JSON.stringify([...response.headers])];
      const checked = await t.fetch(DOCUMENT, { headers });
      seen.push(JSON.stringify([...checked.headers]), await checked.text());
      seen.push(JSON.stringify(await t.session(headers)));
      seen.push(JSON.stringify(await t.statistics()), JSON.stringify(await t.logs()));
      for (const text of seen) {
        for (const secret of idp.secrets) assert.ok(!text.includes(secret));
        if (text !== seen[0]) assert.ok(!text.includes(made.value));
      }
    },
    { options: { managed: MANAGED }, needs: ['managed', 'statistics', 'logs'] },
  ),

  rule('R3', 'credentials that differ in one character have different documents', async (t) => {
    const base = `Aa0-._~+/${t.user()}`;
    const names = [
      base,
      `${base}=`,
      `${base}==`,
      base.toLowerCase(),
      base.toUpperCase(),
      base.slice(1),
    ];
    for (let at = 0; at < base.length; at += 1) {
      names.push(
        `${base.slice(0, at)}z${base.slice(at + 1)}`,
        base.slice(0, at) + base.slice(at + 1),
      );
    }
    const distinct = [...new Set(names)];
    t.origin.on(READ, ({ headers }) => ({ body: JSON.stringify({ id: headers.authorization }) }));
    for (let round = 0; round < 2; round += 1) {
      for (const name of distinct) {
        assert.deepEqual(JSON.parse((await t.ask(bearer(name)))[1]), { id: `Bearer ${name}` });
      }
    }
    assert.equal(t.origin.count(), distinct.length);
  }),

  rule('R3', 'the same value as a cookie and as a token are two credentials', async (t) => {
    const name = t.user();
    t.origin.on(READ, ({ headers }) => ({ body: headers.cookie ? '{"id":"c"}' : '{"id":"b"}' }));
    for (let round = 0; round < 2; round += 1) {
      assert.equal((await t.ask(cookie(name)))[1], '{"id":"c"}');
      assert.equal((await t.ask(bearer(name)))[1], '{"id":"b"}');
    }
    assert.equal(t.origin.count(), 2);
  }),

  rule(
    'R3',
    'one credential has one document, whatever other cookies and headers come with it',
    async (t) => {
      const name = t.user();
      await t.ask(cookie(name));
      for (const headers of [
        { cookie: `theme=dark; session=${name}` },
        { cookie: `session=${name}; theme=light` },
        { cookie: `session=${name}`, 'user-agent': 'another', 'accept-language': 'ar' },
        { cookie: `sessions=x; session=${name}; xsession=y` },
      ]) {
        assert.deepEqual(await t.ask(headers), [200, documentOf(name)]);
      }
      await t.ask(bearer(name));
      await t.ask({ authorization: `bearer ${name}` });
      await t.ask({ authorization: `BEARER   ${name}` });
      assert.equal(t.origin.count(), 2);
    },
  ),

  rule('R3', 'a hundred users at once never see each other’s documents', async (t) => {
    const names = Array.from({ length: 100 }, () => t.user());
    for (let round = 0; round < 2; round += 1) {
      const answers = await Promise.all(names.map((name) => t.ask(bearer(name))));
      assert.deepEqual(
        answers,
        names.map((name) => [200, documentOf(name)]),
      );
    }
    assert.equal(t.origin.count(), names.length);
  }),

  rule('R4', 'two origins never see each other’s entries', async (t) => {
    const other = await t.another();
    const credential = bearer(t.user());
    t.origin.on(READ, { body: '{"id":1,"at":"one"}' });
    other.origin.on(READ, { body: '{"id":1,"at":"other"}' });
    for (let round = 0; round < 2; round += 1) {
      assert.equal((await t.ask(credential))[1], '{"id":1,"at":"one"}');
      assert.equal((await other.ask(credential))[1], '{"id":1,"at":"other"}');
    }
    assert.deepEqual([t.origin.count(), other.origin.count()], [1, 1]);
  }),

  rule(
    'R4',
    'revoking a user in front of one origin does nothing in front of another',
    async (t) => {
      const other = await t.another();
      const credential = bearer(t.user());
      t.origin.on(READ, { body: '{"id":1}' });
      other.origin.on(READ, { body: '{"id":1}' });
      for (const cache of [t, other]) await cache.ask(credential);
      await t.api.revokeUser(1);
      assert.equal((await t.ask(credential))[0], 401);
      assert.deepEqual(await other.ask(credential), [200, '{"id":1}']);
      assert.equal(other.origin.count(), 1);
    },
    { needs: ['api', 'revoke'] },
  ),
];
