// better-auth as its documentation starts it, with its memory adapter. It knows nothing of Sesame.
import { once } from 'node:events';
import http from 'node:http';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { admin, organization } from 'better-auth/plugins';

const TABLES = 'user session account verification organization member invitation'.split(' ');

/**
 * @param {{ publicUrl: string, options?: object, onQuery?: () => void }} how `onQuery` is called with each query of the
 *   database
 * @returns {Promise<import('../lib/back-end.js').RunningBackEnd & { database: Record<string, any[]> }>}
 */
export async function startBetterAuth({ publicUrl, options = {}, onQuery = () => {} }) {
  const database = Object.fromEntries(TABLES.map((name) => [name, /** @type {any[]} */ ([])]));
  const auth = betterAuth({
    baseURL: publicUrl,
    trustedOrigins: ['http://localhost:*', 'http://127.0.0.1:*'], // each node has a port of its own
    secret: 'a secret that is long enough for a test',
    database: counted(memoryAdapter(database), onQuery),
    emailAndPassword: { enabled: true },
    user: { deleteUser: { enabled: true } },
    plugins: [admin(), organization()],
    telemetry: { enabled: false },
    logger: { level: 'error' },
    ...options,
  });
  const server = http.createServer(toNodeHandler(auth)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    database,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const QUERIES = 'create findOne findMany count update updateMany delete deleteMany'.split(' ');

/**
 * An adapter that tells of its queries.
 * @param {any} make
 * @param {() => void} onQuery
 */
function counted(make, onQuery) {
  return (/** @type {any} */ options) => {
    return told(make(options), onQuery);
  };
}

/** @param {any} adapter @param {() => void} onQuery */
function told(adapter, onQuery) {
  const queries = QUERIES.filter((name) => typeof adapter[name] === 'function').map((name) => [
    name,
    (/** @type {any[]} */ ...args) => {
      onQuery();
      return adapter[name](...args);
    },
  ]);
  const { transaction } = adapter;
  return {
    ...{ ...adapter, ...Object.fromEntries(queries) },
    // Within a transaction better-auth is given an adapter of its own.
    ...(typeof transaction === 'function' && {
      transaction: (/** @type {(within: any) => unknown} */ work) =>
        transaction((/** @type {any} */ within) => work(told(within, onQuery))),
    }),
  };
}
