// The errors that Sesame throws: one class, a stable `code` each. Match on the code, not on the
// sentence.

/**
 * What went wrong, for programs. A code stays what it is when its sentence changes.
 * @typedef {'ERR_SESAME_CONFIG' | 'ERR_SESAME_MODULE' | 'ERR_SESAME_DISPOSED'
 *   | 'ERR_SESAME_ORIGIN_UNAVAILABLE' | 'ERR_SESAME_TOO_LARGE' | 'ERR_SESAME_BAD_USER_ID'
 *   | 'ERR_SESAME_NO_REQUEST' | 'ERR_SESAME_NO_DEVICES'
 *   | 'ERR_SESAME_UPDATE_FAILED' | 'ERR_SESAME_SNAPSHOT' | 'ERR_SESAME_SNAPSHOT_BUSY'
 *   | 'ERR_SESAME_STORE_UNAVAILABLE' | 'ERR_SESAME_OUTBOX_FULL' | 'ERR_SESAME_GUARD_FULL'
 *   | 'ERR_SESAME_SERVICE_WORKER' | 'ERR_SESAME_LOGOUT_FAILED'} ErrorCode
 */

/**
 * Base of all errors that Sesame throws. Tell them apart by their `code`: `docs/errors.md` has all of them.
 *
 * @example
 * import { SesameError, SessionCache } from 'sesame-edge';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com', maxCredential: 100 });
 * const long = { headers: { cookie: `session=${'x'.repeat(1000)}` } };
 * const error = await sessions.getSession(long).catch((error) => error);
 * error instanceof SesameError; // => true
 * error.code; // => 'ERR_SESAME_TOO_LARGE'
 */
export class SesameError extends Error {
  /**
   * @param {ErrorCode} code
   * @param {string} message one sentence, without a credential and without a part of a document
   * @param {ErrorOptions} [options] `cause`
   */
  constructor(code, message, options) {
    super(message, options);
    /** The class's name. */
    this.name = 'SesameError';
    /** Stable, unlike the message. @type {ErrorCode} */
    this.code = code;
  }
}

/**
 * One thing wrong with the options.
 * @typedef {object} ConfigFault
 * @property {string} option the option's name
 * @property {string} reason what is wrong with it
 */

/**
 * The options are wrong: `faults` names everything that is. Code `ERR_SESAME_CONFIG`.
 *
 * @example
 * import { ConfigError, SessionCache } from 'sesame-edge';
 *
 * try {
 *   new SessionCache({ origin: 'api.example.com', freshFor: 'soon' });
 * } catch (error) {
 *   error instanceof ConfigError; // => true
 *   error.faults.map(({ option }) => option); // => [ 'origin', 'freshFor' ]
 * }
 */
export class ConfigError extends SesameError {
  /** @param {ConfigFault[]} faults all that is wrong */
  constructor(faults) {
    const list = faults.map(({ option, reason }) => `${option} ${reason}`).join('; ');
    super('ERR_SESAME_CONFIG', `Sesame's options are wrong: ${list}`);
    this.name = 'ConfigError';
    /** All that is wrong, not only the first. @type {ConfigFault[]} */
    this.faults = faults;
  }
}

/**
 * The origin did not accept an update; nothing has changed (SPEC R22). Code `ERR_SESAME_UPDATE_FAILED`.
 *
 * @example
 * import { UpdateError } from 'sesame-edge';
 *
 * const error = await sessions.updateUser(request, { name: '' }).catch((error) => error);
 * error instanceof UpdateError; // => true
 * error.status; // => 422
 */
export class UpdateError extends SesameError {
  /** @param {number} status the origin's HTTP status */
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
 *
 * @example
 * import { OriginUnavailableError, SessionCache } from 'sesame-edge';
 *
 * const sessions = new SessionCache({ origin: 'http://127.0.0.1:9' }); // nothing answers there
 * const error = await sessions.getSession(request).catch((error) => error);
 * error instanceof OriginUnavailableError; // => true
 * error.retryAfterMs > 0; // => true
 * error.cause instanceof Error; // => true
 */
export class OriginUnavailableError extends SesameError {
  /**
   * @param {number} retryAfterMs when to try again, in milliseconds from now
   * @param {ErrorOptions} [options] `cause`: why it could not be asked, as far as that is known. Its `message` is such as
   *   `connection refused`, `timed out` or `status 502` (rule R73), and its own `cause` the error of the host
   */
  constructor(retryAfterMs, options) {
    super('ERR_SESAME_ORIGIN_UNAVAILABLE', 'The origin cannot be asked who this is', options);
    this.name = 'OriginUnavailableError';
    /** When to try again, in milliseconds from now. */
    this.retryAfterMs = retryAfterMs;
  }
}
