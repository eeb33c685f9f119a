// The WebAssembly module, inside the script: a browser keeps a service worker's script with its
// registration, so a cold start needs no network and script and module never differ in version.
// It is inflated and compiled at each start, beside the thread that goes on meanwhile. The build deflates it before it
// is spelled as text: a server's gzip takes the spelling back, but finds nothing of a module in it any more.
import bundled from '../js_bindings/dist/sesame.wasm';

/**
 * @returns {Promise<WebAssembly.Module>}
 * @throws rejects where there is no WebAssembly or no DecompressionStream, or a policy forbids it
 */
export async function loadModule() {
  const base64 = /** @type {string} */ (/** @type {unknown} */ (bundled)); // the bundler gives it so
  const { readable, writable } = new DecompressionStream('deflate');
  // Written by hand: a Blob's stream goes through another process, which takes a cold start some 3 ms.
  const writer = writable.getWriter();
  const written = Promise.all([writer.write(bytesOf(base64)), writer.close()]);
  written.catch(() => {}); // the reading end fails with it
  return WebAssembly.compile(await new Response(readable).arrayBuffer());
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
