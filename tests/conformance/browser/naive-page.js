// A page of a site whose developers wrote a service worker themselves: it asks for the document when it wants to
// know who somebody is.
import { beginPage } from './page.js';

const DOCUMENT = '/api/v1/users/me';
const LOGOUT = '/api/v1/auth/logout';

beginPage(({ headers = () => ({}) }) => {
  const ask = async () => {
    const response = await fetch(DOCUMENT, { headers: headers() });
    if (response.status === 401) return null;
    if (!response.ok) throw new Error(`status ${response.status}`);
    return { user: await response.json(), stale: response.headers.has('x-old') };
  };
  const channel = new BroadcastChannel('session');
  /** @type {((session: unknown) => void)[]} */
  const listeners = [];
  // Whoever hears that something has changed asks.
  channel.onmessage = async () => {
    const session = await ask().catch(() => undefined);
    if (session !== undefined) for (const listener of listeners) listener(session);
  };
  /** @param {string} path @param {RequestInit} init */
  async function change(path, init) {
    const response = await fetch(path, { ...init, headers: headers() });
    if (!response.ok) throw new Error(`status ${response.status}`);
    channel.postMessage('changed');
    return response;
  }
  return {
    /** @param {string} url */
    async register(url) {
      await navigator.serviceWorker.register(url);
      await navigator.serviceWorker.ready;
      if (navigator.serviceWorker.controller) return;
      await new Promise((resolve) => {
        navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true });
      });
    },
    getSession: ask,
    /** @param {unknown} changes */
    async updateUser(changes) {
      await change(DOCUMENT, { method: 'PATCH', body: JSON.stringify(changes) });
      return ask();
    },
    logout: () => change(LOGOUT, { method: 'POST' }).then(() => null),
    refresh: () =>
      change('/api/auth/refresh', { method: 'POST' }).then((response) => response.json()),
    /** @param {(session: unknown) => void} listener */
    onSessionChange: (listener) => void listeners.push(listener),
    close: () => channel.close(),
  };
});
