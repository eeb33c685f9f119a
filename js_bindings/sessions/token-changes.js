// What the origin's tokens change, where it issues, exchanges and revokes them while Sesame looks on (rules R82, R85). It
// must not know what answers and requests look like.
//
// It must not be reachable from the service worker, where no token is exchanged. Invariant: what ends or drops a session
// is `SessionChanges`, which publishes that.
import { Action, Status } from '../core/abi-constants.js';

/** @typedef {import('../core/abi.js').RequestHead} RequestHead */

export class TokenChanges {
  #core;
  #host;
  #shared;
  #changes;

  /** @param {Pick<import('./parts.js').Parts, 'core' | 'host' | 'shared' | 'changes'>} parts */
  constructor({ core, host, shared, changes }) {
    this.#core = core;
    this.#host = host;
    this.#shared = shared;
    this.#changes = changes;
  }

  /**
   * The origin has issued a refresh token together with an access token.
   * @param {RequestHead} head with the access token
   * @param {string} refreshToken
   */
  noteRefreshToken(head, refreshToken) {
    this.#core.noteRefreshToken(head, refreshToken, this.#host.now());
    this.#shared?.noteNames([head]); // a revocation of the one drops the record of the other
  }

  /**
   * The origin has exchanged a refresh token: the session that it was issued for goes on (rule R85).
   * @param {RequestHead} head with the new access token
   * @param {{ used: string, issued: string }} refreshTokens `issued` empty: the one that was used stays
   * @returns {Promise<boolean>} false: nothing is known of the token. Resolves when the other nodes know
   */
  async renew(head, refreshTokens) {
    const action = this.#core.renew(head, refreshTokens, this.#host.now());
    if (action === Action.RETRY) return false;
    const document = action === Action.SERVE ? this.#core.keptDocument : null;
    const askedAtMs = this.#core.filledAtMs;
    if (document !== null) this.#changes.noteSid(head, document);
    if (this.#shared === null) return true;
    if (action === Action.REFUSE) {
      await this.#changes.publishEnd(head, { status: Status.OK, relatives: [] });
    } else if (document !== null) {
      const { position } = this.#shared.log;
      this.#shared.noteNames([head]);
      await this.#shared.save(head, position, document, { cacheControl: '', askedAtMs });
    }
    return true;
  }

  /**
   * The origin has revoked a token: its session is dropped.
   * @param {RequestHead} head with it as a bearer
   * @param {string} token an access token, or the refresh token of one
   * @returns {Promise<void>} resolves when it is published
   */
  drop(head, token) {
    // As another credential of its session, a refresh token reaches all of that.
    const action = this.#core.renew(head, { used: token, issued: '' }, this.#host.now());
    return this.#changes.drop({ head }, action === Action.RETRY ? undefined : true);
  }
}
