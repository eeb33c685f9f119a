// One server, in a process of its own: `node server-child.mjs NAME SETUP`, the setup as JSON. Says its port, and what its own
// sessions take of memory where it has them from the start, and serves until it is ended. With `workers` in the setup it
// starts as many processes of `node:cluster` that do.
import cluster from 'node:cluster';
import { once } from 'node:events';
import http from 'node:http';
import { servers } from './servers.mjs';

const [name, setup] = process.argv.slice(2);
const given = JSON.parse(setup);
const weigh = () => {
  for (let round = 0; round < 3; round += 1) globalThis.gc?.();
  return process.memoryUsage.rss();
};
process.on('SIGTERM', () => process.exit());
if (given.workers > 0 && cluster.isPrimary) {
  const workers = Array.from({ length: given.workers }, () => cluster.fork());
  const [{ port }] = await Promise.all(
    workers.map(async (worker) => (await once(worker, 'listening'))[0]),
  );
  console.log(JSON.stringify({ port }));
  await new Promise(() => {}); // the workers serve until it is ended
}
const before = weigh();
const listener = await servers[name].make(given);
const heldBytes = weigh() - before;
const server = http.createServer(listener);
await once(server.listen(0, '127.0.0.1', 4096), 'listening');
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
if (cluster.isPrimary) console.log(JSON.stringify({ port, heldBytes }));
