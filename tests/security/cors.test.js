// What another site's page is told, and what it can do to the visitor's own pages by asking (R12, R45).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { documentOf } from '../support/origin.js';
import { ask, createPrograms, startHosts, statusOf } from '../support/programs.js';

const DOCUMENT = '/api/v1/users/me';
const FRIEND = 'https://app.example';
const EVIL = 'https://evil.example';
const programs = createPrograms();
/** @type {Awaited<ReturnType<typeof startHosts>>} */
let hosts;

before(async () => {
  hosts = await startHosts(programs, {});
  for (const { origin } of hosts) {
    origin.on(`GET ${DOCUMENT}`, ({ headers }) => {
      const host = String(headers['x-forwarded-host'] ?? 'site.test');
      const site = String(headers.origin ?? '');
      // It lets pages of its own hosts read, as a back end does that is told its host by a proxy.
      const isOwn = site === FRIEND || new URL(site || 'http://none').hostname === host;
      if (site && !isOwn) return { status: 403, body: 'Invalid CORS request' };
      const who = /session=(\w+)/.exec(headers.cookie ?? '')?.[1];
      const allowed = site && {
        'access-control-allow-origin': site,
        'access-control-allow-credentials': 'true',
      };
      const type = { 'content-type': 'application/json', vary: 'Origin' };
      if (!who) return { status: 401, headers: { ...type, ...(allowed || {}) }, body: {} };
      return { headers: { ...type, ...(allowed || {}) }, body: documentOf(who) };
    });
  }
});
after(() => programs.stop());

const allowedBy = (/** @type {string} */ answer) =>
  /access-control-allow-origin: (\S+)/i.exec(answer)?.[1];

test('R12: a page of another site that the origin refuses signs the visitor out nowhere', async () => {
  for (const { name, port } of hosts) {
    const cookie = 'session=visitor';
    assert.equal(statusOf(await ask(port, 'GET', DOCUMENT, { cookie })), 200);
    const refused = await ask(port, 'GET', DOCUMENT, { cookie, origin: EVIL });
    assert.equal(allowedBy(refused), undefined, name);
    const own = await ask(port, 'GET', '/api/auth/session', { cookie });
    assert.match(own, /id-visitor/, `${name}: ${own}`);
  }
});

test('R45: nobody teaches a node by a made-up host that another site may read', async () => {
  for (const { name, port } of hosts) {
    const lie = { origin: EVIL, 'x-forwarded-host': 'evil.example', cookie: 'session=mallory' };
    await ask(port, 'GET', DOCUMENT, lie);
    await ask(port, 'GET', DOCUMENT, { cookie: 'session=victim' });
    const answer = await ask(port, 'GET', DOCUMENT, { cookie: 'session=victim', origin: EVIL });
    assert.equal(allowedBy(answer), undefined, `${name}: ${answer}`);
  }
});

test('R45: a page that the origin lets read is let, signed in or not, from the first request on', async () => {
  for (const { name, port } of hosts) {
    const nobody = await ask(port, 'GET', DOCUMENT, { origin: FRIEND });
    assert.deepEqual([statusOf(nobody), allowedBy(nobody)], [401, FRIEND], name);
    for (const _ of [1, 2]) {
      const answer = await ask(port, 'GET', DOCUMENT, { cookie: 'session=ada', origin: FRIEND });
      assert.deepEqual([statusOf(answer), allowedBy(answer)], [200, FRIEND], name);
    }
  }
});
