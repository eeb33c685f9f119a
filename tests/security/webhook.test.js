// The webhook, from outside: who does not know the secret ends nothing, however he writes a message (R23).
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { documentOf } from '../support/origin.js';
import { ask, createPrograms, startHosts, statusOf } from '../support/programs.js';

const SECRET = 'webhook-secret-webhook-secret-32-chars';
const PATH = '/api/auth/revoke';
const DOCUMENT = '/api/v1/users/me';
const programs = createPrograms();
/** @type {Awaited<ReturnType<typeof startHosts>>} */
let hosts;

before(async () => {
  hosts = await startHosts(programs, { webhookSecret: SECRET });
});
after(() => programs.stop());

const seconds = () => Math.floor(Date.now() / 1000);
const messageFor = (/** @type {string} */ user) => JSON.stringify({ action: 'revoke', user });
/** @param {number} t @param {string} body @param {{ secret?: string, algorithm?: string }} [how] */
const sign = (t, body, { secret = SECRET, algorithm = 'sha256' } = {}) =>
  createHmac(algorithm, secret).update(`${t}.${body}`).digest('hex');

test('R23: a message that is not signed, or not just so, ends nothing', async () => {
  for (const { name, port, origin } of hosts) {
    const cookie = 'session=ada';
    assert.ok((await ask(port, 'GET', DOCUMENT, { cookie })).includes(documentOf('ada')));
    const body = messageFor('id-ada');
    const t = seconds();
    const mac = sign(t, body);
    /** @type {Record<string, string | null>} */
    const forged = {
      'no signature': null,
      empty: '',
      'another version': `t=${t},v0=${mac}`,
      'two of them': `t=${t},v1=${'0'.repeat(64)},v1=${mac}`,
      'in capitals': `t=${t},v1=${mac.toUpperCase()}`,
      'a leading zero': `t=0${t},v1=${mac}`,
      'with spaces': `t=${t}, v1=${mac}`,
      'another time': `t=${t + 1},v1=${mac}`,
      old: `t=${t - 360},v1=${sign(t - 360, body)}`,
      early: `t=${t + 360},v1=${sign(t + 360, body)}`,
      'SHA-512, cut': `t=${t},v1=${sign(t, body, { algorithm: 'sha512' }).slice(0, 64)}`,
      'SHA-1, filled up': `t=${t},v1=${sign(t, body, { algorithm: 'sha1' }).padEnd(64, '0')}`,
      'no secret': `t=${t},v1=${sign(t, body, { secret: '' })}`,
      'of another body': `t=${t},v1=${sign(t, messageFor('id-mia'))}`,
    };
    for (const [what, signature] of Object.entries(forged)) {
      const headers = signature === null ? undefined : { 'sesame-signature': signature };
      const status = statusOf(await ask(port, 'POST', PATH, headers, body));
      assert.equal(status, 401, `${name}: ${what}`);
    }
    assert.equal(statusOf(await ask(port, 'GET', DOCUMENT, { cookie })), 200);
    assert.equal(origin.count(), 1, name);
  }
});

test('R23: a message ends the sessions of its user once, and says so the second time', async () => {
  for (const { name, port } of hosts) {
    const cookie = 'session=mia';
    await ask(port, 'GET', DOCUMENT, { cookie });
    const [t, body] = [seconds(), messageFor('id-mia')];
    const headers = { 'sesame-signature': `t=${t},v1=${sign(t, body)}` };
    const statuses = [];
    for (const _ of [1, 2]) statuses.push(statusOf(await ask(port, 'POST', PATH, headers, body)));
    assert.deepEqual(statuses, [204, 409], name);
    assert.equal(statusOf(await ask(port, 'GET', DOCUMENT, { cookie })), 401, name);
  }
});

test('R44: a message over its limit is refused', async () => {
  for (const { name, port } of hosts) {
    const body = JSON.stringify({ action: 'revoke', user: 'id-ada', pad: 'x'.repeat(20_000) });
    const t = seconds();
    const headers = { 'sesame-signature': `t=${t},v1=${sign(t, body)}` };
    assert.equal(statusOf(await ask(port, 'POST', PATH, headers, body)), 413, name);
  }
});
