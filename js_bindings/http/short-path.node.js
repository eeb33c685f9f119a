// Node's short path: what is held is answered from the strings of Node's own request, with what Node's response takes. No
// `Request`, no signal, no `Response` and no stream is made. It must not know how a session is decided.
// Invariant: it answers what the full path answers (`Handler`, behind `adapters/node.js`), to the byte, or nothing: a
// request that is odd in any way is the full path's.
import { Action } from '../core/abi-constants.js';
import { MAX_AGE, UNUSUAL_NAME } from '../origin/headers.js';
import { takesJson } from '../origin/vary.js';
import { checkHeld } from '../sessions/held.js';
import { claimsIn } from '../util/claims.js';
import { HitPath, setOwnFields } from './hit.js';
import { contentFor } from './responses.js';
import { isPlainHost, isPlainTarget } from './target.js';
import { isVerifyPath, verifyAnswer } from './verify.js';

/** @import { IncomingMessage } from 'node:http' */
/** @typedef {import('../sessions/parts.js').Parts} Parts */

/**
 * What answers a request, as Node's response takes it.
 * @typedef {object} ShortAnswer
 * @property {number} status
 * @property {Record<string, string>} fields of other answers too: for the next `writeHead` alone
 * @property {string} body its bytes, a character each (latin1): a copy that is no view of anything
 */

/**
 * What the adapter knows beside the request.
 * @typedef {object} ShortContext
 * @property {(work: Promise<unknown>) => void} waitUntil
 * @property {string} [host] the host that clients see; default: the request's own
 */

/** Hosts are the clients' own words: so many are remembered. */
const MAX_HOSTS = 64;

/** A path that URL parsers leave as it is, unless there are dot segments. */
const PLAIN_PATH = /^\/[\w./~%-]*$/;

/** A request in a few strings. */
class Head {
  tenant = '';
  cookie = '';
  authorization = '';
  accept = '';
  host = '';
}

export class ShortPath {
  #parts;
  #hits;
  #options;
  #isOff;
  #tellsClaims;
  /** Whether a path that has these hosts in front is still that path. @type {Map<string, boolean>} */
  #hosts = new Map();
  /** The fields of documents, by the kept `Headers` they are made of. @type {WeakMap<Headers, Record<string, string>[]>} */
  #fields = new WeakMap();

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#hits = new HitPath(parts);
    this.#options = parts.options;
    // What the document depends on beside the credential is read from `Headers` and URLs (R4).
    this.#isOff = parts.options.varyOn.length > 0;
    this.#tellsClaims = claimsIn(parts.options.verify).length > 0;
  }

  /**
   * @param {IncomingMessage} incoming
   * @param {ShortContext} context
   * @returns {ShortAnswer | null} null: it is the full path's
   * @throws {SesameError} `ERR_SESAME_DISPOSED` after `dispose()`
   */
  answerTo(incoming, context) {
    const { method, url } = incoming;
    if (this.#isOff || method !== 'GET' || url === undefined) return null;
    const kind = this.#hits.kindOf(method, url);
    if (kind === null && !this.#isVerify(url)) return null;
    if (incoming.httpVersionMajor !== 1 || !isPlainTarget(url)) return null;
    const head = this.#headOf(incoming);
    if (head === null || !this.#isPlainHost(context.host ?? head.host)) return null;
    if (kind === null) return this.#verified(head, context);
    if (kind === 'document' && !takesJson(head.accept)) return null;
    const hit = this.#hits.look(kind, head, context);
    return hit && this.#answerOf(hit);
  }

  /**
   * What of a request counts, as Node has it. Only a request of no other field that could matter has one.
   * @param {IncomingMessage} incoming
   * @returns {Head | null}
   */
  #headOf({ headers }) {
    const head = new Head();
    for (const name in headers) {
      switch (name) {
        case 'host':
        case 'cookie':
        case 'authorization':
        case 'accept': {
          const value = headers[name];
          if (typeof value !== 'string') return null;
          head[name] = value;
          break;
        }
        case 'cache-control':
          if (this.#options.requestMaxAge) return null;
          break;
        case 'origin':
        case 'content-length':
        case 'transfer-encoding':
        case 'expect':
        case 'upgrade':
        case MAX_AGE:
          return null;
        default:
          // Who changes a request's fields may not have kept to small letters: `Headers` would put them together.
          if (UNUSUAL_NAME.test(name)) return null;
      }
    }
    return head;
  }

  /** @param {string} path */
  #isVerify(path) {
    const { verifyPath, metricsPath } = this.#options;
    if (verifyPath === null || path === metricsPath || !path.startsWith(verifyPath)) return false;
    return PLAIN_PATH.test(path) && isVerifyPath(this.#options, path);
  }

  /** @param {string} host */
  #isPlainHost(host) {
    const known = this.#hosts.get(host);
    if (known !== undefined) return known;
    if (this.#hosts.size >= MAX_HOSTS) this.#hosts.clear();
    const isPlain = isPlainHost(host) && URL.canParse(`http://${host}/x`);
    const isBefore = isPlain && new URL(`http://${host}/x`).pathname === '/x';
    this.#hosts.set(host, isBefore);
    return isBefore;
  }

  /** @param {import('./hit.js').Hit} hit @returns {ShortAnswer} */
  #answerOf(hit) {
    const { status, body } = hit;
    const text = contentFor(status, textOf(body)) ?? '';
    return { status, fields: this.#fieldsOf(hit), body: text };
  }

  /**
   * The fields of a hit in the order in which `Headers` has them. They are kept for hits with the same `Headers`; what
   * differs from hit to hit is put into its place.
   * @param {import('./hit.js').Hit} hit
   */
  #fieldsOf(hit) {
    const { headers, etag, body } = hit;
    let kept = this.#fields.get(headers);
    if (kept === undefined) {
      kept = [];
      this.#fields.set(headers, kept);
    }
    const index = etag === '' ? 0 : 1;
    const fields = kept[index];
    if (fields === undefined) {
      const all = new Headers(headers);
      setOwnFields(all, hit, true);
      kept[index] = Object.fromEntries(all);
      return kept[index];
    }
    fields['content-length'] = String(body.length);
    if (etag !== '') fields.etag = etag;
    return fields;
  }

  /**
   * What a proxy is told (`verify.js`).
   * @param {Head} head
   * @param {ShortContext} context
   * @returns {ShortAnswer | null}
   */
  #verified(head, context) {
    const { host, engine } = this.#parts;
    if (this.#tellsClaims) return null; // a token may have to be verified for it
    const now = host.now();
    const action = checkHeld(this.#parts, head, now, context);
    if (action !== Action.SERVE && action !== Action.REFUSE) return null;
    const { status, headers } = verifyAnswer(engine.decided(action, now), this.#options.verify, {});
    return { status, fields: Object.fromEntries(headers), body: '' };
  }
}

/** Bytes, a character each. @param {Uint8Array<ArrayBuffer>} bytes */
function textOf({ buffer, byteOffset, length }) {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}

/** @type {WeakMap<object, { path: ShortPath, handle: unknown }>} */
const paths = new WeakMap();

/**
 * Lets the adapters find a cache's short path.
 * @param {object} cache
 * @param {Parts} parts
 * @param {unknown} handle the method whose answers the short path gives
 */
export function keepShortPath(cache, parts, handle) {
  paths.set(cache, { path: new ShortPath(parts), handle });
}

/**
 * The short path of a cache.
 * @param {object} cache
 * @returns {ShortPath | null} null: it has none, or `handle` is another method than its own
 */
export function shortPathOf(cache) {
  const kept = paths.get(cache);
  return kept !== undefined && kept.handle === /** @type {any} */ (cache).handle ? kept.path : null;
}
