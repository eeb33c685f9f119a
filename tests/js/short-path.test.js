// Node's short path beside the full one: to the byte, the counter, the line of the log and the call of the origin. What is
// sent is odd in the ways that the security cases know, and what chance makes of such parts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { describe, test } from 'node:test';
import { toNodeHandler } from 'sesame-edge/node';
import { MINUTE } from '../support/clock.js';
import { DOCUMENT, documentOf, SESSION } from '../support/origin.js';
import { startsForTests } from '../support/started.js';
import { createTwins } from '../support/twins.js';
import { until } from '../support/wait.js';

const VERIFY = '/api/auth/verify';
const HOST = 'Host: site.example\r\n';
const CLOSE = 'Connection: close\r\n';
const ADA = 'Cookie: session=ada\r\n';

const { ends, createSessions, listen } = startsForTests();

/** @param {string} target @param {string} [fields] @param {string} [method] */
const requestOf = (target, fields = ADA, method = 'GET') =>
  `${method} ${target} HTTP/1.1\r\n${HOST}${fields}${CLOSE}\r\n`;

/** @param {Parameters<typeof createTwins>} given */
async function startTwins(...given) {
  const twins = await createTwins(...given);
  ends(twins.close);
  return twins;
}

/** Fields of requests, each as it goes on the wire: what is usual, what is odd, and what a server has to look at twice. */
const FIELDS = [
  ...[ADA, 'cookie: session=ada\r\n', 'COOKIE:session=ada\r\n', 'Cookie: \t session=ada \t\r\n'],
  ...[
    'Cookie: session=bob\r\n',
    'Cookie: session=nobody\r\n',
    'Cookie: session="ada"\r\n',
    'Cookie: session=%61da\r\n',
  ],
  ...[
    'Cookie: a=1; session=ada; b=2\r\n',
    'Cookie: session=ada; session=bob\r\n',
    'Cookie: session=ada; Session=ada\r\n',
  ],
  ...[
    'Cookie: session=ada\r\nCookie: theme=dark\r\n',
    'Cookie: session=ada\r\nCookie: session=bob\r\n',
    'Cookie:\r\n',
  ],
  ...[
    'Cookie: session=\xe4da\r\n',
    `Cookie: session=${'a'.repeat(5000)}\r\n`,
    'Cookie: theme=dark\r\n',
    'Cookie: ;;=;\r\n',
  ],
  ...[
    'Authorization: Bearer ada\r\n',
    'Authorization: bearer  ada\r\n',
    'Authorization: Basic YTpi\r\n',
    'Authorization: \r\n',
  ],
  ...[
    'Authorization: Bearer ada\r\nAuthorization: Bearer bob\r\n',
    `${ADA}Authorization: Bearer ada\r\n`,
  ],
  ...[
    'Accept: text/html\r\n',
    'Accept: */*\r\n',
    'Accept: application/json;q=0\r\n',
    'Accept:\r\n',
    'Accept: text/html, */*;q=0.1\r\n',
  ],
  ...[
    'Accept: text/html\r\nAccept: application/json\r\n',
    'Accept-Encoding: gzip, br\r\n',
    'Accept-Language: de\r\n',
  ],
  ...[
    'Origin: https://other.example\r\n',
    'Origin: http://site.example\r\n',
    'Origin: null\r\n',
    'Sec-Fetch-Site: cross-site\r\n',
  ],
  ...[
    'Sesame-Max-Age: 0\r\n',
    'Sesame-Max-Age: 3600\r\n',
    'Sesame-Max-Age: x\r\n',
    'Cache-Control: no-cache\r\n',
    'Cache-Control: max-age=0\r\n',
  ],
  ...[
    'If-None-Match: *\r\n',
    'If-None-Match: "x"\r\n',
    'If-Modified-Since: Wed, 21 Oct 2026 07:28:00 GMT\r\n',
    'Range: bytes=0-3\r\n',
  ],
  ...[
    'Content-Length: 0\r\n',
    'Expect: 100-continue\r\n',
    'Expect: something\r\n',
    'TE: trailers\r\n',
    'Upgrade: h2c\r\n',
  ],
  ...[
    'X-Forwarded-Host: evil.example\r\n',
    'X-Forwarded-Method: DELETE\r\n',
    'X-HTTP-Method-Override: DELETE\r\n',
    'X-Sesame-User: bob\r\n',
  ],
  ...[
    '__proto__: x\r\n',
    'constructor: x\r\n',
    'Prefer: wait=1\r\n',
    'X-Empty:\r\n',
    `X-Long: ${'x'.repeat(2000)}\r\n`,
  ],
];

const TARGETS = [
  ...[
    DOCUMENT,
    DOCUMENT,
    DOCUMENT,
    DOCUMENT,
    SESSION,
    SESSION,
    VERIFY,
    `${VERIFY}/x`,
    `${VERIFY}?x=1`,
    `${VERIFY}/../x`,
  ],
  ...[
    `${DOCUMENT}?`,
    `${DOCUMENT}?x=1`,
    `${DOCUMENT}/`,
    `${DOCUMENT}#x`,
    `/${DOCUMENT}`,
    '/api/v1/users/%6de',
    '/api/v1/x/../users/me',
  ],
  ...[
    `http://site.example${DOCUMENT}`,
    `${SESSION}?x`,
    `${SESSION}/`,
    '/',
    '/api/auth/devices',
    '*',
    '/API/v1/users/me',
  ],
];

const METHODS = [
  'GET',
  'GET',
  'GET',
  'GET',
  'GET',
  'GET',
  'HEAD',
  'OPTIONS',
  'POST',
  'DELETE',
  'PUT',
  'TRACE',
  'PURGE',
];

const HOSTS = [
  ...[
    HOST,
    HOST,
    HOST,
    HOST,
    'host: SITE.example:80\r\n',
    'Host: [::1]:8080\r\n',
    'Host:\r\n',
    'Host: a b\r\n',
    'Host: a:b\r\n',
  ],
  ...[
    'Host: site.example/x?\r\n',
    'Host: a@b\r\n',
    'Host: %\r\n',
    `${HOST}Host: other.example\r\n`,
    'Host: site.example\\x\r\n',
    '',
  ],
];

/** Numbers of which each follows from the seed (mulberry32). @param {number} seed */
function drawFrom(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    chance: (/** @type {number} */ share) => next() < share,
    integer: (/** @type {number} */ below) => Math.floor(next() * below),
    /** @template T @param {T[]} list @returns {T} */
    one: (list) => list[Math.floor(next() * list.length)],
  };
}

/** @param {ReturnType<typeof drawFrom>} draw */
function anyRequest(draw) {
  // Of requests that are odd in several ways at once, hardly one is a hit.
  if (draw.chance(0.6))
    return `GET ${draw.one(TARGETS)} HTTP/1.1\r\n${HOST}${ADA}${draw.chance(0.5) ? draw.one(FIELDS) : ''}`;
  const fields = Array.from({ length: draw.integer(4) }, () => draw.one(FIELDS));
  if (draw.chance(0.5)) fields.unshift(ADA);
  const version = draw.chance(0.95) ? '1.1' : '1.0';
  return `${draw.one(METHODS)} ${draw.one(TARGETS)} HTTP/${version}\r\n${draw.one(HOSTS)}${fields.join('')}`;
}

/** What an origin of two users, a remembered "no" and validators answers. @param {import('../support/origin.js').Origin} origin */
function script(origin) {
  const refusal = {
    ...{ status: 401, headers: { 'www-authenticate': 'Bearer realm="x"' } },
    body: { error: 'no' },
  };
  /** @type {(call: import('../support/origin.js').Call) => import('../support/origin.js').Behaviour} */
  const answer = ({ headers }) => {
    const [, name = headers.authorization?.replace(/^Bearer +/i, '')] =
      /session="?([^;"]*)/.exec(headers.cookie ?? '') ?? [];
    if (!name || name === 'nobody') return refusal;
    /** @type {Record<string, string>} */
    const etag = name === 'bob' ? { etag: '"of bob"' } : {};
    return {
      headers: { 'content-type': 'application/json', 'set-cookie': 'seen=1', ...etag },
      body: documentOf(`${name} Sørensen 王`),
    };
  };
  origin.on(`GET ${DOCUMENT}`, answer);
}

const OPTIONS = { verifyPath: VERIFY, verify: { headers: { 'x-user': '/id', 'x-name': '/name' } } };

/** Under which options hits differ, or there are none. */
const WAYS = [
  ...[
    OPTIONS,
    { ...OPTIONS, requestMaxAge: true },
    { fields: ['/id'], verifyPath: VERIFY, verify: { prefix: true } },
  ],
  ...[
    { ...OPTIONS, browserCache: true },
    { ...OPTIONS, varyOn: ['host'] },
    { sessionPath: null },
    { obeyCacheControl: false },
  ],
  ...[
    {
      secret: '0'.repeat(32),
      managed: { loginPath: '/api/v1/auth/login', refreshPath: '/api/v1/auth/refresh' },
    },
  ],
];

describe('the short path and the full path of Node', () => {
  for (const [at, options] of WAYS.entries()) {
    test(`R41, R43: requests of any parts are answered alike: ${JSON.stringify(options)}`, async () => {
      const answered = { short: 0, all: 0 };
      const draw = drawFrom(at + 1);
      const twins = await startTwins(options, { script, answered });
      for (let round = 0; round < 120; round += 1) {
        if (draw.chance(0.06)) twins.clock.advance(draw.one([5, 20, 40, 70]) * MINUTE);
        const request = `${anyRequest(draw)}${CLOSE}\r\n`;
        await twins.exchange(request);
        if (draw.chance(0.5)) await twins.exchange(request);
      }
      const isOff = 'browserCache' in options || 'varyOn' in options;
      const least = isOff || 'managed' in options ? 0 : 8;
      assert.ok(
        answered.short >= least,
        `the short path has answered ${answered.short} of ${answered.all}`,
      );
      if ('varyOn' in options) assert.equal(answered.short, 0);
    });
  }

  for (const options of [OPTIONS, { ...OPTIONS, requestMaxAge: true }]) {
    test(`R11, R41: of what is held, each field alone changes the same: ${JSON.stringify(options)}`, async () => {
      const twins = await startTwins(options, { script });
      for (const target of [DOCUMENT, SESSION, VERIFY]) {
        for (const field of FIELDS) {
          await twins.exchange(requestOf(DOCUMENT));
          twins.clock.advance(1000);
          await twins.exchange(requestOf(target, `${ADA}${field}`));
        }
      }
    });
  }

  test('what is below the path for proxies is theirs, but for the metrics', async () => {
    const options = {
      verifyPath: VERIFY,
      verify: { prefix: true },
      metricsPath: `${VERIFY}/metrics`,
    };
    const twins = await startTwins(options, { script });
    for (const target of [
      DOCUMENT,
      VERIFY,
      `${VERIFY}/a`,
      `${VERIFY}/metrics`,
      `${VERIFY}/a%22"`,
      `${VERIFY}x`,
    ]) {
      await twins.exchange(requestOf(target));
    }
  });

  test('R8, R10: a session that has ended, was dropped or has another document is so on both', async () => {
    const answered = { short: 0, all: 0 };
    const twins = await startTwins(OPTIONS, { script, answered });
    const ask = async () => {
      for (const target of [DOCUMENT, SESSION, VERIFY, DOCUMENT])
        await twins.exchange(requestOf(target));
    };
    const both = async (
      /** @type {(sessions: import('sesame-edge').SessionCache) => Promise<unknown>} */ change,
    ) => {
      for (const { sessions } of [twins.short, twins.long]) await change(sessions);
      await ask();
    };
    await ask();
    await both((sessions) => sessions.invalidateUser('id-ada Sørensen 王'));
    await both((sessions) => sessions.forget({ headers: { cookie: 'session=ada' } }));
    await both((sessions) => sessions.revokeUser('id-ada Sørensen 王'));
    await both((sessions) => sessions.revoke({ headers: { cookie: 'session=ada' } }));
    await both((sessions) => sessions.revoke({ headers: { cookie: 'session=nobody' } }));
    assert.ok(answered.short >= 10, `${answered.short}`);
    const refused = await twins.exchange(requestOf(DOCUMENT));
    assert.match(refused, /^HTTP\/1\.1 401 /);
  });

  test('R9: requests of one connection, sent at once, are answered in their order and alike', async () => {
    const twins = await startTwins(OPTIONS, { script });
    const keep = (/** @type {string} */ target, fields = ADA, method = 'GET') =>
      `${method} ${target} HTTP/1.1\r\n${HOST}${fields}\r\n`;
    const bob = 'Cookie: session=bob\r\n';
    for (let time = 0; time < 3; time += 1) {
      await twins.exchange(
        [
          keep(DOCUMENT),
          keep(DOCUMENT, bob),
          keep('/nowhere'),
          keep(DOCUMENT),
          keep(SESSION, bob),
          keep(DOCUMENT, ADA, 'HEAD'),
        ].join('') + requestOf(SESSION),
      );
    }
    const said = await twins.exchange(keep(DOCUMENT) + keep(DOCUMENT, bob) + requestOf(DOCUMENT));
    assert.deepEqual(
      [...said.matchAll(/"id":"id-(\w+)/g)].map(([, name]) => name),
      ['ada', 'bob', 'ada'],
    );
    await twins.exchange(
      `GET ${DOCUMENT} HTTP/1.0\r\n${ADA}Connection: keep-alive\r\n\r\n${requestOf(DOCUMENT)}`,
    );
    await twins.exchange(
      `GET ${DOCUMENT} HTTP/1.1\r\n${HOST}${ADA}Content-Length: 5\r\n\r\nhello${requestOf(DOCUMENT)}`,
    );
  });

  test('R9: clients that leave, before their answer or during it, leave both in the same state', async () => {
    const twins = await startTwins(OPTIONS, { script });
    await twins.exchange(requestOf(DOCUMENT));
    for (let time = 0; time < 5; time += 1) {
      await twins.exchange(requestOf(DOCUMENT));
      for (const { port, sessions } of [twins.short, twins.long]) {
        const before = sessions.statistics().checks;
        await leave(
          port,
          requestOf(DOCUMENT).repeat(3),
          () => sessions.statistics().checks > before,
        );
      }
      await twins.exchange(requestOf(SESSION));
    }
  });

  test('R41: what the server, a listener before it or an option changes is changed on both', async () => {
    /** @type {NonNullable<Parameters<typeof createTwins>[1]>[]} */
    const ways = [
      { handler: { host: 'www.example.com', protocol: /** @type {const} */ ('https:') } },
      { handler: { host: 'www.example.com/x?' } },
      { server: { joinDuplicateHeaders: true, requireHostHeader: false, keepAliveTimeout: 0 } },
      {
        before: changing((incoming) =>
          Object.assign(incoming.headers, { authorization: 'Bearer bob' }),
        ),
      },
      {
        before: changing((incoming) =>
          Object.assign(incoming.headers, { Authorization: 'Bearer bob' }),
        ),
      },
      { before: changing((incoming) => Reflect.deleteProperty(incoming.headers, 'cookie')) },
      { before: changing((incoming) => Object.assign(incoming, { url: SESSION })) },
      {
        before: (_incoming, outgoing) => {
          outgoing.setHeader('Vary', 'Accept-Encoding');
          outgoing.setHeader('x-powered-by', 'tests');
          outgoing.setHeader('content-length', '7');
        },
      },
    ];
    for (const how of ways) {
      const twins = await startTwins(OPTIONS, { script, ...how });
      for (let time = 0; time < 3; time += 1) {
        for (const target of [DOCUMENT, SESSION, VERIFY]) {
          await twins.exchange(requestOf(target));
          await twins.exchange(requestOf(target, `${ADA}X-Change: 1\r\n`));
          await twins.exchange(requestOf(target, `${ADA}Cookie: session=bob\r\n`));
        }
      }
    }
  });

  test('a cache whose handle() is another than its own is asked with that', async () => {
    const { sessions } = await createSessions();
    const { fetch } = await listen(toNodeHandler(sessions));
    const headers = { cookie: 'session=ada' };
    for (let time = 0; time < 2; time += 1)
      assert.equal((await fetch(DOCUMENT, { headers })).status, 200);
    sessions.handle = async () => new Response('mine', { status: 418 });
    assert.equal((await fetch(DOCUMENT, { headers })).status, 418);
  });

  test('a cache that has been disposed of is a 500 for a hit too, and the server is told why', async () => {
    const { sessions } = await createSessions();
    /** @type {any[]} */
    const errors = [];
    const { fetch } = await listen(
      toNodeHandler(sessions, { onError: (error) => errors.push(error) }),
    );
    const headers = { cookie: 'session=ada' };
    for (let time = 0; time < 2; time += 1)
      assert.equal((await fetch(DOCUMENT, { headers })).status, 200);
    sessions.dispose();
    assert.equal((await fetch(DOCUMENT, { headers })).status, 500);
    assert.deepEqual(
      errors.map(({ code }) => code),
      ['ERR_SESAME_DISPOSED'],
    );
  });
});

describe('who makes a request, from what is held', () => {
  test('the user is parsed when he is read, is one value, and is the caller’s own to change', async (t) => {
    const { sessions } = await createSessions();
    const request = { headers: { cookie: 'session=ada' } };
    await sessions.identify(request);
    const parse = t.mock.method(JSON, 'parse');
    const identity = await sessions.identify(request);
    const session = await sessions.getSession(request);
    assert.equal(parse.mock.callCount(), 0);
    assert.deepEqual(Object.keys(identity), ['user', 'expiresAt', 'source', 'setCookies']);
    assert.deepEqual({ ...identity }.user, JSON.parse(documentOf('ada')));
    assert.equal(identity.user, identity.user);
    assert.ok(identity.user);
    identity.user.name = 'Ada';
    assert.deepEqual(
      [identity.user.name, (await sessions.identify(request)).user?.name],
      ['Ada', 'ada'],
    );
    identity.user = null;
    assert.equal(identity.user, null);
    assert.deepEqual(JSON.parse(JSON.stringify(session)).user, session?.user);
  });

  test('what is held is told without a look at the signal', async () => {
    const { sessions, origin } = await createSessions();
    const request = new Request('http://site.example/', { headers: { cookie: 'session=ada' } });
    await sessions.identify(request);
    const options = {
      get signal() {
        throw new Error('read');
      },
    };
    assert.equal((await sessions.identify(request, /** @type {any} */ (options))).source, 'fresh');
    assert.equal(origin.count(), 1);
  });
});

/**
 * A listener before Sesame's that changes some requests.
 * @param {(incoming: import('node:http').IncomingMessage) => unknown} change
 * @returns {import('node:http').RequestListener}
 */
function changing(change) {
  return (incoming) => {
    if (incoming.headers['x-change']) change(incoming);
  };
}

/** Sends a request and leaves as soon as it has been seen. @param {number} port @param {string} bytes @param {() => boolean} isSeen */
async function leave(port, bytes, isSeen) {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(bytes);
  await until(isSeen);
  socket.resetAndDestroy();
  await once(socket, 'close');
}
