// What the origin lets pages of other sites read of the document (Fetch standard, CORS protocol). It is
// learnt from the origin's own answers, so that an answer from the cache carries what the origin's would.

const LEARNT_HEADERS = [
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-expose-headers',
];

/** Pages of this many sites are told apart; a further one replaces the oldest. */
const MOST_SITES = 256;

export class CorsMemory {
  /** @type {Map<string, [string, string][]>} */
  #bySite = new Map();

  /**
   * The site whose page makes a request to another one; null for a page of the same site, or none.
   * @param {Request} request
   */
  static siteOf(request) {
    const site = request.headers.get('origin');
    return site === null || site === new URL(request.url).origin ? null : site;
  }

  /** @param {string | null} site */
  knows(site) {
    return site === null || this.#bySite.has(site);
  }

  /**
   * @param {string | null} site
   * @param {Headers} headers of the origin's answer
   */
  learn(site, headers) {
    if (site === null) return;
    if (this.#bySite.size >= MOST_SITES && !this.#bySite.has(site)) {
      const [oldest] = this.#bySite.keys();
      this.#bySite.delete(oldest);
    }
    /** @type {[string, string][]} */
    const learnt = [];
    for (const name of LEARNT_HEADERS) {
      const value = headers.get(name);
      if (value !== null) learnt.push([name, value]);
    }
    this.#bySite.set(site, learnt);
  }

  /**
   * @param {string | null} site
   * @param {Headers} headers changed in place
   */
  apply(site, headers) {
    if (site === null) return;
    for (const [name, value] of this.#bySite.get(site) ?? []) headers.set(name, value);
    headers.append('vary', 'Origin');
  }
}
