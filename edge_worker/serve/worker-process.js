// A worker of `serve --workers`: the server of `on-node.js` in a process of its own, on a port that all workers share. What is
// asked about it, its primary process asks.
// Invariant: it serves nothing without its primary: when that ends, `node:cluster` ends this process.
import { SessionCache } from '../../js_bindings/index.node.js';
import { ClusterClient } from '../../js_bindings/stores/cluster-client.js';
import { listenFor } from './on-node.js';
import { redisAt } from './redis-store.js';
import { CHANNEL, isOurs, storeLink } from './worker-messages.js';

/** @param {string} say @param {object} [more] */
const say = (say, more = {}) => void process.send?.({ sesame: CHANNEL, say, ...more });

// Ctrl-C reaches every process of a terminal, and a service's end all of its own: when workers stop is for the primary to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

/** @param {Omit<import('./running.js').Start, 'warn' | 'signal'>} start */
async function serve({ host, port, options, storeUrl }) {
  const warn = (/** @type {string} */ line) => say('warn', { value: line });
  const link = storeLink(process, (message) => void process.send?.(message));
  const shared = new ClusterClient(link);
  // Redis is shared by itself: of the workers' own store, the counters alone are used.
  const counting = { report: shared.report.bind(shared), sums: shared.sums.bind(shared) };
  const store = storeUrl === undefined ? shared : Object.assign(await redisAt(storeUrl), counting);
  const sessions = new SessionCache(/** @type {any} */ ({ ...options, store }), { warn });
  const server = await listenFor(sessions, { host, port, warn });
  /** @type {Record<string, (given: any) => any>} */
  const answers = {
    isAsked: () => server.isAsked(),
    notices: () => sessions.notices(),
    explain: ({ headers, url }) => sessions.explain({ headers: new Headers(headers), url }),
  };
  process.on('message', async (message) => {
    if (!isOurs(message)) return;
    const { say: what, id, value } = message;
    if (what === 'ask') return say('answer', { id, value: answers[value.what](value.given) });
    if (what !== 'stop') return;
    await server.stop(value);
    sessions.dispose();
    await shared.close();
    process.exit();
  });
  say('listening');
}

process.on('message', (message) => {
  if (!isOurs(message) || message.say !== 'start') return;
  serve(message.value).catch(({ code, message: text }) => say('failed', { value: { code, text } }));
});
say('ready');
