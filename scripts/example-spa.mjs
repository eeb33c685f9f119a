// The React application of `examples/spa`, without Sesame and with it, to try side by side: installs it with the
// packed package, builds it twice, and serves both until Ctrl-C. `npm run example:spa`
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { installExample } from '../tests/support/installed-example.js';
import { build } from './build.mjs';
import { capture, Failure, isMain, main } from './lib/run.mjs';

export async function exampleSpa() {
  await build();
  const directory = await installExample('spa');
  const made = capture('npm', ['run', 'build'], { cwd: directory });
  if (!made.ok) throw new Failure(made.all);
  /** @type {typeof import('../examples/spa/server.mjs')} */
  const { startSpa } = await import(pathToFileURL(path.join(directory, 'server.mjs')).href);
  for (const [name, port] of /** @type {const} */ ([
    ['plain', 8081],
    ['sesame', 8080],
  ])) {
    const dist = path.join(directory, 'dist', name);
    const log = (/** @type {string} */ line) => console.log(`${name}: ${line}`);
    const { url } = await startSpa({ dist, hasSesame: name === 'sesame', port, log });
    console.log(`${name}: open ${url}`);
  }
  console.log('Log in as layla@example.com or ingrid@example.com, password: open sesame.');
}

if (isMain(import.meta)) main(exampleSpa);
