// Runs the examples of one entry in Node, in a process of their own, as a user's program would run: with the package
// by its name and an origin on loopback.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { refuseSteps } from '../outcome.js';

const PROGRAM = fileURLToPath(new URL('node-program.js', import.meta.url));

/** @type {import('../outcome.js').Run} */
export async function runInNode(page, examples) {
  refuseSteps(examples);
  const child = fork(PROGRAM, [page], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text) => {
      said += text;
    });
  }
  child.send(examples);
  const done = once(child, 'message');
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`the examples' process ended with ${code}\n${said}`);
  });
  const [outcomes] = await Promise.race([done, ended]);
  ended.catch(() => {});
  return outcomes;
}
