// A service worker that answers a constant, as cheaply as one can: the same bodies and headers as a session.
// The script before it says which, in `ANSWERS`.

const scope = /** @type {any} */ (globalThis);

/** @type {Map<string, { body: string, init: ResponseInit }>} */
const answers = new Map();
for (const [path, { body, headers }] of Object.entries(scope.ANSWERS)) {
  answers.set(scope.location.origin + path, { body, init: { headers: new Headers(headers) } });
}

scope.addEventListener('install', () => void scope.skipWaiting());
scope.addEventListener('activate', (/** @type {any} */ event) => {
  event.waitUntil(scope.clients.claim());
});
scope.addEventListener('fetch', (/** @type {any} */ event) => {
  const answer = answers.get(event.request.url);
  if (answer) event.respondWith(new Response(answer.body, answer.init));
});
