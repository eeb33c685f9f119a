// The package for Node: the module is read from disk at the first cache.
import { readFileSync } from 'node:fs';
import { instantiate } from './core/abi.js';
import createModule from './dist/sesame.js';
import { ALL_FEATURES } from './features.js';
import { tellHeld } from './held-identity.js';
import { OpenAnswers } from './http/open-answers.js';
import { keepShortPath } from './http/short-path.node.js';
import { decoderOf } from './origin/codings.js';
import { forward } from './origin/forward.node.js';
import { isDecoded } from './origin/proxy.js';
import { SessionCacheBase } from './session-cache.js';
import { ConnectionEnds } from './sessions/connection-ends.js';

export { ConfigError, OriginUnavailableError, SesameError, UpdateError } from './errors.js';

/** @type {WebAssembly.Module | undefined} */
let compiled;

function loadModule() {
  compiled ??= new WebAssembly.Module(readModule());
  return compiled;
}

function readModule() {
  const url = new URL('./dist/sesame.wasm', import.meta.url); // in this form bundlers bring the file along
  // webpack gives it an address for browsers, without a host; the file is where this source is.
  if (url.protocol === 'file:') return readFileSync(url);
  return readFileSync(new URL(import.meta.url.replace(/[^/]*$/, 'dist/sesame.wasm')));
}

/** Its fetch undoes any chain of what it knows. */
const decode = decoderOf(isDecoded);

/** @type {import('./assemble.js').Features} */
const NODE_FEATURES = Object.freeze({
  ...ALL_FEATURES,
  ConnectionEnds,
  OpenAnswers,
  onStart(cache, parts) {
    const { handle, identify } = SessionCacheBase.prototype;
    keepShortPath(cache, parts, handle);
    tellHeld(cache, parts, identify);
    parts.options.store?.report?.(parts.statistics);
  },
});

/**
 * A session cache in front of one origin.
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
   *
   * @example
   * const sessions = new SessionCache({ origin: 'https://api.example.com' });
   */
  constructor(options, host = {}) {
    const node = {
      ...{ decodesBodies: true, needsLength: true, decode },
      forward: host.fetch === undefined ? forward : undefined,
    };
    super(instantiate(loadModule(), createModule), options, { ...node, ...host }, NODE_FEATURES);
  }
}
