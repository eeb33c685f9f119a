// What must be there before anything is measured: the product, built, and the packages it is measured
// against.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from '../../scripts/build.mjs';
import { setup } from '../../scripts/setup.mjs';

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

export async function prepare() {
  setup(['build']);
  installPeers();
  await build();
}
