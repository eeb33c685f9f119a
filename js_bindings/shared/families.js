// The secrets that a node knows, as the store sees them: to each belongs a family of names, keys and events. While a
// secret is changed, nodes that write under different ones work side by side, so what happens is told in every family that
// is known (SPEC R2).
// It must not know what happened. Invariant: what this node's own core holds is named by its own family, the first.
import { toHex } from '../util/hex.js';
import { putNewest } from '../util/newest.js';
import { userIdIn } from '../util/user-id.js';

/** Stands for a user whose identifier a node does not know, and so not the key under another secret. */
export const ANY_USER = 'f'.repeat(32);

/** So many users' identifiers are remembered. */
const MAX_USERS = 10_000;

const EVENT_KEY = /^[0-9a-f]{32}$/;
const decoder = new TextDecoder();

/**
 * @typedef {import('../core/abi.js').Core} Core
 * @typedef {import('../util/key-ring.js').SecretKeys} SecretKeys
 * @typedef {import('../util/key-ring.js').NamingKeys} NamingKeys
 */

/**
 * @typedef {object} Family
 * @property {SecretKeys} keys
 * @property {Core} core hashes as the nodes do that write under this secret
 * @property {string} writer names this node as the writer of events in this family
 */

/**
 * What an event of the log is to this node:
 * - `own`: this node has written it, or another entry of its own family says the same
 * - `foreign`: another application's, or of a secret that is not known
 * - `clear`: it is to be applied
 * - `unclear`: it concerns this family, and cannot be understood
 * @typedef {'own' | 'foreign' | 'clear' | 'unclear'} Meaning
 */

export class Families {
  #pointers;
  #nodeId;
  /** Identifiers, as JSON, by the user's key in the own family. @type {Map<string, string>} */
  #users = new Map();
  /** What only hashes, by key id. @type {Map<string, Core>} */
  #cores = new Map();
  #makeCore;
  /** The own one first. @type {Family[]} */
  all;

  /**
   * @param {Core} core
   * @param {import('../util/key-ring.js').KeyRing} ring
   * @param {(keys: NamingKeys) => Core} makeCore one that only hashes
   * @param {readonly string[]} pointers to a user's identifier in a document
   * @param {(bytes: Uint8Array<ArrayBuffer>) => Uint8Array} getRandomValues
   */
  constructor(core, ring, makeCore, pointers, getRandomValues) {
    this.#pointers = pointers;
    this.#makeCore = makeCore;
    this.#nodeId = toHex(getRandomValues(new Uint8Array(8)));
    const ids = ring.all.map(({ id }) => id).join('.');
    this.all = ring.all.map((keys, index) => ({
      keys,
      core: index === 0 ? core : this.coreOf(keys),
      // One that writes in several families says so, that those who know several need not read it twice.
      writer: `${keys.id}:${this.#nodeId}${ring.all.length > 1 ? `:${ids}` : ''}`,
    }));
  }

  /** Names this node among all. */
  get nodeId() {
    return this.#nodeId;
  }

  /** The family under which this node writes records. */
  get own() {
    return this.all[0];
  }

  /**
   * One that hashes as nodes do, or did, that write under another secret.
   * @param {NamingKeys} keys
   */
  coreOf(keys) {
    const found = this.#cores.get(keys.id) ?? this.#makeCore(keys);
    this.#cores.set(keys.id, found);
    return found;
  }

  /** @param {string} writer of an event */
  isOwn(writer) {
    return writer.split(':')[1] === this.#nodeId;
  }

  /**
   * @param {import('../stores/store.js').StoreEvent} event
   * @param {readonly string[]} kinds that are understood
   * @returns {Meaning}
   */
  meaningOf({ kind, key, writer }, kinds) {
    const [id, node, ids = id] = writer.split(':');
    if (!this.all.some(({ keys }) => keys.id === id)) return 'foreign';
    if (node === this.#nodeId) return 'own';
    const own = this.own.keys.id;
    if (id !== own) return ids.split('.').includes(own) ? 'own' : 'unclear';
    return kinds.includes(kind) && EVENT_KEY.test(key) ? 'clear' : 'unclear';
  }

  /**
   * The identifier of the user of a document, as JSON.
   * @param {Uint8Array} body
   * @param {string | null} user its key
   * @param {Core} [core] that has made the key
   * @returns {string | null} null: there is none, or none that JavaScript can write as it was
   */
  identifierIn(body, user, core = this.own.core) {
    if (user === null) return null;
    try {
      const document = JSON.parse(decoder.decode(body));
      const text = JSON.stringify(userIdIn(document, this.#pointers));
      return text !== undefined && core.userKey(text) === user ? text : null;
    } catch {
      return null;
    }
  }

  /**
   * Remembers who a key stands for.
   * @param {string | null} user its key in the own family
   * @param {string | null} identifier as JSON
   */
  noteUser(user, identifier) {
    if (user === null || identifier === null) return;
    putNewest(this.#users, user, identifier, MAX_USERS);
  }

  /** @param {string} user its key in the own family */
  identifierOf(user) {
    return this.#users.get(user) ?? null;
  }

  /**
   * The key of a user in another family; of anybody, where it is not known who that is.
   * @param {Family} family
   * @param {string} user its key in the own family
   */
  userKey(family, user) {
    if (family === this.own || user === ANY_USER) return user;
    const identifier = this.identifierOf(user);
    return (identifier && family.core.userKey(identifier)) ?? ANY_USER;
  }

  /** Frees what only hashes. */
  dispose() {
    for (const core of this.#cores.values()) core.dispose();
  }
}
