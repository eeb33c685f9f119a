// What must be there before anything is measured: the product, built, and the packages it is measured
// against.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../../scripts/build.mjs';
import { setup, setupNeeds } from '../../scripts/setup.mjs';

const bench = fileURLToPath(new URL('../', import.meta.url));

function installPeers() {
  const lock = readFileSync(path.join(bench, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).digest('hex');
  const stamp = path.join(bench, 'node_modules/.sesame-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.log('bench: installing what Sesame is measured against …');
  const words = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', words, { cwd: bench, stdio: 'inherit' });
  if (status !== 0) throw new Error('bench: npm ci failed');
  writeFileSync(stamp, wanted);
}

/** What some sections need beside that. Without one of them they say so, and the run goes on. */
const NEEDED_BY_SECTIONS = ['redis', 'chromium', 'wrk', 'nginx', 'haproxy', 'varnish'];

export async function prepare() {
  setup(['build']);
  installPeers();
  for (const need of NEEDED_BY_SECTIONS) {
    try {
      setupNeeds([need]);
    } catch (error) {
      const [line] = /** @type {Error} */ (error).message.split('\n');
      console.log(`bench: goes on without ${need}: ${line}`);
    }
  }
  await build();
}
