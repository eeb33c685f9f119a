// Sign-outs of an identity provider, as OpenID Connect Back-Channel Logout 1.0 sends them: which messages count, and what
// they end.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CompactSign, SignJWT } from 'jose';
import { SessionCache } from 'sesame-edge';
import { HOUR, MINUTE, SECOND } from '../support/clock.js';
import { documentOf, ORIGIN, startNodesHearing } from '../support/hearing-nodes.js';
import { bearer, cookie } from '../support/http-case.js';
import { CLIENT_ID, createIdentityProvider, LOGOUT_EVENT } from '../support/identity-provider.js';
import { settle } from '../support/wait.js';

const SID = { sid: '/session/id' };
const ada1 = cookie('ada-1');
const ada2 = cookie('ada-2');

describe('what a logout token ends', () => {
  test('R28: with a sub, all sessions of the user, for good', async () => {
    const { provider, send, who, clock, origin } = await startNodesHearing();
    for (const each of [ada1, ada2, cookie('mia-1')]) await who(each);
    assert.deepEqual(await send(await provider.logoutToken({ sub: 'ada' })), { status: 200 });
    clock.advance(HOUR);
    for (const each of [ada1, ada2]) assert.equal(await who(each), null);
    assert.equal(await who(cookie('mia-1')), 'mia');
    assert.ok(origin.calls.length >= 3);
  });

  test('R28: with a sid, that session alone, wherever the option finds it', async () => {
    const { provider, send, who } = await startNodesHearing({ options: SID });
    for (const each of [ada1, ada2]) await who(each);
    const token = await provider.logoutToken({ sub: 'ada', sid: 'ada-1' });
    assert.equal((await send(token)).status, 200);
    assert.deepEqual([await who(ada1), await who(ada2)], [null, 'ada']);
  });

  test('R28: a sid alone, of a session that comes later too, however often the origin answers it', async () => {
    for (const hasStore of [false, true]) {
      const { provider, send, who, clock } = await startNodesHearing({ options: SID, hasStore });
      assert.equal((await send(await provider.logoutToken({ sid: 'ada-1' }))).status, 200);
      for (const wait of [0, MINUTE, 2 * HOUR]) {
        clock.advance(wait);
        assert.deepEqual([await who(ada1), await who(ada2)], [null, 'ada'], `${hasStore} ${wait}`);
        assert.equal(await who(bearer('ada-1')), null, 'with another credential');
      }
    }
  });

  test('R10: a sid that ends while its document is under way ends it', async () => {
    /** @type {(() => void)[]} */
    const waiting = [];
    const { provider, send, who, finish, first } = await startNodesHearing({
      options: SID,
      answer: /** @type {any} */ (
        async (/** @type {Headers} */ headers) => {
          await new Promise((resolve) => waiting.push(() => resolve(undefined)));
          return documentOf(headers);
        }
      ),
    });
    const asked = first.getSession({ headers: ada1 });
    await settle();
    await send(await provider.logoutToken({ sid: 'ada-1' }));
    for (const go of waiting) go();
    assert.equal(await finish(asked), null);
    assert.equal(await who(ada1), null);
  });

  test('R28: the sid as a claim of the token that the origin has accepted', async () => {
    const { provider, send, who } = await startNodesHearing({
      options: { sid: 'sid' },
      answer: (headers) => Response.json({ id: `of ${headers.get('authorization')?.slice(-4)}` }),
    });
    const tokenWith = async (/** @type {object} */ claims) =>
      bearer(await new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).sign(SECRET));
    const [one, renewed, other] = [
      await tokenWith({ sid: 's1' }),
      await tokenWith({ sid: 's1', n: 2 }),
      await tokenWith({ sid: 's2' }),
    ];
    for (const each of [one, other]) assert.notEqual(await who(each), null);
    await send(await provider.logoutToken({ sid: 's1' }));
    assert.deepEqual([await who(one), await who(renewed)], [null, null]);
    assert.notEqual(await who(other), null);
  });

  test('R28: a session whose sid has changed is found by the new one, and by no other', async () => {
    let sid = 's1';
    const { provider, send, who, clock } = await startNodesHearing({
      options: { ...SID, freshFor: '1s', keepFor: '2s', staleIfError: 0 },
      answer: () => Response.json({ id: 'ada', session: { id: sid } }),
    });
    await who(ada1);
    sid = 's2';
    clock.advance(10 * SECOND);
    await who(ada1);
    await send(await provider.logoutToken({ sid: 's1' }));
    assert.equal(await who(ada1), 'ada');
    await send(await provider.logoutToken({ sid: 's2' }));
    assert.equal(await who(ada1), null);
  });

  test('R28: a session that goes on with another cookie is found by its sid', async () => {
    let isRotated = false;
    const { provider, send, who, first, finish } = await startNodesHearing({
      options: SID,
      answer: () => {
        const headers = { 'set-cookie': 'session=b; Path=/; HttpOnly' };
        const answer = { id: 'ada', session: { id: 's1' } };
        const set = isRotated ? {} : { headers };
        isRotated = true;
        return Response.json(answer, set);
      },
    });
    const request = new Request('https://shop.test/api/v1/users/me', { headers: cookie('a') });
    await finish(first.handle(request));
    assert.equal(await who(cookie('b')), 'ada');
    await send(await provider.logoutToken({ sid: 's1' }));
    assert.equal(await who(cookie('b')), null);
  });

  test('R28: a sid that nothing here could carry is refused, and the operator told which option finds it', async () => {
    const { provider, send, who, warnings, first } = await startNodesHearing();
    await who(ada1);
    const { status, error, error_description } = await send(
      await provider.logoutToken({ sid: 'ada-1' }),
    );
    assert.deepEqual([status, error], [400, 'invalid_request']);
    assert.match(error_description, /option sid/);
    assert.match(warnings.join('\n'), /the option sid/);
    assert.deepEqual(
      first.notices().map(({ cause }) => cause),
      ['unmapped-sid'],
    );
    assert.equal(await who(ada1), 'ada');
  });

  test('R28: with a sub beside it, all sessions of the user end: never less than was asked', async () => {
    const { provider, send, who, warnings } = await startNodesHearing();
    for (const each of [ada1, ada2]) await who(each);
    const token = await provider.logoutToken({ sub: 'ada', sid: 'ada-1' });
    assert.equal((await send(token)).status, 200);
    assert.deepEqual([await who(ada1), await who(ada2)], [null, null]);
    assert.match(warnings.join('\n'), /the option sid/);
  });

  test('R50: a session that is listed no longer is asked for again, so that its sid still ends it', async () => {
    const { SessionIds } = await import('../../js_bindings/shared/session-ids.js');
    /** @type {[number, string][]} */
    const applied = [];
    const core = {
      userKey: (/** @type {string} */ id) => `key of ${id}`,
      sessionKey: (/** @type {any} */ head) => ({ key: head.cookie, credential: '', kind: 1 }),
      applyRemote: (/** @type {number} */ event, /** @type {string} */ key) =>
        applied.push([event, key]),
    };
    const ids = new SessionIds(
      /** @type {any} */ (core),
      '/sid',
      /** @type {any} */ ({ now: () => 0 }),
      2,
    );
    const body = new TextEncoder().encode('{"sid":"s"}');
    for (const each of ['a', 'b', 'c']) ids.note(/** @type {any} */ ({ cookie: each }), body);
    assert.deepEqual(applied, [[4, 'a']]); // dropped
    assert.deepEqual(ids.apply('revoke', ids.keyOf('s') ?? ''), ['b', 'c']);
  });

  test('R52: no snapshot is restored whose sessions could not be found by their sid', async () => {
    const { first } = await startNodesHearing({ options: { ...SID, secret: '0'.repeat(32) } });
    await assert.rejects(first.restore(new Uint8Array()), { code: 'ERR_SESAME_CONFIG' });
  });
});

describe('on several nodes', () => {
  test('R31: a sign-out that one node hears ends the sessions on the others, those that begin later too', async () => {
    const { provider, send, who, clock, nodes, startNode } = await startNodesHearing({
      options: SID,
      count: 2,
    });
    const [, other] = nodes;
    for (const each of [ada1, ada2]) for (const node of nodes) await who(each, node);
    await send(await provider.logoutToken({ sid: 'ada-1' }));
    clock.advance(5 * SECOND);
    assert.deepEqual([await who(ada1, other), await who(ada2, other)], [null, 'ada']);
    assert.equal(await who(bearer('ada-1'), other), null);
    const late = startNode();
    assert.deepEqual([await who(ada1, late), await who(bearer('ada-1'), late)], [null, null]);
    assert.equal(await who(ada2, late), 'ada');
  });

  test('R28: a logout token counts once on all nodes', async () => {
    const { provider, send, who, nodes } = await startNodesHearing({ count: 2 });
    const token = await provider.logoutToken({ sub: 'ada' });
    const answers = [];
    for (const node of [...nodes, ...nodes]) answers.push((await send(token, node)).status);
    assert.deepEqual(answers, [200, 400, 400, 400]);
    assert.equal(await who(ada1), 'ada', 'who has signed in since stays');
  });

  test('R28: a logout token that could not be carried out is good once more when the store is back', async () => {
    for (const claims of [{ sub: 'ada' }, { sid: 'ada-1' }]) {
      const { provider, send, link } = await startNodesHearing({ options: SID, count: 2 });
      const token = await provider.logoutToken(claims);
      const answers = [];
      for (const fails of [true, true, false, false]) {
        link.refusesWrites = fails;
        answers.push((await send(token)).status);
      }
      assert.deepEqual(answers, [503, 503, 200, 400]);
    }
  });
});

const SECRET = new TextEncoder().encode('a secret of thirty-two characters');

describe('which logout tokens count (section 2.6)', () => {
  /** @param {string} name @param {(t: Awaited<ReturnType<typeof startNodesHearing>>) => Promise<string>} make @param {RegExp} reason */
  const refuses = (name, make, reason) =>
    test(`R28: refused is ${name}`, async () => {
      const t = await startNodesHearing({ options: SID });
      await t.who(ada1);
      const token = await make(t);
      const { status, error, error_description } = await t.send(token);
      assert.deepEqual([status, error], [400, 'invalid_request'], error_description);
      assert.match(error_description, reason);
      assert.equal(await t.who(ada1), 'ada');
      assert.deepEqual(t.elsewhere, [], 'nothing is fetched of anybody else');
    });
  const seconds = (/** @type {{ now: () => number }} */ clock) => Math.floor(clock.now() / 1000);
  const ADA = { sub: 'ada' };

  /** @type {[name: string, claims: (clock: { now: () => number }) => Record<string, unknown>, reason: RegExp][]} */
  const claims = [
    ['one for another client', () => ({ aud: 'another' }), /aud/],
    ['one for nobody', () => ({ aud: undefined }), /aud/],
    ['one for others only', () => ({ aud: ['x', 'y'] }), /aud/],
    ['one without iat', () => ({ iat: undefined }), /iat/],
    ['one whose iat is text', () => ({ iat: '1' }), /iat/],
    ['one that is ten minutes old', (clock) => ({ iat: seconds(clock) - 600 }), /iat/],
    ['one of in two minutes', (clock) => ({ iat: seconds(clock) + 120 }), /iat/],
    ['one that has expired', (clock) => ({ exp: seconds(clock) - 120 }), /exp/],
    ['one that is not valid yet', (clock) => ({ nbf: seconds(clock) + 120 }), /nbf/],
    ['one without jti', () => ({ jti: undefined }), /jti/],
    ['one whose jti is no text', () => ({ jti: 7 }), /jti/],
    ['one without events', () => ({ events: undefined }), /events/],
    ['one with another event', () => ({ events: { 'http://x.test/e': {} } }), /events/],
    ['one whose event is no object', () => ({ events: { [LOGOUT_EVENT]: true } }), /events/],
    ['one with a nonce', () => ({ nonce: 'n' }), /nonce/],
    ['one with neither sub nor sid', () => ({ sub: undefined }), /sub/],
    ['one whose sub is a number', () => ({ sub: 7, sid: 'ada-1' }), /sub is no/],
    ['one whose sid is empty', () => ({ sid: '' }), /sid/],
    ['one without iss', () => ({ iss: undefined }), /iss/],
    ['one of an unknown issuer', () => ({ iss: 'https://other.test' }), /iss/],
    ['one whose iss differs by a slash', () => ({ iss: 'https://id.test/' }), /iss/],
  ];
  for (const [name, more, reason] of claims) {
    const make = (/** @type {any} */ { provider, clock }) =>
      provider.logoutToken({ ...ADA, ...more(clock) });
    refuses(name, make, reason);
  }

  /** @type {[name: string, header: Record<string, unknown>, reason: RegExp][]} */
  const headers = [
    ['an ID token that says so', { typ: 'at+jwt' }, /typ/],
    ['a security event of another kind', { typ: 'secevent+jwt' }, /typ/],
    ['one with an unknown kid', { kid: 'x' }, /signature/],
    ['one with another kid, one that has another type', { kid: 1 }, /signature/],
  ];
  for (const [name, header, reason] of headers) {
    refuses(name, ({ provider }) => provider.logoutToken(ADA, header), reason);
  }

  const json = (/** @type {unknown} */ value) =>
    Buffer.from(JSON.stringify(value)).toString('base64url');
  refuses(
    'one with alg none',
    async ({ provider }) => {
      const [, payload] = (await provider.logoutToken(ADA)).split('.');
      return `${json({ alg: 'none', typ: 'logout+jwt' })}.${payload}.`;
    },
    /alg/,
  );
  refuses(
    'one signed with the public key as a secret (HS256)',
    async ({ provider }) => {
      const [, payload] = (await provider.logoutToken(ADA)).split('.');
      const { x = '' } = provider.publicKey;
      return new CompactSign(Buffer.from(payload, 'base64url'))
        .setProtectedHeader({ alg: 'HS256', kid: '1', typ: 'logout+jwt' })
        .sign(Buffer.from(x, 'base64url'));
    },
    /alg/,
  );
  refuses(
    'one that was altered',
    async ({ provider }) => {
      const [header, payload, signature] = (await provider.logoutToken(ADA)).split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
      return `${header}.${json({ ...claims, sub: 'mia' })}.${signature}`;
    },
    /signature/,
  );
  refuses(
    'one of another provider with the same kid',
    async ({ provider, clock }) => {
      const { issuer } = provider;
      const forger = await createIdentityProvider({ issuer, now: clock.now });
      return forger.logoutToken(ADA);
    },
    /signature/,
  );
  refuses(
    'one with a critical header',
    async ({ provider }) => {
      const [, payload, signature] = (await provider.logoutToken(ADA)).split('.');
      return `${json({ alg: 'ES256', kid: '1', crit: ['x'], x: 1 })}.${payload}.${signature}`;
    },
    /crit/,
  );
  refuses('no token at all', async () => 'a.b', /JWT/);
  refuses('an encrypted one', async () => 'a.b.c.d.e', /JWT/);
  refuses(
    'one with a line break in its signature',
    async ({ provider }) => `${await provider.logoutToken(ADA)}\n`,
    /JWT/,
  );

  test('R28: whoever signs with what the options leave out is refused', async () => {
    const { provider, send } = await startNodesHearing({
      options: {
        backchannelLogout: { issuer: 'https://id.test', audience: 'shop', algorithms: ['RS256'] },
      },
    });
    assert.equal((await send(await provider.logoutToken({ sub: 'ada' }))).status, 400);
    assert.equal(provider.calls.length, 0);
  });

  test('R28: the body is a form with one token', async () => {
    const { provider, post } = await startNodesHearing();
    const token = await provider.logoutToken({ sub: 'ada' });
    const twice = new URLSearchParams([
      ['logout_token', token],
      ['logout_token', token],
    ]);
    for (const body of [twice, new URLSearchParams({ token }), '', `logout_token=${token}`]) {
      assert.equal((await post(body)).status, 400);
    }
    assert.equal((await post('x'.repeat(70_000))).status, 413);
    assert.equal(
      (await post(new URLSearchParams({ logout_token: token, state: 'x' }))).status,
      200,
    );
  });

  test('R28: nobody but the configured issuer has keys fetched, and of him the keys once', async () => {
    const { provider, send, elsewhere } = await startNodesHearing();
    const others = ['https://evil.test', 'https://id.test.evil.test', 'https://id.test@evil.test'];
    for (const iss of others) await send(await provider.logoutToken({ iss, sub: 'ada' }));
    assert.deepEqual([provider.calls, elsewhere], [[], []]);
    for (const _ of [1, 2, 3]) await send(await provider.logoutToken({ sub: 'ada' }));
    const wellKnown = 'https://id.test/.well-known/openid-configuration';
    assert.deepEqual(provider.calls, [wellKnown, 'https://id.test/jwks']);
  });

  test('R28: a provider that names itself otherwise, or its keys without TLS, has none', async () => {
    const bad = [{ issuer: 'https://evil.test' }, { jwks_uri: 'http://id.test/jwks' }];
    for (const each of bad) {
      const { provider, send, elsewhere } = await startNodesHearing();
      Object.assign(provider.metadata, each);
      assert.equal((await send(await provider.logoutToken({ sub: 'ada' }))).status, 503);
      assert.deepEqual([provider.calls.length, elsewhere], [1, []]);
    }
  });

  test('R28: a provider whose keys cannot be had is heard when it is back', async () => {
    const { provider, send, clock, who } = await startNodesHearing();
    await who(ada1);
    provider.setAway(true);
    const token = await provider.logoutToken({ sub: 'ada' });
    assert.equal((await send(token)).status, 503);
    provider.setAway(false);
    clock.advance(2 * SECOND);
    assert.equal((await send(token)).status, 200);
    assert.equal(await who(ada1), null);
  });

  test('R28: a new key counts at once, and unknown ones cause one question in a while', async () => {
    const { provider, send, clock } = await startNodesHearing();
    await send(await provider.logoutToken({ sub: 'ada' }));
    clock.advance(MINUTE);
    await provider.rotate();
    assert.equal((await send(await provider.logoutToken({ sub: 'ada' }))).status, 200);
    const asked = provider.calls.length;
    for (const kid of ['x', 'y', 'z']) {
      assert.equal((await send(await provider.logoutToken({ sub: 'ada' }, { kid }))).status, 400);
    }
    assert.equal(provider.calls.length, asked);
    clock.advance(HOUR);
    assert.equal((await send(await provider.logoutToken({ sub: 'ada' }))).status, 200);
    assert.equal(provider.calls.length, asked + 2, 'keys are kept for minutes');
  });

  test('R28: providers sign with RSA, PSS, ECDSA and Ed25519', async () => {
    for (const alg of ['RS256', 'PS384', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
      const { provider, send } = await startNodesHearing({ alg });
      assert.equal((await send(await provider.logoutToken({ sub: 'ada' }))).status, 200, alg);
    }
  });

  test('R28: a clock that is a minute off is heard, one that is further is not', async () => {
    for (const [off, status] of [
      [-60, 200],
      [60, 200],
      [-400, 400],
      [90, 400],
    ]) {
      const { provider, send, clock } = await startNodesHearing();
      const iat = seconds(clock) + off;
      const token = await provider.logoutToken({ sub: 'ada', iat, exp: iat + 120 });
      assert.equal((await send(token)).status, status, `${off} s`);
    }
  });

  test('R28: tokens as providers really write them', async () => {
    const { provider, send } = await startNodesHearing();
    const good = [
      [{ aud: ['x', CLIENT_ID] }, {}],
      [{}, { typ: undefined }],
      [{}, { typ: 'JWT' }],
      [{}, { typ: 'application/logout+jwt' }],
      [{}, { kid: undefined }],
      [{ exp: undefined }, {}],
      [{ trace: 1, events: { [LOGOUT_EVENT]: {}, 'urn:more': {} } }, {}],
    ];
    for (const [claims, header] of good) {
      const token = await provider.logoutToken({ sub: 'ada', ...claims }, header);
      assert.deepEqual(await send(token), { status: 200 }, JSON.stringify([claims, header]));
    }
  });
});

describe('the option', () => {
  test('names what is wrong with it', () => {
    const issuer = 'https://id.test';
    /** @type {[unknown, string][]} */
    const bad = [
      [{}, 'backchannelLogout.issuer'],
      [{ issuer, audience: [] }, 'backchannelLogout.audience'],
      [{ issuer: 'id.test', audience: 'a' }, 'backchannelLogout.issuer'],
      [{ issuer, audience: 'a', algorithms: ['HS256'] }, 'backchannelLogout.algorithms'],
      [{ issuer, audience: 'a', algorithms: ['none'] }, 'backchannelLogout.algorithms'],
      [{ issuer, audience: 'a', jwksUri: 'file:///keys' }, 'backchannelLogout.jwksUri'],
      [{ issuer, audience: 'a', secret: 'x' }, 'backchannelLogout.secret'],
      [
        [
          { issuer, audience: 'a' },
          { issuer, audience: 'b' },
        ],
        'backchannelLogout',
      ],
      ['https://id.test', 'backchannelLogout'],
    ];
    for (const [backchannelLogout, option] of bad) {
      assert.throws(
        () => new SessionCache(/** @type {any} */ ({ origin: ORIGIN, backchannelLogout })),
        (/** @type {any} */ { faults }) => faults[0].option === option,
        option,
      );
    }
    const fields = { sid: '/session/id', fields: ['id'] };
    for (const each of [{ sid: '' }, { sid: 'a/b' }, fields]) {
      assert.throws(() => new SessionCache({ origin: ORIGIN, ...each }), /sid/);
    }
  });

  test('without it, the path is the origin’s', async () => {
    const { post, origin } = await startNodesHearing({ options: { backchannelLogout: null } });
    await post(new URLSearchParams({ logout_token: 'x' })).catch(() => {});
    assert.match(origin.calls[0].url, /backchannel-logout$/);
  });
});
