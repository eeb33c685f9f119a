// One call of the origin whose whole answer is read: for a document as for tokens. It must not know what is asked for,
// nor what an answer means.
// Invariant: it ends within its time, whatever the origin does and however late the host's fetch notices an abort; it
// never rejects.
import { ringAfter } from '../host.js';
import { readAnswer } from './bodies.js';

/**
 * The origin's answer.
 * @typedef {object} OriginReply
 * @property {number} status
 * @property {boolean} ok a status from 200 to 299
 * @property {Headers} headers
 * @property {Uint8Array<ArrayBuffer> | null} body null: it is longer than `maxBytes`, and was not read to its end
 */

/**
 * Calls the origin. A redirect is an answer like any other.
 * @param {Pick<import('../host.js').Host, 'fetch' | 'sleep' | 'decode'>} host
 * @param {string} url
 * @param {RequestInit} init
 * @param {{ timeoutMs: number, maxBytes: number, onFailure?: (error: unknown) => void }} how `onFailure` hears why there
 *   is no answer
 * @returns {Promise<OriginReply | null>} null: there is no answer, or none in time
 */
export async function originCall(host, url, init, { timeoutMs, maxBytes, onFailure }) {
  try {
    return await withTimeout(host, timeoutMs, async (signal) => {
      const response = await host.fetch(url, { ...init, redirect: 'manual', signal });
      const { status, ok, headers } = response;
      return { status, ok, headers, body: await readAnswer(host, response, maxBytes) };
    });
  } catch (error) {
    onFailure?.(error);
    return null;
  }
}

/**
 * Gives some work so much time: then its signal aborts, and this rejects, even if the work goes on.
 * @template T
 * @param {Pick<import('../host.js').Host, 'sleep'>} host
 * @param {number} timeoutMs
 * @param {(signal: AbortSignal) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withTimeout(host, timeoutMs, work) {
  const timeout = new AbortController();
  let callOff = () => {};
  /** @type {Promise<never>} */
  const timedOut = new Promise((_, reject) => {
    callOff = ringAfter(host, timeoutMs, () => {
      timeout.abort();
      reject(new Error('time-out'));
    });
  });
  timedOut.catch(() => {});
  try {
    // A host's fetch may be slow to notice an abort: the time-out counts by itself.
    return await Promise.race([work(timeout.signal), timedOut]);
  } finally {
    callOff();
  }
}
