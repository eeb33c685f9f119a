// Runs in a service worker before Sesame's script, and notes when its start gets where: it puts itself
// between the script and what the browser does for it. A start that is watched is not the one that is judged.

const scope = /** @type {any} */ (globalThis);
/** When, in milliseconds since the worker began. @type {Record<string, [number, number]>} */
const steps = {};

/** @param {string} name @param {number} start */
const note = (name, start) => {
  steps[name] ??= [start, performance.now()];
};

/**
 * @param {any} owner
 * @param {string} method
 * @param {string} name of the step: the first call counts
 */
function noteCalls(owner, method, name) {
  const original = owner[method];
  owner[method] = async function (/** @type {any[]} */ ...args) {
    const start = performance.now();
    const value = await original.apply(this, args);
    note(name, start);
    return value;
  };
}

noteCalls(WebAssembly, 'compile', 'compile');
noteCalls(crypto.subtle.constructor.prototype, 'decrypt', 'unseal');

const { Instance } = WebAssembly;
/** @type {any} */ (WebAssembly).Instance = class extends Instance {
  constructor(/** @type {any[]} */ ...args) {
    const start = performance.now();
    super(.../** @type {[any]} */ (args));
    note('instantiate', start);
  }
};

const { open } = IDBFactory.prototype;
IDBFactory.prototype.open = function (...args) {
  const start = performance.now();
  const opening = open.apply(this, args);
  opening.addEventListener('success', () => note('open', start));
  return opening;
};
/** Of one transaction, all that it reads. @type {number | null} */
let readFrom = null;
const { get } = IDBObjectStore.prototype;
IDBObjectStore.prototype.get = function (...args) {
  readFrom ??= performance.now();
  const from = readFrom;
  const reading = get.apply(this, args);
  reading.addEventListener('success', () => {
    if (!steps.answer) steps.read = [from, performance.now()];
  });
  return reading;
};

const { respondWith } = scope.FetchEvent.prototype;
scope.FetchEvent.prototype.respondWith = function (/** @type {any} */ response) {
  const start = performance.now();
  Promise.resolve(response).then(() => note('answer', start));
  return respondWith.call(this, response);
};

scope.addEventListener('message', (/** @type {any} */ { data, ports }) => {
  if (data?.steps) ports[0].postMessage({ begun: performance.timeOrigin, steps });
});

const importing = scope.importScripts;
scope.importScripts = (/** @type {string[]} */ ...urls) => {
  const start = performance.now();
  importing(...urls);
  note('script', start);
};
