// Sesame's worker in miniflare, its sessions in KV with Durable Objects beside it.
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startMiniflare, workerDirectory } from '../../support/edge-stores.js';
import { STORE_SOON_MS } from './patience.js';
import { IDLE_MANAGED } from './refuse-idle-managed.js';
import { NO_BROWSER, sesameDialect } from './sesame-dialect.js';
import { targetIn } from './workerd.js';

const ENTRY = fileURLToPath(new URL('../workerd-kv-entry.js', import.meta.url));

/** @type {import('./target.js').Adapter} */
export const workerdKvTarget = {
  name: 'workerd, KV',
  lacks: NO_BROWSER,
  refuses: [IDLE_MANAGED],
  soonMs: STORE_SOON_MS,
  dialect: sesameDialect,
  async open() {
    const directory = await workerDirectory(ENTRY);
    const miniflare = await startMiniflare(directory, { stripCfConnectingIp: false });
    const { port } = await miniflare.ready;
    return targetIn({
      more: { store: 'kv', secret: '0'.repeat(32) },
      port: Number(port),
      fetchAgain: true, // miniflare's front does
      async control(call) {
        const body = JSON.stringify(call);
        const response = await miniflare.dispatchFetch('http://control.internal/', {
          method: 'POST',
          body,
        });
        const answer = /** @type {any} */ (await response.json());
        if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
        return answer.value;
      },
      async close() {
        await miniflare.dispose();
        await rm(directory, { recursive: true, force: true });
      },
    });
  },
};

export default workerdKvTarget;
