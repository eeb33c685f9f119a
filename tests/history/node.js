// One node of the history check, in a process of its own, so that it can be stopped, killed and given a wrong clock.
// It must not know what is checked. Its parent says what it is (first argument, JSON) and asks it by messages.
import { AsyncLocalStorage } from 'node:async_hooks';
import http from 'node:http';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { redis } from 'sesame-edge/redis';

const { name, origin, store, options } = JSON.parse(process.argv[2]);
let aheadMs = 0;
/** What the log says of each request. @type {AsyncLocalStorage<string[]>} */
const requests = new AsyncLocalStorage();

const sessions = new SessionCache(
  { origin, store: redis(store, { timeoutMs: 500 }), ...options },
  {
    now: () => Date.now() + aheadMs,
    fetch(input, init) {
      const request = new Request(input, init);
      request.headers.set('x-node', name);
      return fetch(request);
    },
    log: ({ event, kind = '', reason = '', source = '', status = '' }) =>
      void requests.getStore()?.push([event, kind, reason, source, status].join(' ').trim()),
    warn: () => {},
  },
);

/** @type {Record<string, (argument: any) => unknown>} */
const orders = {
  setClock: (/** @type {number} */ ms) => {
    aheadMs = ms;
  },
  revoke: (/** @type {Record<string, string>} */ headers) =>
    sessions.revoke({ headers: new Headers(headers) }),
  revokeUser: (/** @type {string} */ id) => sessions.revokeUser(id),
};

process.on('message', async (/** @type {{ id: number, order: string, argument: any }} */ asked) => {
  const answer = { id: asked.id, value: /** @type {unknown} */ (null), error: '' };
  try {
    answer.value = (await orders[asked.order](asked.argument)) ?? null;
  } catch (error) {
    answer.error = /** @type {any} */ (error).code ?? String(error);
  }
  process.send?.(answer);
});
process.on('disconnect', () => process.exit());

const handler = toNodeHandler(sessions);
const server = http.createServer((request, response) => {
  /** @type {string[]} */
  const lines = [];
  const { writeHead } = response;
  response.writeHead = (/** @type {any[]} */ ...all) => {
    response.setHeader('x-why', lines.join('; '));
    return writeHead.apply(response, /** @type {any} */ (all));
  };
  requests.run(lines, () => handler(request, response));
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: /** @type {import('node:net').AddressInfo} */ (server.address()).port });
});
