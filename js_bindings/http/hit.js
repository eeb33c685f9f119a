// The hit path: the document or the session, asked for by a page of the same site, and held. It takes what a host has
// of a request at no cost, and gives what a host can send: a status, headers and bytes. It must not know `Request` nor
// `Response`.
// Invariant: what it gives is what the full path gives for the same request (`Handler`), with nothing made anew that can
// be kept from one hit to the next.
import { Action } from '../core/abi-constants.js';
import { asSent, etagIn, typeIn } from '../origin/document-meta.js';
import { headersIn } from '../origin/vary.js';
import { checkHeld } from '../sessions/held.js';
import { freshSeconds, privateHeaders, setFreshness } from './private-headers.js';
import { sessionBody, setLength, statusOfSession } from './responses.js';

/**
 * What answers a request.
 * @typedef {object} Hit
 * @property {number} status
 * @property {Headers} headers of other hits too: not to be changed
 * @property {string} etag what this one has beside them; empty: nothing
 * @property {Uint8Array<ArrayBuffer>} body
 * @property {boolean} isView `body` is the module's memory, valid for this turn only
 */

/** @typedef {'document' | 'session'} HitKind */

/**
 * A fresh document, as it is held.
 * @typedef {Pick<import('../core/abi.js').Core, 'body' | 'meta' | 'freshUntilMs' | 'expiresAtMs'>} Held
 */

/**
 * @typedef {Pick<import('../options/options.js').ParsedOptions, 'documentPath' | 'sessionPath' | 'browserCache' | 'varyOn' |
 *   'fields'>} AnswerOptions
 */

/** What is answered with a fresh document, whoever holds it. */
export class HeldAnswers {
  #options;
  #headers;
  /**
   * Of documents of one type, by the seconds for which they are fresh.
   * @type {Map<number, Headers>}
   */
  #documentHeaders = new Map();
  #type = '';

  /** @param {AnswerOptions} options */
  constructor(options) {
    this.#options = options;
    this.#headers = privateHeaders('fresh', headersIn(options.varyOn));
    this.#headers.set('content-type', 'application/json');
  }

  /**
   * What a request asks for, if it may be a hit. Pages of other sites, whose `Origin` header says so, are the full
   * path's, as is a document for a request that takes no JSON (R4).
   * @param {string} method
   * @param {string} target the path, with its query if there is one
   * @returns {HitKind | null}
   */
  kindOf(method, target) {
    const { documentPath, sessionPath, browserCache } = this.#options;
    if (method !== 'GET' || browserCache) return null;
    if (target === documentPath) return 'document';
    return target === sessionPath ? 'session' : null;
  }

  /**
   * What is answered with a fresh document.
   * @param {HitKind} kind
   * @param {Held} held
   * @param {number} now
   * @returns {Hit}
   */
  answer(kind, held, now) {
    if (kind === 'session') {
      const body = sessionBody('document', held);
      return { status: 200, headers: this.#headers, etag: '', body, isView: false };
    }
    const { meta } = held;
    const headers = this.#headersFor(freshSeconds(held.freshUntilMs - now), typeIn(meta));
    const etag = this.#options.fields.length > 0 ? '' : etagIn(meta);
    const body = asSent(meta, held.body);
    return { status: 200, headers, etag, body, isView: true };
  }

  /** @param {number} seconds for which the document is fresh @param {string} type of its media */
  #headersFor(seconds, type) {
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
    return headers;
  }
}

export class HitPath extends HeldAnswers {
  #parts;

  /** @param {import('../sessions/parts.js').Parts} parts */
  constructor(parts) {
    super(parts.options);
    this.#parts = parts;
  }

  /**
   * @param {HitKind} kind
   * @param {import('../core/abi.js').RequestHead} head
   * @param {{ waitUntil: (work: Promise<unknown>) => void }} context
   * @returns {Hit | null} null: it is no hit
   */
  look(kind, head, context) {
    const { core, engine, host, options } = this.#parts;
    const now = host.now();
    const action = checkHeld(this.#parts, head, now, context);
    if (action === Action.REFUSE) {
      return refusalOf(kind, engine.decided(action, now), headersIn(options.varyOn));
    }
    if (action !== Action.SERVE) return null;
    engine.noteCheck(now, 0, 'document', 'fresh');
    return this.answer(kind, core, now);
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
    return { status, headers, etag: '', body: sessionBody('refusal', decision), isView: false };
  }
  setMeta(headers, decision.meta);
  return { status: decision.status, headers, etag: '', body: decision.body, isView: false };
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
 * What a hit has in its headers that others do not have.
 * @param {Headers} headers of this answer alone: changed in place
 * @param {Hit} hit
 * @param {boolean} withLength whether `Content-Length` is among them
 */
export function setOwnFields(headers, { status, etag, body }, withLength) {
  if (etag !== '') headers.set('etag', etag);
  if (withLength) setLength(headers, status, body);
}
