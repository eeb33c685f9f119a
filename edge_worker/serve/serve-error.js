/**
 * What keeps a local server from running, for programs.
 * @typedef {'ERR_SESAME_NO_WORKERD' | 'ERR_SESAME_NOT_BUILT' | 'ERR_SESAME_ADDRESS' | 'ERR_SESAME_WORKERD'
 *   | 'ERR_SESAME_WORKER'} ServeErrorCode
 */

/**
 * Why a local server cannot run: one line for people, a stable `code` for programs.
 *
 * @example
 * import { serve, ServeError } from 'sesame-edge/serve';
 *
 * const server = await serve({ origin: 'https://api.example.com' });
 * const { port } = server;
 * const error = await serve({ origin: 'https://api.example.com', port }).catch((error) => error);
 * error instanceof ServeError; // => true
 * error.code; // => 'ERR_SESAME_ADDRESS'
 * await server.close();
 */
export class ServeError extends Error {
  /**
   * @param {ServeErrorCode} code
   * @param {string} message one line
   */
  constructor(code, message) {
    super(message);
    /** The class's name. */
    this.name = 'ServeError';
    /** Stable, unlike the message. */
    this.code = code;
  }
}
