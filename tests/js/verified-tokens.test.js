// Tokens that are verified (rule R16): which count, which are one session, and which are refused because their session has
// ended. The origin is one that takes every token and hears of no sign-out, as those of a stateless back end are.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { generateKeyPair, SignJWT } from 'jose';
import { SessionCache } from 'sesame-edge';
import { DAY, HOUR, MINUTE, SECOND } from '../support/clock.js';
import { ORIGIN, startNodesHearing } from '../support/hearing-nodes.js';
import { bearer } from '../support/http-case.js';
import { CLIENT_ID } from '../support/identity-provider.js';
import { settle } from '../support/wait.js';

const ISSUER = 'https://id.test';
const TOKENS = { issuer: ISSUER, audience: CLIENT_ID };
const SECRET = 'a secret of 32 characters at least';

/** @param {string} token */
const payloadOf = (token) => JSON.parse(String(Buffer.from(token.split('.')[1], 'base64url')));

/** Whom a token names, whoever has signed it. @param {Headers} headers */
function takesAll(headers) {
  const credential = headers.get('authorization') ?? headers.get('cookie') ?? '';
  const [, token] = /(?:Bearer |session=)(.+)/.exec(credential) ?? [];
  if (!token) return new Response(null, { status: 401 });
  const { sub, scope } = payloadOf(token);
  return Response.json({ id: sub, ...(scope && { scope }) });
}

/** @param {Parameters<typeof startNodesHearing>[0] & { tokens?: object }} [given] */
async function start({ tokens, options, ...given } = {}) {
  const found = await startNodesHearing({
    ...{ answer: takesAll, options: { tokens: { ...TOKENS, ...tokens }, ...options } },
    ...given,
  });
  const { clock, provider, origin, finish, first } = found;
  /** @param {Record<string, unknown>} [claims] @param {Record<string, unknown>} [header] */
  const sign = async (claims = {}, header = {}) => {
    const exp = Math.floor(clock.now() / 1000) + 60;
    return provider.sign({ sub: 'ada', sid: 's1', exp, ...claims }, header);
  };
  /** Whom a token is answered, and how often the origin was asked for it. */
  const ask = async (/** @type {string} */ token, sessions = first) => {
    const before = origin.calls.length;
    const session = await finish(sessions.getSession({ headers: bearer(token) }));
    return [session?.user.id ?? null, origin.calls.length - before];
  };
  const pass = (/** @type {number} */ milliseconds) =>
    finish(clock.sleep(milliseconds, new AbortController().signal));
  const seconds = (/** @type {number} */ plus) => Math.floor(clock.now() / 1000) + plus;
  return { ...found, sign, ask, seconds, pass };
}

/** Text that says the same in another way. @param {string} token */
function malleated(token) {
  const [header, payload, signature] = token.split('.');
  const bytes = Buffer.from(signature, 'base64url');
  const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`);
  const other = Buffer.concat([
    bytes.subarray(0, 32),
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
  ]);
  return [header, payload, other.toString('base64url')].join('.');
}

describe('which tokens are one session', () => {
  test('R16: a renewed token of a session finds its document without a call: one for half an hour of tokens of a minute', async () => {
    const { sign, ask, clock, origin } = await start();
    let expired = '';
    for (let minute = 0; minute < 29; minute += 1) {
      const token = await sign();
      const [who] = await ask(token);
      assert.equal(who, 'ada');
      expired ||= token;
      clock.advance(MINUTE);
    }
    assert.equal(origin.calls.length, 1);
    assert.deepEqual(await ask(expired), ['ada', 1], 'what has expired is not answered from here');
  });

  test('R16, R30: it does so on every node, those that start later too', async () => {
    const { sign, ask, clock, origin, nodes, startNode } = await start({ count: 2 });
    for (let minute = 0; minute < 15; minute += 1) {
      for (const node of nodes) assert.equal((await ask(await sign(), node))[0], 'ada');
      clock.advance(MINUTE);
    }
    const late = startNode();
    assert.deepEqual(await ask(await sign(), late), ['ada', 0]);
    assert.equal(origin.calls.length, 1);
    assert.deepEqual(await ask(await sign({ scope: 'read' }), late), ['ada', 1]);
  });

  test('R16, R12: what the origin has refused with one token, no other of its session gets on another node', async () => {
    let isRefused = false;
    const { sign, ask, finish, nodes, startNode } = await start({
      count: 2,
      answer: (headers) => (isRefused ? new Response(null, { status: 401 }) : takesAll(headers)),
    });
    const token = await sign();
    await ask(token);
    isRefused = true;
    assert.equal(
      await finish(nodes[0].getSession({ headers: bearer(token) }, { fresh: true })),
      null,
    );
    for (const node of [nodes[1], startNode()]) {
      assert.deepEqual(await ask(await sign(), node), [null, 1]);
    }
  });

  test('R16, R31: who signs in again after a sign-out from everywhere gets nothing that was left before, and is in', async () => {
    const { sign, ask, first, finish, clock, nodes, startNode } = await start({ count: 2 });
    await ask(await sign());
    clock.advance(20 * SECOND);
    await finish(first.revokeUser('ada'));
    clock.advance(20 * SECOND);
    assert.deepEqual(await ask(await sign(), startNode()), ['ada', 1]);
    assert.deepEqual(await ask(await sign(), nodes[1]), ['ada', 0]);
  });

  test('R16: a cookie that is a token goes on as a bearer does', async () => {
    const { sign, clock, origin, finish, first } = await start();
    for (let minute = 0; minute < 5; minute += 1) {
      const headers = { cookie: `session=${await sign()}` };
      assert.equal((await finish(first.getSession({ headers })))?.user.id, 'ada');
      clock.advance(MINUTE);
    }
    assert.equal(origin.calls.length, 1);
  });

  test('R16: without the option every token costs its call', async () => {
    const { sign, ask } = await start({ options: { tokens: undefined } });
    assert.deepEqual(await ask(await sign()), ['ada', 1]);
    assert.deepEqual(await ask(await sign()), ['ada', 1]);
  });

  test('R16: a token of another scope, client, audience or rank gets nothing of it, nor does one without a sid', async () => {
    const others = [
      ...[{ scope: 'read' }, { scope: 'read write' }, { azp: 'app' }, { client_id: 'app' }],
      ...[{ aud: [CLIENT_ID, 'more'] }, { acr: 'gold' }, { aal: 'aal2' }, { act: { sub: 'mia' } }],
      ...[{ org_id: 'o1' }, { permissions: ['ban'] }, { sid: 's2' }, { sid: undefined }],
    ];
    for (const other of others) {
      const { sign, ask } = await start();
      assert.deepEqual(await ask(await sign()), ['ada', 1]);
      assert.deepEqual(await ask(await sign(other)), ['ada', 1], JSON.stringify(other));
      assert.deepEqual(await ask(await sign()), ['ada', 0]);
      const again = other.sid === undefined && 'sid' in other ? 1 : 0;
      assert.deepEqual(await ask(await sign(other)), ['ada', again], JSON.stringify(other));
    }
  });

  test('R16: a sid that another user has as well shows nobody another document', async () => {
    const { sign, ask } = await start();
    assert.deepEqual(await ask(await sign()), ['ada', 1]);
    assert.deepEqual(await ask(await sign({ sub: 'mia' })), ['mia', 1]);
    assert.deepEqual(await ask(await sign()), ['ada', 0]);
    assert.deepEqual(await ask(await sign({ sub: 'mia' })), ['mia', 0]);
  });

  test('R16: the sid is the claim that the option names', async () => {
    const { sign, ask } = await start({ tokens: { sid: 'session_id' } });
    for (const calls of [1, 0]) {
      const token = await sign({ sid: undefined, session_id: 's1' });
      assert.deepEqual(await ask(token), ['ada', calls]);
    }
  });

  test('R10: what is dropped is asked for again, by whichever token of the session', async () => {
    const { sign, ask, first, finish } = await start();
    const [one, other] = [await sign(), await sign()];
    assert.deepEqual(
      [await ask(one), await ask(other)],
      [
        ['ada', 1],
        ['ada', 0],
      ],
    );
    await finish(first.forget({ headers: bearer(one) }));
    assert.deepEqual(
      [await ask(other), await ask(await sign())],
      [
        ['ada', 1],
        ['ada', 0],
      ],
    );
    await finish(first.invalidateUser('ada'));
    assert.deepEqual(
      [await ask(await sign()), await ask(await sign())],
      [
        ['ada', 1],
        ['ada', 0],
      ],
    );
  });

  test('R53: nobody else can name a session as it is named here', async () => {
    const { sign, ask, first, finish } = await start();
    await ask(await sign());
    const claims = Object.entries({ iss: ISSUER, sub: 'ada', aud: CLIENT_ID, sid: 's1' }).sort();
    const name = createHmac('sha256', Buffer.alloc(32))
      .update(JSON.stringify(claims))
      .digest('hex');
    const body = new URLSearchParams({ token: `${name}.0` });
    const url = 'https://shop.test/oauth/logout';
    await finish(first.handle(new Request(url, { method: 'POST', body })));
    assert.deepEqual(await ask(await sign()), ['ada', 0]);
  });
});

describe('which tokens are verified', () => {
  /** Whether a token goes on with the session of another, which the origin has accepted. */
  const counts = async (/** @type {Awaited<ReturnType<typeof start>>} */ world, token = '') => {
    const [who, calls] = await world.ask(token);
    assert.equal(who, 'ada', 'the origin takes it');
    return calls === 0;
  };

  test('R16: exp, nbf and iat at their edges, with clocks that are five seconds apart', async () => {
    const world = await start();
    const { sign, seconds, ask, clock } = world;
    await ask(await sign({ exp: seconds(DAY / SECOND) }));
    clock.advance(1000 - (clock.now() % 1000)); // a whole second
    for (const [claims, isGood] of /** @type {[Record<string, unknown>, boolean][]} */ ([
      [{ nbf: seconds(5) }, true],
      [{ nbf: seconds(7) }, false],
      [{ iat: seconds(5) }, true],
      [{ iat: seconds(7) }, false],
      [{ exp: seconds(2) }, true],
      [{ exp: seconds(0) }, false],
      [{ exp: undefined }, true],
      [{ exp: 'later' }, false],
      [{ nbf: '0' }, false],
      [{ iat: undefined }, false],
      [{ iat: '0' }, false],
    ])) {
      const token = await sign(claims);
      assert.equal(await counts(world, token), isGood, JSON.stringify(claims));
    }
  });

  test('R16: not of another audience, issuer or user without a name', async () => {
    const world = await start({ tokens: { audience: ['shop', 'also'] } });
    const { sign, ask } = world;
    await ask(await sign());
    await ask(await sign({ aud: 'also' }));
    assert.equal(await counts(world, await sign()), true);
    assert.equal(await counts(world, await sign({ aud: 'also' })), true);
    for (const claims of [
      { aud: 'other' },
      { aud: [] },
      { aud: undefined },
      { iss: 'https://x.test' },
    ]) {
      for (let time = 0; time < 2; time += 1) {
        assert.equal(await counts(world, await sign(claims)), false, JSON.stringify(claims));
      }
    }
    for (const claims of [
      { aud: undefined, client_id: 'shop' },
      { aud: undefined, azp: 'also' },
    ]) {
      await ask(await sign(claims));
      assert.equal(await counts(world, await sign(claims)), true, JSON.stringify(claims));
    }
    assert.deepEqual(world.elsewhere, [], 'the keys of another issuer are never fetched');
  });

  test('R16: no signature, another, a shared secret that is the public key, or another kind of token', async () => {
    const world = await start();
    const { sign, ask, provider } = world;
    const good = await sign();
    await ask(good);
    const [header, payload, signature] = good.split('.');
    const claims = payloadOf(good);
    const encoded = (/** @type {object} */ value) =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const { privateKey } = await generateKeyPair('ES256');
    const forged = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: '1' })
      .sign(privateKey);
    const confused = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: '1' })
      .sign(new TextEncoder().encode(JSON.stringify(provider.publicKey)));
    for (const token of [
      `${encoded({ alg: 'none' })}.${payload}.`,
      `${encoded({ alg: 'none' })}.${payload}.${signature}`,
      `${header}.${encoded({ ...claims, jti: 'other' })}.${signature}`,
      ...[forged, confused],
      await sign({}, { typ: 'logout+jwt' }),
      await sign({}, { typ: 'application/secevent+jwt' }),
      await sign({}, { alg: 'ES256', crit: ['b64'], b64: true }),
    ]) {
      assert.equal(await counts(world, token), false, token);
    }
    for (const typ of ['JWT', 'at+jwt', undefined]) {
      assert.equal(await counts(world, await sign({}, { typ })), true, typ);
    }
  });

  test('R3: ES256 signatures that say the same and other spellings of base64 are other credentials of the session', async () => {
    const world = await start();
    const { sign, ask, first, finish } = world;
    const token = await sign();
    await ask(token);
    assert.deepEqual(await ask(malleated(token)), ['ada', 0], 'the issuer has signed it');
    const [header, payload, signature] = token.split('.');
    const spellings = [
      `${header}.${payload}.${signature}==`,
      `${header}=.${payload}.${signature}`,
      `${header}.${payload}.${signature.replaceAll('-', '+').replaceAll('_', '/')}`,
    ].filter((spelling) => spelling !== token);
    for (const spelling of spellings) assert.equal((await ask(spelling))[0], 'ada');
    await finish(first.revoke({ headers: bearer(token) }));
    for (const each of [token, malleated(token), ...spellings]) {
      assert.equal((await ask(each))[0], null, each);
    }
  });

  test('R16: keys that rotate; an unknown kid costs one fetch, and then a pause', async () => {
    const world = await start();
    const { sign, ask, provider, clock } = world;
    await ask(await sign());
    assert.equal(provider.calls.length, 2, 'discovery and keys');
    clock.advance(MINUTE);
    await provider.rotate();
    const fetched = provider.calls.length;
    assert.equal(await counts(world, await sign()), true);
    assert.ok(provider.calls.length > fetched);
    const after = provider.calls.length;
    for (let time = 0; time < 5; time += 1) {
      assert.equal(await counts(world, await sign({}, { kid: 'made-up' })), false);
    }
    assert.equal(provider.calls.length, after, 'a pause after the last');
    clock.advance(MINUTE);
    for (let time = 0; time < 5; time += 1) {
      assert.equal(await counts(world, await sign({}, { kid: `made-up-${time}` })), false);
    }
    assert.equal(provider.calls.length, after + 2, 'one fetch');
    assert.equal(await counts(world, await sign()), true);
  });

  test('R16: keys that are away, at the start too, change nothing: the origin is asked', async () => {
    const { sign, ask, provider, clock } = await start();
    provider.setAway(true);
    assert.deepEqual(await ask(await sign()), ['ada', 1]);
    const token = await sign();
    assert.deepEqual(await ask(token), ['ada', 1]);
    assert.deepEqual(await ask(token), ['ada', 0], 'the token itself is held as ever');
    provider.setAway(false);
    clock.advance(5 * SECOND);
    assert.deepEqual(await ask(await sign()), ['ada', 1]);
    assert.deepEqual(await ask(await sign()), ['ada', 0]);
    provider.setAway(true);
    assert.deepEqual(await ask(await sign()), ['ada', 0], 'keys that are held count');
  });

  test('R16: nobody waits longer than a second for keys that do not come', async () => {
    const { sign, finish, first, clock, provider } = await start();
    provider.answer = () => new Promise(() => {});
    const before = clock.now();
    const session = await finish(first.getSession({ headers: bearer(await sign()) }));
    assert.equal(session?.user.id, 'ada');
    assert.ok(clock.now() - before < 1500, `${clock.now() - before} ms`);
  });

  test('R16: what is held is not verified again', async (t) => {
    const { sign, ask } = await start();
    const verify = t.mock.method(crypto.subtle, 'verify');
    const token = await sign();
    for (const calls of [1, 0, 0, 0]) assert.deepEqual(await ask(token), ['ada', calls]);
    assert.equal(verify.mock.callCount(), 1);
  });

  test('R16: with a secret, and with that alone', async () => {
    const world = await start({ tokens: { secret: SECRET } });
    const { sign, ask, seconds, provider } = world;
    const signed = (jti = '', secret = SECRET, alg = 'HS256') =>
      new SignJWT({ iss: ISSUER, sub: 'ada', aud: CLIENT_ID, sid: 's1', jti })
        .setProtectedHeader({ alg })
        .setIssuedAt(seconds(0))
        .setExpirationTime(seconds(60))
        .sign(new TextEncoder().encode(secret));
    await ask(await signed('1'));
    assert.equal(await counts(world, await signed('2')), true);
    assert.equal(await counts(world, await signed('3', `${SECRET}!`)), false);
    assert.equal(
      await counts(world, await signed('4', SECRET, 'HS512')),
      false,
      'too short for it',
    );
    assert.equal(await counts(world, await sign()), false, 'signed with a key');
    assert.deepEqual(provider.calls, []);
  });

  test('R16: with keys that the options have, nothing is fetched', async () => {
    const { provider, sign, startNode, ask } = await start();
    const node = startNode({ tokens: { ...TOKENS, jwks: { keys: [provider.publicKey] } } });
    assert.deepEqual(await ask(await sign(), node), ['ada', 1]);
    assert.deepEqual(await ask(await sign(), node), ['ada', 0]);
    assert.deepEqual(provider.calls, []);
    const other = startNode({ tokens: { ...TOKENS, jwks: `${ISSUER}/jwks` } });
    await ask(await sign(), other);
    assert.deepEqual(provider.calls, [`${ISSUER}/jwks`]);
  });

  test('R16: options that do not fit are refused, each by name', () => {
    /** @type {[unknown, string[]][]} */
    const cases = [
      ['x', ['tokens']],
      [{}, ['tokens.issuer', 'tokens.audience']],
      [{ ...TOKENS, issuer: 'id' }, ['tokens.issuer']],
      [{ ...TOKENS, audience: [] }, ['tokens.audience']],
      [{ ...TOKENS, jwks: 'jwks.json' }, ['tokens.jwks']],
      [{ ...TOKENS, jwks: { keys: [] } }, ['tokens.jwks']],
      [{ ...TOKENS, secret: 'short' }, ['tokens.secret']],
      [{ ...TOKENS, secret: SECRET, jwks: `${ISSUER}/jwks` }, ['tokens.secret']],
      [{ ...TOKENS, algorithms: ['none'] }, ['tokens.algorithms']],
      [{ ...TOKENS, algorithms: ['HS256'] }, ['tokens.algorithms']],
      [{ ...TOKENS, secret: SECRET, algorithms: 'ES256' }, ['tokens.algorithms']],
      [{ ...TOKENS, sid: '/sid' }, ['tokens.sid']],
      [{ ...TOKENS, clockTolerance: -1 }, ['tokens.clockTolerance']],
      [{ ...TOKENS, jwksUri: 'x' }, ['tokens.jwksUri']],
    ];
    for (const [tokens, expected] of cases) {
      assert.throws(
        () => new SessionCache(/** @type {any} */ ({ origin: ORIGIN, tokens })),
        (/** @type {any} */ { faults }) => {
          const options = faults.map((/** @type {any} */ { option }) => option);
          assert.deepEqual([...new Set(options)], expected);
          return true;
        },
        JSON.stringify(tokens),
      );
    }
  });
});

describe('what has ended', () => {
  test('R16: with a token that is ended, its session ends: renewed ones, narrow ones, and those that nobody has seen', async () => {
    for (const hasStore of [false, true]) {
      const { sign, ask, first, finish, clock } = await start({ hasStore });
      const [one, held, narrow] = [await sign(), await sign(), await sign({ scope: 'read' })];
      for (const token of [one, held, narrow]) await ask(token);
      await finish(first.revoke({ headers: bearer(one) }));
      for (const token of [one, held, narrow, await sign(), await sign({ scope: 'write' })]) {
        assert.deepEqual(await ask(token), [null, 0], `${hasStore}`);
      }
      clock.advance(2 * HOUR);
      assert.equal((await ask(await sign()))[0], null);
      assert.equal((await ask(await sign({ sid: 's2' })))[0], 'ada');
    }
  });

  test('R16: a sid that has ended is refused with another user too', async () => {
    const { sign, ask, first, finish } = await start();
    const token = await sign();
    await ask(token);
    await finish(first.revoke({ headers: bearer(token) }));
    assert.deepEqual(await ask(await sign({ sub: 'mia' })), [null, 0]);
    assert.deepEqual(await ask(await sign({ sub: 'mia', sid: 's2' })), ['mia', 1]);
  });

  test('R16: a token without a sid is a session alone, however it is spelt', async () => {
    const { sign, ask, first, finish } = await start();
    const [one, other] = [await sign({ sid: undefined }), await sign({ sid: undefined })];
    for (const token of [one, other]) await ask(token);
    await finish(first.revoke({ headers: bearer(malleated(one)) }));
    assert.equal((await ask(one))[0], null);
    assert.equal((await ask(malleated(one)))[0], null);
    assert.deepEqual(await ask(other), ['ada', 0]);
  });

  test('R31: on every node, those that have not seen the session and those that start later too', async () => {
    const { sign, ask, first, nodes, finish, clock, startNode } = await start({ count: 2 });
    const token = await sign();
    for (const node of nodes) await ask(token, node);
    await ask(await sign(), nodes[1]);
    await finish(first.revoke({ headers: bearer(token) }));
    clock.advance(5 * SECOND);
    for (const node of [...nodes, startNode()]) {
      assert.equal((await ask(token, node))[0], null);
      assert.equal((await ask(await sign(), node))[0], null);
      assert.equal((await ask(await sign({ scope: 'read' }), node))[0], null);
      assert.equal((await ask(await sign({ sid: 's2' }), node))[0], 'ada');
    }
  });

  test('R28: the sign-out of an identity provider ends it before a token of it was seen', async () => {
    const { sign, ask, provider, send } = await start();
    assert.equal((await send(await provider.logoutToken({ sid: 's1' }))).status, 200);
    assert.deepEqual(await ask(await sign()), [null, 0]);
    assert.deepEqual(await ask(await sign({ sid: 's2' })), ['ada', 1]);
  });

  test('R16: who was signed out everywhere is refused with every token from before, seen or not; who signs in then is not', async () => {
    for (const hasStore of [false, true]) {
      const { sign, ask, first, finish, clock, seconds } = await start({ hasStore });
      const seen = await sign();
      await ask(seen);
      const unseen = await sign({ sid: 's2', exp: seconds(HOUR / SECOND) });
      const longAgo = seconds(-3600);
      clock.advance(20 * SECOND);
      await finish(first.revokeUser('ada'));
      assert.equal((await ask(seen))[0], null);
      assert.deepEqual(await ask(unseen), [null, 0], `${hasStore}: the origin would take it`);
      assert.deepEqual(await ask(unseen), [null, 0], 'remembered');
      clock.advance(500);
      assert.deepEqual(await ask(await sign({ sid: 's3' })), ['ada', 1], 'in the same second');
      assert.deepEqual(await ask(await sign({ sid: 's3' })), ['ada', 0]);
      assert.deepEqual(
        await ask(await sign({ sid: 's4', auth_time: longAgo })),
        [null, 0],
        'auth_time before iat',
      );
      assert.equal((await ask(await sign({ sub: 'mia', sid: 's5', iat: longAgo })))[0], 'mia');
      clock.advance(HOUR);
      assert.equal((await ask(await sign({ sid: 's6', auth_time: longAgo })))[0], null);
      assert.equal((await ask(await sign({ sid: 's6' })))[0], 'ada');
    }
  });

  test('R16: who signs in again after a sign-out from everywhere is in, with the sid of before too', async () => {
    const { sign, ask, first, finish, clock } = await start();
    const old = await sign();
    await ask(old);
    clock.advance(10 * SECOND);
    await finish(first.revokeUser('ada'));
    assert.equal((await ask(old))[0], null);
    clock.advance(10 * SECOND);
    assert.deepEqual(await ask(await sign()), ['ada', 1]);
    assert.deepEqual(await ask(await sign()), ['ada', 0]);
  });

  test('R16: within clockTolerance of the end, only what was known before it has ended', async () => {
    const { sign, ask, first, finish, seconds } = await start();
    const known = await sign({ sid: 's1' });
    await ask(known);
    const before = { iat: seconds(-4), exp: seconds(60) };
    const [unknown, tooOld] = [
      await sign({ ...before, sid: 's2' }),
      await sign({ ...before, sid: 's3', iat: seconds(-7) }),
    ];
    await finish(first.revokeUser('ada'));
    assert.equal((await ask(known))[0], null);
    assert.equal((await ask(await sign({ sid: 's1' })))[0], null, 'the session was known');
    assert.equal((await ask(unknown))[0], 'ada');
    assert.equal((await ask(tooOld))[0], null);
  });

  test('R31: signed out everywhere on one node, refused on every other, and on those that start later', async () => {
    const { sign, ask, first, nodes, finish, clock, startNode, seconds } = await start({
      count: 2,
    });
    const unseen = await sign({ exp: seconds(HOUR / SECOND) });
    clock.advance(10 * SECOND);
    await finish(first.revokeUser('ada'));
    clock.advance(5 * SECOND);
    for (const node of [...nodes, startNode()]) {
      assert.deepEqual(await ask(unseen, node), [null, 0]);
      assert.equal((await ask(await sign({ sid: 'new' }), node))[0], 'ada');
    }
  });

  for (const what of /** @type {const} */ (['session', 'user'])) {
    test(`R31: a node that starts later, and that the store does not answer for the ${what} that has ended, notices when it can`, async () => {
      const { sign, ask, first, finish, clock, pass, startNode, seconds, link } = await start({
        count: 2,
      });
      const token = await sign({ exp: seconds(HOUR / SECOND) });
      await ask(token);
      clock.advance(20 * SECOND);
      if (what === 'session') await finish(first.revoke({ headers: bearer(token) }));
      else await finish(first.revokeUser('ada'));
      const other = await sign({ exp: seconds(HOUR / SECOND), iat: seconds(-20), scope: 'read' });
      clock.advance(5 * SECOND);
      link.refusesEpochs = true;
      const late = startNode();
      assert.deepEqual(await ask(other, late), ['ada', 1], 'the origin’s word is taken (R32)');
      await pass(2 * SECOND);
      assert.deepEqual(await ask(other, late), ['ada', 0]);
      link.refusesEpochs = false;
      await pass(2 * SECOND);
      assert.deepEqual(await ask(other, late), [null, 0]);
    });
  }

  test('R10: a user or a session that ends while the origin is asked is refused, whatever it then answers', async () => {
    for (const end of /** @type {const} */ (['revokeUser', 'revoke'])) {
      /** @type {(() => void)[]} */
      const waiting = [];
      let waits = false;
      const { sign, first, finish, ask, clock } = await start({
        answer: /** @type {any} */ (
          async (/** @type {Headers} */ headers) => {
            if (waits) await new Promise((resolve) => waiting.push(() => resolve(undefined)));
            return takesAll(headers);
          }
        ),
      });
      const [known, token] = [await sign({ scope: 'read' }), await sign()];
      await ask(known);
      clock.advance(10 * SECOND);
      waits = true;
      const asked = first.getSession({ headers: bearer(token) });
      for (let turn = 0; turn < 200 && waiting.length === 0; turn += 1) {
        await crypto.subtle.digest('SHA-256', new Uint8Array());
        await settle();
      }
      assert.equal(waiting.length, 1);
      if (end === 'revokeUser') await first.revokeUser('ada');
      else await first.revoke({ headers: bearer(known) });
      waits = false;
      for (const go of waiting) go();
      assert.equal(await finish(asked), null, end);
      assert.deepEqual(await ask(token), [null, 0], end);
    }
  });

  test('R16: a document that names its user otherwise than the token does ends with that user too', async () => {
    const { sign, ask, first, finish, clock, seconds } = await start({
      answer: (headers) =>
        Response.json({ id: `no ${payloadOf(`${headers.get('authorization')}`).sub}` }),
    });
    const unseen = await sign({ exp: seconds(3600) });
    clock.advance(20 * SECOND);
    await finish(first.revokeUser('no ada'));
    assert.equal((await ask(unseen))[0], null);
    assert.deepEqual(await ask(unseen), [null, 0]);
    assert.equal((await ask(await sign({ sid: 's2' })))[0], 'no ada');
  });
});
