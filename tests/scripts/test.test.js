// What `npm test` runs, and when.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { listFiles, read } from '../../scripts/lib/files.mjs';
import { NEEDS, PARTS } from '../../scripts/lib/parts.mjs';
import { root } from '../../scripts/lib/run.mjs';
import { watchDirectories } from '../../scripts/lib/watch.mjs';
import { bodies, filesNamed, preparation, rows } from '../../scripts/test.mjs';

describe('the parts of the test', () => {
  test('each part is described, does something, and is run once', () => {
    const names = Object.keys(PARTS).sort();
    assert.deepEqual(Object.keys(bodies).sort(), names);
    assert.deepEqual([...preparation, ...rows.flat()].sort(), names);
    for (const { needs } of Object.values(PARTS)) {
      for (const need of needs) assert.ok(NEEDS[need], need);
    }
  });

  test('each directory with test files is a part', async () => {
    const entries = await readdir(path.join(root, 'tests'), { withFileTypes: true });
    const directories = entries.filter((each) => each.isDirectory()).map(({ name }) => name);
    const tested = directories.filter(
      (name) => listFiles(`tests/${name}`, /\.test\.(js|mjs)$/).length > 0,
    );
    assert.ok(tested.length > 5);
    assert.deepEqual(
      tested.filter((name) => !PARTS[name]),
      [],
    );
  });

  test('a part that runs nginx, Redis or Chromium says so', () => {
    const programs = {
      nginx: /support\/nginx\.js'/,
      redis: /redis-server\.js'|redis-cluster\.js'/,
      chromium: /chromium\.js'|launchChromium|playwright-core/,
    };
    for (const [need, pattern] of Object.entries(programs)) {
      for (const name of ['js', 'cli', 'nginx', 'workerd', 'stores', 'simulation', 'browser']) {
        const uses = listFiles(`tests/${name}`, /\.js$/).some((file) => pattern.test(read(file)));
        assert.equal(PARTS[name].needs.includes(need), uses, `${name}: ${need}`);
      }
    }
  });

  test('an unknown part, or an unknown option, is refused before anything is set up', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/test.mjs', 'jss'], {
      cwd: root,
      encoding: 'utf8',
    });
    assert.equal(status, 1);
    assert.match(stderr, /^test: no part 'jss'; there are build, /);
  });

  test('the files of a part are chosen by the beginning of their names', () => {
    const files = ['tests/x/a-b.test.js', 'tests/x/a-c.test.mjs', 'tests/x/b.test.js'];
    assert.deepEqual(filesNamed(files, []), files);
    assert.deepEqual(filesNamed(files, ['a-c', 'a']), files.slice(0, 2));
    assert.throws(() => filesNamed(files, ['b', 'c']), /no 'c' among a-b, a-c, b$/);
    const { status, stderr } = spawnSync(process.execPath, ['scripts/test.mjs', '--only', 'a'], {
      cwd: root,
      encoding: 'utf8',
    });
    assert.equal(status, 1);
    assert.match(stderr, /^test: --only chooses among the files of one part/);
  });
});

describe('watching', () => {
  test('changes are told once nothing changes any more; what is made is none', {
    timeout: 20_000,
  }, async () => {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'sesame-watch-'));
    await mkdir(path.join(directory, 'a/dist'), { recursive: true });
    const changes = watchDirectories([directory]);
    try {
      const first = changes.next();
      await writeFile(path.join(directory, 'a/dist/made.js'), '1');
      await writeFile(path.join(directory, 'a/one.js'), '1');
      await writeFile(path.join(directory, 'two.js'), '1');
      assert.deepEqual(await first, [
        path.join(directory, 'a/one.js'),
        path.join(directory, 'two.js'),
      ]);
      // Nobody asks at the moment: it is in the next answer.
      await writeFile(path.join(directory, 'two.js'), '2');
      assert.deepEqual(await changes.next(), [path.join(directory, 'two.js')]);
      // A directory that is new, and one that comes again.
      for (const _ of [1, 2]) {
        const later = changes.next();
        await mkdir(path.join(directory, 'b/c'), { recursive: true });
        await writeFile(path.join(directory, 'b/c/three.js'), '1');
        assert.deepEqual(await later, [path.join(directory, 'b/c/three.js')]);
        const gone = changes.next();
        await rm(path.join(directory, 'b'), { recursive: true });
        assert.ok((await gone).includes(path.join(directory, 'b/c/three.js')));
      }
    } finally {
      changes.close();
      await rm(directory, { recursive: true });
    }
  });
});
