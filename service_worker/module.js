// The WebAssembly module, inside the script: a browser keeps a service worker's script with its
// registration, so a cold start needs no network and script and module never differ in version.
import bytes from '../js_bindings/dist/sesame.wasm';

/** @returns {Promise<WebAssembly.Module>} */
export function loadModule() {
  return WebAssembly.compile(/** @type {any} */ (bytes)); // the bundler gives its bytes
}
