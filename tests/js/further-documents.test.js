// Further documents of a user (R17, option `documents`): each is kept like the main one, and what happens to the session
// or its user happens to all of them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { MemoryStore } from 'sesame-edge/stores';
import { createClock, MINUTE, SECOND } from '../support/clock.js';
import { ORIGIN } from '../support/fake-cache.js';
import { assertPrivate, attempt, bearer, cookie, sourceOf } from '../support/http-case.js';
import { DOCUMENT } from '../support/origin.js';
import { createNodeTarget } from '../support/targets.js';
import { createGate, rest } from '../support/wait.js';

const PERMISSIONS = `${DOCUMENT}/permissions`;
const WITH_ORGANIZATION = `${DOCUMENT}?include=organization`;
const ELSEWHERE = '/api/v1/teams';
const documents = [PERMISSIONS, WITH_ORGANIZATION, ELSEWHERE];
const JSON_TYPE = { 'content-type': 'application/json' };

/**
 * @param {object} [options]
 * @param {object} [host]
 */
async function setUp(options = {}, host = {}) {
  const t = await createNodeTarget({ documents, ...options }, { warn: () => {}, ...host });
  let version = 1;
  const tell = (/** @type {import('../support/origin.js').Call} */ { url, headers }) => {
    const name = /session=(\w+)|Bearer (\w+)/.exec(`${headers.cookie} ${headers.authorization}`);
    const id = name?.[1] ?? name?.[2];
    const isMain = url === DOCUMENT;
    const body = isMain ? `{"id":"${id}", "v":${version}}` : ` ["${url}", "${id}", ${version}]\n`;
    return { headers: JSON_TYPE, body };
  };
  for (const path of [DOCUMENT, PERMISSIONS, ELSEWHERE]) t.origin.on(`GET ${path}`, tell);
  const origin = t.origin;
  return {
    ...t,
    /** How often the origin was asked for it. @param {string} path */
    count: (path) =>
      origin.calls().filter(({ key, url }) => url === path && key.startsWith('GET')).length,
    change() {
      version += 1;
    },
    /** @param {string} path @param {Record<string, string>} headers */
    get: (path, headers) => attempt(t, headers, { path }),
    [Symbol.asyncDispose]: () => t.close(),
  };
}

/** @param {string} path @param {string} name @param {number} [version] */
const answerOf = (path, name, version = 1) => [200, ` ["${path}", "${name}", ${version}]\n`];

describe('more than one document', () => {
  test('R17: each is answered byte for byte, at one call of the origin for each', async () => {
    const t = await setUp();
    for (const credential of [cookie('ada'), bearer('ada')]) {
      for (const path of documents) {
        const before = t.origin.calls().length;
        for (const source of ['origin', 'fresh', 'fresh']) {
          const response = await t.fetch(path, { headers: credential });
          assert.equal(sourceOf(response), source);
          assertPrivate(response);
          assert.equal(response.headers.get('content-type'), 'application/json');
          assert.deepEqual([response.status, await response.text()], answerOf(path, 'ada'));
        }
        const isFirst = path === PERMISSIONS;
        assert.equal(
          t.origin.calls().length - before,
          isFirst ? 2 : 1,
          'the main one is asked for once',
        );
      }
      assert.equal((await t.get(DOCUMENT, credential))[1], '{"id":"ada", "v":1}');
    }
    assert.equal(t.count(DOCUMENT), 2);
    // Another query is another document, which nobody has named.
    await t.get(`${WITH_ORGANIZATION}&x=1`, cookie('ada'));
    await t.get(`${WITH_ORGANIZATION}&x=1`, cookie('ada'));
    assert.equal(t.count(`${WITH_ORGANIZATION}&x=1`), 2);
    await t.close();
  });

  test('R17: HEAD asks for a document too, and a crowd makes one call', async () => {
    const t = await setUp();
    await t.get(DOCUMENT, cookie('ada'));
    const all = await Promise.all(
      Array.from({ length: 20 }, () => t.get(ELSEWHERE, cookie('ada'))),
    );
    for (const answer of all) assert.deepEqual(answer, answerOf(ELSEWHERE, 'ada'));
    const head = await t.fetch(ELSEWHERE, { method: 'HEAD', headers: cookie('ada') });
    assert.deepEqual([head.status, sourceOf(head)], [200, 'fresh']);
    assert.equal(t.count(ELSEWHERE), 1);
    await t.close();
  });

  /** @type {[string, (t: Awaited<ReturnType<typeof setUp>>) => Promise<unknown>][]} */
  const CHANGES = [
    ['invalidateUser', (t) => t.sessions.invalidateUser('ada')],
    ['forget', (t) => t.sessions.forget({ headers: cookie('ada') })],
    [
      'a write on the main document',
      (t) => {
        t.origin.on(`PATCH ${DOCUMENT}`, { headers: JSON_TYPE, body: '{"id":"ada", "v":2}' });
        return t.fetch(DOCUMENT, { method: 'PATCH', headers: cookie('ada'), body: '{}' });
      },
    ],
    [
      'a write on a further one',
      (t) => {
        t.origin.on(`PUT ${ELSEWHERE}`, { status: 204 });
        return t.fetch(ELSEWHERE, { method: 'PUT', headers: cookie('ada'), body: '[]' });
      },
    ],
    [
      'a sign-in with the same cookie',
      (t) => {
        t.origin.on('POST /login', { status: 204 });
        return t.fetch('/login', { method: 'POST', headers: cookie('ada') });
      },
    ],
  ];
  for (const [what, change] of CHANGES) {
    test(`R17, R22, R23, R82: ${what} drops all documents, and nobody else’s`, async () => {
      const t = await setUp();
      const all = [DOCUMENT, ...documents];
      for (const path of all) {
        await t.get(path, cookie('ada'));
        await t.get(path, cookie('grace'));
      }
      t.change();
      await change(t);
      for (const path of documents) {
        assert.deepEqual(await t.get(path, cookie('ada')), answerOf(path, 'ada', 2), path);
        assert.deepEqual(await t.get(path, cookie('grace')), answerOf(path, 'grace'), path);
        assert.equal(t.count(path), 3);
      }
      await t.close();
    });
  }

  test('R17, R81: a write drops all documents of a user whose identifier is not known', async () => {
    const t = await setUp({ userId: '/nowhere' });
    await t.get(ELSEWHERE, cookie('ada'));
    t.change();
    t.origin.on(`PATCH ${DOCUMENT}`, { status: 204 });
    await t.fetch(DOCUMENT, { method: 'PATCH', headers: cookie('ada'), body: '{}' });
    assert.deepEqual(await t.get(ELSEWHERE, cookie('ada')), answerOf(ELSEWHERE, 'ada', 2));
    await t.close();
  });

  for (const [what, end] of /** @type {[string, (t: any) => Promise<unknown>][]} */ ([
    ['revoke', (t) => t.sessions.revoke({ headers: cookie('ada') })],
    ['revokeUser', (t) => t.sessions.revokeUser('ada')],
  ])) {
    test(`R17, R8: after ${what} no document is answered`, async () => {
      const t = await setUp();
      for (const path of documents) await t.get(path, cookie('ada'));
      const before = t.origin.calls().length;
      await end(t);
      for (const path of documents) assert.equal((await t.get(path, cookie('ada')))[0], 401);
      assert.equal(t.origin.calls().length, before);
      await t.close();
    });
  }

  test('R17, R10: a fill that began before a drop brings nothing back', async () => {
    const t = await setUp();
    await t.get(DOCUMENT, cookie('ada'));
    const gate = createGate();
    const old = { headers: JSON_TYPE, body: '["old"]', after: gate.opened };
    t.origin.on(`GET ${ELSEWHERE}`, old, { headers: JSON_TYPE, body: '["new"]' });
    const asked = t.get(ELSEWHERE, cookie('ada'));
    await t.origin.called(`GET ${ELSEWHERE}`);
    await t.sessions.forget({ headers: cookie('ada') });
    gate.open();
    assert.deepEqual(await asked, [200, '["new"]']);
    assert.deepEqual(await t.get(ELSEWHERE, cookie('ada')), [200, '["new"]']);
    await t.close();
  });

  test('R17: a document that was asked for when the credential was another user’s is answered to nobody', async () => {
    const t = await setUp();
    await t.get(DOCUMENT, cookie('ada'));
    const gate = createGate();
    const old = { headers: JSON_TYPE, body: '["ada"]', after: gate.opened };
    t.origin.on(`GET ${ELSEWHERE}`, old, { headers: JSON_TYPE, body: '["grace"]' });
    const asked = t.get(ELSEWHERE, cookie('ada'));
    await t.origin.called(`GET ${ELSEWHERE}`);
    t.origin.on(`GET ${DOCUMENT}`, { headers: JSON_TYPE, body: '{"id":"grace"}' });
    await t.fetch(DOCUMENT, { headers: { ...cookie('ada'), 'sesame-max-age': '0' } });
    gate.open();
    assert.deepEqual(await asked, [200, '["grace"]']);
    assert.deepEqual(await t.get(ELSEWHERE, cookie('ada')), [200, '["grace"]']);
    assert.equal(t.count(ELSEWHERE), 2);
    await t.close();
  });

  test('R17: when the credential is another user’s by now, so are all documents', async () => {
    const t = await setUp({ freshFor: '10m' });
    await t.get(ELSEWHERE, cookie('ada'));
    t.clock?.advance(MINUTE);
    t.origin.on(`GET ${DOCUMENT}`, { headers: JSON_TYPE, body: '{"id":"grace"}' });
    await t.fetch(DOCUMENT, { headers: { ...cookie('ada'), 'sesame-max-age': '0' } });
    await t.get(ELSEWHERE, cookie('ada'));
    assert.equal(t.count(ELSEWHERE), 2);
    await t.sessions.invalidateUser('ada');
    await t.get(ELSEWHERE, cookie('ada'));
    assert.equal(t.count(ELSEWHERE), 2);
    await t.sessions.invalidateUser('grace');
    await t.get(ELSEWHERE, cookie('ada'));
    assert.equal(t.count(ELSEWHERE), 3);
    await t.close();
  });

  test('R17, R12: a 403 is about its document alone; a 401 has the main document asked for', async () => {
    const t = await setUp();
    await t.get(DOCUMENT, cookie('ada'));
    t.origin.on(`GET ${ELSEWHERE}`, { status: 403, body: 'not here' });
    for (let time = 0; time < 2; time += 1) {
      assert.deepEqual(await t.get(ELSEWHERE, cookie('ada')), [403, 'not here']);
    }
    assert.deepEqual([t.count(ELSEWHERE), t.count(DOCUMENT)], [1, 1]);
    t.origin.on(`GET ${PERMISSIONS}`, { status: 401, body: 'who?' });
    t.origin.on(`GET ${DOCUMENT}`, { status: 401, body: 'nobody' });
    assert.deepEqual(await t.get(PERMISSIONS, cookie('ada')), [401, 'who?']);
    assert.equal(t.count(DOCUMENT), 2);
    assert.deepEqual(await t.get(DOCUMENT, cookie('ada')), [401, 'nobody']);
    assert.deepEqual(await t.get(PERMISSIONS, cookie('ada')), [401, 'nobody']);
    assert.deepEqual([t.count(PERMISSIONS), t.count(DOCUMENT)], [1, 2]);
    await t.close();
  });

  test('R17, R13: an origin that fails leaves what is held; what is no JSON is no document', async () => {
    const t = await setUp({ freshFor: '1m', keepFor: '2m', staleIfError: '5m' });
    await t.get(ELSEWHERE, cookie('ada'));
    for (const path of [DOCUMENT, ELSEWHERE, PERMISSIONS]) {
      t.origin.on(`GET ${path}`, { status: 503 });
    }
    t.clock?.advance(3 * MINUTE);
    assert.deepEqual(await t.get(ELSEWHERE, cookie('ada')), answerOf(ELSEWHERE, 'ada'));
    assert.equal((await t.get(PERMISSIONS, cookie('ada')))[0], 503);
    for (const body of ['1},{', '1,"id":"grace"', '']) {
      t.origin.on(`GET ${PERMISSIONS}`, { headers: JSON_TYPE, body });
      t.clock?.advance(2 * SECOND);
      assert.equal((await t.get(PERMISSIONS, cookie('ada')))[0], 503, body);
    }
    await t.close();
  });

  test('R17, R15: where the main document may not be kept, none is, at no further calls', async () => {
    const t = await setUp();
    const headers = { ...JSON_TYPE, 'cache-control': 'no-store' };
    t.origin.on(`GET ${DOCUMENT}`, { headers, body: '{"id":"ada"}' });
    for (let time = 0; time < 3; time += 1) {
      assert.deepEqual(await t.get(ELSEWHERE, cookie('ada')), answerOf(ELSEWHERE, 'ada'));
    }
    assert.deepEqual([t.count(ELSEWHERE), t.count(DOCUMENT)], [3, 1]);
    t.origin.on(`GET ${ELSEWHERE}`, { headers, body: '[]' });
    t.origin.on(`GET ${DOCUMENT}`, { headers: JSON_TYPE, body: '{"id":"ada"}' });
    t.clock?.advance(MINUTE);
    await t.get(ELSEWHERE, cookie('ada'));
    await t.get(ELSEWHERE, cookie('ada'));
    assert.deepEqual([t.count(ELSEWHERE), t.count(DOCUMENT)], [5, 2]);
    await t.close();
  });

  test('R17: without a credential, and with two, the origin answers', async () => {
    const t = await setUp();
    await t.get(ELSEWHERE, {});
    await t.get(ELSEWHERE, { ...cookie('ada'), ...bearer('grace') });
    assert.deepEqual([t.count(ELSEWHERE), t.count(DOCUMENT)], [2, 0]);
    await t.close();
  });

  test('R7, R17: odd documents come back as they came, whoever the identifier names', async () => {
    const ids = ['"é\\u0001"', '7', '"a\\"b"', '-1.5', '9007199254740993'];
    for (const id of ids) {
      for (const body of ['null', '[1] ', '\ufeff{"a":1} ', '{"id":"mallory"}', '"x"', '{}']) {
        const t = await setUp();
        t.origin.on(`GET ${DOCUMENT}`, { headers: JSON_TYPE, body: `{"id":${id}}` });
        t.origin.on(`GET ${ELSEWHERE}`, { headers: JSON_TYPE, body });
        for (let time = 0; time < 2; time += 1) {
          const response = await t.fetch(ELSEWHERE, { headers: cookie('ada') });
          const bytes = Buffer.from(await response.arrayBuffer()).toString();
          assert.deepEqual([response.status, bytes], [200, body], id);
        }
        // JavaScript cannot write the last one: it passes.
        const calls = id === ids.at(-1) ? 2 : 1;
        assert.equal(t.count(ELSEWHERE), calls, `${id} ${body}`);
        await t.sessions.invalidateUser('mallory');
        await t.get(ELSEWHERE, cookie('ada'));
        assert.equal(t.count(ELSEWHERE), calls + (calls - 1));
        await t.sessions.invalidateUser(JSON.parse(calls === 1 ? id : '0'));
        await t.get(ELSEWHERE, cookie('ada'));
        assert.equal(t.count(ELSEWHERE), calls === 1 ? 2 : 4);
        await t.close();
      }
    }
  });

  test('R17, R81: the identifier may stand anywhere', async () => {
    const t = await setUp({ userId: ['/users/0/i~1d', '/id'] });
    await t.get(ELSEWHERE, cookie('ada'));
    await t.sessions.invalidateUser('ada');
    await t.get(ELSEWHERE, cookie('ada'));
    assert.equal(t.count(ELSEWHERE), 2);
    await t.close();
  });

  test('R4, R17: each value of varyOn has its own, and a drop reaches those of all', async () => {
    const t = await setUp({ varyOn: 'x-organization-id' });
    t.origin.on(`GET ${ELSEWHERE}`, ({ headers }) => ({
      headers: JSON_TYPE,
      body: JSON.stringify(headers['x-organization-id']),
    }));
    for (let round = 1; round <= 2; round += 1) {
      for (const org of ['one', 'two', 'one', 'two']) {
        const headers = { ...cookie('ada'), 'x-organization-id': org };
        assert.deepEqual(await t.get(ELSEWHERE, headers), [200, JSON.stringify(org)]);
      }
      assert.equal(t.count(ELSEWHERE), 2 * round);
      await t.sessions.forget({ headers: { ...cookie('ada'), 'x-organization-id': 'two' } });
    }
    await t.close();
  });

  test('R11, R17: who asks for a fresh one gets it from the origin', async () => {
    const t = await setUp();
    await t.get(ELSEWHERE, cookie('ada'));
    t.change();
    const headers = { ...cookie('ada'), 'sesame-max-age': '0' };
    assert.deepEqual(await t.get(ELSEWHERE, headers), answerOf(ELSEWHERE, 'ada', 2));
    assert.deepEqual(await t.get(ELSEWHERE, cookie('ada')), answerOf(ELSEWHERE, 'ada', 2));
    await t.close();
  });

  test('R17, R87: cookies that come with a further document are not lost, and another session’s is a sign-in', async () => {
    const t = await setUp();
    await t.get(ELSEWHERE, cookie('ada'));
    const setCookie = 'session=grace; Path=/';
    t.origin.on(`GET ${PERMISSIONS}`, {
      headers: { ...JSON_TYPE, 'set-cookie': setCookie },
      body: '[]',
    });
    const response = await t.fetch(PERMISSIONS, { headers: cookie('ada') });
    assert.deepEqual(response.headers.getSetCookie(), [setCookie]);
    const before = t.count(DOCUMENT);
    await t.get(ELSEWHERE, cookie('ada'));
    assert.deepEqual([t.count(DOCUMENT), t.count(ELSEWHERE)], [before + 1, 2]);
    await t.close();
  });
});

describe('more than one document, on several nodes', () => {
  /** @param {object} [options] */
  function cluster(options = {}) {
    const clock = createClock();
    const store = new MemoryStore({ now: clock.now });
    const reached = new Proxy(store, {
      get(target, name) {
        if (name === 'close') return async () => {};
        const found = /** @type {any} */ (target)[name];
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
    let version = 1;
    /** @type {string[]} */
    const calls = [];
    const fetch = async (/** @type {any} */ input) => {
      const { pathname } = new URL(input.url ?? input);
      calls.push(pathname);
      return Response.json(pathname === DOCUMENT ? { id: 'ada', version } : [pathname, version]);
    };
    const node = () => {
      const { now, sleep } = clock;
      const given = { origin: ORIGIN, documents, store: reached, secret: '0f'.repeat(16) };
      const host = { now, sleep, monotonic: now, fetch };
      return new SessionCache(/** @type {any} */ ({ ...given, ...options }), host);
    };
    /** Everything that needs no time happens, and then some time goes by. */
    const pass = async (milliseconds = 0) => {
      for (let left = milliseconds; left >= 0; left -= SECOND) {
        await rest();
        if (left > 0) clock.advance(SECOND);
      }
    };
    /** Asks, and lets time go by until there is an answer. */
    const ask = async (/** @type {SessionCache} */ sessions, path = ELSEWHERE) => {
      /** @type {Response | undefined} */
      let response;
      const request = new Request(ORIGIN + path, { headers: cookie('ada') });
      sessions.handle(request).then((answer) => {
        response = answer;
      });
      await pass();
      for (let time = 0; time < 20 && !response; time += 1) await pass(SECOND);
      assert.ok(response);
      return response.status === 200 ? (await response.json()).at(-1) : response.status;
    };
    const count = (path = ELSEWHERE) => calls.filter((each) => each === path).length;
    const change = () => {
      version += 1;
    };
    return { pass, node, ask, count, change };
  }

  test('R17, R30: a node that starts later finds it in the store', async () => {
    const { pass, node, ask, count } = cluster();
    const [one, two] = [node(), node()];
    await pass();
    assert.equal(await ask(one), 1);
    assert.equal(await ask(two), 1);
    assert.deepEqual([count(), count(DOCUMENT)], [1, 1]);
    one.dispose();
    two.dispose();
  });

  for (const [
    what,
    change,
  ] of /** @type {[string, (sessions: SessionCache) => Promise<unknown>][]} */ ([
    ['forget', (sessions) => sessions.forget({ headers: cookie('ada') })],
    ['invalidateUser', (sessions) => sessions.invalidateUser('ada')],
  ])) {
    test(`R17, R31: after ${what} on one node, no other answers what it held, nor one that starts later`, async () => {
      const { pass, node, ask, change: changeAtOrigin } = cluster();
      const [one, two] = [node(), node()];
      await pass();
      await ask(one);
      await ask(two);
      changeAtOrigin();
      await change(one);
      const three = node();
      await pass(5 * SECOND);
      for (const each of [three, two, one]) assert.equal(await ask(each), 2);
      for (const each of [one, two, three]) each.dispose();
    });
  }

  test('R17, R31: a session that was ended on one node is answered on none', async () => {
    const { pass, node, ask, count } = cluster();
    const [one, two] = [node(), node()];
    await pass();
    await ask(one);
    await ask(two);
    await one.revoke({ headers: cookie('ada') });
    const three = node();
    await pass(5 * SECOND);
    for (const each of [one, two, three]) assert.equal(await ask(each), 401);
    assert.equal(count(), 1);
    one.dispose();
    two.dispose();
  });
});

test('R17, R20: a managed session’s documents are asked for with its token, and end with it', async () => {
  /** @type {string[]} */
  const calls = [];
  const fetch = async (/** @type {any} */ input, /** @type {any} */ init = {}) => {
    const { pathname } = new URL(input.url ?? input);
    calls.push(pathname);
    if (pathname.endsWith('/login'))
      return Response.json({ access_token: 'a', refresh_token: 'r' });
    const isHis = new Headers(init.headers).get('authorization') === 'Bearer a';
    if (!isHis) return new Response('{}', { status: 401 });
    return Response.json(pathname === DOCUMENT ? { id: 'ada' } : [pathname]);
  };
  const sessions = new SessionCache({ origin: ORIGIN, managed: {}, documents }, { fetch });
  const login = await sessions.handle(
    new Request(`${ORIGIN}/api/auth/login`, { method: 'POST', body: '{}', headers: JSON_TYPE }),
  );
  const headers = { cookie: login.headers.getSetCookie()[0].split(';')[0] };
  const get = () => sessions.handle(new Request(ORIGIN + ELSEWHERE, { headers }));
  for (let time = 0; time < 2; time += 1) assert.deepEqual(await (await get()).json(), [ELSEWHERE]);
  assert.equal(calls.filter((path) => path === ELSEWHERE).length, 1);
  await sessions.revoke({ headers });
  assert.equal((await get()).status, 401);
  sessions.dispose();
});

test('R17: documents that cannot be are refused by name', () => {
  for (const given of [
    'users/me',
    [DOCUMENT],
    ['/api/auth/session'],
    ['/a', '/a'],
    ['/a#b'],
    ['/a b'],
    7,
    [`/${'a'.repeat(600)}`],
  ]) {
    assert.throws(
      () => new SessionCache(/** @type {any} */ ({ origin: ORIGIN, documents: given })),
      (/** @type {any} */ error) =>
        error.faults.some((/** @type {any} */ each) => each.option === 'documents'),
      JSON.stringify(given),
    );
  }
  const both = { origin: ORIGIN, documents, fields: ['id'] };
  assert.throws(() => new SessionCache(/** @type {any} */ (both)), { code: 'ERR_SESAME_CONFIG' });
});
