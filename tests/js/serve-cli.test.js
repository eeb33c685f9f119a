// The command `sesame-edge` as far as it goes without workerd, and the pure parts of `serve`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { socketAddress } from '../../edge_worker/serve/address.js';
import { isOwnOrigin, readArguments } from '../../edge_worker/serve/arguments.js';
import { quote, workerdConfig } from '../../edge_worker/serve/capnp.js';
import { createReport, describeCounters } from '../../edge_worker/serve/report.js';
import { addressFault } from '../../edge_worker/serve/workerd-process.js';
import { runCli, startCli } from '../support/cli.js';
import { freePort } from '../support/free-port.js';

const TOP = fileURLToPath(new URL('../../', import.meta.url));
const ORIGIN = 'http://127.0.0.1:4000';

/** @type {string} */
let directory;
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sesame-cli-test-'));
});
after(() => rm(directory, { recursive: true }));

/** @param {string} name @param {string} text */
async function file(name, text) {
  const where = path.join(directory, name);
  await writeFile(where, text);
  return where;
}

describe('sesame-edge', () => {
  test('--help says how to use it, --version which it is', async () => {
    const help = await runCli(['--help']);
    assert.equal(help.code, 0);
    assert.match(help.stdout[0], /^Usage: sesame-edge serve --origin URL/);
    const { version } = JSON.parse(readFileSync(path.join(TOP, 'package.json'), 'utf8'));
    assert.deepEqual(await runCli(['--version']), { code: 0, stdout: [version], stderr: [] });
  });

  for (const [args, said] of /** @type {[string[], RegExp][]} */ ([
    [[], /no command given/],
    [['sevre'], /unknown command 'sevre'/],
    [['serve', '--prot', '1'], /Unknown option '--prot'/],
    [['serve', '--origin'], /'--origin <value>' argument missing/],
    [['serve', '--origin', ORIGIN, '--port', '65536'], /--port must be a number .* '65536'/],
    [['serve', '--origin', ORIGIN, '--port', '80x'], /--port must be a number .* '80x'/],
    [['serve', '--origin', ORIGIN, '--backend', 'x'], /--backend must be better-auth, .*'x'/],
    [['serve', '--origin', ORIGIN, '--host', 'a b'], /--host must be .* 'a b'/],
    [
      ['serve', '--origin', ORIGIN, '--runtime', 'bun'],
      /--runtime must be node or workerd, not 'bun'/,
    ],
    [
      ['serve', '--origin', ORIGIN, '--workers', '0'],
      /--workers must be a number from 1 to 256, or auto, not '0'/,
    ],
    [
      ['serve', '--origin', ORIGIN, '--workers', '2', '--runtime', 'workerd'],
      /--workers needs --runtime node/,
    ],
    [
      ['serve', '--origin', ORIGIN, '--store', 'http://a'],
      /--store must be a redis:\/\/ or rediss:\/\/ URL/,
    ],
    [['serve', '--origin', ORIGIN, '--port', '1', '--port', '2'], /several nodes need --store/],
    [['serve', '--origin', ORIGIN, 'more'], /unexpected argument 'more'/],
    [['serve'], /no origin: give --origin URL/],
    [['serve', '--origin', 'ftp://127.0.0.1'], /option origin must be /],
    [['serve', '--origin', 'http://localhost:5000', '--port', '5000'], /the address to listen on/],
    [
      ['serve', '--origin', ORIGIN, '--config', '/no/such.json'],
      /cannot read .*such.json \(ENOENT/,
    ],
  ])) {
    test(`refuses '${args.join(' ')}' in one line, with exit code 2`, async () => {
      const { code, stdout, stderr } = await runCli(args);
      assert.equal(code, 2);
      assert.deepEqual(stdout, []);
      assert.equal(stderr.length, 1);
      assert.match(stderr[0], /^sesame-edge: /);
      assert.match(stderr[0], said);
    });
  }

  test('names every fault of a command line at once', () => {
    const request = readArguments(['serve', 'x', '--port=-1', '--host', '@', '--runtime', 'x']);
    assert.equal(request.action === 'refuse' && request.faults.length, 4);
  });

  for (const [name, text, said] of /** @type {const} */ ([
    [
      'broken.json',
      '{"origin": ',
      /broken.json is not JSON \(at position 11\b|broken.json is not JSON/,
    ],
    ['list.json', '[]', /list.json is not a JSON object$/],
  ])) {
    test(`refuses a configuration such as ${name} in one line`, async () => {
      const { code, stderr } = await runCli(['serve', '--config', await file(name, text)]);
      assert.equal(code, 2);
      assert.equal(stderr.length, 1);
      assert.match(stderr[0], said);
    });
  }

  test('workers in the configuration are judged as those of the command line', async () => {
    for (const workers of [0, 'two', null]) {
      const where = await file('workers.json', JSON.stringify({ origin: ORIGIN, workers }));
      const { code, stderr } = await runCli(['serve', '--config', where]);
      assert.deepEqual([code, stderr.length], [2, 1]);
      assert.match(stderr[0], /option workers must be a number from 1 to 256, or auto$/);
    }
  });

  test('names every fault of a configuration, a line each', async () => {
    const config = { origin: 'nowhere', freshFor: 'soon', fresFor: '30m', leaseFor: '1s' };
    const where = await file('faults.json', JSON.stringify(config));
    const { code, stdout, stderr } = await runCli(['serve', '--config', where]);
    assert.equal(code, 2);
    assert.deepEqual(stdout, []);
    const named = stderr.map((line) => /^sesame-edge: option (\w+) ./.exec(line)?.[1]);
    assert.deepEqual(named.sort(), ['fresFor', 'freshFor', 'leaseFor', 'origin']);
  });

  test('a flag wins over the configuration', async () => {
    const where = await file('origin.json', JSON.stringify({ origin: ORIGIN }));
    const { stderr } = await runCli(['serve', '--config', where, '--origin', 'ftp://flag.example']);
    assert.equal(stderr.length, 1);
    assert.match(stderr[0], /option origin /);
  });

  test('a binding in the configuration is refused: there is none here', async () => {
    for (const runtime of ['node', 'workerd']) {
      const config = await file('binding.json', JSON.stringify({ store: 'SESAME_STORE' }));
      const args = ['serve', '--origin', ORIGIN, '--config', config, '--runtime', runtime];
      const { code, stderr } = await runCli(args);
      assert.deepEqual([code, stderr.length], [2, 1]);
      assert.match(stderr[0], /option store names the binding of a deployed worker.*--store URL$/);
    }
  });

  describe('the package alone, as it is published, with nothing installed beside it', () => {
    /** @type {{ program: string, cwd: string }} */
    let alone;
    before(async () => {
      // A place with no node_modules above it.
      for (const part of ['adapters', 'bin', 'edge_worker', 'js_bindings', 'package.json']) {
        await cp(path.join(TOP, part), path.join(directory, 'package', part), { recursive: true });
      }
      const cwd = path.join(directory, 'package');
      alone = { cwd, program: path.join(cwd, 'bin', 'sesame-edge.js') };
    });

    test('serves on Node', async () => {
      const args = ['serve', '--origin', ORIGIN, '--port', '0'];
      const cli = startCli(args, alone);
      const [, url] = await cli.line('stdout', /^listening on (http:\S+)$/);
      const answer = await fetch(`${url}/api/auth/session`);
      assert.deepEqual([answer.status, await answer.json()], [200, null]);
      cli.child.kill('SIGTERM');
      assert.deepEqual(await cli.closed, { code: 0, signal: null });
    });

    test('has a client for a store in Redis', async () => {
      const store = ['--store', `redis://127.0.0.1:${await freePort()}`];
      const cli = startCli(['serve', '--origin', ORIGIN, '--port', '0', ...store], alone);
      await cli.line('stdout', /^listening on /);
      await cli.line('stderr', /The shared store cannot be reached; serving without it/);
      cli.child.kill('SIGTERM');
      assert.deepEqual(await cli.closed, { code: 0, signal: null });
    });

    test('says how to get workerd', async () => {
      const args = ['serve', '--origin', ORIGIN, '--runtime', 'workerd'];
      const { code, stderr } = await runCli(args, alone);
      assert.equal(code, 1);
      assert.equal(stderr.length, 1);
      assert.match(stderr[0], /cannot find workerd.*npm install --save-dev workerd$/);
    });
  });
});

describe('the parts of serve', () => {
  test('an address is its own origin only if requests would come back to it', () => {
    const at = { host: '127.0.0.1', ports: [4000] };
    assert.equal(isOwnOrigin('http://127.0.0.1:4000', at), true);
    assert.equal(isOwnOrigin('http://127.0.0.1:4001', at), false);
    assert.equal(isOwnOrigin('https://127.0.0.1:4000', at), false);
    assert.equal(isOwnOrigin('http://example.com:4000', at), false);
    assert.equal(isOwnOrigin('http://[::1]:4000', { ...at, host: '0.0.0.0' }), true);
    assert.equal(isOwnOrigin('http://localhost', { ...at, ports: [80], host: 'localhost' }), true);
  });

  test('text in the configuration stays inside its quotes', () => {
    assert.equal(quote('a"b\\c\nd\u0001é م'), '"a\\"b\\\\c\\x0ad\\x01é م"');
    const options = { origin: '"), globalOutbound = "x' };
    const server = { address: ':1', controlPath: '/c', compatibilityDate: '2026-01-01', options };
    const text = workerdConfig({ ...server, modules: ['a.js', 'b.wasm'] });
    assert.equal(text.match(/globalOutbound = "network"/g)?.length, 1);
    assert.ok(text.includes('json = "{\\"origin\\":\\"\\\\\\"), globalOutbound = \\\\\\"x\\"}"'));
    assert.ok(text.includes('(name = "b.wasm", wasm = embed "b.wasm")'));
  });

  test("Node's modules are asked for only where workerd does not have them anyway", () => {
    const server = { modules: [], address: ':1', controlPath: '/c', options: {} };
    const at = (/** @type {string} */ compatibilityDate) =>
      workerdConfig({ ...server, compatibilityDate }).includes('["nodejs_compat"]');
    assert.deepEqual([at('2026-08-03'), at('2026-08-04')], [true, false]);
  });

  test('an IPv6 address goes in brackets', () => {
    assert.equal(socketAddress('::1', 80), '[::1]:80');
    assert.equal(socketAddress('127.0.0.1', 0), '127.0.0.1:0');
  });

  test('what workerd says of an address becomes a reason; all else does not', () => {
    const taken = 'Socket "http": bind(): Address already in use (os error 98)';
    const older = 'kj/async-io-unix.c++:945: failed: ::bind(fd, addr, len): Address already in use';
    for (const line of [taken, older]) {
      assert.equal(addressFault(['service x: warning', line]), 'is taken by another program');
    }
    const foreign = 'Socket "http": bind(): Cannot assign requested address (os error 99)';
    assert.equal(addressFault([foreign]), 'is not an address of this machine');
    assert.equal(addressFault(['Uncaught Error: Permission denied']), null);
    assert.equal(addressFault([]), null);
  });

  test('R71: a line of the report is counters and the time, and comes only with a change', () => {
    const report = createReport();
    const time = new Date(2026, 0, 2, 3, 4, 5);
    assert.equal(report(null, time), null);
    const counters = {
      checks: 17,
      fresh: 14,
      stale: 1,
      negative: 0,
      joined: 1,
      miss: 1,
      originCalls: 1,
    };
    assert.equal(report(counters, time), '03:04:05 checks 17 hits 16 origin calls 1');
    assert.equal(report({ ...counters, bytes: 99 }, time), null);
    assert.match(report({ ...counters, checks: 18 }, time) ?? '', /checks 18 /);
    assert.equal(describeCounters(null), 'checks 0 hits 0 origin calls 0');
  });
});
