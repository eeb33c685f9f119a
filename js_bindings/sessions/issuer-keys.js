// The public keys of an identity provider: found by discovery (OpenID Connect Discovery 1.0) or where its options say, kept,
// and asked for again when a message names one that is not there. It must not know what a message says.
// Invariants: nothing is fetched but of an issuer that the options name; however many messages name unknown keys, the keys
// are fetched once a pause.
import { pause } from '../host.js';
import { hasSigned, mayHaveSigned } from '../util/jws.js';
import { DISCOVERY_TIMEOUT_MS, discover, getRecord } from './discovery.js';

/** Keys are asked for anew after so long: one that the provider has withdrawn counts no longer. */
const KEEP_MS = 10 * 60_000;

/** After an answer, a message with an unknown key is no reason to ask again for so long. */
const PAUSE_MS = 30_000;

/** After none, so long. */
const FAILED_PAUSE_MS = 1000;

/** Where promises cannot be shared, it is looked this often whether another request has the keys. */
const LOOK_EVERY_MS = 20;

/** More keys than any provider has. */
const MAX_KEYS = 100;

/** @typedef {import('../options/types.js').IssuerOptions} IssuerOptions */
/** @typedef {import('../util/jws.js').Jws} Jws */

export class IssuerKeys {
  #host;
  #options;
  #discovery;
  /** @type {{ keys: unknown[], until: number } | null} */
  #held = null;
  /** It is not asked before then. */
  #askAt = Number.NEGATIVE_INFINITY;
  /** @type {{ work: Promise<void>, until: number } | null} */
  #asking = null;

  /**
   * @param {import('../host.js').Host} host
   * @param {Pick<IssuerOptions, 'issuer' | 'jwksUri' | 'algorithms'>} options
   * @param {string[]} discovery where the provider may say of itself where its keys are, in this order
   */
  constructor(host, options, discovery) {
    this.#host = host;
    this.#options = options;
    this.#discovery = discovery;
  }

  /**
   * Whether the provider has signed a message. Never rejects.
   * @param {Jws} jws
   * @returns {Promise<'signed' | 'not-signed' | 'unavailable'>} `unavailable`: its keys cannot be had
   */
  async verify(jws) {
    const { alg } = jws.header;
    if (!this.#options.algorithms.includes(/** @type {string} */ (alg))) return 'not-signed';
    if (this.#candidates(jws).length === 0) await this.#refresh();
    if (!this.#isHeld()) return 'unavailable';
    for (const key of this.#candidates(jws)) {
      if (await hasSigned(jws, key)) return 'signed';
    }
    return 'not-signed';
  }

  #isHeld() {
    return this.#held !== null && this.#host.now() < this.#held.until;
  }

  /** @param {Jws} jws */
  #candidates({ header }) {
    if (!this.#isHeld()) return [];
    return (this.#held?.keys ?? []).filter((key) => mayHaveSigned(header, key));
  }

  /** Asks for the keys, unless that has just been done. Never rejects. */
  async #refresh() {
    const now = this.#host.now();
    if (this.#asking !== null && now < this.#asking.until) return this.#settled(this.#asking);
    if (now < this.#askAt) return;
    const asking = { work: this.#ask(), until: now + 3 * DISCOVERY_TIMEOUT_MS };
    this.#asking = asking;
    await asking.work;
    if (this.#asking === asking) this.#asking = null;
  }

  /** @param {{ work: Promise<void>, until: number }} asking */
  async #settled(asking) {
    if (this.#host.sharesPromises) return asking.work;
    while (this.#asking === asking && this.#host.now() < asking.until) {
      await pause(this.#host, LOOK_EVERY_MS);
    }
  }

  async #ask() {
    const { issuer, jwksUri } = this.#options;
    const uri = jwksUri ?? (await discover(this.#host, issuer, this.#discovery, 'jwks_uri'));
    const found = uri === null ? null : await getRecord(this.#host, uri);
    const keys = found?.keys;
    const now = this.#host.now();
    if (Array.isArray(keys) && keys.length <= MAX_KEYS) {
      this.#held = { keys, until: now + KEEP_MS };
      this.#askAt = now + PAUSE_MS;
    } else {
      // What is held goes on counting while it may: a provider that is away for a moment has withdrawn nothing.
      this.#askAt = now + FAILED_PAUSE_MS;
    }
  }
}
