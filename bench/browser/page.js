// What runs in the page: asks as an application does, and times it. Pages are isolated from other origins,
// so that their clock has steps of five microseconds.

const scope = /** @type {any} */ (globalThis);

/** @param {string} path */
async function ask(path) {
  const response = await fetch(path);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${text}`);
  return text;
}

/** How long one answer takes, in milliseconds, and when it was asked for. @param {string} path */
async function timed(path) {
  const start = performance.now();
  await ask(path);
  return performance.now() - start;
}

/** One after the other. @param {string} path @param {number} count */
scope.oneByOne = async (path, count) => {
  const times = [];
  for (let index = 0; index < count; ++index) times.push(await timed(path));
  return times;
};

/**
 * Some at once: what each takes of the time in which all are answered.
 * @param {string} path
 * @param {number} count
 * @param {number} atOnce
 */
scope.atOnce = async (path, count, atOnce) => {
  let left = count;
  const start = performance.now();
  const asking = async () => {
    while (left-- > 0) await ask(path);
  };
  await Promise.all(Array.from({ length: atOnce }, asking));
  return (performance.now() - start) / count;
};

/** Images of a page, one after the other, none of which it has seen. @param {string} path @param {number} count */
scope.images = async (path, count) => {
  const times = [];
  for (let index = 0; index < count; ++index) {
    const image = new Image();
    const loaded = new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(new Error(`${path} did not load`));
    });
    const start = performance.now();
    image.src = `${path}?${crypto.randomUUID()}`;
    await loaded;
    times.push(performance.now() - start);
  }
  return times;
};

/** The first answer of a worker that has been stopped. @param {string} path */
scope.first = async (path) => {
  const askedAt = performance.timeOrigin + performance.now();
  const milliseconds = await timed(path);
  return { askedAt, milliseconds };
};

/** @param {string} path */
scope.sample = async (path) => {
  const response = await fetch(path);
  const headers = Object.fromEntries(response.headers);
  return { body: await response.text(), headers };
};

/** What the worker has noted about its start. */
scope.steps = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(data);
    navigator.serviceWorker.controller?.postMessage({ steps: true }, [port2]);
  });
