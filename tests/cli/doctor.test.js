// What is wired wrongly between Sesame and a back end (rule R73): for each fault one line that names the cause and the cure,
// word for word, in the log of a cache in front of a real server and from `sesame-edge doctor` before the same server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { redis } from 'sesame-edge/redis';
import { runCli } from '../support/cli.js';
import { createClock, MINUTE } from '../support/clock.js';
import { freePort } from '../support/free-port.js';
import { startRedis } from '../support/redis-server.js';
import { until } from '../support/wait.js';

const ME = '/api/v1/users/me';
const PASSWORD = 'the-password-of-redis';
const SECRET = 'aaaabbbbccccddddeeeeffff00001111';

/** @type {string} */
let directory;
const redisServer = await startRedis(undefined, ['--requirepass', PASSWORD]);
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sesame-doctor-test-'));
});
after(async () => {
  await redisServer.stop();
  await rm(directory, { recursive: true });
});

/**
 * A small back end: whose session cookie is in `sessions` is signed in.
 * @typedef {object} Habits
 * @property {string} [cookie] the session cookie's name
 * @property {Record<string, string>} [headers] of each document
 * @property {(id: string) => string | undefined} [setCookie] of each answer to a session
 */

/** @param {Habits} [habits] */
async function startBackend({
  cookie = 'session',
  headers = {},
  setCookie = () => undefined,
} = {}) {
  /** The users by their session's identifier. @type {Map<string, string>} */
  const sessions = new Map([['s-ada', 'ada']]);
  let asked = 0;
  const server = http.createServer((request, response) => {
    asked += 1;
    const id =
      new RegExp(`(?:^|; )${cookie}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1] ?? '';
    const user = sessions.get(id);
    const line = user && setCookie(id);
    if (line) {
      const [, next] = /=([^;]+)/.exec(line) ?? [];
      sessions.set(`${next}`, `${user}`);
      response.setHeader('set-cookie', line);
    }
    if (request.url !== ME) {
      response.setHeader('content-type', 'text/html').end('<p>Hello');
      return;
    }
    response.setHeader('content-type', 'application/json');
    if (user === undefined) response.writeHead(401).end('{}');
    else response.writeHead(200, headers).end(JSON.stringify({ id: user, name: 'a name' }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    sessions,
    calls: () => asked,
    stop: async () => {
      const closed = once(server, 'close');
      server.close().closeAllConnections();
      await closed;
    },
  };
}

/**
 * A cache in front of it, whose log and clock are the test's.
 * @param {string} origin
 * @param {object} [options]
 */
function startSesame(origin, options = {}) {
  const clock = createClock();
  /** @type {string[]} */
  const log = [];
  const { now, sleep } = clock;
  const warn = (/** @type {string} */ line) => void log.push(line);
  const sessions = new SessionCache(/** @type {any} */ ({ origin, ...options }), {
    now,
    sleep,
    warn,
  });
  /** @param {string} cookie @param {string} [where] */
  const ask = async (cookie, where = ME) => {
    /** @type {Promise<unknown>[]} */
    const works = [];
    const waitUntil = (/** @type {Promise<unknown>} */ work) => void works.push(work);
    const request = new Request(`http://edge.test${where}`, { headers: { cookie } });
    const { status } = await sessions.handle(request, { waitUntil });
    await Promise.all(works);
    return status;
  };
  return { clock, log, sessions, ask };
}

/**
 * @param {string[]} args
 * @param {string} [credential]
 * @param {NodeJS.ProcessEnv} [env]
 */
function doctor(args, credential, env) {
  return runCli(['doctor', ...args], {
    env: { ...process.env, ...(credential && { SESAME_CREDENTIAL: credential }), ...env },
  });
}

/**
 * What the command said that has to be mended; each is a line.
 * @param {Awaited<ReturnType<typeof doctor>>} said
 */
const findingsOf = ({ stdout }) =>
  stdout.filter((line) => line.startsWith('- ')).map((line) => line.slice(2));

/**
 * @typedef {object} Fault
 * @property {string} name
 * @property {string} line what is said of it
 * @property {Habits} [habits] of the back end
 * @property {object} [options] of Sesame
 * @property {string} [credential]
 * @property {string[]} [pages] that are asked for after the document
 */

/** @type {Fault[]} */
const FAULTS = [
  {
    name: 'the cookie has another name',
    habits: { cookie: 'sid' },
    credential: 'sid=s-ada',
    line: 'a request has the cookies sid, and none that the option cookie names: if one of them is the session’s, name it there',
  },
  {
    name: 'the origin forbids to keep its document',
    habits: { headers: { 'cache-control': 'no-store' } },
    line: 'the origin answers the document with Cache-Control: no-store, so nothing is kept: change that, or set obeyCacheControl to false',
  },
  {
    name: 'the session cookie rotates',
    habits: { setCookie: (id) => `session=${id}+; Path=/; HttpOnly` },
    pages: ['/'],
    line: 'the origin exchanges the session cookie session in a way that cannot be followed, so it is asked each time: if the new cookie goes on with the session, set the option rotates to true',
  },
  {
    name: 'the session cookie lives for less than freshFor',
    habits: { setCookie: (id) => `session=${id}; Max-Age=600; Path=/; HttpOnly` },
    line: 'the session cookie session lives for less than the option freshFor, so that it may end while its user is active: set freshFor to less than half of its life',
  },
];
for (const fault of FAULTS) fault.line = fault.line.replaceAll('’', "'");

describe('wrong wiring', () => {
  for (const { name, line, habits, credential = 'session=s-ada', pages = [] } of FAULTS) {
    test(`R73: ${name}: one line in the log and from doctor says what to change`, async () => {
      const backend = await startBackend(habits);
      const { ask, log, sessions } = startSesame(backend.url);
      try {
        await ask(credential);
        // A browser would have the new cookie by now.
        const current = credential.replace(/s-ada.*/, [...backend.sessions.keys()].at(-1) ?? '');
        for (const page of pages) await ask(current, page);
        assert.deepEqual(log, [`sesame-edge: ${line}`]);
        backend.sessions.set('s-ada', 'ada');
        const said = await doctor(['--origin', backend.url], `Cookie: ${credential}`);
        assert.deepEqual(findingsOf(said), [line]);
        assert.equal(said.code, 1);
        assert.doesNotMatch(said.stdout.join('\n'), /s-ada|a name/);
      } finally {
        sessions.dispose();
        await backend.stop();
      }
    });
  }

  test('R73: a sign-out that goes round Sesame: one line in the log and from doctor says what to change', async () => {
    const line =
      'the origin has ended sessions that were held, and no sign-out has passed here: if users sign out, send that through Sesame, name its path in the option effects, or have the origin call the webhook';
    const backend = await startBackend();
    const { ask, log, sessions, clock } = startSesame(backend.url);
    const server = http.createServer(toNodeHandler(sessions)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    try {
      const users = ['s-ada', 's-eve', 's-mia'];
      for (const id of users) backend.sessions.set(id, id);
      for (const id of users) assert.equal(await ask(`session=${id}`), 200);
      backend.sessions.clear();
      const through = ['--through', `http://127.0.0.1:${port}`];
      const said = await doctor(['--origin', backend.url, ...through], 'session=s-ada');
      assert.deepEqual(findingsOf(said), [line]);
      assert.equal(said.code, 1);
      clock.advance(31 * MINUTE);
      for (const id of users) assert.equal(await ask(`session=${id}`), 200); // refreshed behind the answer
      for (const id of users) assert.equal(await ask(`session=${id}`), 401);
      assert.deepEqual(log, [`sesame-edge: ${line}`]);
      const after = await doctor(['--origin', backend.url, ...through], 'session=s-ada');
      assert.deepEqual(findingsOf(after), [
        'the origin refuses the credential (status 401): give that of a user who is signed in',
      ]);
    } finally {
      server.close().closeAllConnections();
      sessions.dispose();
      await backend.stop();
    }
  });

  test('R73: where sign-outs pass, sessions that the origin ends by itself are no fault', async () => {
    const backend = await startBackend();
    const { ask, log, sessions, clock } = startSesame(backend.url);
    try {
      const users = ['s-ada', 's-eve', 's-mia', 's-ida'];
      for (const id of users) backend.sessions.set(id, id);
      for (const id of users) await ask(`session=${id}`);
      await sessions.revoke({ headers: { cookie: 'session=s-ida' } });
      backend.sessions.clear();
      clock.advance(31 * MINUTE);
      for (const id of users) await ask(`session=${id}`);
      assert.deepEqual(log, []);
    } finally {
      sessions.dispose();
      await backend.stop();
    }
  });

  test('R73: a dead origin: one line in the log and from doctor says what to look at', async () => {
    const line =
      'the origin cannot be asked (connection refused): see whether it runs, and whether the option origin has its address';
    const origin = `http://127.0.0.1:${await freePort()}`;
    const { ask, log, sessions } = startSesame(origin);
    assert.equal(await ask('session=s-ada'), 503);
    sessions.dispose();
    assert.deepEqual(log, [`sesame-edge: ${line}`]);
    const said = await doctor(['--origin', origin], 'session=s-ada');
    assert.deepEqual(findingsOf(said), [line]);
    assert.equal(said.code, 1);
  });

  for (const [name, url, line] of /** @type {[string, () => Promise<string>, string][]} */ ([
    [
      'a dead store',
      async () => `redis://127.0.0.1:${await freePort()}`,
      'the shared store cannot be reached (connection refused): see whether it runs, and whether its URL is right',
    ],
    [
      'a store with another password',
      async () => redisServer.url.replace('//', '//:another@'),
      'the shared store refuses: wrong password (WRONGPASS): mend that in its URL, or at its server',
    ],
  ])) {
    test(`R73: ${name}: one line in the log and from doctor says what to mend`, async () => {
      const backend = await startBackend();
      const SESAME_STORE = await url();
      const store = redis(SESAME_STORE, { timeoutMs: 5000 }); // a busy machine may be told late
      const { log, sessions } = startSesame(backend.url, { store, secret: SECRET });
      try {
        sessions.check('session=s-ada'); // with its first use it follows the store
        await until(() => log.length > 0, 'the log says it');
        assert.deepEqual(log, [`sesame-edge: ${line}`]);
        const said = await doctor(['--origin', backend.url], undefined, { SESAME_STORE });
        assert.deepEqual(findingsOf(said), [line]);
        assert.equal(said.code, 1);
        assert.doesNotMatch(said.stdout.join('\n'), /another/);
      } finally {
        sessions.dispose();
        await store.close?.();
        await backend.stop();
      }
    });
  }
});

describe('sesame-edge doctor', () => {
  test('R73: says what it sees, and ends with 0 where nothing is wrong', async () => {
    const backend = await startBackend({ cookie: 'sid' });
    try {
      const config = path.join(directory, 'sesame.json');
      await writeFile(
        config,
        JSON.stringify({ origin: backend.url, cookie: 'sid', freshFor: '5m' }),
      );
      const url = redisServer.url.replace('//', `//:${PASSWORD}@`);
      const said = await doctor(
        ['--config', config, '--sign-out', 'POST /api/logout'],
        'sid=s-ada',
        {
          SESAME_STORE: url,
        },
      );
      assert.deepEqual([said.code, said.stderr], [0, []]);
      assert.deepEqual(said.stdout, [
        `origin      ${backend.url} answers`,
        'cookie      the option cookie names sid; none is set for a visitor',
        `document    GET ${ME} answers 401 without a credential`,
        'preset      none: it looks like none of the back ends that are known',
        'credential  the cookies sid; sid counts',
        `            with it GET ${ME} answers 200`,
        'user        the identifier is at /id',
        'kept        fresh for 300 s',
        'Set-Cookie  the session cookie stays the same in 3 answers',
        'store       answers',
        'sign-out    has to pass Sesame at one of: POST /api/auth/logout; a path of the back end that says logout, logoff, sign-out or the like',
        '            POST /api/logout is recognised as a sign-out',
        '',
        'nothing is wired wrongly, as far as these requests have shown',
      ]);
    } finally {
      await backend.stop();
    }
  });

  test('R73: a cookie that was given as the back end sets it, with its life, is compared with freshFor', async () => {
    const backend = await startBackend();
    try {
      const credential = 'Set-Cookie: session=s-ada; Max-Age=600; HttpOnly';
      const said = await doctor(['--origin', backend.url, '--json'], credential);
      const { findings } = JSON.parse(said.stdout.join('\n'));
      assert.deepEqual(
        findings.map((/** @type {any} */ { cause }) => cause),
        ['short-cookie'],
      );
    } finally {
      await backend.stop();
    }
  });

  for (const [signOut, line] of [
    [
      'POST /bye',
      'a sign-out by POST /bye is not recognised: add { "method": "POST", "path": "/bye", "effect": "ends" } to the option effects',
    ],
    [
      'https://id.example.com/logout',
      'a sign-out at https://id.example.com goes past Sesame: send it through Sesame, or have the origin call the webhook',
    ],
  ]) {
    test(`R73: --sign-out '${signOut}' is found not to pass`, async () => {
      const backend = await startBackend();
      try {
        const said = await doctor(['--origin', backend.url, '--sign-out', signOut]);
        assert.deepEqual(findingsOf(said), [line]);
      } finally {
        await backend.stop();
      }
    });
  }

  test('R73: a document path that the back end does not have is named', async () => {
    const backend = http.createServer((_, response) => void response.writeHead(404).end());
    await once(backend.listen(0, '127.0.0.1'), 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (backend.address());
    const said = await doctor(['--origin', `http://127.0.0.1:${port}`], 'session=s-ada');
    backend.close().closeAllConnections();
    assert.deepEqual(findingsOf(said), [
      `the origin answers GET ${ME} with status 404: name the path where it says who the user is in the option documentPath`,
    ]);
  });

  for (const [name, args, line] of /** @type {[string, string[], RegExp][]} */ ([
    ['without an origin', [], /^sesame-edge: no origin: give --origin URL/],
    ['with a wrong option', ['--origin', 'nowhere'], /^sesame-edge: option origin must be an http/],
    ['with an unknown flag', ['--fix'], /^sesame-edge: Unknown option/],
    [
      'with a credential as an argument, which it does not repeat',
      ['--origin', 'http://127.0.0.1:1', '--credential', 'session=s-ada'],
      /^sesame-edge: --credential takes - alone: every user of this machine can read an argument/,
    ],
    ['with a credential beside the flags', ['session=s-ada'], /^sesame-edge: Unexpected argument/],
  ])) {
    test(`R73: ${name} it is refused in one line, with exit code 2`, async () => {
      const said = await doctor(args);
      assert.equal(said.code, 2);
      assert.equal(said.stderr.length, 1);
      assert.match(said.stderr[0], line);
      assert.doesNotMatch(said.stderr[0], /s-ada/);
    });
  }
});
