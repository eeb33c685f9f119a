// How the origin is asked for the document on behalf of a request. It must not know what is held, nor what becomes of
// the answer.
// Invariant: it never rejects, and what it says of an answer is the origin's own.
import { Unauthenticated } from '../dialects/unauthenticated.js';
import { unmarked } from '../origin/byte-order-mark.js';
import { isTooDeep } from '../origin/depth.js';
import { documentMeta, etagIn } from '../origin/document-meta.js';
import { cacheControlOf, fillHeaders, MAX_AGE, retryAfterMs } from '../origin/headers.js';
import { originCall } from '../origin/origin-call.js';
import { fitted } from '../origin/schema.js';
import { sessionCookies } from '../origin/session-cookies.js';
import { FORWARDED_HOSTS, HOST, unkeyedVary } from '../origin/vary.js';
import { failureName, MISFIT, TOO_DEEP } from '../util/failure-name.js';
import { wrapped } from './further-documents.js';

/** More names than this in the `Vary` of an origin's answers are not remembered. */
const MAX_VARY_NAMES = 64;

/** Headers of a refusal that a client may need. */
const KEPT_HEADERS = ['content-type', 'www-authenticate', 'location'];

/** @typedef {import('../core/abi.js').OriginAnswer} OriginAnswer */

/**
 * With what the origin is asked.
 * @typedef {object} OriginAccess
 * @property {Headers} headers
 * @property {boolean} [fresh] past whatever is held on the way there (R11)
 * @property {boolean} [isUnauthorized] the origin cannot be asked: the session's tokens cannot be exchanged
 * @property {() => Promise<OriginAccess>} [renew] how to ask after the origin has refused these headers
 * @property {string | null} [site] the other site whose page is to read the answer: only then is the origin told of one
 */

/**
 * What the origin has put in the place of a request's session cookie (rule R85).
 * @typedef {object} Successor
 * @property {string} cookie a whole `Cookie` header
 * @property {number} endsAtMs when it ends; 0: not known
 */

/**
 * An answer, with what is for the request alone that asked for it.
 * @typedef {object} DocumentReply
 * @property {OriginAnswer} answer
 * @property {Headers | null} headers null: there is no answer
 * @property {boolean} changesCredential the answer exchanges the credential for another
 * @property {Successor | null} successor what it has put in its place (R85)
 * @property {boolean} isUnkeyed the answer depends on more than its key (R4)
 * @property {boolean} isDoubtful a "no" that a gateway whose back end has failed may give too (R80)
 * @property {Error | null} failure why it is none, if it is none: `connection refused`, `timed out`, `status 500`
 * @property {boolean} isForeign a 403 for a site that the origin lets read nothing: it says nothing of the credential (R12)
 */

const NO_BYTES = new Uint8Array();
/** @type {Pick<import('../origin/session-cookies.js').SessionCookies, 'isChanged' | 'successor' | 'endsAtMs' | 'set'>} */
const NOTHING_SET = { isChanged: false, successor: '', endsAtMs: 0, set: [] };

/** @type {DocumentReply} */
const FAILED = Object.freeze({
  answer: { httpStatus: 0, retryAfterMs: 0, cacheControl: '', meta: '', body: NO_BYTES },
  headers: null,
  changesCredential: false,
  successor: null,
  isUnkeyed: false,
  isDoubtful: false,
  isForeign: false,
  failure: null,
});

/** Why a complete answer is none; each `Error` that is made costs more than a hit. */
const NO_DOCUMENT = new Error('no document');

/** There is nobody to ask, or what was answered says nothing (`questions.js`). */
const NO_QUESTION = 'no question';
const NO_ANSWER = 'no answer';

/** The tokens with which it would be asked cannot be had. */
const UNAUTHORIZED = 'no tokens';

export class DocumentCalls {
  #options;
  #host;
  #times;
  #wiring;
  #unauthenticated;
  /** Headers that the origin believes when a proxy sets them: a client's own never get there. */
  #claims;
  /** Who else is asked for the document; null: the origin, on its path. @type {import('./questions.js').Question | null} */
  question = null;
  /** Why the last call came to nothing; null: it has not. @type {Error | null} */
  failure = null;
  /** Answers of the origin that were not kept because of their `Vary` (R4). */
  unkeyedVary = 0;
  /** What has been logged of those. @type {Set<string>} */
  #varyNames = new Set();
  /** Documents that do not fit the option `schema` (R13). */
  misfits = 0;

  /**
   * @param {import('../options/options.js').ParsedOptions} options
   * @param {import('../host.js').Host} host
   * @param {() => import('./histogram.js').Histogram} times of origin calls
   * @param {import('./wiring.js').Wiring} wiring
   */
  constructor(options, host, times, wiring) {
    this.#wiring = wiring;
    this.#options = options;
    this.#host = host;
    this.#times = times;
    this.#unauthenticated = new Unauthenticated(options);
    this.#claims = options.verify.headers.map(([name]) => name);
  }

  /**
   * Asks the origin for the document, and once more if it refuses and there are other headers to ask with.
   * @param {OriginAccess & { further?: { path: string, start: Uint8Array } }} access `further`: which document is asked for,
   *   if not the main one
   * @param {string} meta of what is held, or empty
   * @returns {Promise<DocumentReply>}
   */
  async ask({ headers, fresh, isUnauthorized, renew, site = null, further }, meta) {
    if (isUnauthorized) return failed(new Error(UNAUTHORIZED));
    const asked = await this.time(
      () => this.#askWith(headers, meta, site, fresh, further),
      ({ answer }) => answer.httpStatus,
      ({ answer, failure }) => (answer.httpStatus === 0 ? failure : null),
    );
    const { httpStatus, isRefusal } = asked.answer;
    if ((httpStatus !== 401 && !isRefusal) || !renew) return asked;
    return this.ask({ ...(await renew()), renew: undefined, site, fresh, further }, meta);
  }

  /**
   * Makes an origin call for a document, and notes how long it took (SPEC R70, R71).
   * @template T
   * @param {() => Promise<T>} call
   * @param {(result: T) => number} statusOf
   * @param {(result: T) => Error | null} [failureOf]
   * @returns {Promise<T>}
   */
  async time(call, statusOf, failureOf = () => null) {
    const start = this.#host.now();
    const result = await call();
    const durationMs = this.#host.now() - start;
    this.#times().record(durationMs);
    const failure = failureOf(result);
    this.#host.log({
      ...{ event: 'origin', time: start, durationMs, status: statusOf(result) },
      ...(failure && { failure: failure.message }),
    });
    return result;
  }

  /**
   * @param {Headers} headers
   * @param {string} meta
   * @param {string | null} site
   * @param {boolean} [fresh]
   * @param {{ path: string, start: Uint8Array }} [further]
   * @returns {Promise<DocumentReply>}
   */
  async #askWith(headers, meta, site, fresh, further) {
    const etag = etagIn(meta);
    const { origin, documentPath, originTimeout, maxDocument, cookie, freshFor } = this.#options;
    const init = { headers: this.#headersFor(headers, etag, site) };
    if (fresh && this.#host.asksSesame) init.headers.set(MAX_AGE, '0');
    /** @type {Error | null} */
    let failure = null;
    const limits = {
      ...{ timeoutMs: originTimeout, maxBytes: maxDocument },
      onFailure: (/** @type {unknown} */ cause) => {
        const name = failureName(cause);
        failure = new Error(name, { cause });
        this.#wiring.noteAnswer('origin', name);
      },
    };
    const asking = further ? null : this.question;
    const asked = asking
      ? await asking.put(headers)
      : { url: origin + (further?.path ?? documentPath), init };
    if (asked === null) return failed(new Error(NO_QUESTION));
    const given = await originCall(this.#host, asked.url, asked.init, limits);
    if (given === null) return failed(failure ?? new Error('failed'));
    this.#wiring.noteAnswer('origin', given.status >= 500 ? `status ${given.status}` : null);
    const reply = asking ? asking.read(given) : given;
    if (reply === null) return failed(new Error(NO_ANSWER));
    if (reply.body === null && reply.ok) return failed(new Error('over maxDocument'));
    const { endsAtMs: saidEnd, isRefusal = false } =
      /** @type {ReturnType<import('./questions.js').Question['read']> & {}} */ (reply);
    const sent = reply.body ?? NO_BYTES;
    const content = reply.ok ? unmarked(sent) : sent;
    const whole = further && reply.ok ? wrapped(content, further.start) : content;
    if (reply.ok && isTooDeep(whole)) return failed(new Error(TOO_DEEP));
    const now = this.#host.now();
    const isUnkeyed = this.#isUnkeyed(reply.headers, now);
    const redirect = { location: reply.headers.get('location'), path: documentPath };
    // What a further document looks like says nothing of the credential.
    const verdict = further ? null : this.#unauthenticated.verdictOn(reply.status, whole, redirect);
    const isJudged = reply.ok && !further && verdict === null && !isRefusal;
    const body = isJudged ? await this.fit(whole) : whole;
    if (body === null) return failed(new Error(MISFIT));
    const setsCookies = reply.headers.getSetCookie().length > 0;
    const {
      isChanged,
      successor,
      endsAtMs: cookieEndsAtMs,
      set,
    } = setsCookies ? sessionCookies(headers, reply.headers, cookie, now) : NOTHING_SET;
    if (cookieEndsAtMs > 0) this.#wiring.noteCookieLife(set, cookieEndsAtMs - now, freshFor);
    return {
      answer: {
        // What nobody has asked confirms nothing.
        httpStatus: reply.status === 304 && etag === '' && meta !== '' ? 0 : reply.status,
        isRefusal: verdict !== null || isRefusal,
        retryAfterMs: retryAfterMs(reply.headers, now),
        cacheControl: isUnkeyed ? 'no-store' : this.#cacheControlOf(reply.headers, now),
        meta:
          verdict === null
            ? metaOf(reply, meta, content !== sent && body === whole)
            : keptHeadersOf(reply),
        body: verdict === null ? body : sent,
        endsAtMs: isChanged ? 0 : (saidEnd ?? cookieEndsAtMs),
        setsCookies,
      },
      headers: new Headers(reply.headers),
      changesCredential: isChanged,
      successor:
        isChanged && successor !== '' ? { cookie: successor, endsAtMs: cookieEndsAtMs } : null,
      isUnkeyed,
      isDoubtful: verdict === 'doubtful',
      failure: reply.ok ? NO_DOCUMENT : new Error(`status ${reply.status}`),
      isForeign: site !== null && reply.status === 403 && !letsRead(reply.headers, site),
    };
  }

  /**
   * A document as it is to be kept, by the option `schema`. One that does not fit is counted, and the operator is told where.
   * @param {Uint8Array<ArrayBuffer>} body
   * @returns {Promise<Uint8Array<ArrayBuffer> | null>} null: it does not fit, and is none (R13)
   */
  async fit(body) {
    const { schema, originTimeout, maxDocument } = this.#options;
    if (schema === null) return body;
    const found = await fitted(this.#host, schema, originTimeout, body);
    if ('body' in found && found.body.length <= maxDocument) return found.body;
    this.misfits += 1;
    this.#wiring.note('misfit', 'issues' in found ? found.issues : []);
    return null;
  }

  /**
   * A client that names another host could have the origin take its own site for the one that it asks, and allow it to
   * read (R45). Where the key has the host, the handler does not learn from such an answer.
   * @param {Headers} headers
   * @param {string} etag
   * @param {string | null} site
   */
  #headersFor(headers, etag, site) {
    const result = fillHeaders(headers, etag, this.#claims);
    if (site === null) result.delete('origin');
    else if (!this.#options.varyOn.includes(HOST)) {
      for (const name of FORWARDED_HOSTS) result.delete(name);
    }
    return result;
  }

  /**
   * What of the origin's `Cache-Control` is to be obeyed (R15).
   * @param {Headers} headers
   * @param {number} now
   */
  #cacheControlOf(headers, now) {
    return this.#options.obeyCacheControl ? cacheControlOf(headers, now) : '';
  }

  /**
   * Whether an answer depends on more than its key (R4). Counts it, and logs what is new.
   * @param {Headers} headers
   * @param {number} time
   */
  #isUnkeyed(headers, time) {
    const names = unkeyedVary(headers, this.#options.varyOn);
    if (names.length === 0) return false;
    this.unkeyedVary += 1;
    for (const name of names) {
      if (this.#varyNames.has(name) || this.#varyNames.size >= MAX_VARY_NAMES) continue;
      this.#varyNames.add(name);
      this.#host.log({ event: 'vary', time, durationMs: 0, name });
      this.#wiring.note('vary', [name]);
    }
    return true;
  }
}

/** @param {Error} failure @returns {DocumentReply} */
function failed(failure) {
  return { ...FAILED, failure };
}

/**
 * What is kept beside a body: of a document its validator, of a refusal the headers that explain it.
 * @param {Pick<import('../origin/origin-call.js').OriginReply, 'ok' | 'status' | 'headers'>} reply
 * @param {string} meta of what is held
 * @param {boolean} isMarked the answer begins with a byte order mark
 */
function metaOf({ ok, status, headers }, meta, isMarked) {
  if (status === 304) return meta;
  return ok ? documentMeta(headers, isMarked) : keptHeadersOf({ headers });
}

/**
 * @param {Pick<import('../origin/origin-call.js').OriginReply, 'headers'>} reply
 */
function keptHeadersOf({ headers }) {
  const kept = KEPT_HEADERS.flatMap((name) => {
    const value = headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  return JSON.stringify(Object.fromEntries(kept));
}

/**
 * Whether an answer lets a site's pages read it (Fetch standard, CORS protocol).
 * @param {Headers} headers
 * @param {string} site
 */
export function letsRead(headers, site) {
  const allowed = headers.get('access-control-allow-origin');
  return allowed === '*' || allowed === site;
}
