// The errors that Sesame throws: one class, a stable `code` each. Match on the code, not on the
// sentence.

/**
 * @typedef {'ERR_SESAME_CONFIG' | 'ERR_SESAME_MODULE' | 'ERR_SESAME_DISPOSED'
 *   | 'ERR_SESAME_ORIGIN_UNAVAILABLE' | 'ERR_SESAME_TOO_LARGE' | 'ERR_SESAME_BAD_USER_ID'
 *   | 'ERR_SESAME_UPDATE_FAILED' | 'ERR_SESAME_SNAPSHOT' | 'ERR_SESAME_SNAPSHOT_BUSY'
 *   | 'ERR_SESAME_STORE_UNAVAILABLE' | 'ERR_SESAME_SERVICE_WORKER' | 'ERR_SESAME_LOGOUT_FAILED'} ErrorCode
 */

/** Base of all errors that Sesame throws. */
export class SesameError extends Error {
  /**
   * @param {ErrorCode} code
   * @param {string} message
   * @param {ErrorOptions} [options]
   */
  constructor(code, message, options) {
    super(message, options);
    this.name = 'SesameError';
    /** @type {ErrorCode} */
    this.code = code;
  }
}

/**
 * One thing wrong with the options.
 * @typedef {object} ConfigFault
 * @property {string} option the option's name
 * @property {string} reason what is wrong with it
 */

/** The options are wrong: `faults` names everything that is. Code `ERR_SESAME_CONFIG`. */
export class ConfigError extends SesameError {
  /** @param {ConfigFault[]} faults */
  constructor(faults) {
    const list = faults.map(({ option, reason }) => `${option} ${reason}`).join('; ');
    super('ERR_SESAME_CONFIG', `Sesame's options are wrong: ${list}`);
    this.name = 'ConfigError';
    /** @type {ConfigFault[]} */
    this.faults = faults;
  }
}

/** The origin did not accept an update; nothing has changed. Code `ERR_SESAME_UPDATE_FAILED`. */
export class UpdateError extends SesameError {
  /** @param {number} status */
  constructor(status) {
    super('ERR_SESAME_UPDATE_FAILED', `The origin answered the update with ${status}`);
    this.name = 'UpdateError';
    /** The origin's HTTP status. */
    this.status = status;
  }
}

/**
 * The origin could not be asked, and nothing that is held may stand in for it (SPEC R13). It says
 * nothing about the session: nobody is signed out by it. Code `ERR_SESAME_ORIGIN_UNAVAILABLE`.
 */
export class OriginUnavailableError extends SesameError {
  /** @param {number} retryAfterMs */
  constructor(retryAfterMs) {
    super('ERR_SESAME_ORIGIN_UNAVAILABLE', 'The origin cannot be asked who this is');
    this.name = 'OriginUnavailableError';
    /** When to try again, in milliseconds from now. */
    this.retryAfterMs = retryAfterMs;
  }
}
