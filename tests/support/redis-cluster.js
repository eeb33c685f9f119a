// A Redis cluster of a test's own, and a server behind a Sentinel: on loopback, told of one another by Redis' own
// tools.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';
import { program, startRedis } from './redis-server.js';
import { until } from './wait.js';

const run = promisify(execFile);

export async function startRedisCluster() {
  const directories = await Promise.all(
    [1, 2, 3].map(() => mkdtemp(path.join(tmpdir(), 'sesame-redis-cluster-'))),
  );
  const servers = await Promise.all(
    directories.map(async (directory) => {
      const busPort = String(await freePort());
      return startRedis(directory, ['--cluster-enabled', 'yes', '--cluster-port', busPort]);
    }),
  );
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes']);
  const isReady = async (/** @type {{ port: number }} */ { port }) => {
    const { stdout } = await run('redis-cli', ['-p', String(port), 'cluster', 'info']);
    return stdout.includes('cluster_state:ok');
  };
  for (const server of servers) await until(() => isReady(server), 'the cluster is complete');
  return {
    rootNodes: servers.map(({ url }) => ({ url })),
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
      await Promise.all(directories.map((directory) => rm(directory, { recursive: true })));
    },
  };
}

export async function startRedisSentinel() {
  const directory = await mkdtemp(path.join(tmpdir(), 'sesame-redis-sentinel-'));
  const server = await startRedis();
  const port = await freePort();
  const file = path.join(directory, 'sentinel.conf');
  await writeFile(
    file,
    `port ${port}\nbind 127.0.0.1\ndir ${directory}\nsentinel monitor main 127.0.0.1 ${server.port} 1\n`,
  );
  const sentinel = spawn(program, [file, '--sentinel'], { argv0: 'redis-server', stdio: 'ignore' });
  const end = () => sentinel.kill('SIGKILL');
  process.on('exit', end);
  const answers = () =>
    run('redis-cli', ['-p', String(port), 'ping']).then(
      ({ stdout }) => stdout.includes('PONG'),
      () => false,
    );
  await until(answers, 'the sentinel answers');
  return {
    options: { name: 'main', sentinelRootNodes: [{ host: '127.0.0.1', port }] },
    async stop() {
      end();
      await once(sentinel, 'exit');
      process.off('exit', end);
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
}
