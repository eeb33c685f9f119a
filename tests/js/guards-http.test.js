// Single guards of the HTTP face: each test fails if its guard is taken out (scripts/mutants/shell.mjs). What they keep
// together is tested by the suite of rules.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { CorsMemory } from '../../js_bindings/http/cors.js';
import { fieldValue } from '../../js_bindings/http/verify.js';
import { WebhookVerifier } from '../../js_bindings/http/webhook.js';
import { readBody } from '../../js_bindings/origin/bodies.js';
import { tenantOf } from '../../js_bindings/origin/vary.js';
import { createClock } from '../support/clock.js';
import { ORIGIN } from '../support/fake-cache.js';
import { sourceOf } from '../support/http-case.js';
import { settle } from '../support/wait.js';

const DOCUMENT = '/api/v1/users/me';
const SITE = 'https://app.example';
const ADA = { cookie: 'session=ada' };
const SECRET = 'a secret of thirty-two characters';

/**
 * @param {(path: string, init: RequestInit) => Response | Promise<Response>} answer
 * @param {object} [options]
 */
function createFace(answer, options = {}) {
  const clock = createClock();
  /** @type {string[]} */
  const calls = [];
  const fetch = async (/** @type {any} */ input, /** @type {RequestInit} */ init = {}) => {
    const path = new URL(input.url ?? input).pathname;
    calls.push(`${init.method ?? 'GET'} ${path}`);
    return answer(path, init);
  };
  const { now, sleep } = clock;
  const sessions = new SessionCache({ origin: ORIGIN, ...options }, { fetch, now, sleep });
  /** @type {Promise<unknown>[]} */
  const works = [];
  const waitUntil = (/** @type {Promise<unknown>} */ work) => void works.push(work);
  const send = (
    /** @type {string} */ path,
    /** @type {Record<string, string>} */ headers = {},
    /** @type {RequestInit} */ init = {},
  ) =>
    sessions.handle(new Request(`https://edge.test${path}`, { headers, ...init }), { waitUntil });
  return { clock, calls, sessions, send, works };
}

/** What an origin answers that lets one site's pages read the document. @param {RequestInit} init */
function readable(init) {
  const isAda = new Headers(init.headers).get('cookie') === ADA.cookie;
  const headers = { 'access-control-allow-origin': SITE };
  // What looks at the session comes before what looks at the site, as in many back ends.
  return isAda ? Response.json({ id: 1 }, { headers }) : Response.json({}, { status: 401 });
}

describe('pages of other sites', () => {
  test('R45: an answer from the cache carries what the origin lets the site read, and Vary names Origin', async () => {
    const { calls, send } = createFace((_, init) => readable(init));
    const headers = { ...ADA, origin: SITE };
    await send(DOCUMENT, headers);
    const held = await send(DOCUMENT, headers);
    assert.equal(sourceOf(held), 'fresh');
    assert.equal(held.headers.get('access-control-allow-origin'), SITE);
    assert.match(held.headers.get('vary') ?? '', /Origin/);
    assert.equal(calls.length, 1);
  });

  test('R45: a refusal teaches nothing of what a document’s readers may do', async () => {
    const { send } = createFace((_, init) => readable(init));
    await send(DOCUMENT, { cookie: 'session=stranger', origin: SITE });
    await send(DOCUMENT, ADA);
    const first = await send(DOCUMENT, { ...ADA, origin: SITE });
    assert.equal(first.headers.get('access-control-allow-origin'), SITE);
    await send(DOCUMENT, { cookie: 'session=another', origin: SITE });
    const held = await send(DOCUMENT, { ...ADA, origin: SITE });
    assert.deepEqual(
      [sourceOf(held), held.headers.get('access-control-allow-origin')],
      ['fresh', SITE],
    );
  });

  test('R53: sites that somebody makes up take no more memory than those that there is room for', () => {
    const cors = new CorsMemory();
    for (let site = 0; site < 1000; site += 1)
      cors.learn(`https://${site}.example`, new Headers(), false);
    const known = Array.from({ length: 1000 }, (_, site) => cors.knows(`https://${site}.example`));
    assert.equal(known.filter(Boolean).length, 256);
  });
});

describe('session paths', () => {
  const managed = { managed: {}, webhookSecret: SECRET };

  test('R41: take POST alone, and say so', async () => {
    const { calls, send } = createFace(() => Response.json({}), managed);
    for (const name of ['login', 'logout', 'refresh', 'revoke']) {
      const { status, headers } = await send(`/api/auth/${name}`);
      assert.deepEqual([name, status, headers.get('allow')], [name, 405, 'POST']);
    }
    assert.deepEqual(calls, []);
  });

  test('R44: refuse a credential over its limit, and ask nothing', async () => {
    const { calls, send } = createFace(() => Response.json({}), managed);
    for (const name of ['login', 'logout', 'refresh', 'revoke']) {
      const headers = { cookie: `x=${'a'.repeat(17_000)}` };
      const { status } = await send(`/api/auth/${name}`, headers, { method: 'POST', body: '{}' });
      assert.deepEqual([name, status], [name, 431]);
    }
    assert.deepEqual(calls, []);
  });

  test('R10, R25: what a request changes is applied even if its client goes away', async () => {
    const { send, works } = createFace(() => new Promise(() => {}), managed);
    for (const path of ['/api/auth/login', '/logout', DOCUMENT]) {
      const before = works.length;
      send(path, {}, { method: 'POST', body: '{}' });
      await settle();
      assert.ok(works.length > before, path);
    }
  });

  test('R24: a body that is too long to be kept streams through, and is sent once', async () => {
    let received = 0;
    const { calls, send } = createFace(async (path, init) => {
      if (path.endsWith('/login')) return Response.json({ access_token: 'a', refresh_token: 'r' });
      if (path === DOCUMENT) return Response.json({ id: 1 });
      received += (await new Response(init.body).arrayBuffer()).byteLength;
      return Response.json({});
    }, managed);
    const login = await send('/api/auth/login', {}, { method: 'POST', body: '{}' });
    const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0];
    const body = 'x'.repeat(100_000);
    const headers = { cookie, 'content-length': String(body.length) };
    const { status } = await send('/api/v1/files', headers, { method: 'POST', body });
    assert.deepEqual([status, received], [200, body.length]);
    assert.equal(calls.filter((call) => call === 'POST /api/v1/files').length, 1);
  });

  /** The cookie that a logout which has to be repeated moves the session to. @param {Response} response */
  const endingOf = ({ headers }) =>
    headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .find((each) => /^__Secure-session-ending=./.test(each));

  test('R25: a logout that names a credential of which nobody can say anything is to be repeated', async () => {
    let isDown = false;
    const { send } = createFace((path) => {
      if (path.endsWith('/login')) return Response.json({ access_token: 'a' });
      return isDown ? Response.json({}, { status: 503 }) : Response.json({ id: 1 });
    }, managed);
    const login = await send('/api/auth/login', {}, { method: 'POST', body: '{}' });
    const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0];
    isDown = true;
    const headers = { cookie, authorization: 'Bearer phone' };
    const out = await send('/api/auth/logout', headers, { method: 'POST' });
    assert.deepEqual([out.status, out.headers.get('retry-after')], [503, '1']);
    assert.equal(endingOf(out), `__Secure-session-ending=${cookie.split('=')[1]}`);
  });

  test('R25, R54: a logout that there is no room to remember is to be repeated', async () => {
    const { send } = createFace(
      (path) => Response.json(path.endsWith('/login') ? { access_token: 'a' } : { id: 1 }),
      { ...managed, userId: '/id', endsPerUser: 2 },
    );
    const statuses = [];
    const endings = [];
    for (const device of ['phone', 'laptop']) {
      const login = await send('/api/auth/login', {}, { method: 'POST', body: '{}' });
      const cookie = (login.headers.get('set-cookie') ?? '').split(';')[0];
      const headers = { cookie, authorization: `Bearer ${device}` };
      const out = await send('/api/auth/logout', headers, { method: 'POST' });
      statuses.push(out.status);
      endings.push(endingOf(out) !== undefined);
    }
    assert.deepEqual(
      [statuses, endings],
      [
        [200, 503],
        [false, true],
      ],
    );
  });
});

describe('the webhook', () => {
  /** @param {number} seconds @param {string} body */
  const sign = (seconds, body) => {
    const mac = createHmac('sha256', SECRET).update(`${seconds}.${body}`).digest('hex');
    return `t=${seconds},v1=${mac}`;
  };
  const NOW = 1_800_000_000;
  /** @param {WebhookVerifier} webhook @param {number} seconds @param {number} now @param {string} body */
  const take = (webhook, seconds, now, body) => {
    const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (new TextEncoder().encode(body));
    return webhook.verify(sign(seconds, body), bytes, now * 1000);
  };
  /**
   * What comes of a message that is carried out at once.
   * @param {WebhookVerifier} webhook @param {number} seconds @param {number} now @param {string} [user]
   */
  const verify = async (webhook, seconds, now, user = 'ada') => {
    const result = await take(webhook, seconds, now, JSON.stringify({ action: 'revoke', user }));
    if ('error' in result) return result.error;
    webhook.finish(result.digest, true);
    return 'message';
  };

  test('R23: a message from the future is refused like one from the past', async () => {
    const webhook = new WebhookVerifier(SECRET);
    assert.equal(await verify(webhook, NOW + 301, NOW), 'signature_too_old');
    assert.equal(await verify(webhook, NOW - 301, NOW), 'signature_too_old');
    assert.equal(await verify(webhook, NOW + 299, NOW), 'message');
  });

  test('R23: a message that came early is remembered for as long as it could be used again', async () => {
    const webhook = new WebhookVerifier(SECRET);
    assert.equal(await verify(webhook, NOW + 299, NOW), 'message');
    assert.equal(await verify(webhook, NOW + 299, NOW + 590), 'signature_already_used');
  });

  test('R23: a message that comes again while it is carried out is to come later, and counts if that fails', async () => {
    const webhook = new WebhookVerifier(SECRET);
    const body = JSON.stringify({ action: 'revoke', user: 'ada' });
    for (const isUsed of [false, true]) {
      const first = await take(webhook, NOW, NOW, body);
      assert.ok('digest' in first);
      const second = await take(webhook, NOW, NOW, body);
      assert.deepEqual(second, { status: 503, error: 'message_under_way' });
      webhook.finish(first.digest, isUsed);
    }
    const last = await take(webhook, NOW, NOW, body);
    assert.deepEqual(last, { status: 409, error: 'signature_already_used' });
  });

  test('R23: a signed message that says nothing is used up at once: nobody need repeat it', async () => {
    const webhook = new WebhookVerifier(SECRET);
    const answers = [];
    for (let turn = 0; turn < 2; turn += 1) answers.push(await take(webhook, NOW, NOW, '{}'));
    assert.deepEqual(
      answers.map((each) => 'error' in each && each.error),
      ['bad_message', 'signature_already_used'],
    );
  });

  test('R23: where no more messages can be remembered none is taken, so that none is taken twice', async () => {
    const webhook = new WebhookVerifier(SECRET);
    for (let user = 0; user < 10_000; user += 1) {
      assert.equal(await verify(webhook, NOW, NOW, `u${user}`), 'message');
    }
    assert.equal(await verify(webhook, NOW, NOW, 'one more'), 'too_many_messages');
    assert.equal(await verify(webhook, NOW + 601, NOW + 601, 'one more'), 'message');
  });
});

describe('forward authentication', () => {
  const verify = { verify: { headers: { 'x-user-id': '/id' } } };

  test('R41: answers 200 for a document alone', async () => {
    const { send } = createFace((_, init) => {
      const cookie = new Headers(init.headers).get('cookie');
      if (cookie === ADA.cookie) return Response.json({ id: 1 });
      return new Response('{"page":"not found"}', { status: cookie === 'session=odd' ? 404 : 401 });
    }, verify);
    const ask = async (/** @type {Record<string, string>} */ headers) => {
      const response = await send('/api/auth/verify', headers);
      return [response.status, response.headers.get('x-user-id')];
    };
    assert.deepEqual(await ask(ADA), [200, '1']);
    assert.deepEqual(await ask({ cookie: 'session=odd' }), [503, null]);
    for (const headers of [{}, { cookie: 'session=nobody' }]) {
      assert.deepEqual(
        await ask(/** @type {any} */ (headers)),
        [401, null],
        JSON.stringify(headers),
      );
    }
  });

  test('R41: an identifier that cannot be said exactly, or on one line, is not said', () => {
    assert.equal(fieldValue(2 ** 53 + 2), null);
    assert.equal(fieldValue(2 ** 53 - 1), '9007199254740991');
    assert.equal(fieldValue('a\r\nx-user-id: b'), 'a%0D%0Ax-user-id: b');
    assert.equal(fieldValue('a'.repeat(1024)), 'a'.repeat(1024));
    assert.equal(fieldValue('a'.repeat(1025)), null);
    assert.equal(fieldValue({ id: 1 }), null);
  });
});

test('R4: of a cookie that is there twice both values are in the key', () => {
  const tenant = (/** @type {string} */ cookie) =>
    tenantOf(['cookie:org'], { headers: new Headers({ cookie }) });
  assert.notEqual(tenant('org=a; org=b'), tenant('org=a; org=c'));
  assert.notEqual(tenant('org=a'), tenant('org=a; org=a'));
});

test('R13, R41: no redirect of the origin is followed, of the document and of others', async () => {
  /** @type {unknown[]} */
  const redirects = [];
  const { send } = createFace((_, init) => {
    redirects.push(init.redirect);
    return new Response(null, { status: 302, headers: { location: 'https://elsewhere.test/' } });
  });
  for (const path of [DOCUMENT, '/page']) assert.equal((await send(path, ADA)).status, 302);
  assert.deepEqual(redirects, ['manual', 'manual']);
});

test('R44: a body that does not end is not read to its end', async () => {
  let pulled = 0;
  const endless = new ReadableStream({
    pull(controller) {
      pulled += 1;
      if (pulled > 10_000) controller.close();
      else controller.enqueue(new Uint8Array(1024));
    },
  });
  assert.equal(await readBody(endless, 4096, 4096), null);
  assert.ok(pulled < 20, `${pulled} pieces were read`);
});
