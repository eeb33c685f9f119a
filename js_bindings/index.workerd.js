// The package for workerd and hosts like it: the module is imported, and compiled by the host.
import { instantiate } from './core/abi.js';
import createModule from './dist/sesame.js';
import wasmModule from './dist/sesame.wasm';
import { ALL_FEATURES } from './features.js';
import { tellHeld } from './held-identity.js';
import { EdgeOpenAnswers } from './http/open-answers.workerd.js';
import { decoderOf } from './origin/codings.js';
import { SessionCacheBase } from './session-cache.js';
import { ConnectionEnds } from './sessions/connection-ends.js';

export { ConfigError, OriginUnavailableError, SesameError, UpdateError } from './errors.js';

/** Its fetch undoes these two, by these very names, and no chain of them. */
const decode = decoderOf((field) => /^(gzip|br)$/.test(field));

/** @type {import('./assemble.js').Features} */
const WORKERD_FEATURES = Object.freeze({
  ...ALL_FEATURES,
  ConnectionEnds,
  OpenAnswers: EdgeOpenAnswers,
  onStart: (cache, parts) => tellHeld(cache, parts, SessionCacheBase.prototype.identify),
});

/**
 * A session cache in front of one origin. One may be made at a worker's top level: its options are judged there, it
 * begins with its first request.
 * @template [User=import('./session-cache.js').UserDocument] what the document is, as the option `schema` infers it or the
 *   caller says it
 * @extends {SessionCacheBase<User>}
 */
export class SessionCache extends SessionCacheBase {
  /** Does nothing: a browser has to wait for the module, and what calls this runs in every host. */
  static async load() {}

  /**
   * @param {import('./options/types.js').Options<User>} options of which only `origin` has no default
   * @param {Partial<import('./host.js').Host>} [host] for tests: the clock, the network, randomness
   * @throws {ConfigError} `ERR_SESAME_CONFIG`, with everything that is wrong
   */
  constructor(options, host = {}) {
    const workerd = { sharesPromises: false, startsLate: true, decode };
    super(
      instantiate(wasmModule, createModule),
      options,
      { ...workerd, ...host },
      WORKERD_FEATURES,
    );
  }
}
