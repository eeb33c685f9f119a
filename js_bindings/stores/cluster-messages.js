// What a primary process and its workers say to each other about the store. Numbers, text and plain objects alone: the
// channel of `node:cluster` carries JSON unless it is set up otherwise.
// It must not know a process. Invariant: what is decoded is what was encoded, bytes among it.

/**
 * From a store object of a worker to the primary: a call of the store, that it has heard of all up to some piece of news,
 * or what it was asked for; to it: an answer, that there is news, or a question for its counters.
 * @typedef {object} Message
 * @property {typeof CHANNEL} sesame
 * @property {string} client names the store object in its process
 * @property {number} [call] numbers a call and its answer
 * @property {string} [method] of the call
 * @property {any[]} [args]
 * @property {any} [result]
 * @property {string} [error] why a call has failed
 * @property {number} [news] how much has happened
 * @property {number} [heard] up to where that is in effect in the worker
 * @property {number} [counting] numbers a question for the counters, and what is answered to it
 * @property {any} [counters]
 */

/** Tells these messages from those of others on the same channel. */
export const CHANNEL = /** @type {const} */ ('store');

/**
 * One end of a channel.
 * @typedef {object} Link
 * @property {(message: Message) => void} send throws, or does nothing, if the other end has gone
 * @property {(listener: (message: Message) => void) => () => void} listen gives back what ends it
 */

/** @param {any} message @returns {message is Message} */
export function isOurs(message) {
  return message?.sesame === CHANNEL && typeof message.client === 'string';
}

/** @param {any} value bytes, or objects and lists that have some @returns {any} */
export function encode(value) {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(encode);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, encode(each)]));
}

/** @param {any} value @returns {any} */
export function decode(value) {
  if (Array.isArray(value)) return value.map(decode);
  if (value === null || typeof value !== 'object') return value;
  if (typeof value.base64 === 'string') return Uint8Array.from(Buffer.from(value.base64, 'base64'));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, decode(each)]));
}

/**
 * So long an event waits for a worker that does not say that it has heard it, in milliseconds. Then the worker counts as cut
 * off: it serves what it holds for `revocationBound` at most (rule R31), and nobody waits for it until it is heard of again.
 */
export const HEARD_WITHIN_MS = 2000;
