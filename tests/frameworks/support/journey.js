// What every framework's server is asked, the same way: the application of its page is in front of an origin that counts.
// It must not know a framework: a test says which page, and how its application is built and started.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { cookie } from '../../support/http-case.js';
import { documentOf, READ } from '../../support/origin.js';
import { startPageApplication } from './page-application.js';

/**
 * @param {object} framework
 * @param {string} framework.name of its page
 * @param {string[][]} framework.builds commands, as words for Node
 * @param {string[]} framework.start the server, as words for Node
 * @param {import('../../support/client.js').ClientInit} [framework.signOut] how `/sign-out` is sent
 */
export function testJourney({ name, builds, start, signOut = { method: 'POST' } }) {
  describe(name, () => {
    /** @type {Awaited<ReturnType<typeof startPageApplication>>} */
    let application;
    before(async () => {
      application = await startPageApplication(name, builds, start);
    });
    after(() => application?.close());

    /** @param {string} user @param {import('../../support/client.js').ClientInit} [init] */
    const as = (user, init = {}) => ({ ...init, headers: { ...init.headers, ...cookie(user) } });

    test('R5: sign in, then ten page loads with several loaders each cost one call of the origin', async () => {
      const { origin, send, url } = application;
      origin.on('POST /api/login', { status: 204, headers: { 'set-cookie': 'session=ada' } });
      const login = await send('/api/login', {
        ...{ method: 'POST', body: '{}' },
        headers: { origin: url, 'content-type': 'application/json' },
      });
      assert.deepEqual([login.status, login.answer.headers.getSetCookie()], [204, ['session=ada']]);
      for (let round = 0; round < 10; round += 1) {
        const { answer, status, text } = await send('/', as('ada'));
        assert.equal(status, 200, `${text}\n${application.said()}`);
        assert.match(text, /Hello (<!-- -->|<!---->)?ada/);
        assert.match(text, /(id-ada)/); // another loader's
        assert.match(answer.headers.get('vary') ?? '', /cookie/i);
      }
      assert.equal(origin.count(), 1);
      const own = await send('/api/v1/users/me', as('ada'));
      assert.deepEqual([own.status, own.text, origin.count()], [200, documentOf('ada'), 1]);
      assert.doesNotMatch((await send('/')).text, /ada/);
    });

    test('R8: a sign-out of the application counts at once, and the ended cookie is refused', async () => {
      const { origin, send, url } = application;
      assert.match((await send('/', as('omar'))).text, /omar/);
      assert.match((await send('/', as('eva'))).text, /eva/);
      const before = origin.count();
      const form = { origin: url, 'content-type': 'application/x-www-form-urlencoded' };
      const left = await send('/sign-out', as('omar', { ...signOut, headers: form, body: 'a=1' }));
      assert.ok([200, 204, 302, 303].includes(left.status), `${left.status} ${left.text}`);
      assert.doesNotMatch((await send('/', as('omar'))).text, /omar/);
      assert.equal((await send('/api/auth/session', as('omar'))).status, 401);
      assert.match((await send('/', as('eva'))).text, /eva/);
      assert.equal(origin.count(), before);
    });

    test('R13: an origin that is down is an error and not a sign-out', async () => {
      const { origin, send } = application;
      assert.match((await send('/', as('ada'))).text, /ada/);
      origin.on(READ, { status: 500 });
      const { answer, status } = await send('/', as('noor'));
      assert.equal(status, 503);
      assert.ok(Number(answer.headers.get('retry-after')) >= 1);
      assert.match((await send('/', as('ada'))).text, /ada/);
    });
  });
}
