// What the suite has a page do, whatever client the page has: requests, sessions, and a look at all that the site
// has stored. Reached from outside by the global function `suite`.
import { BYTES, JAR, WORKER } from './paths.js';

/**
 * @typedef {object} PageRequest
 * @property {number} id
 * @property {string} path
 * @property {string} method
 * @property {[string, string][]} headers
 * @property {boolean} hasBody whether it has one, which is at the site's `BYTES`
 * @property {boolean} isStream whether its length is not known beforehand
 * @property {RequestCredentials} credentials
 */

/** What is longer goes by way of the site. */
const MAX_SENT_BYTES = 32_768;

/** @param {(options: any) => any} createClient */
export function beginPage(createClient) {
  /** @type {Map<number, AbortController>} */
  const asking = new Map();
  /** @type {Map<number, ReadableStreamDefaultReader<Uint8Array>>} */
  const reading = new Map();
  /** @type {unknown[]} */
  const heard = [];
  /** @type {any} */
  let client = null;

  const suite = {
    /** What a page's own script does. @param {object} options the client's */
    async begin(options) {
      client = createClient(options);
      client.onSessionChange((/** @type {unknown} */ session) => heard.push(session));
      await client.register(WORKER);
    },
    heard: () => heard,

    /** @param {string} method of the client @param {unknown[]} args */
    call: (method, args) => settled(client[method](...args)),

    /** The same, of a client that sends a header. @param {string} method @param {unknown[]} args @param {any} options */
    async callWith(method, args, options) {
      const { headers } = options;
      const other = createClient({ ...options, headers: () => headers });
      try {
        return await settled(other[method](...args));
      } finally {
        other.close();
      }
    },

    /** @param {PageRequest} request */
    async ask({ id, path, method, headers, hasBody, isStream, credentials }) {
      const controller = new AbortController();
      asking.set(id, controller);
      const bytes = hasBody && new Uint8Array(await (await fetch(BYTES + id)).arrayBuffer());
      /** @type {any} */
      const init = { method, headers, credentials, redirect: 'manual', signal: controller.signal };
      if (bytes)
        Object.assign(init, isStream ? { body: streamOf(bytes), duplex: 'half' } : { body: bytes });
      try {
        const response = await fetch(path, init);
        const { status, statusText, type } = response;
        const head = { status, statusText, type, headers: [...response.headers] };
        if (response.headers.get('content-type') === 'text/event-stream' && response.body) {
          reading.set(id, response.body.getReader());
          return { ...head, body: 'open' };
        }
        const whole = new Uint8Array(await response.arrayBuffer());
        if (whole.length <= MAX_SENT_BYTES) return { ...head, body: 'sent', sent: textOf(whole) };
        await fetch(BYTES + id, { method: 'POST', body: whole });
        return { ...head, body: 'left' };
      } finally {
        asking.delete(id);
      }
    },
    /** @param {number} id */
    abort: (id) => asking.get(id)?.abort(),
    /** The next part of a body, or null. @param {number} id */
    async read(id) {
      const { value } = (await reading.get(id)?.read()) ?? {};
      return value === undefined ? null : textOf(value);
    },

    /** @param {string[]} lines of `Set-Cookie` */
    setCookies: (lines) =>
      fetch(JAR, { method: 'POST', body: JSON.stringify(lines) }).then(() => {}),

    /** What the suite wants of the worker itself. @param {string} name @param {unknown} [value] */
    async command(name, value) {
      const { controller, ready } = navigator.serviceWorker;
      const worker = controller ?? (await ready).active;
      const { port1, port2 } = new MessageChannel();
      const answered = new Promise((resolve) => {
        port1.onmessage = ({ data }) => resolve(data.value ?? null);
      });
      worker?.postMessage({ suite: name, value }, [port2]);
      const answer = await answered;
      port1.close();
      return answer;
    },

    /** Takes the worker away, with the page. */
    async end() {
      client?.close();
      const registration = await navigator.serviceWorker.getRegistration();
      await registration?.unregister();
    },
    stored,
  };
  Object.assign(globalThis, { suite: () => suite });
}

/** What came of it. @param {Promise<unknown>} promise */
function settled(promise) {
  return promise.then(
    (value) => ({ value: value ?? null }),
    ({ name, message, code, stack }) => ({ error: { name, message, code, stack } }),
  );
}

/** Everything that scripts of the site find stored, and what the keys among it give away. */
async function stored() {
  /** @type {string[]} */
  const texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
  /** @type {{ extractable: boolean, exported: boolean }[]} */
  const keys = [];
  /** @param {any} value */
  const look = async (value) => {
    if (value instanceof CryptoKey) {
      const exporting = ['raw', 'jwk', 'pkcs8'].map((/** @type {any} */ format) =>
        crypto.subtle.exportKey(format, value).then(
          () => true,
          () => false,
        ),
      );
      const exported = (await Promise.all(exporting)).includes(true);
      keys.push({ extractable: value.extractable, exported });
    } else if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
      const bytes = value instanceof ArrayBuffer ? value : value.buffer;
      for (const encoding of ['utf-8', 'utf-16le', 'latin1']) {
        texts.push(new TextDecoder(encoding).decode(bytes));
      }
    } else if (value instanceof Blob) {
      texts.push(await value.text());
    } else if (value && typeof value === 'object') {
      for (const each of Object.entries(value).flat()) await look(each);
    } else {
      texts.push(String(value));
    }
  };
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const response = await cache.match(request);
      texts.push(request.url, JSON.stringify([...(response?.headers ?? [])]));
      texts.push((await response?.text()) ?? '');
    }
  }
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve, reject) => {
      const opening = indexedDB.open(/** @type {string} */ (name));
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    for (const store of database.objectStoreNames) {
      for (const what of ['getAll', 'getAllKeys']) {
        const values = await new Promise((resolve, reject) => {
          const getting = database.transaction(store).objectStore(store)[what]();
          getting.onsuccess = () => resolve(getting.result);
          getting.onerror = () => reject(getting.error);
        });
        await look(values);
      }
    }
    database.close();
  }
  return { text: texts.join('\n'), keys };
}

/** @param {Uint8Array} bytes in Base64 */
const textOf = (bytes) => btoa(String.fromCharCode(...bytes));

/** @param {Uint8Array} bytes */
const streamOf = (bytes) =>
  new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 65_536) {
        controller.enqueue(bytes.slice(at, at + 65_536));
      }
      controller.close();
    },
  });
