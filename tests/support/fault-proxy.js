// A link between a node and its store that can be disturbed: bytes are delayed or held back, connections break
// at any byte, or are refused.
import { once } from 'node:events';
import net from 'node:net';

/**
 * `mute` holds back what the node says, `deaf` what the store says, `freeze` both.
 * @typedef {'healthy' | 'delay' | 'freeze' | 'mute' | 'deaf' | 'drop' | 'cut'} Fault
 */

/**
 * @param {() => number} port of the store, which may change
 * @param {() => number} random
 */
export async function startFaultProxy(port, random) {
  /** @type {Fault} */
  let fault = 'healthy';
  /** @type {Set<net.Socket>} */
  const sockets = new Set();
  /** @type {Set<() => void>} */
  const thawed = new Set();

  /** @param {net.Socket} from @param {net.Socket} to @param {Fault} stopped by which nothing of it passes */
  function carry(from, to, stopped) {
    sockets.add(from);
    let last = Promise.resolve();
    from.on('data', (bytes) => {
      // In order, however long each takes.
      last = last.then(async () => {
        if (fault === 'drop' && random() < 0.1) {
          if (!to.destroyed) to.write(bytes.subarray(0, Math.floor(random() * bytes.length)));
          from.destroy();
          to.destroy();
          return;
        }
        if (fault === 'delay') await new Promise((resolve) => setTimeout(resolve, random() * 150));
        while (fault === 'freeze' || fault === stopped) {
          await new Promise((resolve) => thawed.add(() => resolve(undefined)));
        }
        if (!to.destroyed) to.write(bytes);
      });
    });
    from.on('error', () => {});
    from.on('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  }

  const server = net.createServer((client) => {
    if (fault === 'cut') return void client.destroy();
    const upstream = net.connect(port(), '127.0.0.1');
    carry(client, upstream, 'mute');
    carry(upstream, client, 'deaf');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = /** @type {net.AddressInfo} */ (server.address());
  return {
    url: `redis://127.0.0.1:${address.port}`,

    /** @param {Fault} next */
    set(next) {
      fault = next;
      const waiting = [...thawed];
      thawed.clear();
      for (const thaw of waiting) thaw();
      if (next === 'cut') for (const socket of sockets) socket.destroy();
    },

    async stop() {
      this.set('cut');
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * A store whose calls overtake one another, are carried out twice, or are said to have failed when they have
 * not, as happens where calls are tried again.
 * @param {any} store
 * @param {() => number} random
 * @param {{ isOn: boolean, counts: Record<string, number> }} control
 */
export function unruly(store, random, control) {
  const count = (/** @type {string} */ name) => {
    control.counts[name] = (control.counts[name] ?? 0) + 1;
  };
  return new Proxy(store, {
    get(target, name) {
      const found = target[name];
      if (typeof found !== 'function') return found;
      const method = found.bind(target);
      if (name === 'close' || name === 'subscribe') return method;
      return async (/** @type {any[]} */ ...args) => {
        if (!control.isOn) return method(...args);
        if (random() < 0.1) {
          count('reordered calls');
          await new Promise((resolve) => setTimeout(resolve, random() * 50));
        }
        if (random() < 0.05 && name !== 'acquire') {
          count('calls carried out twice');
          await method(...args);
        }
        const result = await method(...args);
        if (random() < 0.01) {
          count('answers lost');
          throw new Error('the answer was lost');
        }
        return result;
      };
    },
  });
}
