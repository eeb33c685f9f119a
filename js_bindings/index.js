// The package for hosts that have neither a file system nor imports of WebAssembly: browsers.
import { instantiate } from './abi.js';
import createModule from './dist/sesame.js';
import { SesameError } from './errors.js';
import { SessionCacheBase } from './session-cache.js';

export { ConfigError, OriginUnavailableError, SesameError, UpdateError } from './errors.js';

/** @type {WebAssembly.Module | undefined} */
let compiled;

/** A session cache in front of one origin. `await SessionCache.load()` before the first is made. */
export class SessionCache extends SessionCacheBase {
  /**
   * Fetches and compiles the module, once.
   * @param {WebAssembly.Module | Response | Promise<Response>} [source] the module, or where it comes
   *   from; by default the file beside this one
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
   * @param {import('./options.js').Options} options
   * @param {Partial<import('./host.js').Host>} [host] for tests: the clock, the network, randomness
   * @throws {ConfigError} with everything that is wrong
   * @throws {SesameError} `ERR_SESAME_MODULE` before `load()` has finished
   */
  constructor(options, host = {}) {
    if (compiled === undefined) {
      throw new SesameError('ERR_SESAME_MODULE', 'await SessionCache.load() comes first');
    }
    super(instantiate(compiled, createModule), options, host);
  }
}
