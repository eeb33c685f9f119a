// The service worker that sites write for themselves: the answer of last time from the Cache API, and the network
// for the next. Not built to fail: it is what tutorials call stale-while-revalidate, with a time to live.
import { takeControl } from './worker-control.js';

const { clock, ready } = takeControl();
const scope = /** @type {any} */ (globalThis);
const DOCUMENT = '/api/v1/users/me';
const FRESH_MS = 30 * 60_000;

scope.addEventListener('install', () => scope.skipWaiting());
scope.addEventListener('activate', (/** @type {any} */ event) => {
  event.waitUntil(scope.clients.claim());
});

scope.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (pathname === DOCUMENT && request.method === 'GET') event.respondWith(read(event));
  else if (pathname === DOCUMENT) event.respondWith(write(request));
  else if (pathname.endsWith('/logout')) event.respondWith(logout(request));
});

/** @param {any} event */
async function read(event) {
  await ready;
  const cache = await caches.open('session');
  const held = await cache.match(DOCUMENT);
  if (!held) return load(event.request);
  if (clock.now() - Number(held.headers.get('x-time')) < FRESH_MS) return held;
  event.waitUntil(load(event.request).catch(() => {}));
  const headers = new Headers(held.headers);
  headers.set('x-old', 'yes');
  return new Response(held.body, { headers });
}

/** @param {Request} request */
async function load(request) {
  const response = await fetch(request);
  if (!response.ok) return response;
  const headers = new Headers(response.headers);
  headers.set('x-time', String(clock.now()));
  const cache = await caches.open('session');
  await cache.put(DOCUMENT, new Response(await response.clone().blob(), { headers }));
  return response;
}

/** @param {Request} request */
async function write(request) {
  const response = await fetch(request);
  if (response.ok) await (await caches.open('session')).delete(DOCUMENT);
  return response;
}

/** @param {Request} request */
async function logout(request) {
  const response = await fetch(request);
  if (response.ok) await caches.delete('session');
  return response;
}
