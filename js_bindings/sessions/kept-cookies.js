// `Set-Cookie` fields that the origin has answered with where nobody could be told: a refresh behind an answer, a call of
// `getSession()`, a client that had gone. They are kept for the next answer to the same credential (rule R87). It must not
// know who answers.
// A field may hold a new credential, so it is sealed under a key that only the old one gives (R2).
// Invariants: what is kept for one credential is given to no other, and to nobody who is another user by then; what is
// kept is bounded, and the oldest make room.
import { userIdIn } from '../util/user-id.js';

/** Of all fields together, in bytes. */
const MAX_BYTES = 1024 * 1024;
/** Of one credential. More than a browser takes. */
const MAX_BYTES_EACH = 16 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * What is kept for a credential.
 * @typedef {object} Kept
 * @property {string[]} lines
 * @property {import('./document-calls.js').Successor | null} successor what they put in its place
 * @property {string} [user] whose they are, where that has been found out
 */

/** @typedef {import('../core/abi.js').RequestHead} RequestHead */

export class KeptCookies {
  #core;
  #host;
  #userId;
  /** @type {Uint8Array<ArrayBuffer> | null} */
  #salt = null;
  #bytes = 0;
  /** By the key of the session, the oldest first. @type {Map<string, { iv: Uint8Array<ArrayBuffer>, sealed: Uint8Array<ArrayBuffer> }>} */
  #kept = new Map();

  /**
   * @param {import('../core/abi.js').Core} core
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   */
  constructor(core, options, host) {
    this.#core = core;
    this.#host = host;
    this.#userId = options.userId;
  }

  /** Nearly always true, at no cost. */
  get isEmpty() {
    return this.#kept.size === 0;
  }

  /** Whether something is kept for a request's credential. @param {RequestHead} head */
  has(head) {
    return !this.isEmpty && this.#kept.has(this.#core.sessionKey(head)?.key ?? '');
  }

  /**
   * Keeps fields for the next answer to this credential, with what is kept for it already. Never rejects.
   * @param {RequestHead} head
   * @param {Kept} fields
   * @param {Uint8Array} document whose they are, unless the fields say so
   */
  async keep(head, { lines, successor, ...of }, document) {
    const session = this.#core.sessionKey(head);
    if (session === null || lines.length === 0) return;
    const user = of.user ?? this.#userIn(document);
    const before = await this.#open(session);
    const all = before?.user === user ? [...before.lines, ...lines] : lines;
    const last = successor ?? (before?.user === user ? before.successor : null);
    const text = encoder.encode(JSON.stringify({ user, lines: all, successor: last }));
    this.#delete(session.key);
    if (text.length > MAX_BYTES_EACH) return;
    this.#salt ??= /** @type {Uint8Array<ArrayBuffer>} */ (
      this.#host.getRandomValues(new Uint8Array(32))
    );
    const iv = /** @type {Uint8Array<ArrayBuffer>} */ (
      this.#host.getRandomValues(new Uint8Array(12))
    );
    const key = await this.#keyOf(session.credential, this.#salt);
    const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, text));
    this.#delete(session.key);
    this.#kept.set(session.key, { iv, sealed });
    this.#bytes += sealed.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= MAX_BYTES) break;
      this.#delete(oldest);
    }
  }

  /**
   * Gives what is kept for a credential, once.
   * @param {RequestHead} head
   * @param {Uint8Array | null} document of the answer that is to carry it; null: it is not known yet
   * @returns {Promise<Kept | null>} null: nothing is
   */
  async claim(head, document) {
    const session = this.#core.sessionKey(head);
    if (session === null || !this.#kept.has(session.key)) return null;
    const opened = this.#open(session);
    this.#delete(session.key);
    const kept = await opened;
    const isAnothers = document !== null && kept?.user !== this.#userIn(document);
    return kept === null || isAnothers ? null : kept;
  }

  /** The credential may stand for another user now. @param {RequestHead} head */
  forget(head) {
    if (this.isEmpty) return;
    for (const each of this.#core.namedHeads(head)) {
      this.#delete(this.#core.sessionKey(each)?.key ?? '');
    }
  }

  /** @param {string} key of a session */
  #delete(key) {
    this.#bytes -= this.#kept.get(key)?.sealed.length ?? 0;
    this.#kept.delete(key);
  }

  /**
   * @param {{ key: string, credential: string }} session
   * @returns {Promise<(Kept & { user: string }) | null>}
   */
  async #open({ key, credential }) {
    const found = this.#kept.get(key);
    if (found === undefined || this.#salt === null) return null;
    const { iv, sealed } = found;
    const opener = await this.#keyOf(credential, this.#salt);
    const opened = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, opener, sealed);
    return JSON.parse(decoder.decode(opened));
  }

  /**
   * @param {string} credential
   * @param {Uint8Array<ArrayBuffer>} salt
   */
  async #keyOf(credential, salt) {
    const { subtle } = crypto;
    const secret = await subtle.importKey('raw', encoder.encode(credential), 'HKDF', false, [
      'deriveKey',
    ]);
    const info = encoder.encode('sesame set-cookie');
    const from = { name: 'HKDF', hash: 'SHA-256', salt, info };
    const usages = /** @type {KeyUsage[]} */ (['encrypt', 'decrypt']);
    return subtle.deriveKey(from, secret, { name: 'AES-GCM', length: 256 }, false, usages);
  }

  /** @param {Uint8Array} document */
  #userIn(document) {
    try {
      return JSON.stringify(userIdIn(JSON.parse(decoder.decode(document)), this.#userId) ?? null);
    } catch {
      return 'null';
    }
  }
}
