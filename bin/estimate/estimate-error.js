/** Why a log cannot be judged: one line for people, a stable `code` for programs. */
export class EstimateError extends Error {
  /**
   * @param {'ERR_SESAME_LOG_READ' | 'ERR_SESAME_LOG_EMPTY' | 'ERR_SESAME_LOG_FORMAT' |
   *   'ERR_SESAME_LOG_TRUNCATED' | 'ERR_SESAME_NOT_BUILT' | 'ERR_SESAME_WRITE'} code
   * @param {string} message names files and formats; of what a log holds, only a line that cannot be read
   */
  constructor(code, message) {
    super(message);
    this.name = 'EstimateError';
    this.code = code;
  }
}
