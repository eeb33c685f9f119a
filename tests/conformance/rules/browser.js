// On a device: tabs, a worker that the browser stops at any time, a disk, and times without a network (R60-R64, and
// what R13, R24 and R25 mean there).
import assert from 'node:assert/strict';
import { DOCUMENT, READ, SESSION } from '../../support/origin.js';
import { createGate } from '../../support/wait.js';
import { bearer, cookie, HOUR, MARGIN, MINUTE } from '../context.js';
import { rule } from '../suite.js';

const LOGIN = '/api/v1/auth/login';
const LOGINS = `POST ${LOGIN}`;
const LOGOUTS = 'POST /api/v1/auth/logout';
const UPDATES = `PATCH ${DOCUMENT}`;

/** @type {import('../suite.js').Needs} */
const inBrowser = { needs: ['browser'] };

/** @typedef {import('../targets/target.js').Tab} Tab */

/** A name that is not the beginning of another. @param {import('../context.js').Cache} t */
const person = (t) => `${t.user()}.`;

/**
 * An origin with sessions in cookies, as a site has that knows of no cache.
 * @param {import('../context.js').Cache} t
 */
function signUsersIn(t) {
  /** The session's cookie, and whose it is. @type {Map<string, string>} */
  const sessions = new Map();
  /** @type {Map<string, string>} */
  const plans = new Map();
  const session = (/** @type {import('../../support/origin.js').Call} */ { headers }) =>
    /(?:^|; )session=([^;]+)/.exec(headers.cookie ?? '')?.[1] ?? '';
  const documentOf = (/** @type {string} */ name) =>
    JSON.stringify({
      id: `id-of-${name}`,
      name: `name-of-${name}`,
      plan: plans.get(name) ?? `free-of-${name}`,
    });
  /** @param {import('../../support/origin.js').Call} call */
  const answer = (call) => {
    const name = sessions.get(session(call));
    return name === undefined ? { status: 401 } : { body: documentOf(name) };
  };
  t.origin.on(READ, answer);
  t.origin.on(LOGINS, ({ url }) => {
    const name = new URL(url, 'http://site').searchParams.get('name') ?? '';
    const id = `secret-${sessions.size}-of-${name}`;
    sessions.set(id, name);
    return { body: '{}', headers: { 'set-cookie': `session=${id}; Path=/; HttpOnly` } };
  });
  t.origin.on(LOGOUTS, (call) => {
    sessions.delete(session(call));
    return { status: 204, headers: { 'set-cookie': 'session=; Path=/; Max-Age=0' } };
  });
  t.origin.on(UPDATES, (call) => {
    const name = sessions.get(session(call)) ?? '';
    plans.set(name, `paid-of-${name}`);
    return answer(call);
  });
  return {
    documentOf,
    userOf: (/** @type {string} */ name) => JSON.parse(documentOf(name)),
    answer,
    /** Everything that is only this user's. @param {string} name */
    tracesOf: (name) => [`id-of-${name}`, `name-of-${name}`, `free-of-${name}`, `-of-${name}`],

    /** @param {Tab} tab @param {string} name */
    async login(tab, name) {
      const response = await tab.fetch(`${LOGIN}?name=${name}`, { method: 'POST', body: '' });
      assert.equal(response.status, 200);
    },
    /** The same, and the session has been seen. @param {Tab} tab @param {string} name */
    async signIn(tab, name) {
      await this.login(tab, name);
      assert.deepEqual((await tab.getSession())?.user, this.userOf(name));
    },
  };
}

/** @param {Tab} tab @param {string} [path] @returns {Promise<[number, string]>} */
async function ask(tab, path = DOCUMENT) {
  const response = await tab.fetch(path);
  return [response.status, await response.text()];
}

/**
 * Nothing of what is only a user's is stored anywhere.
 * @param {import('../targets/target.js').Stored} stored
 * @param {string[]} traces
 */
function assertNothingOf({ text, files }, traces) {
  for (const trace of traces) {
    assert.ok(!text.includes(trace), `a script finds ${trace}`);
    for (const encoding of /** @type {const} */ (['utf8', 'utf16le'])) {
      const bytes = Buffer.from(trace, encoding);
      assert.ok(!files.some((file) => file.includes(bytes)), `${trace} is in a file`);
    }
  }
}

export const browser = [
  rule(
    'R60',
    'a new tab, reloads and a restarted worker cost no call while the document is fresh',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      const name = person(t);
      await idp.signIn(tab, name);
      const other = await t.browser.openTab();
      assert.deepEqual((await other.getSession())?.user, idp.userOf(name));
      for (let time = 0; time < 2; time += 1) {
        await other.reload();
        assert.deepEqual(await ask(other), [200, idp.documentOf(name)]);
        await t.browser.restart();
        assert.deepEqual(await ask(tab), [200, idp.documentOf(name)]);
        assert.equal((await tab.getSession())?.stale, false);
      }
      await t.advance(30 * MINUTE - MARGIN);
      await t.browser.restart();
      await tab.reload();
      assert.deepEqual((await tab.getSession())?.user, idp.userOf(name));
      assert.equal(t.origin.count(), 1);
    },
    inBrowser,
  ),

  rule(
    'R60',
    'a restart of the worker does not make a document younger: past freshFor one refresh, past keepFor one call',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      await idp.signIn(tab, person(t));
      const gate = createGate();
      t.origin.on(READ, (call) => ({ ...idp.answer(call), after: gate.opened }));
      await t.advance(30 * MINUTE + MARGIN);
      await t.browser.restart();
      assert.equal((await tab.getSession())?.stale, true);
      await t.soon(t.origin.called(READ, 2));
      gate.open();
      await t.until(async () => (await tab.getSession())?.stale === false);
      assert.equal(t.origin.count(), 2);
      await t.advance(60 * MINUTE + MARGIN);
      await t.browser.restart();
      assert.equal((await tab.getSession())?.stale, false);
      assert.equal(t.origin.count(), 3);
    },
    inBrowser,
  ),

  rule(
    'R60',
    'a new tab knows without an origin call that no user is signed in',
    async (t) => {
      signUsersIn(t);
      assert.equal(await t.browser.tab.getSession(), null);
      const other = await t.browser.openTab();
      assert.equal(await other.getSession(), null);
      assert.equal((await ask(other))[0], 401);
      assert.equal(t.origin.count(), 1);
    },
    inBrowser,
  ),

  rule(
    'R61',
    'a logout empties every tab, the worker and the disk before it resolves',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      const name = person(t);
      await idp.signIn(tab, name);
      const others = [await t.browser.openTab(), await t.browser.openTab()];
      for (const other of others) await other.getSession();
      t.origin.on(READ, { fault: 'hang' }); // whoever asks it now is not answered from the origin
      await tab.logout();
      for (const other of others) assert.equal((await other.heard()).at(-1), null);
      assertNothingOf(await t.browser.stored(), idp.tracesOf(name));
      t.origin.on(READ, idp.answer);
      for (const each of [tab, ...others]) {
        assert.equal(await each.getSession(), null);
        assert.equal((await ask(each))[0], 401);
      }
      await t.browser.restart();
      assert.equal((await ask(tab))[0], 401);
    },
    inBrowser,
  ),

  rule(
    'R61',
    'user B never sees a byte of user A’s, by any path, in any tab, offline included',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      const [one, other] = [person(t), person(t)];
      await idp.signIn(tab, one);
      const second = await t.browser.openTab();
      await second.getSession();
      await t.browser.restart();
      await tab.logout();
      await idp.signIn(tab, other);
      assertNothingOf(await t.browser.stored(), idp.tracesOf(one));
      await t.browser.restart();
      await t.browser.goOffline();
      for (const wait of [0, 30 * MINUTE + MARGIN, 31 * MINUTE]) {
        await t.advance(wait);
        for (const each of [tab, second]) {
          assert.deepEqual((await each.getSession())?.user, idp.userOf(other));
          for (const path of [DOCUMENT, SESSION]) {
            const [status, body] = await ask(each, path);
            assert.equal(status, 200);
            assert.ok(!idp.tracesOf(one).some((trace) => body.includes(trace)), body);
          }
        }
      }
      const heard = JSON.stringify((await second.heard()).slice(-1));
      assert.ok(heard.includes(`id-of-${other}`), heard);
    },
    inBrowser,
  ),

  rule(
    'R61',
    'a login without a logout before it changes the user in every tab, the worker and the disk',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      const [one, other] = [person(t), person(t)];
      await idp.signIn(tab, one);
      const second = await t.browser.openTab();
      await second.getSession();
      await idp.login(tab, other);
      await t.until(async () => (await second.heard()).at(-1)?.user.id === `id-of-${other}`);
      assert.deepEqual(await ask(second), [200, idp.documentOf(other)]);
      assertNothingOf(await t.browser.stored(), idp.tracesOf(one));
    },
    inBrowser,
  ),

  rule(
    'R61',
    'a login that does not pass the worker changes the user everywhere once a page asks',
    async (t) => {
      const [one, other] = [person(t), person(t)];
      const second = await t.browser.openTab();
      assert.match((await t.ask(cookie(one)))[1], new RegExp(`"id-${one}"`));
      await second.getSession();
      assert.match((await t.ask(cookie(other)))[1], new RegExp(`"id-${other}"`));
      await t.until(async () => (await second.heard()).at(-1)?.user.name === other);
      assertNothingOf(await t.browser.stored(), [`id-${one}`]);
      await t.browser.restart();
      await t.browser.goOffline();
      assert.equal((await second.getSession())?.user.name, other);
    },
    inBrowser,
  ),

  rule(
    'R61',
    'an answer that was under way at the logout is neither served nor stored',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      const name = person(t);
      await idp.signIn(tab, name);
      const second = await t.browser.openTab();
      await t.advance(60 * MINUTE + MARGIN); // nothing is held any longer
      const calls = t.origin.count();
      const gate = createGate();
      const late = { body: idp.documentOf(name), after: gate.opened };
      t.origin.on(READ, late, { status: 401 });
      const asked = Promise.all([ask(second), ask(tab, SESSION), second.getSession()]);
      asked.catch(() => {});
      await t.soon(t.origin.called(READ, calls + 1));
      await tab.logout();
      gate.open();
      const [[status], [, text], session] = await t.soon(asked);
      assert.deepEqual([status, text, session], [401, 'null', null]);
      assert.equal((await ask(second))[0], 401);
      assertNothingOf(await t.browser.stored(), idp.tracesOf(name));
    },
    inBrowser,
  ),

  rule(
    'R61',
    'while the origin has not answered a logout the document that was held is not served',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      await idp.signIn(tab, person(t));
      const second = await t.browser.openTab();
      const gate = createGate();
      t.origin.on(LOGOUTS, { status: 204, after: gate.opened });
      t.origin.on(READ, { status: 401 });
      const ended = tab.logout();
      ended.catch(() => {});
      await t.soon(t.origin.called(LOGOUTS));
      assert.equal((await ask(second))[0], 401);
      assert.equal(await second.getSession(), null);
      gate.open();
      await t.soon(ended);
    },
    inBrowser,
  ),

  rule(
    'R25',
    'on a device a logout holds while the origin is down, over restarts, and reaches it later',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      const name = person(t);
      await idp.signIn(tab, name);
      await t.browser.goOffline();
      await tab.logout();
      assert.equal(await tab.getSession(), null);
      assertNothingOf(await t.browser.stored(), idp.tracesOf(name));
      await t.browser.restart();
      assert.equal(await tab.getSession(), null);
      assert.equal((await ask(tab))[0], 401);
      assert.equal(t.origin.count(LOGOUTS), 0);
      await t.browser.goOnline();
      await t.advance(MINUTE);
      assert.equal(await tab.getSession(), null);
      await t.soon(t.origin.called(LOGOUTS));
      await t.idle();
      assert.equal(await tab.getSession(), null);
      assert.equal(t.origin.count(LOGOUTS), 1);
      await idp.signIn(tab, person(t));
    },
    inBrowser,
  ),

  rule(
    'R25',
    'on a device a logout that the origin refuses leaves the session as it was',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      const name = person(t);
      await idp.signIn(tab, name);
      t.origin.on(LOGOUTS, { status: 403 });
      await assert.rejects(tab.logout());
      assert.deepEqual((await tab.getSession())?.user, idp.userOf(name));
    },
    inBrowser,
  ),

  rule(
    'R62',
    'an update in one tab is seen by every tab without a request, and outlives a restart',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      const name = person(t);
      await idp.signIn(tab, name);
      const others = [await t.browser.openTab(), await t.browser.openTab()];
      for (const other of others) await other.getSession();
      await tab.updateUser({ plan: 'paid' });
      for (const other of others) {
        await t.until(async () => (await other.heard()).at(-1)?.user.plan === `paid-of-${name}`);
        assert.deepEqual(await ask(other), [200, idp.documentOf(name)]);
      }
      await t.browser.restart();
      assert.deepEqual(await ask(tab), [200, idp.documentOf(name)]);
      assert.deepEqual([t.origin.count(), t.origin.count(UPDATES)], [1, 1]);
    },
    inBrowser,
  ),

  rule(
    'R62',
    'an update that a page makes by a plain request is seen by every tab',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      const name = person(t);
      await idp.signIn(tab, name);
      const other = await t.browser.openTab();
      await other.getSession();
      const headers = { 'content-type': 'application/json' };
      const response = await tab.fetch(DOCUMENT, { method: 'PATCH', headers, body: '{}' });
      assert.equal(await response.text(), idp.documentOf(name));
      await t.until(async () => (await other.heard()).at(-1)?.user.plan === `paid-of-${name}`);
      assert.equal(t.origin.count(), 1);
    },
    inBrowser,
  ),

  rule(
    'R62',
    'what a refresh behind a stale answer brings is seen by every tab',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      const name = person(t);
      await idp.signIn(tab, name);
      const other = await t.browser.openTab();
      await other.getSession();
      const changed = { ...idp.userOf(name), plan: 'changed elsewhere' };
      t.origin.on(READ, { body: JSON.stringify(changed) });
      await t.advance(30 * MINUTE + MARGIN);
      await ask(tab);
      await t.until(async () => (await other.heard()).at(-1)?.user.plan === changed.plan);
      assert.equal(t.origin.count(), 2);
    },
    inBrowser,
  ),

  rule(
    'R63',
    'offline, a kept document is served and marked stale, from a restarted worker too',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      const name = person(t);
      await idp.signIn(tab, name);
      await t.browser.goOffline();
      await t.browser.restart();
      assert.deepEqual((await tab.getSession())?.user, idp.userOf(name));
      for (const wait of [30 * MINUTE + MARGIN, 10 * HOUR]) {
        await t.advance(wait);
        await t.browser.restart();
        const held = await tab.getSession();
        assert.deepEqual([held?.user, held?.stale], [idp.userOf(name), true]);
        assert.deepEqual(await ask(tab), [200, idp.documentOf(name)]);
      }
      assert.equal(t.origin.count(), 1);
      await t.browser.goOnline();
      await t.advance(10 * MINUTE);
      await t.until(async () => (await tab.getSession())?.stale === false);
      assert.equal(t.origin.count(), 2);
    },
    { ...inBrowser, options: { staleIfError: '24h' } },
  ),

  rule(
    'R63',
    'offline no user is signed out: a document no longer kept is an error, and is served again once online',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      const name = person(t);
      await idp.signIn(tab, name);
      const other = await t.browser.openTab();
      await other.getSession();
      await t.browser.goOffline();
      await t.advance(60 * MINUTE + 24 * HOUR + MARGIN);
      await t.browser.restart();
      await assert.rejects(tab.getSession());
      const [status] = await ask(tab);
      assert.equal(status, 503);
      assert.ok(!(await other.heard()).includes(null));
      await t.browser.goOnline();
      await t.advance(MINUTE);
      assert.deepEqual((await tab.getSession())?.user, idp.userOf(name));
    },
    { ...inBrowser, options: { staleIfError: '24h' } },
  ),

  rule(
    'R64',
    'what is on disk is encrypted with a key that cannot be exported',
    async (t) => {
      const idp = signUsersIn(t);
      const { tab } = t.browser;
      const name = person(t);
      await idp.signIn(tab, name);
      assertNothingOf(await t.browser.stored(), idp.tracesOf(name));
      const token = `secret-token-of-${name}`;
      const byToken = { body: `{"id":"id-of-token-of-${name}"}` };
      t.origin.on(READ, (call) => (call.headers.authorization ? byToken : idp.answer(call)));
      assert.equal((await t.ask(bearer(token)))[1], byToken.body);
      const stored = await t.browser.stored();
      assertNothingOf(stored, [...idp.tracesOf(name), token, `id-of-token-of-${name}`]);
      assert.ok(stored.keys.length > 0, 'no key is stored');
      for (const key of stored.keys) assert.deepEqual(key, { extractable: false, exported: false });
      await t.browser.restart();
      assert.deepEqual(await ask(tab), [200, idp.documentOf(name)]);
      assert.equal(t.origin.count(), 2); // so it was there
    },
    inBrowser,
  ),

  rule(
    'R24',
    'on a device one exchange of tokens serves every tab that asks for one',
    async (t) => {
      const { tab } = t.browser;
      const tabs = [tab, await t.browser.openTab()];
      const gate = createGate();
      t.origin.on('POST /api/auth/refresh', { body: '{"expiresAt":null}', after: gate.opened });
      const asked = [...tabs, ...tabs].map((each) => each.refresh());
      await t.soon(t.origin.called('POST /api/auth/refresh'));
      for (const each of [...tabs, ...tabs]) await ask(each, '/turn'); // all have begun
      gate.open();
      const answers = await t.soon(Promise.all(asked));
      assert.equal(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1);
      assert.equal(t.origin.count('POST /api/auth/refresh'), 1);
    },
    inBrowser,
  ),
];
