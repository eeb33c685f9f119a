// The hit path: the document or the session, asked for by a page of the same site, and held. It takes what a host has
// of a request at no cost, and gives what a host can send: a status, headers and bytes. It must not know `Request` nor
// `Response`.
// Invariant: what it gives is what the full path gives for the same request (`Handler`), with nothing made anew that can
// be kept from one hit to the next.
import { Action, CheckFlag } from '../core/abi-constants.js';
import { etagIn, typeIn } from '../origin/document-meta.js';
import { headersIn } from '../origin/vary.js';
import { freshSeconds, privateHeaders, setFreshness } from './private-headers.js';
import { sessionBody, statusOfSession } from './responses.js';

/**
 * What answers a request.
 * @typedef {object} Hit
 * @property {number} status
 * @property {Headers} headers of other hits too: not to be changed
 * @property {Uint8Array<ArrayBuffer>} body
 * @property {boolean} isView `body` is the module's memory, valid for this turn only
 */

/** @typedef {'document' | 'session'} HitKind */

export class HitPath {
  #parts;
  #options;
  #headers;
  /**
   * Of documents of one type, by the seconds for which they are fresh.
   * @type {Map<number, Headers>}
   */
  #documentHeaders = new Map();
  #type = '';

  /** @param {import('../sessions/parts.js').Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#options = parts.options;
    this.#headers = privateHeaders('fresh', headersIn(parts.options.varyOn));
    this.#headers.set('content-type', 'application/json');
  }

  /**
   * What a request asks for, if it may be a hit. Pages of other sites, whose `Origin` header says so, are the full
   * path's, as is a document for a request that takes no JSON (R4).
   * @param {string} method
   * @param {string} url
   * @returns {HitKind | null}
   */
  kindOf(method, url) {
    const { documentPath, sessionPath, browserCache } = this.#options;
    if (method !== 'GET' || browserCache) return null;
    if (sessionPath !== null && isAt(url, sessionPath)) return 'session';
    return isAt(url, documentPath) ? 'document' : null;
  }

  /**
   * @param {HitKind} kind
   * @param {import('../core/abi.js').RequestHead} head
   * @param {{ waitUntil: (work: Promise<unknown>) => void }} context
   * @returns {Hit | null} null: it is no hit
   */
  look(kind, head, context) {
    const { core, engine, host, shared, managed } = this.#parts;
    const now = host.now();
    if (shared !== null) {
      if (!shared.log.isTrusted(now)) return null;
      shared.log.keepUp(now, (work) => context.waitUntil(work));
    }
    if (engine.kept?.has(head)) return null; // the answer is to carry it (R87)
    const action = core.check(head, now, 0, CheckFlag.PEEK);
    if (action === Action.REFUSE) {
      // Another node may know a managed session that this one does not.
      if (shared !== null && managed !== null) return null;
      return refusalOf(kind, engine.decided(action, now), headersIn(this.#options.varyOn));
    }
    if (action !== Action.SERVE) return null;
    engine.noteCheck(now, 0, 'document', 'fresh');
    if (kind === 'session') {
      const body = sessionBody('document', core);
      return { status: 200, headers: this.#headers, body, isView: false };
    }
    const headers = this.#headersFor(freshSeconds(core.freshUntilMs - now), core.meta);
    return { status: 200, headers, body: core.body, isView: true };
  }

  /** @param {number} seconds for which the document is fresh @param {string} meta */
  #headersFor(seconds, meta) {
    const [etag, type] = [etagIn(meta), typeIn(meta)];
    // A back end has one for all documents.
    if (type !== this.#type) this.#documentHeaders.clear();
    this.#type = type;
    let headers = this.#documentHeaders.get(seconds);
    if (headers === undefined) {
      headers = new Headers(this.#headers);
      headers.set('content-type', type);
      setFreshness(headers, seconds);
      this.#documentHeaders.set(seconds, headers);
    }
    if (etag === '' || this.#options.fields.length > 0) return headers;
    const tagged = new Headers(headers);
    tagged.set('etag', etag);
    return tagged;
  }
}

/**
 * @param {HitKind} kind
 * @param {import('../sessions/decision.js').Decision} decision a remembered "no"
 * @param {readonly string[]} varyOn request headers that it depends on
 * @returns {Hit}
 */
function refusalOf(kind, decision, varyOn) {
  const headers = privateHeaders(decision.source, varyOn);
  if (kind === 'session') {
    headers.set('content-type', 'application/json');
    const status = statusOfSession(decision);
    return { status, headers, body: sessionBody('refusal', decision), isView: false };
  }
  setMeta(headers, decision.meta);
  return { status: decision.status, headers, body: decision.body, isView: false };
}

/**
 * The headers of a refusal that are kept with it.
 * @param {Headers} headers changed in place
 * @param {string} meta
 */
export function setMeta(headers, meta) {
  for (const [name, value] of Object.entries(JSON.parse(meta || '{}'))) headers.set(name, value);
}

/**
 * Whether a URL has just this path, and no query.
 * @param {string} url
 * @param {string} path
 */
function isAt(url, path) {
  return url.endsWith(path) && url.indexOf('/', url.indexOf('//') + 2) === url.length - path.length;
}
