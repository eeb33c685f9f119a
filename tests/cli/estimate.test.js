// `sesame-edge estimate`: figures that follow from arithmetic, in every format, and input that is not as it should be.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { InOrder } from '../../bin/estimate/in-order.js';
import { lineGroups } from '../../bin/estimate/lines.js';
import { SessionTable } from '../../bin/estimate/session-table.js';
import { PROGRAM, runCli } from '../support/cli.js';
import { measureLongLog } from './long-log.js';
import { asCombined, asHar, asJson, DURATION_MS, EACH, modelLines } from './model-log.js';

const USERS = 40;
const LINES = modelLines(USERS);

/** @type {string} */
let directory;
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sesame-estimate-test-'));
});
after(() => rm(directory, { recursive: true }));

/** @param {string} name @param {string | Uint8Array} content */
async function file(name, content) {
  const where = path.join(directory, name);
  await writeFile(where, content);
  return where;
}

/** @param {string[]} args @returns {Promise<any>} */
async function estimate(...args) {
  const { code, stdout, stderr } = await runCli(['estimate', '--json', ...args]);
  assert.deepEqual([code, stderr], [0, []]);
  return JSON.parse(stdout.join('\n'));
}

/** @param {any} found @param {number} [users] */
function assertFigures(found, users = USERS) {
  const { total, answered, fresh, stale, negative, joined, missed, passed } = found.checks;
  assert.deepEqual(
    { total, answered, fresh, stale, negative, joined, missed, passed },
    {
      total: users * EACH.checks,
      answered: users * EACH.answered,
      fresh: users * EACH.fresh,
      stale: users * EACH.stale,
      negative: users * EACH.negative,
      joined: 0,
      missed: users * EACH.missed,
      passed: 0,
    },
  );
  assert.equal(found.originCalls.withSesame, users * EACH.originCalls);
  assert.equal(found.originCalls.today, users * EACH.checks);
  assert.deepEqual(found.writes, {
    updates: users * EACH.updates,
    identityChanges: users * EACH.identityChanges,
  });
  assert.equal(found.wait.todayMs, users * EACH.checks * DURATION_MS);
  assert.equal(found.wait.withSesameMs, users * EACH.waitMs);
  assert.equal(found.wait.savedMs, users * (EACH.checks * DURATION_MS - EACH.waitMs));
  assert.equal(found.sessions.count, users);
  for (const row of found.sessions.rows) {
    const { session, ...figures } = row;
    assert.match(session, /^[0-9a-f]{8}$/);
    assert.deepEqual(figures, {
      checks: EACH.checks,
      answered: EACH.answered,
      originCalls: EACH.originCalls,
      savedMs: EACH.checks * DURATION_MS - EACH.waitMs,
    });
  }
}

describe('sesame-edge estimate', () => {
  for (const [name, content] of /** @type {[string, string][]} */ ([
    ['combined', asCombined(LINES)],
    ['json', asJson(LINES)],
    ['har', asHar(LINES)],
  ])) {
    test(`finds the format ${name} by itself, and gives exactly what the model says`, async () => {
      const found = await estimate(await file(`access.${name}`, content), '--sessions', '7');
      assert.equal(found.format, name);
      assert.equal(found.lines.read, LINES.length);
      assert.equal(found.sessions.rows.length, 7);
      assertFigures(found);
    });

    test(`${name}: from standard input, packed, as from a file`, async () => {
      const where = await file(`access.${name}.gz`, gzipSync(content));
      assertFigures(await estimate(where));
      const child = spawn(process.execPath, [PROGRAM, 'estimate', '--json', '-'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      createReadStream(where).pipe(child.stdin);
      const [text] = await Promise.all([child.stdout.toArray(), once(child, 'close')]);
      assertFigures(JSON.parse(Buffer.concat(text).toString()));
    });

    test(`${name}: nobody's name, address or token is in any output`, async () => {
      const where = await file(`private.${name}`, content);
      const svg = path.join(directory, `${name}.svg`);
      const { stdout } = await runCli(['estimate', where, '--svg', svg, '--sessions', '1000']);
      const { stdout: json } = await runCli(['estimate', where, '--json', '--sessions', '1000']);
      const all = [...stdout, ...json, await readFile(svg, 'utf8')].join('\n');
      assert.doesNotMatch(all, /example\.com|192\.0\.2|secret|Browser/);
      assert.equal(stdout.filter((line) => /^ {2}[0-9a-f]{8} /.test(line)).length, USERS);
      assert.match(all, /<svg [\s\S]*prefers-color-scheme: dark[\s\S]*<\/svg>/);
    });
  }

  test('lines that are none of the format are counted, and cost nothing else', async () => {
    const lines = asCombined(LINES).split('\n');
    const bad = ['garbage', '\x16\x03\x01', '{"not": "this"}', 'x'.repeat(300_000)];
    lines.splice(20, 0, ...bad);
    const other = '192.0.2.9 - - [05/Jan/2026:09:00:00 +0000] "\\x16\\x03\\x01" 400 0 "-" "-"';
    lines.splice(30, 0, other, '');
    const found = await estimate(await file('bad.log', lines.join('\r\n')));
    assert.equal(found.lines.bad, bad.length);
    assert.equal(found.lines.read, LINES.length + bad.length + 1);
    assertFigures(found);
  });

  for (const [
    name,
    content,
    args,
    code,
  ] of /** @type {[string, string | Buffer, string[], string][]} */ ([
    ['all-bad.log', 'what\nis\nthis\n', [], 'ERR_SESAME_LOG_FORMAT'],
    ['combined-as-json.log', asCombined(LINES), ['--format', 'json'], 'ERR_SESAME_LOG_FORMAT'],
    ['empty.log', '', [], 'ERR_SESAME_LOG_EMPTY'],
    ['blank.log', '\n\n\n', [], 'ERR_SESAME_LOG_EMPTY'],
    ['cut.har', asHar(LINES).slice(0, 50_000), [], 'ERR_SESAME_LOG_TRUNCATED'],
    ['no.har', '{"log": {"version": "1.2"}}', [], 'ERR_SESAME_LOG_FORMAT'],
    ['cut.log.gz', gzipSync(asCombined(LINES)).subarray(0, 5000), [], 'ERR_SESAME_LOG_TRUNCATED'],
  ])) {
    test(`${name} is refused with ${code}, in one line`, async () => {
      const where = await file(name, content);
      const { code: exit, stdout, stderr } = await runCli(['estimate', where, ...args]);
      assert.deepEqual([exit, stdout, stderr.length], [1, [], 1]);
      assert.ok(stderr[0].endsWith(`(${code})`), stderr[0]);
    });
  }

  test('a file that is not there, and a picture that cannot be written', async () => {
    const missing = await runCli(['estimate', path.join(directory, 'nowhere')]);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr[0], /cannot read .*nowhere \(ENOENT\) \(ERR_SESAME_LOG_READ\)$/);
    const where = await file('fine.log', asCombined(LINES));
    const svg = await runCli(['estimate', where, '--svg', '/no/such/place.svg']);
    assert.equal(svg.code, 1);
    assert.match(svg.stderr[0], /\(ERR_SESAME_WRITE\)$/);
  });

  for (const [args, said] of /** @type {[string[], RegExp][]} */ ([
    [[], /no log given/],
    [['a', 'b'], /unexpected argument 'b'/],
    [['a', '--format', 'xml'], /--format must be .* 'xml'/],
    [['a', '--latency', 'slow'], /--latency must be milliseconds/],
    [['a', '--sessions', '-1'], /'--sessions' argument is ambiguous/],
    [['a', '--sessions=1.5'], /--sessions must be a number/],
    [['a', '--fresh-for', 'soon'], /^sesame-edge: --fresh-for must be milliseconds or a string/],
    [['a', '--fresh'], /Unknown option '--fresh'/],
  ])) {
    test(`refuses '${args.join(' ')}' in one line, with exit code 2`, async () => {
      const { code, stdout, stderr } = await runCli(['estimate', ...args]);
      assert.deepEqual([code, stdout, stderr.length], [2, [], 1]);
      assert.match(stderr[0], said);
    });
  }

  test('a policy counts: with nothing fresh, every check that is kept costs a call behind it', async () => {
    const where = await file('policy.json', asJson(LINES));
    const always = await estimate(where, '--fresh-for', '1ms', '--keep-for', '60m');
    assert.equal(always.checks.fresh, 0);
    assert.equal(always.checks.stale, USERS * (EACH.fresh + EACH.stale));
    const elsewhere = await estimate(where, '--path', '/app/inbox');
    assert.equal(elsewhere.checks.total, USERS);
    assert.equal(elsewhere.originCalls.withSesame, USERS);
  });

  test('a check while another of its session is under way shares its call, and waits for it', async () => {
    const at = LINES[0].timeMs;
    const lines = [0, 40, 119, 200].map((ms) => ({ ...LINES[0], timeMs: at + ms }));
    const found = await estimate(await file('joined.json', asJson(lines)));
    assert.equal(found.checks.joined, 2);
    assert.equal(found.checks.fresh, 1);
    assert.equal(found.originCalls.withSesame, 1);
    assert.equal(found.wait.withSesameMs, 120 + 80 + 1);
  });

  test('where the log does not say how long a check took, --latency does, and the report says so', async () => {
    const text = asCombined(LINES).replaceAll(/ 0\.120$/gm, '');
    const where = await file('silent.log', text);
    const found = await estimate(where, '--latency', '50');
    assert.equal(found.wait.checksAssumed, USERS * EACH.checks);
    assert.equal(found.wait.todayMs, USERS * EACH.checks * 50);
    const { stdout } = await runCli(['estimate', where]);
    assert.ok(stdout.some((line) => /all assumed to take 100 ms \(--latency\)/.test(line)));
  });

  test('sessions of one user learn of each other’s updates, if the log names both', async () => {
    const one = JSON.parse(asJson(LINES.slice(0, 1)));
    /** @param {number} minute @param {string} sid @param {string} [method] @param {number} [status] */
    const line = (minute, sid, method = 'GET', status = 200) =>
      JSON.stringify({
        ...one,
        ts: one.ts + minute * 60,
        status,
        sid,
        uid: 'u1',
        request: { ...one.request, method },
      });
    const lines = [line(0, 'a'), line(1, 'b'), line(2, 'a', 'DELETE'), line(3, 'b'), line(4, 'b')];
    const where = await file('fields.json', lines.join('\n'));
    const both = await estimate(where, '--session-field', 'sid', '--user-field', 'uid');
    assert.deepEqual([both.originCalls.miss, both.checks.fresh], [3, 1]);
    const apart = await estimate(where, '--session-field', 'sid');
    assert.deepEqual([apart.originCalls.miss, apart.checks.fresh], [2, 2]);
  });

  test('a log that is a little out of order gives the same; what comes far too late is told', async () => {
    const lines = [...LINES];
    for (let i = 0; i + 8 < lines.length; i += 8) {
      lines.splice(i, 8, ...lines.slice(i, i + 8).reverse());
    }
    // Within the window of a minute: eight lines of this model are at most 41 seconds apart.
    const near = lines.every((line, i) => i === 0 || line.timeMs > lines[i - 1].timeMs - 60_000);
    const found = await estimate(await file('shuffled.log', asCombined(near ? lines : LINES)));
    assert.equal(near, true);
    assertFigures(found);
    const reversed = asCombined(modelLines(600).reverse()); // longer than what is read at a time
    const { stdout } = await runCli(['estimate', await file('reversed.log', reversed)]);
    assert.ok(stdout.some((line) => /Sort the log before you trust this/.test(line)));
  });

  test('a 304 says that the document stands; a yes soon after a no is another credential', async () => {
    /** @param {number} seconds @param {number} status */
    const at = (seconds, status) => ({
      ...LINES[0],
      timeMs: LINES[0].timeMs + seconds * 1000,
      status,
    });
    const unchanged = [at(0, 200), at(7200, 304), at(7300, 200)];
    const { checks } = await estimate(await file('304.json', asJson(unchanged)));
    assert.deepEqual([checks.missed, checks.fresh], [2, 1]);
    const login = [at(0, 401), at(5, 200), at(6, 200)];
    const after = await estimate(await file('yes.json', asJson(login)));
    assert.deepEqual([after.checks.missed, after.checks.negative, after.checks.fresh], [2, 0, 1]);
  });

  test('a session has another name in every run', async () => {
    const where = await file('names.json', asJson(LINES));
    const [one, other] = await Promise.all([estimate(where), estimate(where)]);
    assert.notEqual(one.sessions.rows[0].session, other.sessions.rows[0].session);
  });

  test('a HAR file without credentials is one session, and the report says so', async () => {
    const mine = LINES.filter(({ who }) => who === 3);
    const where = await file('bare.har', asHar(mine, { hasCredentials: false }));
    const found = await estimate(where);
    assert.match(found.identity, /no credentials/);
    assertFigures(found, 1);
  });

  test('R84: --backend fills in what is known of it, and a flag that is given wins', async () => {
    const text = asHar(LINES)
      .replaceAll('session=', 'better-auth.session_token=')
      .replaceAll('/api/v1/users/me', '/api/auth/get-session');
    const where = await file('better-auth.har', text);
    const found = await estimate(where, '--backend', 'better-auth');
    assert.equal(found.policy.path, '/api/auth/get-session');
    assert.equal(found.checks.total, USERS * EACH.checks);
    assert.ok(found.checks.answered >= USERS * EACH.answered, `${found.checks.answered}`);
    const other = await estimate(where, '--backend', 'better-auth', '--path', '/api/nothing');
    assert.deepEqual([other.policy.path, other.checks.total], ['/api/nothing', 0]);
    const refused = await runCli(['estimate', where, '--backend', 'better']);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr[0], /^sesame-edge: --backend must be better-auth or auth\.js/);
  });

  test('R15: no-store in a HAR file is obeyed, unless it is asked not to', async () => {
    const har = JSON.parse(asHar(LINES));
    for (const { response } of har.log.entries) {
      response.headers.push({ name: 'cache-control', value: 'private, no-store' });
    }
    const where = await file('no-store.har', JSON.stringify(har));
    const obeyed = await estimate(where);
    assert.equal(obeyed.checks.fresh, 0);
    assert.ok(obeyed.checks.noStore > 0);
    assertFigures(await estimate(where, '--no-obey-cache-control'));
  });

  test('a HAR file whose session cookie has another name says what to do', async () => {
    const where = await file('sid.har', asHar(LINES).replaceAll('session=', 'sid='));
    const { stdout } = await runCli(['estimate', where]);
    assert.ok(stdout.some((line) => /none that is a session's: see --cookie/.test(line)));
    assertFigures(await estimate(where, '--cookie', 'sid'));
  });

  test('a long log is read in less than 150 MB', { timeout: 120_000 }, async () => {
    const { lines, checks, rssMb } = await measureLongLog(64 * 2 ** 20, directory);
    assert.ok(rssMb < 150, `${rssMb} MB for ${lines} lines, ${checks} checks`);
  });
});

describe('the parts of estimate', () => {
  test('lines are the same however their bytes come', async () => {
    const text = 'one\nzwei é م\r\n\nfour is long\nfive';
    const bytes = Buffer.from(text);
    for (let size = 1; size <= bytes.length; ++size) {
      const chunks = [];
      for (let i = 0; i < bytes.length; i += size) chunks.push(bytes.subarray(i, i + size));
      const lines = [];
      for await (const group of lineGroups(chunks, { mostBytes: 11 })) lines.push(...group);
      assert.deepEqual(
        lines,
        ['one', 'zwei é م\r', '', null, 'five'].map(cut),
        `${size} at a time`,
      );
    }
    /** @param {string | null} line */
    function cut(line) {
      return line !== null && Buffer.byteLength(line) > 11 ? null : line;
    }
  });

  test('entries come in the order of their times, and of the log where these are equal', () => {
    /** @type {InOrder<{ timeMs: number, i: number }>} */
    const order = new InOrder({ windowMs: 10, most: 100 });
    const seen = [];
    for (const [i, timeMs] of [5, 3, 3, 20, 12, 1, 40].entries()) {
      order.push({ timeMs, i });
      for (let next = order.next(); next; next = order.next()) seen.push([next.timeMs, next.i]);
    }
    for (let next = order.next(true); next; next = order.next(true))
      seen.push([next.timeMs, next.i]);
    assert.deepEqual(seen, [
      [3, 1],
      [3, 2],
      [5, 0],
      [1, 5],
      [12, 4],
      [20, 3],
      [40, 6],
    ]); // prettier
    assert.equal(order.late, 1);
  });

  test('a full table keeps its rows exact, and takes no more', () => {
    const table = new SessionTable(3000);
    for (let round = 0; round < 3; ++round) {
      for (let i = 0; i < 5000; ++i)
        table.add({ high: i, low: i * 1024 }, { checks: 1, savedMs: i });
    }
    assert.deepEqual([table.size, table.isFull], [3000, true]);
    const rows = table.top(4000);
    assert.equal(rows.length, 3000);
    assert.ok(rows.every(({ high, checks, savedMs }) => checks === 3 && savedMs === 3 * high));
    table.add({ high: 7, low: 7 * 1024 }, { checks: 1 });
    assert.equal(table.top(1)[0].high, 7);
  });
});
