// How those who wait for another's origin call are woken. Where one request may not await a promise of
// another (workerd), they look again after short sleeps of their own; elsewhere they are woken as well.

const FIRST_PAUSE_MS = 4;
const MAX_PAUSE_MS = 50;

export class Waiters {
  /** @param {import('../host.js').Host} host */
  constructor(host) {
    this.host = host;
    /** @type {Map<number, Set<() => void>>} */
    this.wakes = new Map();
  }

  /**
   * Waits until it is worth looking at a lease again, at most until `deadline`.
   * @param {number} lease
   * @param {number} deadline
   * @param {number} round how often this request has waited before
   * @param {AbortSignal | undefined} signal
   */
  async wait(lease, deadline, round, signal) {
    const { host, wakes } = this;
    const left = Math.max(0, deadline - host.now());
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(round, 8), MAX_PAUSE_MS);
    const alarm = new AbortController();
    const wake = () => alarm.abort();
    const woken = wakes.get(lease) ?? new Set();
    if (host.sharesPromises) wakes.set(lease, woken.add(wake));
    signal?.addEventListener('abort', wake);
    await host.sleep(host.sharesPromises ? left : Math.min(left, pause), alarm.signal);
    signal?.removeEventListener('abort', wake);
    woken.delete(wake);
    if (woken.size === 0 && wakes.get(lease) === woken) wakes.delete(lease);
  }

  /**
   * The lease has ended.
   * @param {number} lease
   */
  wake(lease) {
    for (const wake of this.wakes.get(lease) ?? []) wake();
  }
}
