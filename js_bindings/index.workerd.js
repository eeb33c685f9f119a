// The package for workerd and hosts like it: the module is imported, and compiled by the host.
import { instantiate } from './abi.js';
import createModule from './dist/sesame.js';
import wasmModule from './dist/sesame.wasm';
import { SessionCacheBase } from './session-cache.js';

export { ConfigError, OriginUnavailableError, SesameError, UpdateError } from './errors.js';

/** A session cache in front of one origin. One may be made at a worker's top level. */
export class SessionCache extends SessionCacheBase {
  /**
   * @param {import('./options.js').Options} options
   * @param {Partial<import('./host.js').Host>} [host] for tests: the clock, the network, randomness
   * @throws {ConfigError} with everything that is wrong
   */
  constructor(options, host = {}) {
    super(instantiate(wasmModule, createModule), options, { sharesPromises: false, ...host });
  }
}
