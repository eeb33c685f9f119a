// What Sesame needs of the world around it. Everything that depends on time, randomness or the network
// comes through here, so that a test can move the clock and choose the order of events.

/**
 * One line of the log. It names no credential, no user and no part of a document.
 * @typedef {object} LogEntry
 * @property {'check' | 'origin' | 'refresh' | 'vary' | 'store' | 'wiring'} event a request decided, the origin asked for a
 *   document, or for new tokens; the store refuses to answer, and `reason` names why (SPEC R35); or the origin's answer is not kept because its `Vary` has a `name` that the option `varyOn` has not, which is
 *   logged once for each name; or something is wired wrongly, and `kind` names what (SPEC R73)
 * @property {number} time milliseconds since the Unix epoch
 * @property {number} durationMs how long it took, in milliseconds
 * @property {string} [source] of a check: where its answer came from (SPEC R43)
 * @property {string} [kind] of a check: what it was answered
 * @property {string} [reason] of a check: why it was decided so; where the origin was asked, why it had to be.
 *   docs/operating.md lists them
 * @property {string} [name] of a `vary`: what to add to `varyOn`; `*` cannot be added
 * @property {number} [status] of a call: the origin's HTTP status, 0 if there was none
 * @property {string} [failure] of a call without an answer: why there is none, such as `connection refused` or `timed out`
 */

/**
 * What wants to be able to cut an exchange with the origin off.
 * @typedef {object} Attachable
 * @property {(exchange: { destroy: (error: Error) => unknown }) => void} attach is called when it begins
 * @property {(exchange?: object) => void} end when it is over
 */

/**
 * How a request is passed on.
 * @typedef {object} ForwardInit
 * @property {string} [method] default `GET`
 * @property {Headers} headers as the origin is to receive them
 * @property {BodyInit | null} [body] bytes or a stream; default: none
 * @property {AbortSignal} [signal] ends the call
 * @property {boolean} [upgrades] whoever has asked can change to another protocol (WebSocket)
 * @property {(status: number, headers: Headers) => void} [onInterim] takes what comes before the answer (1xx)
 * @property {Attachable} [open] is given what cuts the exchange off, and hears of its end
 */

/**
 * Passes a request on, and gives the origin's answer back as it is on the wire: a body as it was encoded, a redirect as
 * an answer, and the connection itself as `webSocket` beside the status 101.
 * @typedef {(target: string, init: ForwardInit) => Promise<Response & { webSocket?: unknown }>} Forward
 */

/**
 * The world around a cache. What is not given is the host's own.
 * @typedef {object} Host
 * @property {(input: string | Request, init?: RequestInit, passed?: Request) => Promise<Response>} fetch
 *   asks the origin; `passed` is the request that is passed on, if it is one
 * @property {() => number} now milliseconds since the Unix epoch; it may be set, and be wrong
 * @property {() => number} monotonic milliseconds since some moment; it is never set back
 * @property {(milliseconds: number, signal: AbortSignal) => Promise<void>} sleep resolves after that
 *   time, or at once when the signal is aborted; never rejects
 * @property {() => Promise<void>} turn resolves when what has been waiting to run meanwhile has run
 * @property {(bytes: Uint8Array<ArrayBuffer>) => Uint8Array} getRandomValues fills with random bytes
 * @property {(entry: LogEntry) => void} log takes a line of the log; nothing unless given (SPEC R71)
 * @property {(line: string) => void} warn takes what the operator has to mend, once for each cause; the console's unless
 *   given. It names no credential, no user and no address
 * @property {Forward} [forward] passes requests on where `fetch` would change them; default: `fetch` does it. A host that is
 *   given a `fetch` of its own passes requests on with that, unless it is given this too
 * @property {boolean} decodesBodies whether fetch hands bodies over decoded, their headers unchanged
 * @property {(body: Uint8Array<ArrayBuffer>, answer: { ok: boolean, headers: Headers }, limit: number) =>
 *   Promise<Uint8Array<ArrayBuffer> | null>} [decode] undoes the content codings of an answer that is read here, as far as
 *   fetch has left them. Null: what comes out is longer than `limit` bytes; default: fetch has undone them all
 * @property {boolean} needsLength whether an answer from here needs its `Content-Length` as a header: Node's servers
 *   send it in chunks otherwise, workerd's know it
 * @property {boolean} asksSesame whether what is asked as the origin may be a Sesame in front of it: a fresh question is then
 *   one there as well (R11)
 * @property {boolean} startsLate whether a cache begins at its first use: where a program that starts has neither
 *   randomness nor timers (so in workerd)
 * @property {boolean} sharesPromises whether one request may await a promise made in another (not so in
 *   workerd)
 */

/** A timer that is longer rings at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function sleep(milliseconds, signal) {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, Math.min(milliseconds, MAX_TIMER_MS));
    signal.addEventListener('abort', finish);
  });
}

/**
 * Sleeps whatever happens. A signal of its own: what one request has made, another may not wait for (workerd).
 * @param {Host} host
 * @param {number} milliseconds
 */
export function pause(host, milliseconds) {
  return host.sleep(milliseconds, new AbortController().signal);
}

/** Why a timer is not wanted any more. Without a reason, each abort makes an exception with its stack. */
const OVER = 'over';

/**
 * Rings after some time, unless it is called off.
 * @param {Pick<Host, 'sleep'>} host
 * @param {number} milliseconds
 * @param {() => void} ring
 * @returns {() => void} calls it off
 */
export function ringAfter(host, milliseconds, ring) {
  if (host.sleep === sleep) {
    const timer = setTimeout(ring, Math.min(milliseconds, MAX_TIMER_MS)); // without a signal, at a third of its cost
    return () => clearTimeout(timer);
  }
  const over = new AbortController();
  host.sleep(milliseconds, over.signal).then(() => over.signal.aborted || ring());
  return () => over.abort(OVER);
}

// A timer rings after a millisecond at the earliest.
const defer = globalThis.setImmediate ?? ((/** @type {() => void} */ work) => setTimeout(work, 0));

/** @type {Host} */
export const defaultHost = Object.freeze({
  fetch: (/** @type {any} */ input, /** @type {any} */ init) => globalThis.fetch(input, init),
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep,
  turn: () => new Promise((resolve) => void defer(resolve)),
  getRandomValues: (/** @type {Uint8Array<ArrayBuffer>} */ bytes) => crypto.getRandomValues(bytes),
  log: () => {},
  warn: (/** @type {string} */ line) => console.warn(line),
  decodesBodies: false,
  needsLength: false,
  asksSesame: false,
  startsLate: false,
  sharesPromises: true,
});
