// What the origin lets pages of other sites read of the document (Fetch standard, CORS protocol). It is
// learnt from the origin's own answers, so that an answer from the cache carries what the origin's would.
// Invariant: what was learnt with a document is changed by another document alone. A refusal may come from
// before the origin has looked at the site, and anybody can have one.

const LEARNT_HEADERS = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
];

/** Pages of this many sites are told apart; a further one replaces the oldest. */
const MAX_SITES = 256;

export class CorsMemory {
  /** @type {Map<string, [string, string][]>} learnt with a document */
  #ofDocuments = new Map();
  /** @type {Map<string, [string, string][]>} learnt with another answer */
  #ofOthers = new Map();

  /**
   * The site whose page makes a request to another one; null for a page of the same site, or none.
   * @param {Request} request
   */
  static siteOf(request) {
    const site = request.headers.get('origin');
    return site === null || site === new URL(request.url).origin ? null : site;
  }

  /**
   * @param {string | null} site
   * @param {boolean} [ofDocuments] from an answer with a document
   */
  knows(site, ofDocuments = false) {
    if (site === null || this.#ofDocuments.has(site)) return true;
    return !ofDocuments && this.#ofOthers.has(site);
  }

  /**
   * @param {string | null} site
   * @param {Headers} headers of the origin's answer
   * @param {boolean} hasDocument
   */
  learn(site, headers, hasDocument) {
    if (site === null) return;
    const bySite = hasDocument ? this.#ofDocuments : this.#ofOthers;
    if (bySite.size >= MAX_SITES && !bySite.has(site)) {
      const [oldest] = bySite.keys();
      bySite.delete(oldest);
    }
    /** @type {[string, string][]} */
    const learnt = [];
    for (const name of LEARNT_HEADERS) {
      const value = headers.get(name);
      if (value !== null) learnt.push([name, value]);
    }
    bySite.set(site, learnt);
  }

  /**
   * @param {string | null} site
   * @param {Headers} headers changed in place
   */
  apply(site, headers) {
    if (site === null) return;
    const learnt = this.#ofDocuments.get(site) ?? this.#ofOthers.get(site) ?? [];
    for (const [name, value] of learnt) headers.set(name, value);
    headers.append('vary', 'Origin');
  }
}
