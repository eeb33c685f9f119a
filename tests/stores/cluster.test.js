// The store of workers: the contract of all stores, and that an event is answered when every worker has it in effect. The
// channel is one that copies and takes its time, as that of processes does; processes are in workers.test.js.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { MemoryStore } from 'sesame-edge/stores';
import { ClusterClient } from '../../js_bindings/stores/cluster-client.js';
import { ClusterPrimary } from '../../js_bindings/stores/cluster-primary.js';
import { contract } from './contract.js';

/** @import { Link, Message } from '../../js_bindings/stores/cluster-messages.js' */

/** @param {import('node:worker_threads').MessagePort} port @returns {Link} */
function linkOn(port) {
  /** @type {Set<(message: Message) => void>} */
  const listeners = new Set();
  port.on('message', (text) => {
    for (const listener of listeners) listener(JSON.parse(text));
  });
  port.unref();
  return {
    send: (message) => port.postMessage(JSON.stringify(message)), // `node:cluster` carries JSON
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** @param {ClusterPrimary} primary @param {{ timeoutMs?: number }} [options] */
function workerOf(primary, options) {
  const { port1, port2 } = new MessageChannel();
  const end = primary.attach(linkOn(port1));
  port1.ref();
  const store = new ClusterClient(linkOn(port2), options);
  port2.ref();
  return {
    store,
    die() {
      port2.close();
      end();
    },
    async close() {
      await store.close();
      end();
      port1.close();
      port2.close();
    },
  };
}

const primary = new ClusterPrimary(new MemoryStore());
contract('the store of workers', (options) => {
  const { store, close } = workerOf(
    options ? new ClusterPrimary(new MemoryStore(options)) : primary,
  );
  return new Proxy(store, {
    get(target, /** @type {keyof ClusterClient} */ name) {
      if (/** @type {string} */ (name) === 'close') return close;
      const found = target[name];
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
});
