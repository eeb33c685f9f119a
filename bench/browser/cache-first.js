// A service worker as people write it by hand, or have Workbox write it: what is in Cache Storage, else the
// network. It knows of no time, no login and no logout. `ANSWERS` says for which paths.

const scope = /** @type {any} */ (globalThis);
const paths = Object.keys(scope.ANSWERS);

scope.addEventListener('install', () => void scope.skipWaiting());
scope.addEventListener('activate', (/** @type {any} */ event) => {
  event.waitUntil(scope.clients.claim());
});
scope.addEventListener('fetch', (/** @type {any} */ event) => {
  const { method, url } = event.request;
  if (method !== 'GET' || !paths.includes(new URL(url).pathname)) return;
  event.respondWith(cacheFirst(event.request));
});

/** @param {Request} request */
async function cacheFirst(request) {
  const cache = await caches.open('sessions');
  const kept = await cache.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) await cache.put(request, response.clone());
  return response;
}
