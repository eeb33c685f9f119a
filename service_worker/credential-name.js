// Which credential a message between a worker and its pages is about: the device's cookies, or a token by a hash that
// nobody can turn back into it. Both sides compute it.
//
// It must not know what a message says. Invariant: requests that send another token, or the same one with other
// cookies beside it, have another name.
import { toHex } from '../js_bindings/util/hex.js';

/** The name of the device's cookies. */
export const DEVICE = 'device';

/**
 * What a request says of who makes it, as far as a worker can see.
 * @typedef {object} Credential
 * @property {string | null} authorization null: it has no such header, which differs from an empty one
 * @property {boolean} hasCookies whether the browser adds the device's cookies
 */

/** Whose a request is; `name` is null for nobody's. @typedef {Credential & { name: string | null }} Requester */

export class CredentialNames {
  #last = '';
  /** The hash of `#last`; nearly always it is asked for again. @type {Promise<string | null> | null} */
  #lastName = null;

  /**
   * @param {Credential} credential
   * @returns {string | null | Promise<string | null>} null: a request of nobody's, or where the page is not secure and
   *   has no hash
   */
  of({ authorization, hasCookies }) {
    if (authorization === null) return hasCookies ? DEVICE : null;
    const text = `sesame credential\n${hasCookies ? 'with' : 'without'} cookies\n${authorization}`;
    if (this.#lastName === null || this.#last !== text) {
      this.#last = text;
      this.#lastName = hashOf(text);
    }
    return this.#lastName;
  }
}

/** @param {string} text */
async function hashOf(text) {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle) return null;
  const digest = await subtle.digest('SHA-256', new TextEncoder().encode(text));
  return toHex(new Uint8Array(digest, 0, 16));
}
