// The WebAssembly module, inside the script: a browser keeps a service worker's script with its
// registration, so a cold start needs no network and script and module never differ in version.
// It is compiled at each start, beside the thread that goes on meanwhile.
import bundled from '../js_bindings/dist/sesame.wasm';

/**
 * @returns {Promise<WebAssembly.Module>}
 * @throws rejects where there is no WebAssembly, or a policy forbids it
 */
export async function loadModule() {
  const base64 = /** @type {string} */ (/** @type {unknown} */ (bundled)); // the bundler gives it so
  return WebAssembly.compile(bytesOf(base64));
}

/**
 * @param {string} base64
 * @returns {Uint8Array<ArrayBuffer>}
 */
function bytesOf(base64) {
  const { fromBase64 } = /** @type {any} */ (Uint8Array);
  if (fromBase64) return fromBase64.call(Uint8Array, base64);
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
