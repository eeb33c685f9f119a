// The sessions of a user (R27): which are listed, what a list says of them, and that ending one by its handle ends it
// everywhere, also where no node holds it. Each test has its own origin, and a clock that only it moves.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { MemoryStore } from 'sesame-edge/stores';
import { createClock, DAY, HOUR, MINUTE, SECOND } from '../support/clock.js';
import { settle } from '../support/wait.js';

const SITE = 'https://shop.test';
const ORIGIN = 'http://origin.test';
const DEVICES = '/api/auth/devices';
const SECRET = '0f'.repeat(16);
const SECRET_2 = '1e'.repeat(16);

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

/** @type {SessionCache[]} */
const started = [];
after(() => Promise.all(started.map((sessions) => sessions.dispose())));

/** All that goes on behind answers. */
async function quiet() {
  for (let turn = 0; turn < 30; turn += 1) {
    await crypto.subtle.digest('SHA-256', new Uint8Array());
    await settle();
  }
}

/** @param {string} credential such as `ada-1` @param {string} [userAgent] */
const by = (credential, userAgent) => ({
  cookie: `session=${credential}`,
  ...(userAgent && { 'user-agent': userAgent }),
});

/**
 * Nodes in front of an origin that takes any cookie `session=USER-SESSION` unless it has ended it.
 * @param {{ options?: object, count?: number, hasStore?: boolean, store?: MemoryStore, clock?: import('../support/clock.js').Clock }} [given]
 */
function start({ options, count = 1, hasStore = count > 1, clock = createClock(), ...given } = {}) {
  const { now } = clock;
  const store = given.store ?? new MemoryStore({ now });
  const origin = {
    calls: 0,
    ended: new Set(),
    /** @type {Record<string, string>} what a cookie is exchanged for with the document */
    rotates: {},
  };
  const fetch = async (/** @type {any} */ url, /** @type {RequestInit} */ init) => {
    origin.calls += 1;
    const headers = new Headers(init?.headers ?? url.headers);
    const { pathname } = new URL(url.url ?? url);
    const credential =
      /session=([^;]*)/.exec(headers.get('cookie') ?? '')?.[1] ??
      (headers.get('authorization') ?? '').replace('Bearer ', '');
    const [id] = credential.split('-');
    if (pathname === '/logout') return new Response(null, { status: 204 });
    if (!id || origin.ended.has(credential)) return new Response(null, { status: 401 });
    const next = origin.rotates[credential];
    return Response.json(
      { id },
      { headers: next ? { 'set-cookie': `session=${next}; Path=/; HttpOnly` } : {} },
    );
  };
  const startNode = (/** @type {object} */ more = {}) => {
    const sessions = new SessionCache(
      {
        ...{ origin: ORIGIN, userId: '/id', devices: true, cookie: 'session' },
        ...(hasStore && { store, secret: SECRET }),
        ...{ ...options, ...more },
      },
      /** @type {any} */ ({ fetch, now, monotonic: now, warn: () => {} }),
    );
    started.push(sessions);
    return sessions;
  };
  const nodes = Array.from({ length: count }, () => startNode());
  const who = async (/** @type {Record<string, string>} */ headers, sessions = nodes[0]) => {
    const session = await sessions.getSession({ headers });
    await quiet();
    return session?.user.id ?? null;
  };
  /** @param {string} method @param {string} path @param {Record<string, string>} headers */
  const ask = async (method, path, headers, sessions = nodes[0]) => {
    const work = [];
    const context = { waitUntil: (/** @type {any} */ each) => void work.push(each) };
    const response = await sessions.handle(new Request(SITE + path, { method, headers }), context);
    const text = await response.text();
    await quiet();
    return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
  };
  return { clock, store, origin, nodes, startNode, who, ask };
}

describe('what a list says', () => {
  test('R27: each session with its agent, its times and a handle, and which one asks', async () => {
    for (const count of [1, 2]) {
      const { clock, who, nodes } = start({ count });
      await who(by('ada-1', FIREFOX));
      clock.advance(HOUR);
      await who(by('ada-2', SAFARI), nodes[count - 1]);
      await who(by('mia-1', SAFARI));
      const request = { headers: by('ada-2') };
      const list = await nodes[0].list('ada', { request });
      assert.deepEqual(
        list.map(({ handle: _, ...each }) => each),
        [
          {
            agent: 'Safari on iOS',
            firstSeen: '2026-01-01T01:00:00.000Z',
            lastSeen: '2026-01-01T01:00:00.000Z',
            current: true,
          },
          {
            agent: 'Firefox on Linux',
            firstSeen: '2026-01-01T00:00:00.000Z',
            lastSeen: '2026-01-01T00:00:00.000Z',
            current: false,
          },
        ],
      );
      assert.ok(list.every(({ handle }) => /^[0-9a-f]{64}$/.test(handle)));
      const [{ handle }] = await nodes[count - 1].list('ada');
      assert.equal(handle, list[0].handle, 'the same on every node');
      assert.deepEqual(await nodes[0].list('nobody'), []);
    }
  });

  test('R27: last seen moves with use, and no hit writes', async () => {
    const { clock, who, nodes, store } = start({ count: 2 });
    await who(by('ada-1', FIREFOX));
    let writes = 0;
    const { putIfNewer } = store;
    store.putIfNewer = (...args) => {
      writes += 1;
      return putIfNewer.apply(store, args);
    };
    clock.advance(2 * SECOND);
    for (let hit = 0; hit < 5; hit += 1) await who(by('ada-1', FIREFOX));
    assert.equal(writes, 0);
    clock.advance(HOUR);
    await who(by('ada-1'));
    const [{ firstSeen, lastSeen, agent }] = await nodes[1].list('ada');
    assert.deepEqual(
      [firstSeen, lastSeen, agent],
      ['2026-01-01T00:00:00.000Z', '2026-01-01T01:00:02.000Z', 'Firefox on Linux'],
    );
  });

  test('R27, R85: a cookie that is exchanged stays the same device', async () => {
    for (const count of [1, 2]) {
      const { clock, who, nodes, origin, ask } = start({ count });
      await who(by('ada-1', FIREFOX));
      const [{ handle }] = await nodes[0].list('ada');
      origin.rotates['ada-1'] = 'ada-1b';
      clock.advance(61 * MINUTE);
      const { headers } = await ask('GET', '/api/v1/users/me', by('ada-1', FIREFOX));
      assert.match(headers.get('set-cookie') ?? '', /ada-1b/);
      const list = await nodes[count - 1].list('ada', { request: { headers: by('ada-1b') } });
      assert.deepEqual(
        list.map((each) => [each.handle, each.current]),
        [[handle, true]],
      );
      assert.equal(await nodes[count - 1].end(handle), true);
      await quiet();
      assert.deepEqual([await who(by('ada-1b')), await who(by('ada-1'))], [null, null]);
    }
  });

  test('R27: what has ended or was dropped is listed no more, whichever node did it', async () => {
    for (const count of [1, 2]) {
      const { who, nodes, ask } = start({ count });
      const last = nodes[count - 1];
      for (const each of ['ada-1', 'ada-2', 'ada-3', 'ada-4']) await who(by(each), nodes[0]);
      await who(by('ada-2'), last);
      await last.revoke({ headers: by('ada-1') });
      await ask('POST', '/logout', by('ada-2'), last);
      await quiet();
      assert.equal((await nodes[0].list('ada')).length, 2);
      await last.revokeUser('ada');
      await quiet();
      assert.deepEqual(await nodes[0].list('ada'), []);
    }
  });

  test('R27: a list forgets what has expired', async () => {
    const { clock, who, nodes } = start({ count: 2, options: { expiresIn: '1d' } });
    await who(by('ada-1'));
    clock.advance(DAY + SECOND);
    assert.deepEqual(await nodes[0].list('ada'), []);
  });

  test('R54: so many sessions of one user are listed, and it is said that there are more', async () => {
    const { who, nodes, clock } = start({ count: 1 });
    await who(by('mia-1'));
    for (let count = 0; count < 205; count += 1) {
      await nodes[0].getSession({ headers: by(`ada-${count}`) });
      clock.advance(SECOND);
    }
    await quiet();
    const list = await nodes[0].list('ada');
    assert.equal(list.length, 200);
    assert.equal((await nodes[0].list('mia')).length, 1);
    const { ended, isComplete } = (await nodes[0].endOthers({ headers: by('ada-204') })) ?? {};
    assert.deepEqual([ended, isComplete], [199, false]);
  });
});

describe('what ends', () => {
  test('R27, R8: a handle ends its session for good, also where no living node holds it', async () => {
    const { who, nodes, startNode, store, clock } = start({ count: 2 });
    await who(by('ada-1'), nodes[0]);
    await who(by('ada-2'), nodes[0]);
    const target = (await nodes[0].list('ada')).find((each) => !each.current)?.handle ?? '';
    const [first] = await nodes[0].list('ada', { request: { headers: by('ada-1') } });
    const handle = first.current ? first.handle : target;
    nodes[0].dispose();
    const late = startNode();
    clock.advance(61 * MINUTE); // the document is gone from the store
    assert.equal(await late.end(handle), true);
    await quiet();
    assert.equal(await late.end(handle), false, 'once');
    const later = startNode();
    const found = [
      await who(by('ada-1'), late),
      await who(by('ada-1'), nodes[1]),
      await who(by('ada-1'), later),
      await who(by('ada-2'), later),
    ];
    const isFirst = first.current;
    assert.deepEqual(found, isFirst ? [null, null, null, 'ada'] : ['ada', 'ada', 'ada', null]);
    assert.ok(store);
  });

  test('R27: a bearer ends in all its spellings', async () => {
    const { who, nodes } = start({ count: 2 });
    const bearer = (/** @type {string} */ scheme) => ({ authorization: `${scheme} ada-1` });
    await who(bearer('Bearer'));
    const [{ handle }] = await nodes[1].list('ada');
    await nodes[1].end(handle);
    await quiet();
    assert.deepEqual(
      [await who(bearer('Bearer'), nodes[0]), await who(bearer('bearer'), nodes[1])],
      [null, null],
    );
  });

  test('R27: all others end, those that this node has never seen too, and the own one stays', async () => {
    for (const count of [1, 3]) {
      const { who, nodes } = start({ count });
      const node = (/** @type {number} */ at) => nodes[at % count];
      for (const each of [0, 1, 2, 3]) await who(by(`ada-${each}`), node(each));
      await who(by('mia-1'), node(1));
      const others = await node(2).endOthers({ headers: by('ada-2') });
      await quiet();
      assert.deepEqual(others, { ended: 3, isComplete: true });
      const left = [];
      for (const each of nodes) {
        for (const name of ['ada-0', 'ada-1', 'ada-2', 'ada-3', 'mia-1']) {
          if ((await who(by(name), each)) !== null) left.push(name);
        }
      }
      assert.deepEqual(new Set(left), new Set(['ada-2', 'mia-1']));
      assert.equal(await node(0).endOthers({ headers: {} }), null);
    }
  });

  test('R27: with a session per host (varyOn), one handle ends it on all hosts', async () => {
    const { who, nodes } = start({ count: 2, options: { varyOn: 'x-site' } });
    await who({ ...by('ada-1'), 'x-site': 'one' });
    await who({ ...by('ada-1'), 'x-site': 'two' }, nodes[1]);
    const list = await nodes[0].list('ada');
    assert.equal(list.length, 1);
    await nodes[0].end(list[0].handle);
    await quiet();
    for (const site of ['one', 'two', 'three']) {
      assert.equal(await who({ ...by('ada-1'), 'x-site': site }, nodes[1]), null);
    }
  });

  test('R27: after a change of the secret, sessions from before are listed and can be ended', async () => {
    const { who, nodes, startNode } = start({ count: 1, hasStore: true });
    for (const each of ['ada-1', 'ada-2']) await who(by(each));
    const before = await nodes[0].list('ada', { request: { headers: by('ada-1') } });
    const both = startNode({ secret: [SECRET_2, SECRET] });
    const list = await both.list('ada', { request: { headers: by('ada-1') } });
    const sorted = (/** @type {typeof list} */ devices) =>
      devices.map(({ handle }) => handle).sort();
    assert.deepEqual(sorted(list), sorted(before));
    assert.equal(list.filter(({ current }) => current).length, 1);
    await who(by('ada-2'), both);
    await both.endOthers({ headers: by('ada-1') });
    await quiet();
    assert.deepEqual([await who(by('ada-2'), both), await who(by('ada-1'), both)], [null, 'ada']);
    const next = startNode({ secret: SECRET_2 });
    await who(by('ada-1'), next);
    const [own] = await next.list('ada');
    assert.equal(await next.end(own.handle), true);
    await quiet();
    assert.equal(await who(by('ada-1'), next), null);
  });

  test('R27, R24: a managed session is listed from its login on, and ends by its handle', async () => {
    for (const count of [1, 2]) {
      const clock = createClock();
      const { now } = clock;
      const store = new MemoryStore({ now });
      const fetch = async (/** @type {any} */ url, /** @type {any} */ init) => {
        const { pathname } = new URL(url.url ?? url);
        const headers = new Headers(init?.headers ?? url.headers);
        if (pathname === '/api/v1/auth/login') {
          return Response.json({ access_token: 'a', refresh_token: 'r', expires_in: 9e5 });
        }
        return headers.get('authorization') === 'Bearer a'
          ? Response.json({ id: 'ada' })
          : new Response(null, { status: 401 });
      };
      const nodes = Array.from({ length: count }, () => {
        const sessions = new SessionCache(
          {
            ...{ origin: ORIGIN, userId: '/id', devices: true, managed: {} },
            ...(count > 1 && { store }),
            secret: SECRET,
          },
          /** @type {any} */ ({ fetch, now, monotonic: now, warn: () => {} }),
        );
        started.push(sessions);
        return sessions;
      });
      const headers = { 'user-agent': FIREFOX, 'content-type': 'application/json' };
      const login = new Request(`${SITE}/api/auth/login`, { method: 'POST', body: '{}', headers });
      const response = await nodes[0].handle(login);
      const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0];
      const request = { headers: { cookie } };
      const last = nodes[count - 1];
      const [{ handle, agent, current }] = await last.list('ada', { request });
      assert.deepEqual([agent, current], ['Firefox on Linux', true]);
      assert.equal(await last.end(handle), true);
      await quiet();
      for (const each of nodes) assert.equal(await each.getSession(request), null);
      assert.deepEqual(await nodes[0].list('ada'), []);
    }
  });
});

describe('the path', () => {
  test('R27, R40: a user sees his own sessions, and ends one of them, or all others', async () => {
    const { who, ask } = start({ count: 2 });
    await who(by('ada-1', FIREFOX));
    await who(by('ada-2', SAFARI));
    await who(by('ada-3', SAFARI));
    const { status, headers, body } = await ask('GET', DEVICES, by('ada-1'));
    assert.equal(status, 200);
    assert.equal(headers.get('cache-control'), 'private, no-store');
    assert.equal(body.devices.length, 3);
    const other = body.devices.find((/** @type {any} */ each) => !each.current);
    const ended = await ask('DELETE', `${DEVICES}/${other.handle}`, by('ada-1'));
    assert.equal(ended.status, 204);
    assert.equal(ended.headers.get('cache-control'), 'private, no-store');
    assert.equal((await ask('DELETE', `${DEVICES}/${other.handle}`, by('ada-1'))).status, 404);
    assert.equal((await ask('GET', DEVICES, by('ada-1'))).body.devices.length, 2);
    const rest = await ask('DELETE', DEVICES, by('ada-1'));
    assert.deepEqual([rest.status, rest.body], [200, { ended: 1, isComplete: true }]);
    assert.deepEqual(
      [await who(by('ada-1')), await who(by('ada-2')), await who(by('ada-3'))],
      ['ada', null, null],
    );
  });

  test('R27, R53: nobody ends the session of another user, with its handle neither', async () => {
    const { who, ask, nodes } = start({ count: 2 });
    await who(by('ada-1'));
    await who(by('mia-1'));
    const [{ handle }] = await nodes[0].list('ada');
    const { status } = await ask('DELETE', `${DEVICES}/${handle}`, by('mia-1'));
    assert.equal(status, 404);
    assert.equal(await who(by('ada-1')), 'ada');
    assert.equal((await ask('DELETE', `${DEVICES}/${'0'.repeat(64)}`, by('mia-1'))).status, 404);
  });

  test('R42: a page of another site is refused, and strangers are told nothing', async () => {
    const { who, ask } = start({ count: 1 });
    await who(by('ada-1'));
    const foreign = { ...by('ada-1'), 'sec-fetch-site': 'cross-site' };
    assert.equal((await ask('DELETE', DEVICES, foreign)).status, 403);
    assert.equal((await ask('GET', DEVICES, foreign)).status, 403);
    assert.equal((await ask('GET', DEVICES, {})).status, 401);
    const post = await ask('POST', DEVICES, by('ada-1'));
    assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD, DELETE']);
  });

  test('R27: without the option the path is the origin’s, and the methods say what is missing', async () => {
    const { ask, nodes, origin } = start({ options: { devices: false } });
    const { calls } = origin;
    assert.equal((await ask('GET', DEVICES, by('ada-1'))).status, 200);
    assert.equal(origin.calls, calls + 1);
    const code = { code: 'ERR_SESAME_NO_DEVICES' };
    await assert.rejects(nodes[0].list('ada'), code);
    await assert.rejects(nodes[0].end('0'.repeat(64)), code);
    await assert.rejects(nodes[0].endOthers({ headers: by('ada-1') }), code);
  });

  test('R27: a guessed identifier may be shared by strangers: the option is refused without userId', () => {
    assert.throws(() => new SessionCache({ origin: ORIGIN, devices: true }), {
      code: 'ERR_SESAME_CONFIG',
      message: /devices needs the option userId/,
    });
    const named = { origin: ORIGIN, devices: true, backend: /** @type {const} */ ('better-auth') };
    started.push(new SessionCache(named));
  });
});

describe('what the store is told', () => {
  test('R2, R27: a dump names no user, no agent and no credential, and opens nothing', async () => {
    const { who, nodes, store, clock } = start({ count: 1, hasStore: true });
    /** @type {Map<string, Uint8Array>} */
    const written = new Map();
    const { putIfNewer } = store;
    store.putIfNewer = (name, value, options) => {
      written.set(name, value);
      return putIfNewer.call(store, name, value, options);
    };
    await who(by('ada-1', FIREFOX));
    const [{ handle }] = await nodes[0].list('ada');
    const dump = [...written].map(([name, value]) => name + Buffer.from(value).toString('latin1'));
    for (const secret of ['ada', 'Firefox', 'Linux', handle, handle.slice(0, 32)]) {
      assert.ok(!dump.join().includes(secret), secret);
    }
    assert.equal(written.size, 2, 'a document and a list');
    clock.advance(SECOND);
    // A writer of the store cannot put one user's list in another's place, nor alter it.
    await who(by('mia-1'));
    const names = [...written.keys()];
    for (const from of names) {
      for (const to of names) {
        const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (written.get(from)).slice();
        const at = await store.changes(null);
        assert.ok(at);
        const options = { since: at.position, ttlMs: HOUR, replaces: await store.get(to) };
        const isMoved = from !== to;
        if (!isMoved) bytes[bytes.length - 1] ^= 1;
        await putIfNewer.call(store, to, bytes, /** @type {any} */ (options));
        const lists = [await nodes[0].list('ada'), await nodes[0].list('mia')].flat();
        const all = lists.map(({ agent }) => agent);
        assert.ok(
          all.length <= 2 && all.every((each) => each === null || each === 'Firefox on Linux'),
        );
        await store.putIfNewer(to, /** @type {any} */ (written.get(to)), {
          ...options,
          replaces: /** @type {any} */ (bytes),
        });
      }
    }
  });

  test('R27, R33: a store that is away costs no request, and what could not be listed is listed later', async () => {
    const { who, nodes, store, clock } = start({ count: 1, hasStore: true });
    const { putIfNewer } = store;
    store.putIfNewer = async () => {
      throw new Error('away');
    };
    assert.equal(await who(by('ada-1')), 'ada');
    assert.deepEqual(await nodes[0].list('ada'), []);
    store.putIfNewer = putIfNewer;
    clock.advance(31 * MINUTE);
    await who(by('ada-1'));
    assert.equal((await nodes[0].list('ada')).length, 1);
  });

  test('R27: logins on several nodes at one moment are all listed', async () => {
    const { nodes } = start({ count: 3 });
    await Promise.all(
      [0, 1, 2, 3, 4, 5].map((each) => nodes[each % 3].getSession({ headers: by(`ada-${each}`) })),
    );
    await quiet();
    assert.equal((await nodes[0].list('ada')).length, 6);
  });
});

describe('the webhook', () => {
  test('R27, R23: revokeOthers ends all but the session of a handle', async () => {
    const webhookSecret = 'a secret that is long enough for it';
    const { who, nodes, clock } = start({ count: 2, options: { webhookSecret } });
    for (const each of ['ada-1', 'ada-2', 'ada-3']) await who(by(each));
    const list = await nodes[0].list('ada', { request: { headers: by('ada-2') } });
    const { handle: keep } = list.find(({ current }) => current) ?? { handle: '' };
    const { createHmac } = await import('node:crypto');
    const send = async (/** @type {object} */ message, sessions = nodes[1]) => {
      const body = JSON.stringify(message);
      const t = Math.floor(clock.now() / 1000);
      const v1 = createHmac('sha256', webhookSecret).update(`${t}.${body}`).digest('hex');
      const headers = { 'sesame-signature': `t=${t},v1=${v1}` };
      const request = new Request(`${SITE}/api/auth/revoke`, { method: 'POST', headers, body });
      return (await sessions.handle(request)).status;
    };
    assert.equal(await send({ action: 'revokeOthers', user: 'ada' }), 400, 'of whom is not said');
    assert.equal(await send({ action: 'revokeOthers', user: 'ada', keep }), 204);
    await quiet();
    const found = [await who(by('ada-1')), await who(by('ada-2')), await who(by('ada-3'))];
    assert.deepEqual(found, [null, 'ada', null]);
    const plain = start({ options: { webhookSecret, devices: false }, clock });
    assert.equal(await send({ action: 'revokeOthers', user: 'ada', keep }, plain.nodes[0]), 400);
  });
});
