// What the history check runs: nodes in processes of their own, each over a link that can fail, one Redis that may be
// replaced by its replica, one origin. It knows neither what clients do nor what is checked.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createClient } from 'redis';
import { startFaultProxy } from '../support/fault-proxy.js';
import { startRedis } from '../support/redis-server.js';
import { startOrigin } from './origin.js';

const PROGRAM = new URL('node.js', import.meta.url);
const ANSWERED_WITHIN_MS = 20_000;

/**
 * @typedef {Awaited<ReturnType<typeof startNode>>} Node
 * @typedef {Awaited<ReturnType<typeof startWorld>>} World
 */

/**
 * @param {string} name
 * @param {object} given
 * @param {string} given.origin
 * @param {object} given.options
 * @param {() => number} given.storePort
 * @param {() => number} given.random
 * @param {() => number} given.now
 */
async function startNode(name, { origin, options, storePort, random, now }) {
  const link = await startFaultProxy(storePort, random);
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  const asked = new Map();
  let asking = 0;
  /** @type {import('node:child_process').ChildProcess} */
  let child;
  const node = {
    name,
    link,
    url: '',
    isUp: false,
    /** When it was killed, and when it began again. @type {{ at: number, until: number }[]} */
    deaths: [],
    start,
    kill,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    order,
    stop,
  };

  async function start() {
    for (const death of node.deaths.slice(-1)) death.until = now();
    child = fork(PROGRAM, [JSON.stringify({ name, origin, store: link.url, options })]);
    const [{ port }] = await once(child, 'message');
    child.on('message', (/** @type {any} */ { id, value, error }) => {
      const call = asked.get(id);
      asked.delete(id);
      if (error) call?.reject(new Error(error));
      else call?.resolve(value);
    });
    node.url = `http://127.0.0.1:${port}`;
    node.isUp = true;
  }

  async function kill() {
    if (!node.isUp) return;
    node.isUp = false;
    node.deaths.push({ at: now(), until: Number.POSITIVE_INFINITY });
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (const { reject } of asked.values()) reject(new Error('killed'));
    asked.clear();
  }

  /**
   * What only a program's own call can do.
   * @param {'revoke' | 'revokeUser' | 'setClock'} what
   * @param {unknown} [argument]
   * @returns {Promise<any>}
   */
  function order(what, argument) {
    if (!node.isUp) return Promise.reject(new Error('killed'));
    const id = ++asking;
    const answer = new Promise((resolve, reject) => {
      asked.set(id, { resolve, reject });
      child.send({ id, order: what, argument });
    });
    const late = wait(ANSWERED_WITHIN_MS, null, { ref: false }).then(() => {
      throw new Error('no answer');
    });
    return Promise.race([answer, late]);
  }

  async function stop() {
    await kill();
    await link.stop();
  }

  await start();
  return node;
}

/**
 * @param {object} given
 * @param {number} given.nodes
 * @param {object} given.options of every node
 * @param {string[]} [given.redis] settings of the store
 * @param {() => number} given.random
 * @param {() => number} given.now
 */
export async function startWorld({ nodes: count, options, redis = [], random, now }) {
  /** @type {string[]} */
  const directories = [];
  const newServer = async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'sesame-history-'));
    directories.push(directory);
    return startRedis(directory, redis);
  };
  const origin = await startOrigin({ now, accessForMs: 8000 });
  let server = await newServer();
  /** @type {Node[]} */
  const nodes = [];

  async function addNode() {
    const name = `n${nodes.length + 1}`;
    const given = { origin: origin.url, options, storePort: () => server.port, random, now };
    const node = await startNode(name, given);
    nodes.push(node);
    return node;
  }
  for (let index = 0; index < count; index += 1) await addNode();

  const world = {
    origin,
    nodes,
    addNode,
    get server() {
      return server;
    },
    /** The nodes that run. */
    get up() {
      return nodes.filter(({ isUp }) => isUp);
    },

    /** @param {string[]} words a command to the store itself */
    async command(...words) {
      const client = createClient({ url: server.url });
      client.on('error', () => {});
      await client.connect();
      try {
        return await client.sendCommand(words);
      } finally {
        client.destroy();
      }
    },

    /** The replica takes the store's place, with all that was confirmed, and the store dies. */
    async failOver() {
      const next = await newServer();
      const client = createClient({ url: next.url });
      client.on('error', () => {});
      await client.connect();
      await client.sendCommand(['REPLICAOF', '127.0.0.1', String(server.port)]);
      while (
        !String(await client.sendCommand(['INFO', 'replication'])).includes('link_status:up')
      ) {
        await wait(50);
      }
      await world.command('FAILOVER');
      while (!String(await client.sendCommand(['ROLE'])).startsWith('master')) await wait(20);
      client.destroy();
      await server.stop();
      server = next;
      for (const { link } of nodes) link.set('cut');
      for (const { link } of nodes) link.set('healthy');
    },

    async stop() {
      for (const node of nodes) await node.stop();
      await origin.stop();
      await server.stop();
      for (const directory of directories) await rm(directory, { recursive: true, force: true });
    },
  };
  return world;
}
