// KV with a `truth` beside it: KV carries the values, the truth has their digests, the ends, the log and the locks. What is
// compared and replaced (tokens) is in the truth itself: a location that read KV a moment ago would not see it for a minute.
// Invariant: a value counts only if the truth has its digest, or has it.
import { inTime } from './in-time.js';
import { PREFIX, TIMEOUT_MS } from './limits.js';

/** @import { SharedStore } from './store.js' */
/** @typedef {{ prefix?: string, timeoutMs?: number }} KvOptions */

const DIGEST_BYTES = 32;

/** KV's shortest life of a value. */
const MIN_TTL_S = 60;

/** @implements {SharedStore} */
export class KvBesideTruth {
  #namespace;
  #truth;
  #prefix;
  #timeoutMs;

  /**
   * @param {any} namespace
   * @param {import('./store.js').SharedStore} truth
   * @param {KvOptions} options
   */
  constructor(namespace, truth, { prefix = PREFIX, timeoutMs = TIMEOUT_MS }) {
    this.#namespace = namespace;
    this.#truth = truth;
    this.#prefix = prefix;
    this.#timeoutMs = timeoutMs;
    this.end = truth.end.bind(truth);
    this.forget = truth.forget.bind(truth);
    this.userEvent = truth.userEvent.bind(truth);
    this.ask = truth.ask.bind(truth);
    this.epochs = truth.epochs.bind(truth);
    this.changes = truth.changes.bind(truth);
    this.acquire = truth.acquire.bind(truth);
    this.release = truth.release.bind(truth);
    this.close = truth.close.bind(truth);
    this.propagationMs = truth.propagationMs;
    this.cannotLock = truth.cannotLock;
    this.subscribe = truth.subscribe?.bind(truth);
    this.listen = truth.listen?.bind(truth);
  }

  /** @param {string} name */
  async get(name) {
    const reading = inTime(this.#timeoutMs, () =>
      this.#namespace.get(this.#key(name), 'arrayBuffer'),
    );
    reading.catch(() => {}); // the truth may say enough
    const digest = await this.#truth.get(name);
    if (digest === 'ended' || digest === null || digest.length !== DIGEST_BYTES) return digest;
    const value = await reading;
    if (value === null) return null;
    const found = new Uint8Array(value);
    return areEqual(await digestOf(found), digest) ? found : null;
  }

  /**
   * @param {string} name
   * @param {Uint8Array<ArrayBuffer>} value
   * @param {import('./store.js').PutOptions} options
   */
  async putIfNewer(name, value, options) {
    if (options.replaces !== undefined) return this.#truth.putIfNewer(name, value, options);
    if (!(await this.#truth.putIfNewer(name, await digestOf(value), options))) return false;
    const expirationTtl = Math.max(MIN_TTL_S, Math.ceil(options.ttlMs / 1000));
    await inTime(this.#timeoutMs, () =>
      this.#namespace.put(this.#key(name), value, { expirationTtl }),
    );
    return true;
  }

  /** @param {string} name */
  #key(name) {
    return `${this.#prefix}:session:${name}`;
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function digestOf(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/**
 * @param {Uint8Array} a
 * @param {Uint8Array} b
 */
function areEqual(a, b) {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
