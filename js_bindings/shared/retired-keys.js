// What was ended under a secret that is not given any more is found for as long as the credential could live (SPEC R2,
// R31): nodes that still know an older secret leave what names are made under, sealed under the newest, in the store.
// It must not know what is looked for. Invariant: nothing that is left there opens a record or makes a cookie.
import { nameOf, open, seal } from '../stores/sealing.js';
import { NamingKeys } from '../util/key-ring.js';

/** The one record of its kind. */
const PARTS = Object.freeze({ tenant: '', kind: 'retired keys', name: '', credential: '' });

/** So many secrets are remembered. */
const MAX_KEYS = 8;

/** What has been read counts for this long; one more secret may have been retired since. */
const READ_AGAIN_MS = 60 * 60_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * @typedef {object} Retired
 * @property {string} text as NamingKeys writes it
 * @property {number} until on the store's clock
 */

/** @typedef {{ keys: NamingKeys, core: import('../core/abi.js').Core }} Naming */

export class RetiredKeys {
  #store;
  #options;
  #host;
  #log;
  #families;
  /** @type {Naming[]} */
  #found = [];
  #readAt = Number.NEGATIVE_INFINITY;
  #history = '';
  /** @type {Promise<Naming[]> | null} */
  #reading = null;

  /**
   * @param {import('../stores/store.js').SharedStore} store
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {import('./event-log.js').SharedLog} log
   * @param {import('./families.js').Families} families
   */
  constructor(store, options, host, log, families) {
    this.#store = store;
    this.#options = options;
    this.#host = host;
    this.#log = log;
    this.#families = families;
  }

  /**
   * Those that are not among the secrets that this node has been given. Rejects if the store cannot be asked.
   * @returns {Promise<Naming[]>}
   */
  async all() {
    const history = this.#log.position?.history ?? '';
    const age = this.#host.now() - this.#readAt;
    if (history === this.#history && age >= 0 && age < READ_AGAIN_MS) return this.#found;
    // What one request has begun another may not wait for everywhere.
    if (!this.#host.sharesPromises) return this.#read();
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read() {
    await this.#log.begin();
    const position = /** @type {import('../stores/store.js').Position} */ (this.#log.position);
    const { keys: own } = this.#families.own;
    const name = nameOf(own, PARTS);
    const value = await this.#store.get(name);
    const bytes = value instanceof Uint8Array ? await open(own, PARTS, value) : null;
    const time = this.#log.clock.time;
    const left = parse(bytes).filter(({ until }) => until > time);
    const missing = this.#families.all
      .slice(1)
      .map(({ keys }) => keys.text)
      .filter((text) => !left.some((each) => each.text === text));
    if (missing.length > 0) {
      const until = time + this.#options.expiresIn;
      left.push(...missing.map((text) => ({ text, until })));
      const sealed = await seal(
        own,
        PARTS,
        encoder.encode(JSON.stringify(left.slice(-MAX_KEYS))),
        this.#host.getRandomValues,
      );
      await this.#store
        .putIfNewer(name, sealed, { since: position, ttlMs: this.#options.expiresIn })
        .catch(() => false); // the next one leaves it
    }
    const given = new Set(this.#families.all.map(({ keys }) => keys.id));
    this.#found = left
      .map(({ text }) => NamingKeys.from(text))
      .filter((keys) => keys !== null)
      .filter(({ id }) => !given.has(id))
      .map((keys) => ({ keys, core: this.#families.coreOf(keys) }));
    this.#readAt = this.#host.now();
    this.#history = position.history;
    return this.#found;
  }
}

/** @param {Uint8Array | null} bytes @returns {Retired[]} */
function parse(bytes) {
  try {
    const found = bytes === null ? [] : JSON.parse(decoder.decode(bytes));
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}
