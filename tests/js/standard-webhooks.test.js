// The webhook, by Standard Webhooks: as the two libraries sign that have the format, and as nobody else may.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryStore, StoreUnavailableError } from 'sesame-edge/stores';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { MINUTE } from '../support/clock.js';
import { createCache } from '../support/fake-cache.js';
import { bearer } from '../support/http-case.js';

const SECRET = `whsec_${Buffer.from('twenty-four bytes or more').toString('base64')}`;
const URL_OF = 'https://site.test/api/auth/revoke';
const REVOKE = JSON.stringify({ action: 'revoke', user: 'id-ada' });

/** @typedef {{ id?: string, at?: Date, body?: string, prefix?: string, sign?: Pick<StandardWebhook, 'sign'> }} Given */

function start({ options = {}, secret = SECRET } = {}) {
  const { clock, origin, sessions } = createCache(undefined, { webhookSecret: secret, ...options });
  const ada = { headers: bearer('ada') };
  /** @param {Record<string, string>} headers @param {string} body */
  const post = async (headers, body = REVOKE) => {
    const response = await sessions.handle(new Request(URL_OF, { method: 'POST', headers, body }));
    return [response.status, (await response.json().catch(() => ({}))).error].filter(Boolean);
  };
  /** @param {Given} [given] */
  const signed = ({
    id = 'msg_1',
    at = new Date(clock.now()),
    body = REVOKE,
    prefix,
    sign,
  } = {}) => {
    const signature = (sign ?? new StandardWebhook(SECRET)).sign(id, at, body);
    return headersOf(id, at, signature, prefix);
  };
  const who = async () => (await sessions.getSession(ada))?.user.id ?? null;
  return { clock, origin, sessions, post, signed, who };
}

/** @param {string} id @param {Date} at @param {string} signature @param {string} [prefix] */
function headersOf(id, at, signature, prefix = 'webhook') {
  return {
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: `${Math.floor(at.getTime() / 1000)}`,
    [`${prefix}-signature`]: signature,
  };
}

describe('a message by Standard Webhooks', () => {
  test('R28: is good as standardwebhooks and svix sign it, with the headers of either', async () => {
    for (const sign of [new StandardWebhook(SECRET), new SvixWebhook(SECRET)]) {
      for (const prefix of ['webhook', 'svix']) {
        const { post, signed, who } = start();
        assert.equal(await who(), 'id-ada');
        assert.deepEqual(await post(signed({ sign, prefix })), [204]);
        assert.equal(await who(), null);
      }
    }
  });

  test('R28: says it in its data too, beside a type', async () => {
    const { post, signed, who } = start();
    await who();
    const data = { action: 'revoke', user: 'id-ada' };
    const body = JSON.stringify({ type: 'user.signed_out', timestamp: '2026-01-01', data });
    assert.deepEqual(await post(signed({ body }), body), [204]);
    assert.equal(await who(), null);
  });

  test('R28: one that comes again has been carried out: who has signed in since stays', async () => {
    const { post, signed, who, sessions, clock } = start();
    const body = JSON.stringify({ action: 'invalidate', user: 'id-ada' });
    assert.deepEqual(await post(signed({ body }), body), [204]);
    await who();
    const { originCalls } = sessions.statistics();
    clock.advance(MINUTE);
    assert.deepEqual(await post(signed({ body }), body), [204], 'signed anew, as senders do');
    await who();
    assert.equal(sessions.statistics().originCalls, originCalls);
    assert.deepEqual(await post(signed({ body, id: 'msg_2' }), body), [204]);
    await who();
    assert.equal(sessions.statistics().originCalls, originCalls + 1);
  });

  test('R28: is good while a secret is changed, when one of its signatures is', async () => {
    const { post, clock } = start();
    const at = new Date(clock.now());
    const other = new StandardWebhook(Buffer.from('another secret of yours').toString('base64'));
    const both = [other, new StandardWebhook(SECRET)].map((each) => each.sign('m', at, REVOKE));
    assert.deepEqual(await post(headersOf('m', at, `v1a,xyz ${both.join(' ')}`)), [204]);
  });

  test('R28: a secret without whsec_ is its bytes', async () => {
    const secret = 'a secret of thirty-two characters, or more';
    const { post, signed } = start({ secret });
    const sign = new StandardWebhook(new TextEncoder().encode(secret), { format: 'raw' });
    assert.deepEqual(await post(signed({ sign })), [204]);
  });

  test('R28: one that is not signed, or not just so, ends nothing', async () => {
    const { post, signed, who, clock } = start();
    await who();
    const at = new Date(clock.now());
    const late = new Date(clock.now() - 6 * MINUTE);
    const early = new Date(clock.now() + 6 * MINUTE);
    const good = signed();
    const other = new StandardWebhook(Buffer.from('x'.repeat(32)).toString('base64'));
    /** @type {Record<string, Record<string, string>>} */
    const bad = {
      'another secret': signed({ sign: other }),
      'another id': { ...good, 'webhook-id': 'msg_2' },
      'another time': { ...good, 'webhook-timestamp': `${Math.floor(clock.now() / 1000) + 1}` },
      'another body': signed({ body: '{}' }),
      old: signed({ at: late }),
      early: signed({ at: early }),
      'no id': { ...good, 'webhook-id': '' },
      'an id with a dot': signed({ id: 'a.b' }),
      'no time': { ...good, 'webhook-timestamp': '' },
      'a time that is no number': { ...good, 'webhook-timestamp': '1e9' },
      'no signature': { ...good, 'webhook-signature': '' },
      'another version': {
        ...good,
        'webhook-signature': good['webhook-signature'].replace('v1', 'v2'),
      },
      'a cut signature': { ...good, 'webhook-signature': good['webhook-signature'].slice(0, -2) },
      'too many': {
        ...good,
        'webhook-signature': `${'v1,x '.repeat(8)}${good['webhook-signature']}`,
      },
      'mixed names': headersOf('msg_1', at, '', 'svix'),
      'our own header beside it': { ...good, 'sesame-signature': 't=1,v1=x' },
    };
    for (const [what, headers] of Object.entries(bad)) {
      assert.equal((await post(headers))[0], 401, what);
    }
    assert.equal(await who(), 'id-ada');
    assert.deepEqual(await post(good), [204]);
  });

  test('R28: one that says nothing is a bad message, once', async () => {
    for (const body of [
      '{}',
      '[]',
      'null',
      '{"data":null}',
      '{"data":{"action":"x","user":"a"}}',
    ]) {
      const { post, signed } = start();
      assert.deepEqual(await post(signed({ body }), body), [400, 'bad_message'], body);
    }
  });

  test('R28: one that could not be carried out is good when the store is back, and then counts on all nodes', async () => {
    const store = new MemoryStore();
    let isAway = true;
    const reached = new Proxy(store, {
      get(target, name) {
        const found = /** @type {any} */ (target)[name];
        if (typeof found !== 'function') return found;
        return async (/** @type {any[]} */ ...args) => {
          if (isAway && name === 'userEvent') throw new StoreUnavailableError();
          return found.apply(target, args);
        };
      },
    });
    const options = { store: reached, secret: '0'.repeat(32) };
    const [one, other] = [start({ options }), start({ options })];
    assert.equal((await one.post(one.signed()))[0], 503);
    isAway = false;
    assert.deepEqual(await one.post(one.signed()), [204]);
    const calls = [];
    const { userEvent } = store;
    store.userEvent = /** @type {any} */ (async () => calls.push('userEvent'));
    assert.deepEqual(await other.post(other.signed()), [204]);
    assert.equal(calls.length, 0);
    store.userEvent = userEvent;
    for (const { sessions } of [one, other]) await sessions.dispose();
  });
});
