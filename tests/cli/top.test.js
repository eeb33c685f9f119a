// The command `sesame-edge top`: frames of counters, and a running node that is asked for them (rule R70).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { letInspect } from 'sesame-edge/node';
import { frameOf } from '../../bin/top/frame.js';
import { runCli, startCli } from '../support/cli.js';

const URL = 'http://localhost:8080';
const request = { headers: { cookie: 'session=ada' } };

/** A cache in front of an origin that knows everybody. */
function start() {
  const fetch = async () => Response.json({ id: '1', name: 'Ada' });
  return new SessionCache({ origin: 'http://origin.test' }, { fetch });
}

test('R70: a frame shows checks, hits, origin calls, evictions, what is held, connections and the store', async () => {
  const sessions = start();
  const before = { time: 1_750_000_000_000, stats: sessions.statistics() };
  for (let check = 0; check < 5; check += 1) await sessions.getSession(request);
  const stats = { ...sessions.statistics(), bytes: 3 * 1024 ** 2, storeSilenceMs: 1500 };
  const now = { time: before.time + 2000, stats };
  assert.deepEqual(frameOf(URL, now, before).split('\n'), [
    'sesame-edge top  http://localhost:8080  2025-06-15T15:06:42.000Z',
    '',
    'checks                   5       2.5/s',
    'hits                     4       2.0/s   80.0% of checks',
    'origin calls             1       0.5/s   0 failed',
    'evictions                0       0.0/s',
    'held                     1               3.0 MB',
    'connections              0               0 closed',
    'store         last heard 1.5 s ago',
    '',
  ]);
});

test('R70: a first frame has no rates, and a node that has started again no negative ones', async () => {
  const sessions = start();
  await sessions.getSession(request);
  const stats = sessions.statistics();
  assert.doesNotMatch(frameOf(URL, { time: 2000, stats }, null), /\/s/);
  const before = { time: 1000, stats: { ...stats, checks: 100 } };
  assert.match(frameOf(URL, { time: 2000, stats }, before), /^checks +1 +0\.0\/s$/m);
  assert.match(frameOf(URL, { time: 2000, stats: null }, null), /no request yet\n$/);
  const refused = { ...stats, storeRefused: 1 };
  assert.match(frameOf(URL, { time: 2000, stats: refused }, null), /refuses: sesame-edge inspect/);
});

test('R70: top --once prints one plain frame of a running node; without it, one after the other', async (t) => {
  const sessions = start();
  const { socketPath, close } = await letInspect(sessions, URL);
  t.after(close);
  await sessions.getSession(request);
  const { code, stdout } = await runCli(['top', '--once', '--socket', socketPath]);
  assert.equal(code, 0);
  assert.equal(stdout[2], 'checks                   1');
  assert.ok(!stdout.join().includes('\x1b'), 'no escape sequences where there is no terminal');
  const live = startCli(['top', '--every', '0.1', '--socket', socketPath]);
  t.after(() => live.child.kill());
  await live.line('stdout', /^checks +1$/);
  await live.line('stdout', /^checks +1 +0\.0\/s$/);
  await close();
  assert.equal((await live.closed).code, 1, 'the node has ended');
});

test('top says what is wrong with its arguments, and that there is no such server', async () => {
  const wrong = await runCli(['top', '--every', '0']);
  assert.equal(wrong.code, 2);
  assert.match(
    wrong.stderr[0],
    /--every must be 0\.1 to 3600 seconds \(see sesame-edge top --help\)/,
  );
  const none = await runCli(['top', '--once', '--socket', '/nowhere/control.sock']);
  assert.deepEqual([none.code, none.stdout], [1, []]);
  assert.match(none.stderr[0], /does not answer \(ENOENT\)/);
});
