// What a browser is told without its asking (R65): that its session has changed or ended, by whichever node it came, and what
// it has missed. Each test has its own origin, and a clock that only it moves.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { MemoryStore } from 'sesame-edge/stores';
import { createClock, MINUTE, SECOND } from '../support/clock.js';
import { settle } from '../support/wait.js';

const SITE = 'https://shop.test';
const EVENTS = '/api/auth/events';
const SECRET = '0f'.repeat(16);
const ME = '/api/v1/users/me';

/** @type {SessionCache[]} */
const started = [];
after(() => Promise.all(started.map((sessions) => sessions.dispose())));

/** All that goes on behind answers. */
async function quiet() {
  for (let turn = 0; turn < 10; turn += 1) {
    await crypto.subtle.digest('SHA-256', new Uint8Array());
    await settle();
  }
}

/** @param {string} credential such as `ada-1` */
const by = (credential) => ({ cookie: `session=${credential}` });

/** @param {{ options?: object, count?: number, host?: object }} [given] */
function start({ options, count = 1, host } = {}) {
  const clock = createClock();
  const { now, sleep } = clock;
  const store = new MemoryStore({ now });
  const names = new Map();
  const origin = { calls: 0, ended: new Set() };
  const fetch = async (/** @type {any} */ url, /** @type {RequestInit} */ init = {}) => {
    origin.calls += 1;
    const headers = new Headers(init.headers ?? url.headers);
    const credential = /session=([^;]*)/.exec(headers.get('cookie') ?? '')?.[1] ?? '';
    const [id] = credential.split('-');
    if (!id || origin.ended.has(credential)) return new Response(null, { status: 401 });
    if ((init.method ?? url.method) === 'PATCH') names.set(id, 'new');
    return Response.json({ id, name: names.get(id) ?? 'old' });
  };
  const nodes = Array.from({ length: count }, () => {
    const sessions = new SessionCache(
      {
        ...{ origin: 'http://origin.test', userId: '/id', cookie: 'session' },
        ...{ events: true, secret: SECRET },
        ...(count > 1 && { store }),
        ...options,
      },
      /** @type {any} */ ({ fetch, now, monotonic: now, sleep, warn: () => {}, ...host }),
    );
    started.push(sessions);
    return sessions;
  });

  /** Time goes by in small steps. @param {number} milliseconds */
  async function pass(milliseconds) {
    for (let passed = 0; passed < milliseconds; passed += 250) {
      await quiet();
      clock.advance(Math.min(250, milliseconds - passed));
    }
    await quiet();
  }

  /**
   * A connection of a browser.
   * @param {string} credential
   * @param {Record<string, string>} [headers]
   */
  async function open(credential, sessions = nodes[0], headers = {}) {
    const abort = new AbortController();
    const request = new Request(SITE + EVENTS, {
      headers: { ...by(credential), ...headers },
      signal: abort.signal,
    });
    const response = await sessions.handle(request);
    const said = { text: '', isOver: false };
    const reading = async () => {
      const decoder = new TextDecoder();
      for await (const part of /** @type {any} */ (response.body))
        said.text += decoder.decode(part);
      said.isOver = true;
    };
    reading().catch(() => {
      said.isOver = true;
    });
    await quiet();
    return {
      status: response.status,
      headers: response.headers,
      abort: () => abort.abort(),
      /** What was said since the last time: names of events, and beats. */
      async events() {
        await quiet();
        const { text } = said;
        said.text = '';
        return text.match(/(?<=^event: )\w+|^(?=: )/gm)?.map((each) => each || 'beat') ?? [];
      },
      id: () => /^id: (\w+)$/m.exec(said.text)?.[1] ?? '',
      text: () => said.text,
      isOver: () => said.isOver,
    };
  }
  const patch = async (/** @type {string} */ credential, sessions = nodes[0]) =>
    sessions.handle(
      new Request(SITE + ME, {
        method: 'PATCH',
        headers: { ...by(credential), 'content-type': 'application/json' },
        body: '{"name":"new"}',
      }),
    );
  return { clock, origin, nodes, store, pass, open, patch };
}

describe('what is told', () => {
  test('R65, R40: a connection is private, is not kept back by nginx, and says when to come back', async () => {
    const { open } = start();
    const stream = await open('ada-1');
    assert.equal(stream.status, 200);
    assert.match(stream.headers.get('content-type') ?? '', /^text\/event-stream/);
    assert.equal(stream.headers.get('cache-control'), 'private, no-store');
    assert.equal(stream.headers.get('x-accel-buffering'), 'no');
    assert.match(stream.text(), /^retry: 3000\nid: [0-9a-f]{32}\n\n$/);
  });

  for (const count of [1, 2]) {
    const where = count === 1 ? 'on the node itself' : 'on another node';
    test(`R65: a session that was ended ${where} ends its connection, and no other`, async () => {
      const { open, nodes, pass } = start({ count });
      const [first, last] = [nodes[0], nodes[count - 1]];
      const streams = [await open('ada-1', first), await open('ada-1', first)];
      const other = await open('ada-2', first);
      await last.revoke({ headers: by('ada-1') });
      await pass(500);
      for (const stream of streams) {
        assert.deepEqual(await stream.events(), ['ended']);
        assert.equal(stream.isOver(), true);
      }
      assert.deepEqual([await other.events(), other.isOver()], [[], false]);
      await last.revokeUser('ada');
      await pass(500);
      assert.deepEqual([await other.events(), other.isOver()], [['ended'], true]);
    });

    test(`R65: a document that was changed ${where} is told, once`, async () => {
      const { open, nodes, pass, patch } = start({ count });
      const stream = await open('ada-1', nodes[0]);
      const before = stream.id();
      await stream.events();
      await patch('ada-2', nodes[count - 1]);
      await pass(500);
      assert.deepEqual(await stream.events(), ['changed']);
      await nodes[0].getSession({ headers: by('ada-1') });
      await pass(MINUTE);
      const later = await stream.events();
      assert.ok(
        later.every((each) => each === 'beat'),
        later.join(),
      );
      assert.notEqual(before, '');
      await nodes[count - 1].invalidateUser('ada');
      await pass(500);
      assert.deepEqual(await stream.events(), ['changed']);
    });
  }

  test('R65: the user’s sessions are told also when the document is not held any more', async () => {
    const { open, nodes, pass } = start({ count: 2 });
    const stream = await open('ada-1', nodes[0]);
    await pass(70 * SECOND);
    assert.ok(!(await stream.events()).includes('changed'));
    const late = start({ options: { freshFor: '1s', keepFor: '2s' } });
    const old = await late.open('ada-1');
    await late.pass(10 * SECOND);
    assert.deepEqual(await old.events(), []);
    await late.nodes[0].revokeUser('ada');
    await late.pass(500);
    assert.deepEqual(await old.events(), ['ended']);
  });

  test('R65, R13: what the origin cannot say, and what it says again, is not told', async () => {
    const { open, nodes, pass, origin } = start();
    const stream = await open('ada-1');
    await nodes[0].getSession({ headers: by('ada-1') }, { fresh: true });
    await pass(10 * SECOND);
    assert.deepEqual(await stream.events(), []);
    origin.ended.add('ada-1');
    await nodes[0].getSession({ headers: by('ada-1') }, { fresh: true });
    await pass(500);
    assert.deepEqual(await stream.events(), ['ended'], 'its clear no is');
  });

  test('R65: it beats, with one timer for all', async () => {
    let sleeping = 0;
    const { sleep } = createClock();
    assert.ok(sleep);
    const { open, pass, clock } = start({ options: { eventsHeartbeat: '10s' } });
    const streams = [];
    for (let count = 0; count < 10; count += 1) streams.push(await open('ada-1'));
    sleeping = clock.pauses().length;
    assert.equal(sleeping, 1);
    await pass(31 * SECOND);
    for (const stream of streams) assert.deepEqual(await stream.events(), ['beat', 'beat', 'beat']);
    for (const stream of streams) stream.abort();
    await pass(11 * SECOND);
    assert.equal(clock.pauses().length, 0, 'nobody listens: there is none');
  });
});

describe('whoever comes back', () => {
  test('R65: is told what he has missed, whichever node he comes to', async () => {
    const { open, nodes, pass, patch } = start({ count: 2 });
    const stream = await open('ada-1', nodes[0]);
    const id = stream.id();
    stream.abort();
    const same = await open('ada-1', nodes[1], { 'last-event-id': id });
    assert.deepEqual(await same.events(), []);
    await patch('ada-2', nodes[1]);
    await pass(500);
    const changed = await open('ada-1', nodes[0], { 'last-event-id': id });
    assert.deepEqual(await changed.events(), ['changed']);
    const unknown = await open('ada-1', nodes[0], { 'last-event-id': 'anything' });
    assert.deepEqual(await unknown.events(), ['changed']);
    await nodes[1].revoke({ headers: by('ada-1') });
    await pass(500);
    assert.equal((await open('ada-1', nodes[0], { 'last-event-id': id })).status, 401);
  });

  test('R65: an identifier is what a page computes of the document that it has', async () => {
    const { open } = start();
    const text = JSON.stringify({ id: 'ada', name: 'old' });
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
    const id = Buffer.from(digest).subarray(0, 16).toString('hex');
    assert.equal((await open('ada-1')).id(), id);
  });
});

describe('who may listen', () => {
  test('R42, R53: pages of other sites and strangers may not, nor one session without end', async () => {
    const { open, nodes } = start();
    assert.equal((await open('ada-1', nodes[0], { 'sec-fetch-site': 'cross-site' })).status, 403);
    const request = new Request(SITE + EVENTS);
    assert.equal((await nodes[0].handle(request)).status, 401);
    assert.equal((await open('', nodes[0])).status, 401);
    const post = new Request(SITE + EVENTS, { method: 'POST', headers: by('ada-1') });
    assert.equal((await nodes[0].handle(post)).status, 405);
    for (let count = 0; count < 16; count += 1) await open('ada-1');
    const more = await open('ada-1');
    assert.deepEqual([more.status, more.headers.get('retry-after')], [429, '60']);
    assert.equal((await open('ada-2')).status, 200);
  });

  test('R65: off by default, and refused with idleFor', async () => {
    const { nodes, origin } = start({ options: { events: false } });
    const { calls } = origin;
    await nodes[0].handle(new Request(SITE + EVENTS, { headers: by('ada-1') }));
    assert.equal(origin.calls, calls + 1, 'the path is the origin’s');
    const options = { origin: 'http://origin.test', events: true };
    assert.throws(() => new SessionCache({ ...options, idleFor: '10m' }), {
      code: 'ERR_SESAME_CONFIG',
    });
  });

  test('R65: a cache that is disposed of ends its connections', async () => {
    const { open, nodes } = start();
    const stream = await open('ada-1');
    nodes[0].dispose();
    await quiet();
    assert.equal(stream.isOver(), true);
  });

  test('R65: where each has to look for itself, it does', async () => {
    const { open, nodes, pass } = start({ count: 2, host: { sharesPromises: false } });
    const stream = await open('ada-1', nodes[0]);
    await nodes[1].revoke({ headers: by('ada-1') });
    await pass(2 * SECOND);
    assert.deepEqual([await stream.events(), stream.isOver()], [['ended'], true]);
  });
});
