// Build directories belong to the tree that they were configured for.
import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { configure } from '../../scripts/build.mjs';

// biome-ignore lint/suspicious/noTemplateCurlyInString: it is CMake that fills it in
const BINARY_DIR = '${sourceDir}/build/${presetName}';
const PRESETS = {
  version: 6,
  configurePresets: [{ name: 'plain', generator: 'Ninja', binaryDir: BINARY_DIR }],
};

/** @type {string} */
let work;
beforeEach(async () => {
  work = await realpath(await mkdtemp(path.join(os.tmpdir(), 'sesame-trees-')));
});
afterEach(() => rm(work, { recursive: true }));

/** @param {string} name */
async function createTree(name) {
  const tree = path.join(work, name);
  await mkdir(tree);
  await writeFile(path.join(tree, 'CMakePresets.json'), JSON.stringify(PRESETS));
  const text = 'cmake_minimum_required(VERSION 3.25)\nproject(plain NONE)\n';
  await writeFile(path.join(tree, 'CMakeLists.txt'), text);
  return tree;
}

/** The tree whose sources are built there. @param {string} tree */
async function builtFrom(tree) {
  const cache = await readFile(path.join(tree, 'build/plain/CMakeCache.txt'), 'utf8');
  return /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(cache)?.[1];
}

describe('configuring', () => {
  test('a copied tree builds its own sources, even if the other tree is gone', async () => {
    const tree = await createTree('original');
    configure('plain', tree);
    assert.equal(await builtFrom(tree), tree);
    for (const isLeft of [true, false]) {
      const copy = path.join(work, `copy-${isLeft}`);
      await cp(tree, copy, { recursive: true });
      if (!isLeft) await rm(tree, { recursive: true });
      assert.equal(await builtFrom(copy), tree);
      configure('plain', copy);
      assert.equal(await builtFrom(copy), copy);
    }
  });

  test('what is configured already is left as it is', async () => {
    const tree = await createTree('original');
    configure('plain', tree);
    const mark = path.join(tree, 'build/plain/mark');
    await writeFile(mark, 'still here');
    configure('plain', tree);
    assert.equal(await readFile(mark, 'utf8'), 'still here');
  });
});
