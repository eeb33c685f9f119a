// What the primary process of `serve --workers` and its workers say to each other. What they say about the store is
// carried inside: js_bindings/stores/cluster-messages.js. The application may have workers and a store of its own.

/** Tells these messages from those of others on the same channel. */
export const CHANNEL = /** @type {const} */ ('serve');

/**
 * @typedef {object} ServeMessage
 * @property {typeof CHANNEL} sesame
 * @property {'ready' | 'start' | 'listening' | 'failed' | 'warn' | 'ask' | 'answer' | 'stop' | 'store'} say from a worker: it wants
 *   to be started, it listens, it cannot, something is to be told; to it: how it is started, a question, that it is to stop.
 *   Both ways: what is about the store
 * @property {any} [value]
 * @property {number} [id] of a question and its answer
 */

/** @param {any} message @returns {message is ServeMessage} */
export function isOurs(message) {
  return message?.sesame === CHANNEL;
}

/**
 * The link of a worker's store, inside these messages.
 * @param {NodeJS.EventEmitter} emitter of the messages of the other end
 * @param {(message: ServeMessage) => void} send
 * @returns {import('../../js_bindings/stores/cluster-messages.js').Link}
 */
export function storeLink(emitter, send) {
  return {
    send: (value) => send({ sesame: CHANNEL, say: 'store', value }),
    listen(listener) {
      const onMessage = (/** @type {any} */ message) => {
        if (isOurs(message) && message.say === 'store') listener(message.value);
      };
      emitter.on('message', onMessage);
      return () => void emitter.off('message', onMessage);
    },
  };
}
