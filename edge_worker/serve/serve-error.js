/** Why a local server cannot run: one line for people, a stable `code` for programs. */
export class ServeError extends Error {
  /**
   * @param {'ERR_SESAME_NO_WORKERD' | 'ERR_SESAME_NOT_BUILT' | 'ERR_SESAME_ADDRESS' |
   *   'ERR_SESAME_WORKERD'} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'ServeError';
    this.code = code;
  }
}
