// What `sesame-edge estimate` says of logs that tell their visitors apart badly, of logs that it cannot read, and with
// each preset.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { estimate } from '../../bin/estimate/estimate.js';
import { pictureOf } from '../../bin/estimate/picture.js';
import { reportOf } from '../../bin/estimate/report.js';
import { PRESETS } from '../../js_bindings/dialects/presets/preset.js';
import { runCli } from '../support/cli.js';

const START = Date.UTC(2026, 8, 5, 8);
const CHECKS = 200;

/** @type {string} */
let directory;
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sesame-estimate-visitors-test-'));
});
after(() => rm(directory, { recursive: true }));

/** @param {(i: number) => object} more @param {number} [count] */
async function log(more, count = CHECKS) {
  const file = path.join(directory, 'access.log');
  const lines = Array.from({ length: count }, (_, i) => ({
    time: START + i * 10_000,
    method: 'GET',
    uri: '/api/v1/users/me',
    status: 200,
    request_time: 0.1,
    ...more(i),
  }));
  await writeFile(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  return file;
}

/** @param {string} file @param {Partial<import('../../bin/estimate/estimate.js').EstimateOptions>} [how] */
function judged(file, how) {
  return estimate({ file, policy: {}, latencyMs: 100, sessions: 10, ...how });
}

describe('a log that does not tell its visitors apart', () => {
  for (const [name, more] of /** @type {[string, (i: number) => object][]} */ ([
    ['one address with one agent', () => ({ remote_addr: '10.0.0.7', user_agent: 'x' })],
    ['neither', () => ({})],
    ['one user for all', (i) => ({ remote_user: 'staging', remote_addr: `203.0.113.${i}` })],
  ])) {
    test(`${name}: it says so, and nothing of shares`, async () => {
      const file = await log(more);
      const found = await judged(file);
      const text = reportOf(found);
      assert.match(text, /This log cannot tell visitors apart: all 200 checks/);
      assert.match(text, /X-Forwarded-For/);
      assert.doesNotMatch(text, /%|fewer/);
      const picture = pictureOf(found);
      assert.match(picture, /cannot tell visitors apart/);
      assert.doesNotMatch(picture, /%/);
      assert.equal(found.sessions.distinction, 'nothing');
    });
  }

  for (const [
    name,
    more,
    distinction,
    said,
  ] of /** @type {[string, (i: number) => object, string, RegExp | null][]} */ ([
    [
      'one address with several agents',
      (i) => ({ remote_addr: '10.0.0.7', user_agent: `x${i % 3}` }),
      ...['agent', /All checks come from one address/],
    ],
    [
      'private addresses alone',
      (i) => ({ remote_addr: `10.0.0.${i % 3}` }),
      ...['address', /All addresses are of private networks/],
    ],
    ['addresses', (i) => ({ remote_addr: `203.0.113.${i % 3}` }), 'address', null],
    ['users', (i) => ({ remote_user: `u${i % 3}` }), 'user', null],
    ['cookies', (i) => ({ http_cookie: `session=${i % 3}` }), 'session', null],
  ])) {
    test(`${name}: shares are given, with what they are worth`, async () => {
      const file = await log(more);
      const found = await judged(file);
      const text = reportOf(found);
      assert.match(text, /answered by Sesame +197 +98\.5 %/);
      if (said === null) assert.doesNotMatch(text, /All (checks|addresses)/);
      else assert.match(text, said);
      assert.equal(found.sessions.distinction, distinction);
    });
  }

  test('one check is one visitor’s, and one field that was named is trusted', async () => {
    const single = await judged(await log(() => ({}), 1));
    assert.doesNotMatch(reportOf(single), /cannot tell/);
    const named = await judged(await log(() => ({ sid: 'a' })), { sessionField: 'sid' });
    assert.match(reportOf(named), /99\.5 %/);
  });
});

test('a refusal names the formats, and shows the first line that does not fit', async () => {
  const file = path.join(directory, 'other.log');
  await writeFile(file, `what \u001b[31m is this${'!'.repeat(500)}\nand this\n`);
  const { code, stderr } = await runCli(['estimate', file]);
  assert.deepEqual([code, stderr.length], [1, 1]);
  assert.match(stderr[0], /combined, json, har, w3c, alb, haproxy, envoy/);
  assert.match(stderr[0], /"what \\u001b\[31m is this!+" \(ERR_SESAME_LOG_FORMAT\)$/);
  assert.ok(stderr[0].length < 400, 'a part of a long line');
});

describe('R84: each preset applies', () => {
  for (const [backend, { options }] of Object.entries(PRESETS)) {
    test(`${backend}: its path is the check, and its credential is where the back end reads it`, async () => {
      const uri = options.documentPath;
      const file = await log(() => ({ uri, remote_user: 'ada' }), 10);
      const { checks } = await judged(file, { policy: { backend } });
      assert.deepEqual([checks.total, checks.answered], [10, 9]);
    });
  }
});
