// What the node answers, and when it asks the origin (R5-R8, R11). To the millisecond: exact-times.js.
import assert from 'node:assert/strict';
import { DOCUMENT, documentOf, READ } from '../../support/origin.js';
import { createGate } from '../../support/wait.js';
import { bearer, cookie, DAY, HOUR, MARGIN, MINUTE } from '../context.js';
import { MANAGED, signUsersIn } from '../identity.js';
import { ODD_DOCUMENTS } from '../odd-documents.js';
import { hostRule, rule } from '../suite.js';

/** @param {number} version */
const versionOf = (version) => JSON.stringify({ id: 'a', version });

export const reading = [
  rule(
    'R5',
    '17 checks cost one call, on every path and with every method that reads',
    async (t) => {
      const name = t.user();
      for (let check = 0; check < 15; check += 1) {
        assert.deepEqual(await t.ask(bearer(name)), [200, documentOf(name)]);
      }
      const head = await t.fetch(DOCUMENT, { method: 'HEAD', headers: bearer(name) });
      assert.equal(head.status, 200);
      assert.equal((await t.session(bearer(name))).user.name, name);
      assert.equal(t.origin.count(), 1);
      assert.equal(t.origin.calls().length, 1);
    },
  ),

  rule(
    'R5',
    'HTTP and the API share the documents that are held',
    async (t) => {
      const [one, other] = [t.user(), t.user()];
      await t.ask(bearer(one));
      assert.equal((await t.api.getSession(bearer(one)))?.user.name, one);
      await t.api.getSession(cookie(other));
      assert.deepEqual(await t.ask(cookie(other)), [200, documentOf(other)]);
      assert.equal(t.origin.count(), 2);
    },
    { needs: ['api'] },
  ),

  rule(
    'R5',
    'a document is fresh for freshFor, 30 minutes, whether the origin is up or not',
    async (t) => {
      const name = t.user();
      await t.ask(bearer(name));
      await t.origin.stop();
      for (let step = 0; step < 5; step += 1) {
        await t.advance(6 * MINUTE - MARGIN);
        assert.deepEqual(await t.ask(bearer(name)), [200, documentOf(name)]);
      }
      assert.equal(t.origin.count(), 1);
    },
  ),

  rule(
    'R6',
    'past freshFor a document is answered at once, with exactly one refresh behind it',
    async (t) => {
      const gate = createGate();
      t.origin.on(READ, { body: versionOf(1) }, { body: versionOf(2), after: gate.opened });
      const credential = bearer(t.user());
      await t.ask(credential);
      await t.advance(30 * MINUTE + MARGIN);
      const asked = await Promise.all(Array.from({ length: 10 }, () => t.ask(credential)));
      assert.deepEqual(new Set(asked.map(([, body]) => body)), new Set([versionOf(1)]));
      await t.soon(t.origin.called(READ, 2));
      assert.deepEqual(await t.ask(credential), [200, versionOf(1)]);
      gate.open();
      await t.until(async () => (await t.ask(credential))[1] === versionOf(2));
      assert.equal(t.origin.count(), 2);
    },
  ),

  rule('R6', 'past keepFor, 60 minutes, a document is no longer served', async (t) => {
    t.origin.on(READ, { body: versionOf(1) }, { body: versionOf(2) });
    const credential = cookie(t.user());
    await t.ask(credential);
    await t.advance(60 * MINUTE + MARGIN);
    assert.deepEqual(await t.ask(credential), [200, versionOf(2)]);
    assert.equal(t.origin.count(), 2);
  }),

  rule(
    'R6',
    'the stale document of a managed session is answered while its tokens cannot be refreshed',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      const gate = createGate();
      t.origin.on(`POST ${MANAGED.refreshPath}`, { status: 503, after: gate.opened });
      await t.advance(30 * MINUTE + MARGIN);
      assert.deepEqual(await t.ask(headers), [200, idp.documentOf(name)]);
      gate.open();
    },
    { options: { managed: MANAGED }, needs: ['managed'] },
  ),

  rule(
    'R7',
    'a document is answered byte for byte as the origin sent it, by the first check and by later ones',
    async (t) => {
      for (const document of ODD_DOCUMENTS) {
        const credential = bearer(t.user());
        t.origin.on(READ, { body: document });
        for (let time = 0; time < 2; time += 1) {
          const response = await t.fetch(DOCUMENT, { headers: credential });
          const bytes = Buffer.from(await response.arrayBuffer());
          assert.ok(bytes.equals(Buffer.from(document)), bytes.toString());
        }
      }
      assert.equal(t.origin.count(), ODD_DOCUMENTS.length);
    },
  ),

  rule('R7', 'a check of a credential that is not held costs one call', async (t) => {
    const names = [t.user(), t.user(), t.user()];
    for (const name of names) assert.deepEqual(await t.ask(cookie(name)), [200, documentOf(name)]);
    assert.equal(t.origin.calls().length, 3);
  }),

  rule(
    'R8',
    'nothing extends a session past expiresIn',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { body: versionOf(1) });
      const { expiresAt } = await t.session(credential);
      assert.ok(Math.abs(Date.parse(expiresAt) - t.now() - 2 * HOUR) < MARGIN, expiresAt);
      for (let step = 0; step < 4; step += 1) {
        await t.advance(28 * MINUTE);
        assert.equal((await t.session(credential)).expiresAt, expiresAt);
        await t.idle();
      }
      t.origin.on(READ, { status: 401 });
      await t.advance(8 * MINUTE + MARGIN);
      assert.equal((await t.ask(credential))[0], 401);
    },
    { options: { expiresIn: '2h' } },
  ),

  rule(
    'R8',
    'refreshes behind stale answers, 304 included, do not extend a session past expiresIn',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, ({ headers }) =>
        headers['if-none-match'] === '"1"'
          ? { status: 304, headers: { etag: '"1"' } }
          : { body: versionOf(1), headers: { etag: '"1"' } },
      );
      const { expiresAt } = await t.session(credential);
      for (let step = 1; step <= 3; step += 1) {
        await t.advance(35 * MINUTE);
        assert.equal((await t.session(credential)).expiresAt, expiresAt);
        await t.soon(t.origin.called(READ, step + 1));
        await t.idle();
      }
      t.origin.on(READ, { status: 500 });
      await t.advance(Date.parse(expiresAt) - t.now() + MARGIN);
      assert.equal((await t.ask(credential))[0], 503);
    },
    { options: { expiresIn: '2h' } },
  ),

  rule(
    'R8',
    'a session unused for idleFor has ended, and one in use has not',
    async (t) => {
      const [used, unused] = [bearer(t.user()), bearer(t.user())];
      t.origin.on(READ, { body: versionOf(1) });
      for (const credential of [used, unused]) await t.ask(credential);
      t.origin.on(READ, { status: 401 });
      await t.advance(8 * MINUTE);
      assert.equal((await t.ask(used))[0], 200);
      await t.advance(8 * MINUTE);
      assert.equal((await t.ask(unused))[0], 401);
      assert.equal((await t.ask(used))[0], 200);
      assert.equal(t.origin.count(), 3);
    },
    { options: { idleFor: '10m' } },
  ),

  rule('R8', 'a bearer token that is a JWT is served until its exp', async (t) => {
    const encode = (/** @type {object} */ value) =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const exp = Math.floor((t.now() + 10 * MINUTE) / 1000);
    const jwt = `${encode({ alg: 'none' })}.${encode({ sub: t.user(), exp })}.c2ln`;
    t.origin.on(READ, { body: versionOf(1) }, { status: 401 });
    await t.ask(bearer(jwt));
    await t.advance(10 * MINUTE - MARGIN);
    assert.deepEqual(await t.ask(bearer(jwt)), [200, versionOf(1)]);
    await t.advance(2 * MARGIN);
    assert.equal((await t.ask(bearer(jwt)))[0], 401);
    assert.equal(t.origin.count(), 2);
  }),

  rule('R8', 'a bearer token that is a JWT past its exp is asked about each time', async (t) => {
    const encode = (/** @type {object} */ value) =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const jwt = `${encode({ alg: 'none' })}.${encode({ exp: 1_000_000_000, jti: t.user() })}.c2ln`;
    for (let time = 1; time <= 2; time += 1) {
      assert.equal((await t.ask(bearer(jwt), DOCUMENT, 'origin'))[0], 200);
      assert.equal(t.origin.count(), time);
    }
  }),

  rule(
    'R8',
    'a session that was revoked on this node is refused on it without an origin call',
    async (t) => {
      for (const credential of [bearer(t.user()), cookie(t.user())]) {
        await t.ask(credential);
        await t.api.revoke(credential);
        const before = t.origin.count();
        assert.equal((await t.ask(credential))[0], 401);
        assert.equal(await t.session(credential), null);
        assert.equal(await t.api.getSession(credential), null);
        await t.advance(20 * DAY);
        assert.equal((await t.ask(credential))[0], 401);
        assert.equal(t.origin.count(), before);
      }
    },
    { needs: ['api', 'revoke'] },
  ),

  rule(
    'R11',
    'getSession({ fresh: true }) asks the origin although a document is held, and replaces it',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { body: versionOf(1) }, { body: versionOf(2) });
      await t.ask(credential);
      assert.equal((await t.api.getSession(credential, { fresh: true }))?.user.version, 2);
      assert.deepEqual(await t.ask(credential), [200, versionOf(2)]);
      assert.equal(t.origin.count(), 2);
      assert.equal(t.origin.calls(READ)[1]?.headers['if-none-match'], undefined);
    },
    { needs: ['api'] },
  ),

  rule(
    'R11',
    'getSession({ fresh: true }) asks the origin although a "no" is remembered, and remembers a new one',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { status: 401 }, { body: versionOf(2) }, { status: 401 });
      assert.equal((await t.ask(credential))[0], 401);
      assert.equal((await t.api.getSession(credential, { fresh: true }))?.user.version, 2);
      assert.equal(await t.api.getSession(credential, { fresh: true }), null);
      assert.equal((await t.ask(credential))[0], 401);
    },
    { needs: ['api'] },
  ),

  rule(
    'R11',
    'getSession({ fresh: true }) takes no answer to a call that began before it',
    async (t) => {
      const credential = bearer(t.user());
      const gate = createGate();
      t.origin.on(READ, { body: versionOf(1), after: gate.opened }, { body: versionOf(2) });
      const early = t.ask(credential);
      await t.soon(t.origin.called(READ));
      const fresh = t.api.getSession(credential, { fresh: true });
      gate.open();
      assert.equal((await t.soon(fresh))?.user.version, 2);
      await early;
      assert.deepEqual(await t.ask(credential), [200, versionOf(2)]);
    },
    { needs: ['api'] },
  ),

  rule(
    'R11',
    'Sesame-Max-Age: 0 asks the origin on the document’s path and the session’s, and replaces what was held',
    async (t) => {
      const credential = bearer(t.user());
      const versions = [1, 2, 3].map((version) => ({ body: versionOf(version) }));
      t.origin.on(READ, ...versions, { status: 401 }, { body: versionOf(5) });
      await t.ask(credential);
      const fresh = { ...credential, 'sesame-max-age': '0' };
      assert.deepEqual(await t.ask(fresh, undefined, 'origin'), [200, versionOf(2)]);
      assert.deepEqual(await t.ask(credential, undefined, 'fresh'), [200, versionOf(2)]);
      assert.equal((await t.session(fresh)).user.version, 3);
      assert.equal((await t.session(credential)).user.version, 3);
      assert.equal(await t.session(fresh), null);
      assert.equal((await t.ask(credential))[0], 401);
      assert.equal(t.origin.count(), 4);
      // A remembered "no" is held as well.
      assert.deepEqual(await t.ask(fresh), [200, versionOf(5)]);
    },
  ),

  rule(
    'R11',
    'Sesame-Max-Age: N is answered with what is younger than N seconds, and asks the origin past that',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { body: versionOf(1) }, { body: versionOf(2) });
      await t.ask(credential);
      await t.advance(MINUTE);
      for (const maxAge of ['120', '3600', 'soon', '-1', '']) {
        const held = { ...credential, 'sesame-max-age': maxAge };
        assert.deepEqual(await t.ask(held), [200, versionOf(1)], maxAge);
      }
      assert.equal(t.origin.count(), 1);
      assert.deepEqual(await t.ask({ ...credential, 'sesame-max-age': '30' }), [200, versionOf(2)]);
      assert.deepEqual(await t.ask({ ...credential, 'sesame-max-age': '30' }), [200, versionOf(2)]);
      assert.equal(t.origin.count(), 2);
    },
  ),

  rule(
    'R11, R15',
    'what browsers send with a reload, or with their cache switched off, does not defeat the saving',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { body: versionOf(1) });
      await t.ask(credential);
      for (const control of ['no-cache', 'no-store', 'max-age=0']) {
        const headers = { ...credential, 'cache-control': control, pragma: 'no-cache' };
        assert.deepEqual(await t.ask(headers), [200, versionOf(1)], control);
        assert.equal((await t.session(headers)).user.version, 1);
        assert.equal((await t.fetch(DOCUMENT, { method: 'HEAD', headers })).status, 200);
      }
      assert.equal(t.origin.count(), 1);
    },
  ),

  rule(
    'R11',
    'with requestMaxAge a request bounds the age by Cache-Control: max-age as well',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { body: versionOf(1) }, { body: versionOf(2) });
      await t.ask(credential);
      await t.advance(MINUTE);
      const of = (/** @type {string} */ control) => ({ ...credential, 'cache-control': control });
      for (const control of ['no-cache', 'max-age=120', 'min-fresh=0', 'x-max-age=0']) {
        assert.deepEqual(await t.ask(of(control)), [200, versionOf(1)], control);
      }
      assert.deepEqual(await t.ask(of('no-transform, MAX-AGE=30')), [200, versionOf(2)]);
      assert.equal(t.origin.count(), 2);
    },
    { options: { requestMaxAge: true }, needs: ['wire'] },
  ),

  rule(
    'R9, R11, R53',
    'many fresh questions at once share calls, those of a credential that the origin does not know too',
    async (t) => {
      for (const status of [200, 401]) {
        const fresh = { ...bearer(t.user()), 'sesame-max-age': '0' };
        const gate = createGate();
        const before = t.origin.count();
        const { checks } = await t.statistics();
        t.origin.on(READ, { status, body: versionOf(1), after: gate.opened });
        const asked = Array.from({ length: 50 }, () => t.ask(fresh));
        await t.soon(t.origin.called(READ, before + 1));
        await t.until(async () => (await t.statistics()).checks >= checks + asked.length);
        gate.open();
        for (const [answered] of await t.soon(Promise.all(asked))) assert.equal(answered, status);
        // Those that came while the first call was under way share another.
        assert.ok(t.origin.count() - before <= 10, `${t.origin.count() - before} calls`);
      }
    },
    { needs: ['statistics'] },
  ),

  hostRule('R11, R41', 'Sesame-Max-Age is sent on to no origin', async (t) => {
    const fresh = { ...bearer(t.user()), 'sesame-max-age': '0' };
    t.origin.on('GET /other', { body: 'x' });
    await t.ask(fresh);
    await t.ask(fresh, '/other');
    for (const { headers } of t.origin.calls()) assert.equal(headers['sesame-max-age'], undefined);
    assert.equal(t.origin.calls().length, 2);
  }),

  hostRule(
    'R8, R11',
    'a fresh question brings no session back that has ended',
    async (t) => {
      const credential = bearer(t.user());
      t.origin.on(READ, { body: versionOf(1) });
      await t.ask(credential);
      await t.api.revoke(credential);
      assert.equal((await t.ask({ ...credential, 'sesame-max-age': '0' }))[0], 401);
      assert.equal(t.origin.count(), 1);
    },
    {},
    ['Node'],
  ),
];
