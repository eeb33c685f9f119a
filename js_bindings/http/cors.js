// What the origin lets pages of other sites read of the document (Fetch standard, CORS protocol). It is
// learnt from the origin's own answers, so that an answer from the cache carries what the origin's would.
// Invariant: what was learnt with a document is changed by another document alone. A refusal may come from
// before the origin has looked at the site, and anybody can have one.

import { MAX_AGE } from '../origin/headers.js';
import { letsRead } from '../sessions/document-calls.js';

const REQUESTED = 'access-control-request-headers';

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
   * Whether the origin has let a site's pages read the document, as far as is known.
   * @param {string | null} site
   */
  allows(site) {
    if (site === null) return true;
    return letsRead(new Headers(this.#learntOf(site)), site);
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
    for (const [name, value] of this.#learntOf(site)) headers.set(name, value);
    headers.append('vary', 'Origin');
  }

  /** @param {string} site */
  #learntOf(site) {
    return this.#ofDocuments.get(site) ?? this.#ofOthers.get(site) ?? [];
  }
}

/**
 * Asks the origin whether another site's page may send a request with a bound of age: of that header the origin knows
 * nothing, so it is Sesame that allows it, to a site that the origin lets read (R11, R45).
 * @param {Request} request a preflight
 * @param {(request: Request) => Promise<Response>} ask the origin
 * @returns {Promise<Response>}
 */
export async function preflight(request, ask) {
  const names = (request.headers.get(REQUESTED) ?? '').split(',').map((name) => name.trim());
  const others = names.filter((name) => name.toLowerCase() !== MAX_AGE);
  if (others.length === names.length) return ask(request);
  const headers = new Headers(request.headers);
  if (others.length > 0) headers.set(REQUESTED, others.join(','));
  else headers.delete(REQUESTED);
  const response = await ask(new Request(request, { headers }));
  const { status, statusText, body } = response;
  if (!response.ok || !letsRead(response.headers, headers.get('origin') ?? '')) return response;
  const allowed = new Headers(response.headers);
  allowed.append('access-control-allow-headers', MAX_AGE);
  return new Response(body, { status, statusText, headers: allowed });
}
