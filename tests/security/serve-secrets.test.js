// What another user of the machine can see of the secrets of `sesame-edge serve`, and what it says of a store that refuses
// (rule R35).
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { redis } from 'sesame-edge/redis';
import { runCli, startCli } from '../support/cli.js';
import { startRedis } from '../support/redis-server.js';
import { until } from '../support/wait.js';

const PASSWORD = 'the-password-of-redis';
const SECRET = 'aaaabbbbccccddddeeeeffff00001111';
const SECRETS = new RegExp(`${PASSWORD}|${SECRET}`);
const ORIGIN = 'http://127.0.0.1:9';

const server = await startRedis(undefined, ['--requirepass', PASSWORD]);
const url = server.url.replace('//', `//:${PASSWORD}@`);
/** @type {string} */
let directory;
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sesame-secrets-test-'));
});
after(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

/** @param {string} name @param {string} text */
async function file(name, text) {
  const found = path.join(directory, name);
  await writeFile(found, text, { mode: 0o600 });
  return found;
}

/** @type {[string, string[]][]} */
const RUNTIMES = [
  ['node', ['--runtime', 'node']],
  ['two workers', ['--workers', '2']],
  ['workerd', ['--runtime', 'workerd']],
];
for (const [runtime, given] of RUNTIMES) {
  describe(`sesame-edge serve, on ${runtime}`, () => {
    const words = ['serve', ...given, '--origin', ORIGIN, '--port', '0'];
    for (const how of ['itself', 'a file']) {
      test(`R35: store and secret are taken from the environment, as ${how}, and are in no line and no command line`, async () => {
        const env = {
          ...process.env,
          ...(how === 'itself'
            ? { SESAME_STORE: url, SESAME_SECRET: `${SECRET},${'0'.repeat(32)}` }
            : {
                SESAME_STORE_FILE: await file('store', `${url}\n`),
                SESAME_SECRET_FILE: await file('secret', `${SECRET}\n`),
              }),
        };
        const cli = startCli([...words, '--port', '0'], { env });
        const [, address] = await cli.line('stdout', /listening on (http:\S+)/);
        await fetch(`${address}/api/v1/users/me`, { headers: { cookie: 'session=ada' } });
        assert.doesNotMatch(await readFile(`/proc/${cli.pid}/cmdline`, 'latin1'), SECRETS);
        cli.child.kill('SIGINT');
        await cli.closed;
        const said = [...cli.stdout, ...cli.stderr].join('\n');
        assert.doesNotMatch(said, SECRETS);
        assert.doesNotMatch(said, /refuses|made one for this run/);
      });
    }

    test('R35: a store that refuses is named at the start; a password in --store is warned about, and not repeated', async () => {
      const wrong = url.replace(PASSWORD, `${PASSWORD}-wrong`);
      const cli = startCli([...words, '--store', wrong]);
      await cli.line('stderr', /every user of this machine can read the password in --store/);
      await cli.line('stderr', /The shared store refuses: wrong password \(WRONGPASS\)/);
      cli.child.kill('SIGINT');
      await cli.closed;
      assert.doesNotMatch([...cli.stdout, ...cli.stderr].join('\n'), SECRETS);
    });

    test('R35: no mistake repeats a secret', async () => {
      const config = await file('broken.json', `{"webhookSecret": "${PASSWORD}",`);
      const bad = `redsi://:${PASSWORD}@h`;
      const both = { SESAME_STORE: url, SESAME_STORE_FILE: path.join(directory, 'none') };
      /** @type {[string[], Record<string, string>][]} */
      const mistakes = [
        [['--store', bad], {}],
        [[], { SESAME_STORE: bad }],
        [[], { SESAME_SECRET: `${SECRET}x` }],
        [[], both],
        [['--config', config], {}],
      ];
      for (const [args, more] of mistakes) {
        const env = { ...process.env, ...more };
        const all = [...words, ...args];
        const { code, stdout, stderr } = await runCli(all, { env });
        assert.equal(code, 2, `${stderr}`);
        assert.doesNotMatch([...stdout, ...stderr].join('\n'), SECRETS);
      }
    });
  });
}

describe('a store that refuses', () => {
  const CASES = /** @type {const} */ ([
    ['no password', server.url, /no password given \(NOAUTH\)/],
    ['a wrong password', url.replace(PASSWORD, 'wrong'), /wrong password \(WRONGPASS\)/],
  ]);
  for (const [what, address, said] of CASES) {
    test(`R35: ${what}: by name, once, to the operator, in the log and in a gauge`, async (t) => {
      /** @type {string[]} */
      const lines = [];
      const sessions = new SessionCache(
        { origin: ORIGIN, secret: SECRET, store: redis(address, { timeoutMs: 10_000 }) },
        { warn: (line) => void lines.push(line), fetch: async () => Response.json({ id: 1 }) },
      );
      t.after(() => sessions.dispose());
      /** @type {any[]} */
      const log = [];
      sessions.observe((entry) => void log.push(entry));
      await until(() => lines.length > 0);
      assert.match(lines[0], said);
      assert.equal(sessions.statistics().storeRefused, 1);
      assert.match(sessions.prometheusText(), /\nsesame_store_refused 1\n/);
      await assert.rejects(
        sessions.revoke({ headers: { cookie: 'session=x' } }),
        (/** @type {any} */ error) => {
          assert.equal(error.code, 'ERR_SESAME_STORE_UNAVAILABLE');
          assert.match(error.message, said);
          return true;
        },
      );
      assert.equal(lines.length, 1);
      assert.doesNotMatch(JSON.stringify([lines, log]), SECRETS);
    });
  }
});
