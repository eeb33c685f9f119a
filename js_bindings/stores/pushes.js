// What a Durable Object tells the nodes that listen to it, over a WebSocket each. Both ends are here; it must not know what
// the events mean.
//
// A WebSocket, and no question that the object answers late: an object that only has WebSockets hibernates, and costs
// nothing while nothing happens, and what it sends costs no request, while each question that is open keeps it awake and
// each event would cost one question more of each node. The node's end lives behind the answer to a request, of which
// nothing may live longer than half a minute: `forMs` is less.
// Invariants: what is told says behind which place it is complete, so that a node notices what it has missed; what is lost is
// read from the log, as if there were no pushes.
import { inTime } from './in-time.js';

/** @import { Position, Pushed } from './store.js' */

/** The object's own: nothing else is asked of its `fetch`. */
const ADDRESS = 'https://object.invalid/';

/**
 * @param {() => any} object gives its stub
 * @param {Position} since
 * @param {(pushed: Pushed) => void | Promise<void>} listener
 * @param {{ forMs: number, timeoutMs: number }} times `timeoutMs`: until the object has answered
 * @returns {Promise<void>} when the time is over or the object has closed, and what the listener has begun is done
 * @throws {import('./store.js').StoreUnavailableError} it cannot be listened to
 */
export async function listenTo(object, { history, at }, listener, { forMs, timeoutMs }) {
  const socket = await inTime(timeoutMs, async () => {
    const url = `${ADDRESS}?${new URLSearchParams({ history, at })}`;
    const response = await object().fetch(url, { headers: { upgrade: 'websocket' } });
    if (!response.webSocket) throw new Error(`status ${response.status}`);
    return response.webSocket;
  });
  /** @type {Promise<unknown>} */
  let work = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  await new Promise((resolve) => {
    timer = setTimeout(resolve, forMs);
    socket.addEventListener('close', resolve);
    socket.addEventListener('error', resolve);
    socket.addEventListener('message', (/** @type {{ data: unknown }} */ { data }) => {
      const pushed = pushedIn(data);
      if (pushed !== null) work = Promise.all([work, listener(pushed)]);
    });
    socket.accept(); // what has arrived meanwhile is heard as well
  });
  clearTimeout(timer);
  socket.close(1000);
  await work;
}

/**
 * Where a node that wants to listen has read to.
 * @param {Request} request
 * @returns {Position | null} null: it is no such request
 */
export function sinceIn({ url, headers }) {
  const asked = new URL(url).searchParams;
  const [history, at] = [asked.get('history'), asked.get('at')];
  if (headers.get('upgrade') !== 'websocket' || history === null || at === null) return null;
  return { history, at, time: 0 };
}

/** The two ends of a WebSocket, as workerd makes them: the node's and the object's. @returns {any[]} */
export function socketPair() {
  return Object.values(new /** @type {any} */ (globalThis).WebSocketPair());
}

/** @param {Pushed} pushed */
export function textOf({ from, events, position }) {
  return JSON.stringify({ from, events, position });
}

/**
 * What another version of the object says may be anything.
 * @param {unknown} data
 * @returns {Pushed | null}
 */
function pushedIn(data) {
  try {
    const { from, events, position } = JSON.parse(String(data));
    const isPlace = typeof position?.history === 'string' && typeof position.at === 'string';
    const isWhole = isPlace && typeof from === 'string' && Array.isArray(events);
    return isWhole ? { from, events, position } : null;
  } catch {
    return null;
  }
}
