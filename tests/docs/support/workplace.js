// Where the pages are executed: an empty folder for each, outside of the project, so that nothing of the project is
// found in it; and a PATH on which `npm` and `npx` are this project's own, without a network.
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpackPackage } from '../../support/installed-example.js';
import { program as redis } from '../../support/redis-server.js';

export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

/** What a process gets of our environment; npm's own variables and the test runner's would change what it does. */
const KEPT = ['HOME', 'USER', 'LANG', 'TMPDIR', 'CHROMIUM'];

/** @typedef {Awaited<ReturnType<typeof createWorkplace>>} Workplace */

/**
 * @param {string} [project] whose packages the pages may install
 * @param {string} [node] what they run on
 */
export async function createWorkplace(project = root, node = process.execPath) {
  const top = await realpath(await mkdtemp(path.join(tmpdir(), 'sesame-docs-')));
  const packed = path.join(top, 'packed');
  const bin = path.join(top, 'bin');
  await mkdir(bin);
  await unpackPackage(packed);
  const searched = (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((directory) => !directory.includes('node_modules')); // `npm test` puts ours there
  /** @param {string} name */
  const find = (name) =>
    searched.map((directory) => path.join(directory, name)).find((file) => existsSync(file));

  /** @param {string} name @param {string} body */
  const putProgram = async (name, body) => {
    await writeFile(path.join(bin, name), `#!/bin/bash\n${body}\n`);
    await chmod(path.join(bin, name), 0o755);
  };
  const stub = fileURLToPath(new URL('npm.mjs', import.meta.url));
  for (const name of ['npm', 'npx']) {
    await putProgram(name, `SESAME_AS=${name} exec '${process.execPath}' '${stub}' "$@"`);
  }
  await putProgram('node', `exec '${node}' "$@"`);
  const nginx = path.join(root, 'build/nginx/usr/sbin/nginx');
  if (existsSync(nginx)) await putProgram('nginx', `exec '${nginx}' "$@"`);
  if (redis !== 'redis-server') {
    await putProgram('redis-server', `exec -a redis-server '${find(redis)}' "$@"`);
  }

  const env = {
    ...Object.fromEntries(KEPT.map((name) => [name, process.env[name]])),
    PATH: [bin, ...searched].join(path.delimiter),
    ...{ SESAME_PROJECT: project, SESAME_PACKED: packed, SESAME_NPM: find('npm') },
    ...{ npm_config_offline: 'true', npm_config_yes: 'false', npm_config_update_notifier: 'false' },
    ...{ NO_COLOR: '1', TERM: 'dumb', NEXT_TELEMETRY_DISABLED: '1', LC_ALL: 'C.UTF-8' },
  };
  return {
    top,
    packed,
    env,
    /** @param {string} name of a page */
    async folderFor(name) {
      const folder = path.join(top, name.replace(/\W+/g, '-'));
      await mkdir(folder);
      return folder;
    },
    remove: () => rm(top, { recursive: true, force: true, maxRetries: 5 }),
  };
}
