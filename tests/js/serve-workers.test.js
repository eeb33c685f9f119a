// `serve --workers`: several processes on one port. What a test asks of one worker it asks on a connection that this worker has:
// connections go to the workers in turn.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ConfigError } from 'sesame-edge';
import { ServeError, serve } from 'sesame-edge/serve';
import {
  assertNothingLeft,
  childrenOf,
  directoryServing,
  isAlive,
  startCli,
} from '../support/cli.js';
import { byDefault, createOrigin, DOCUMENT, READ } from '../support/origin.js';
import { createGate, until } from '../support/wait.js';

const LOGOUT = '/api/v1/auth/logout';
const WORKERS = 2;

/** @type {Awaited<ReturnType<typeof createOrigin>>} */
let origin;
/** Whom the back end does not know any more. @type {Set<string>} */
const signedOut = new Set();
before(async () => {
  origin = await createOrigin();
  origin.on(READ, (call) => {
    const isOut = [...signedOut].some((name) => call.headers.cookie === `session=${name}`);
    return isOut ? { status: 401, body: {} } : byDefault(call);
  });
  origin.on(`POST ${LOGOUT}`, (call) => {
    const name = /session=(.*)/.exec(call.headers.cookie ?? '')?.[1];
    if (name) signedOut.add(name);
    return { status: 204 };
  });
});
after(() => origin.stop());

/** One connection. @param {number} port */
function connection(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  return {
    /**
     * @param {string} path
     * @param {Record<string, string>} [headers]
     * @param {string} [method]
     * @returns {Promise<{ status: number, text: string, isPending: boolean }>}
     */
    ask: (path, headers = {}, method = 'GET') =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port, agent, path, method, headers };
        const request = http.request(options, async (response) => {
          let text = '';
          for await (const part of response.setEncoding('utf8')) text += part;
          const isPending = response.headers['sesame-pending'] !== undefined;
          resolve({ status: response.statusCode ?? 0, text, isPending });
        });
        request.on('error', reject).end();
      }),
    close: () => agent.destroy(),
  };
}

/**
 * A server with two workers, and for each some connections.
 * @param {import('node:test').TestContext} t
 * @param {{ options?: object, lanes?: number }} [how]
 */
async function start(t, { options, lanes = 1 } = {}) {
  /** @type {string[]} */
  const warnings = [];
  const warn = (/** @type {string} */ line) => void warnings.push(line);
  const server = await serve({
    ...{ origin: origin.url, workers: WORKERS, warn },
    options: { metricsPath: '/metrics', ...options },
  });
  t.after(() => server.close(0));
  const connect = async () => {
    const made = connection(server.port);
    t.after(() => made.close());
    await made.ask('/not-there');
    return made;
  };
  const connections = [];
  for (let at = 0; at < WORKERS * lanes; at += 1) connections.push(await connect());
  return { server, warnings, connect, connections };
}

/** Whether nobody listens. @param {number} port @returns {Promise<boolean>} */
const isRefused = (port) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(false));
    socket.on('error', () => resolve(true)).on('close', () => socket.destroy());
    socket.end();
  });

/** @param {string} text @param {string} name */
const metric = (text, name) => Number(new RegExp(`^sesame_${name} (.*)$`, 'm').exec(text)?.[1]);

/** @param {string} name @returns {Record<string, string>} */
const cookie = (name) => ({ cookie: `session=${name}` });
/** @param {string} name @returns {Record<string, string>} */
const bearer = (name) => ({ authorization: `Bearer ${name}` });

describe('serve with two workers', () => {
  test('R30: what one worker has asked for costs the other no call', async (t) => {
    const { server, connections } = await start(t);
    const before = origin.count();
    for (const { ask } of [...connections, ...connections]) {
      const { status, text } = await ask(DOCUMENT, cookie('ada'));
      assert.deepEqual([status, JSON.parse(text).name], [200, 'ada']);
    }
    assert.equal(origin.count() - before, 1);
    const { checks, sharedFills, workers } = /** @type {any} */ (await server.stats());
    assert.deepEqual({ checks, sharedFills, workers }, { checks: 4, sharedFills: 1, workers: 2 });
  });

  test('R31: of 1,000 sign-outs on one worker, each counts on all before its answer', async (t) => {
    const [LANES, COUNT] = [20, 1000];
    const { server, connections } = await start(t, { lanes: LANES });
    let served = 0;
    let refused = 0;
    const each = async (/** @type {number} */ at) => {
      const lane = at % LANES;
      const workers = connections.slice(lane * WORKERS, (lane + 1) * WORKERS);
      const name = `user-${at}`;
      const isBearer = at % 4 >= 2;
      const who = isBearer ? bearer(name) : cookie(name);
      for (const { ask } of workers) assert.equal((await ask(DOCUMENT, who)).status, 200);
      // The back end takes the bearer's token for good as long as it lives: only Sesame knows of the sign-out.
      const { status, isPending } = await workers[at % WORKERS].ask(LOGOUT, who, 'POST');
      assert.deepEqual({ status, isPending }, { status: 204, isPending: false });
      const looks = await Promise.all(workers.map(({ ask }) => ask(DOCUMENT, who)));
      served += looks.filter(({ status }) => status === 200).length;
      refused += looks.filter(({ status }) => status === 401).length;
    };
    await Promise.all(
      Array.from({ length: LANES }, async (_, lane) => {
        for (let at = lane; at < COUNT; at += LANES) await each(at);
      }),
    );
    assert.deepEqual({ served, refused }, { served: 0, refused: COUNT * 2 });
    const { sharedFills } = /** @type {any} */ (await server.stats());
    assert.equal(sharedFills, COUNT, 'each session was on both workers');
  });

  test('R31, R33: a worker that is killed loses no session, its successor serves nothing that has ended', async (t) => {
    const { server, connections, connect, warnings } = await start(t);
    const [one, other] = connections;
    const names = Array.from({ length: 40 }, (_, at) => `held-${at}`);
    const ended = Array.from({ length: 40 }, (_, at) => `ended-${at}`);
    for (const [at, name] of names.entries()) await connections[at % 2].ask(DOCUMENT, bearer(name));
    for (const [at, name] of ended.entries()) {
      await connections[at % 2].ask(DOCUMENT, bearer(name));
      await connections[at % 2].ask(LOGOUT, bearer(name), 'POST');
    }
    const before = { calls: origin.count(), text: (await one.ask('/metrics')).text };
    const [killed] = childrenOf(process.pid);
    process.kill(killed, 'SIGKILL');
    await until(() => warnings.length > 0);
    assert.match(
      warnings[0],
      new RegExp(`^worker ${killed} has ended \\(SIGKILL\\): .* in 100 ms$`),
    );
    await until(async () => Number(/** @type {any} */ (await server.stats())?.workers) === 2);
    one.close();
    other.close();
    const fresh = [await connect(), await connect()];
    for (const { ask } of fresh) {
      for (const name of names) assert.equal((await ask(DOCUMENT, bearer(name))).status, 200);
      for (const name of ended) assert.equal((await ask(DOCUMENT, bearer(name))).status, 401);
    }
    assert.equal(origin.count(), before.calls, 'all of it was found in the store');
    const { text } = await fresh[0].ask('/metrics');
    for (const name of ['checks_total', 'revocations_total', 'check_duration_seconds_count']) {
      assert.ok(metric(text, name) >= metric(before.text, name), `R70: ${name} does not fall`);
    }
    assert.equal(metric(text, 'workers'), 2);
  });

  test('R70: the page of counters is the same on every worker, and says of how many', async (t) => {
    const { connections } = await start(t);
    for (const { ask } of connections) await ask(DOCUMENT, cookie('grace'));
    const pages = [];
    for (const { ask } of connections) pages.push((await ask('/metrics')).text);
    for (const page of pages) {
      assert.equal(metric(page, 'checks_total'), 2);
      assert.equal(metric(page, 'workers'), 2);
      assert.match(page, /^# HELP sesame_workers Workers that all of this is the sum of$/m);
    }
  });

  test('a worker that ends soon again is started later each time', async (t) => {
    const { warnings } = await start(t);
    const delays = [];
    for (let time = 0; time < 3; time += 1) {
      await until(() => childrenOf(process.pid).filter(isAlive).length === WORKERS);
      process.kill(childrenOf(process.pid).filter(isAlive)[0], 'SIGKILL');
      await until(() => warnings.filter((line) => line.includes('has ended')).length > time);
    }
    for (const line of warnings) delays.push(Number(/in (\d+) ms$/.exec(line)?.[1] ?? Number.NaN));
    assert.deepEqual(delays.filter(Number.isFinite).slice(0, 3), [100, 200, 400]);
  });

  test('the options are judged before a process is started', async () => {
    const given = { origin: origin.url };
    for (const workers of [0, -1, 1.5, 257, '2x', null, {}]) {
      const wrong = { ...given, workers: /** @type {any} */ (workers) };
      await assert.rejects(serve(wrong), (/** @type {ConfigError} */ error) => {
        assert.ok(error instanceof ConfigError);
        assert.deepEqual(error.faults, [
          { option: 'workers', reason: 'must be a number from 1 to 256, or auto' },
        ]);
        return true;
      });
    }
    const inWorkerd = { ...given, workers: 2, runtime: /** @type {const} */ ('workerd') };
    await assert.rejects(serve(inWorkerd), { code: 'ERR_SESAME_CONFIG', message: /runtime node/ });
    const bad = { ...given, workers: 2, options: { freshFor: 'soon' } };
    await assert.rejects(serve(bad), { code: 'ERR_SESAME_CONFIG' });
    assert.deepEqual(childrenOf(process.pid), []);
  });

  test('a port that is taken is told as without workers', async () => {
    const port = Number(new URL(origin.url).port);
    await assert.rejects(serve({ origin: 'http://127.0.0.1:9', port, workers: 2 }), (error) => {
      assert.ok(error instanceof ServeError);
      assert.equal(error.code, 'ERR_SESAME_ADDRESS');
      return true;
    });
  });

  test('one worker is no process of its own', async (t) => {
    const server = await serve({ origin: origin.url, workers: 1 });
    t.after(() => server.close(0));
    assert.deepEqual(childrenOf(process.pid), []);
    assert.equal((await fetch(`${server.url}${DOCUMENT}`, { headers: cookie('one') })).status, 200);
  });
});

describe('sesame-edge serve --workers', () => {
  /** @param {string[]} [more] */
  async function startCommand(more = []) {
    const args = ['serve', '--origin', origin.url, '--port', '0', '--workers', '2', ...more];
    const cli = startCli(args);
    const [, url] = await cli.line('stdout', /^listening on (http:\S+)$/);
    return { cli, url, workers: childrenOf(cli.pid) };
  }

  test('SIGTERM lets all workers finish what is open', async () => {
    const gate = createGate();
    origin.on('GET /slow', { after: gate.opened, body: 'at last' });
    const { cli, url, workers } = await startCommand();
    assert.match(cli.stdout.join('\n'), /in front of http:\S+, 2 workers\n/);
    assert.equal(workers.length, 2);
    const directory = await directoryServing(url);
    const asked = [fetch(`${url}/slow`), fetch(`${url}/slow`)];
    await origin.called('GET /slow', 2);
    cli.child.kill('SIGTERM');
    await until(() => isRefused(Number(new URL(url).port)));
    gate.open();
    for (const each of asked) assert.equal(await (await each).text(), 'at last');
    assert.deepEqual(await cli.closed, { code: 0, signal: null });
    assert.deepEqual(workers.filter(isAlive), []);
    await assertNothingLeft({ pid: cli.pid, directory });
  });

  test('a signal to the whole group, as Ctrl-C is, stops it once', async () => {
    const { cli, workers } = await startCommand();
    for (const pid of [...workers, cli.pid]) process.kill(pid, 'SIGINT');
    assert.deepEqual(await cli.closed, { code: 0, signal: null });
    assert.deepEqual(workers.filter(isAlive), []);
    assert.equal(cli.stderr.filter((line) => line.includes('has ended')).length, 0);
  });

  test('R31: without the process that has the store no worker serves', async () => {
    const { cli, workers } = await startCommand();
    cli.child.kill('SIGKILL');
    await cli.closed;
    await until(() => workers.filter(isAlive).length === 0);
  });
});
