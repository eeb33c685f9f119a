// Set-up on a machine that has only what a test gives it: programs and packages are named, and nothing is installed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { PARTS } from '../../scripts/lib/parts.mjs';
import { root } from '../../scripts/lib/run.mjs';

const BUILD = ['cmake', 'ninja', 'em++'];
const SETUP = path.join(root, 'scripts/setup.mjs');

/** @type {string[]} */
const directories = [];
after(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true }))));

/**
 * A path with these programs alone, which do nothing; on Debian, with package tools that have these packages and note
 * what they are asked to install, without doing it.
 * @param {{ programs: string[], packages: string[] | null }} machine packages: null is elsewhere than Debian
 */
async function createMachine({ programs, packages }) {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'sesame-machine-'));
  directories.push(directory);
  const log = path.join(directory, 'log');
  await writeFile(log, '');
  /** @param {string} name @param {string} body */
  const put = async (name, body) => {
    await writeFile(path.join(directory, name), `#!/bin/sh\n${body}\n`);
    await chmod(path.join(directory, name), 0o755);
  };
  for (const name of programs) await put(name, 'exit 0');
  if (packages !== null) {
    const lines = packages.map((name) => `echo "${name} 3.7.1-1 installed"`);
    await put('dpkg-query', lines.join('\n'));
    await put('apt-get', `echo "$@" >> '${log}'`);
    await put('apt-cache', 'echo "  Candidate: 3.7.1-1"');
    await put('sudo', 'while [ "$1" = -n ]; do shift; done\nexec "$@"');
    for (const name of ['env', 'true']) {
      const found = ['/usr/bin', '/bin'].map((each) => path.join(each, name)).find(existsSync);
      await symlink(`${found}`, path.join(directory, name));
    }
  }
  return {
    /** @param {string[]} parts */
    setUp(parts) {
      const env = { ...process.env, PATH: directory };
      const words = [SETUP, ...parts];
      return spawnSync(process.execPath, words, { env, encoding: 'utf8', cwd: root });
    },
    asked: () => readFile(log, 'utf8'),
  };
}

describe('set-up', () => {
  for (const part of ['build', 'js', 'simulation', 'size']) {
    test(`${part} needs what builds the module: no clang, Chromium, Redis or nginx`, async () => {
      const machine = await createMachine({ programs: BUILD, packages: ['nlohmann-json3-dev'] });
      const { status, stderr, stdout } = machine.setUp([part]);
      assert.equal(status, 0, stderr);
      assert.equal(stdout, '');
      assert.equal(await machine.asked(), '');
    });
  }

  test('a part that needs more has that installed, and nothing else', async () => {
    const machine = await createMachine({ programs: BUILD, packages: ['nlohmann-json3-dev'] });
    const { status, stderr } = machine.setUp(['conformance']);
    assert.equal(status, 0, stderr);
    const asked = (await machine.asked()).trim().split('\n');
    assert.equal(asked.length, 1);
    assert.match(asked[0], /install --no-install-recommends chromium redis-tools$/);
  });

  test('native tests need a compiler and Catch2, but not what builds the module', async () => {
    const machine = await createMachine({ programs: ['cmake', 'ninja'], packages: [] });
    machine.setUp(['native']);
    const asked = await machine.asked();
    assert.match(asked, /install --no-install-recommends nlohmann-json3-dev g\+\+$/m);
    assert.match(asked, /install --no-install-recommends libcatch2-dev$/m);
    assert.doesNotMatch(asked, /emscripten|clang|chromium/);
  });

  test('elsewhere than on Debian it says what a part lacks, and nothing of other parts', async () => {
    const machine = await createMachine({ programs: ['cmake', 'ninja'], packages: null });
    const { status, stderr } = machine.setUp(['js']);
    assert.equal(status, 1);
    assert.equal(
      stderr,
      'setup: this is not Debian. Please install:\n' +
        '  the library nlohmann_json 3.11 (unless it is there)\n' +
        "  emscripten (no program 'em++' on the path)\n",
    );
    const all = machine.setUp([]);
    for (const name of ['chromium', 'redis-server 7', 'clang-tidy', 'curl']) {
      assert.ok(all.stderr.includes(name), name);
    }
  });

  test('a part that does not exist is refused, with the names of those that do', async () => {
    const machine = await createMachine({ programs: [], packages: null });
    const { status, stderr } = machine.setUp(['jss']);
    assert.equal(status, 1);
    assert.equal(
      stderr,
      `setup: there is no part 'jss'; there are ${Object.keys(PARTS).join(', ')}\n`,
    );
  });
});
