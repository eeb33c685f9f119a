// A port where nothing listens, for what has to be told its port before it starts. Below those that the system gives out
// by itself, or another program's connection may get it in between.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';

const FIRST = 10_000;
const COUNT = 20_000;
const TRIES = 100;
/** @type {Set<number>} */
const taken = new Set();

/** @returns {Promise<number>} of 127.0.0.1, and another with each call */
export async function freePort() {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST + randomInt(COUNT);
    if (taken.has(port)) continue;
    const server = net.createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    taken.add(port);
    await once(server.close(), 'close');
    return port;
  }
  throw new Error('there is no free port');
}
