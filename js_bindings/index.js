// The package for hosts that have neither a file system nor imports of WebAssembly: browsers. Its types are those of
// all hosts.

/**
 * The session cache, for Node, for workerd and hosts like it, and for browsers: in front of one origin, it says who
 * makes a request.
 *
 * In the examples, `request` has the headers of a user who is signed in at `https://api.example.com`, Ingrid, and
 * `sessions` is `new SessionCache({ origin: 'https://api.example.com' })`.
 * @module
 */

import { instantiate } from './core/abi.js';
import createModule from './dist/sesame.js';
import { SesameError } from './errors.js';
import { ALL_FEATURES } from './features.js';
import { SessionCacheBase } from './session-cache.js';

export { ConfigError, OriginUnavailableError, SesameError, UpdateError } from './errors.js';

/** @typedef {import('./session-cache.js').UserDocument} UserDocument */
/**
 * @template [User=UserDocument]
 * @typedef {import('./options/types.js').Options<User>} Options
 */
/** @typedef {import('./dialects/effects.js').EffectRow} EffectRow */
/** @typedef {import('./dialects/effects.js').Effect} Effect */
/** @typedef {import('./options/types.js').Duration} Duration */
/** @typedef {import('./options/types.js').Size} Size */
/** @typedef {import('./options/types.js').Managed} Managed */
/** @typedef {import('./options/types.js').Verify} Verify */
/** @typedef {import('./options/types.js').Issuer} Issuer */
/** @typedef {import('./options/types.js').Tokens} Tokens */
/** @typedef {import('./options/types.js').Introspection} Introspection */
/**
 * @template [Output=unknown]
 * @typedef {import('./origin/schema.js').StandardSchema<Output>} StandardSchema
 */
/**
 * @template [Output=unknown]
 * @typedef {import('./origin/schema.js').StandardProps<Output>} StandardProps
 */
/**
 * @template [Output=unknown]
 * @typedef {import('./origin/schema.js').StandardResult<Output>} StandardResult
 */
/** @typedef {import('./origin/schema.js').StandardIssue} StandardIssue */
/** @typedef {import('./session-cache.js').RequestLike} RequestLike */
/**
 * @template [User=UserDocument]
 * @typedef {import('./session-cache.js').Session<User>} Session
 */
/**
 * @template [User=UserDocument]
 * @typedef {import('./session-cache.js').Identity<User>} Identity
 */
/** @typedef {import('./session-cache.js').EndedSession} EndedSession */
/** @typedef {import('./sessions/devices.js').Device} Device */
/** @typedef {import('./sessions/devices.js').EndedOthers} EndedOthers */
/**
 * @template [User=UserDocument]
 * @typedef {import('./session-cache.js').VerifiedSession<User>} VerifiedSession
 */
/** @typedef {import('./sessions/statistics.js').Statistics} Statistics */
/** @typedef {import('./sessions/explain.js').Explanation} Explanation */
/** @typedef {import('./sessions/wiring.js').Notice} Notice */
/** @typedef {import('./sessions/histogram.js').HistogramValue} HistogramValue */
/** @typedef {import('./sessions/histogram.js').Bucket} Bucket */
/** @typedef {import('./sessions/snapshots.js').ByteSource} ByteSource */
/** @typedef {import('./host.js').Host} Host */
/** @typedef {import('./host.js').Forward} Forward */
/** @typedef {import('./host.js').ForwardInit} ForwardInit */
/** @typedef {import('./host.js').Attachable} Attachable */
/** @typedef {import('./host.js').LogEntry} LogEntry */
/** @typedef {import('./errors.js').ErrorCode} ErrorCode */
/** @typedef {import('./errors.js').ConfigFault} ConfigFault */

/** @type {WebAssembly.Module | undefined} */
let compiled;

/**
 * A session cache in front of one origin. In Node and in workerd one can be made at once; in a browser
 * `await SessionCache.load()` comes first.
 * @template [User=import('./session-cache.js').UserDocument] what the document is, as the option `schema` infers it or the
 *   caller says it
 * @extends {SessionCacheBase<User>}
 *
 * @example
 * import { SessionCache } from 'sesame-edge';
 *
 * const sessions = new SessionCache({ origin: 'https://api.example.com', freshFor: '10m' });
 * const session = await sessions.getSession(request);
 * session.user.name; // => 'Ingrid Sørensen'
 */
export class SessionCache extends SessionCacheBase {
  /**
   * Fetches and compiles the module, once. It is there already in Node and in workerd, where this does nothing: what
   * calls it runs in every host.
   * @param {WebAssembly.Module | Response | Promise<Response>} [source] the module, or where it comes
   *   from; by default the file beside this one
   * @returns {Promise<void>} resolves when caches can be made
   *
   * @example
   * import { SessionCache } from 'sesame-edge';
   *
   * await SessionCache.load();
   * const sessions = new SessionCache({ origin: 'https://api.example.com' });
   * await sessions.getSession({ headers: {} }); // => null
   */
  static async load(source) {
    if (compiled !== undefined) return;
    compiled =
      source instanceof WebAssembly.Module
        ? source
        : await WebAssembly.compileStreaming(
            source ?? fetch(new URL('./dist/sesame.wasm', import.meta.url)),
          );
  }

  /**
   * @param {import('./options/types.js').Options<User>} options of which only `origin` has no default
   * @param {Partial<import('./host.js').Host>} [host] for tests: the clock, the network, randomness
   * @throws {ConfigError} `ERR_SESAME_CONFIG`, with everything that is wrong
   * @throws {SesameError} `ERR_SESAME_MODULE` in a browser before `load()` has finished, or if the module is not of
   *   this version
   */
  constructor(options, host = {}) {
    if (compiled === undefined) {
      throw new SesameError('ERR_SESAME_MODULE', 'await SessionCache.load() comes first');
    }
    super(instantiate(compiled, createModule), options, host, ALL_FEATURES);
  }
}
