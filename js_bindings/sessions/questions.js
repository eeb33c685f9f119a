// Other ways to ask who has a token than the back end's own path: its authorization server's introspection (RFC 7662), and
// the userinfo endpoint that an issuer names (OpenID Connect Core section 5.3). It must not know what is held.
// Invariants: the authorization server is sent the token and nothing else of a request; what it says of Sesame's own
// credentials is a failure, and signs nobody out.
import { isRecord } from '../util/is-record.js';
import { jsonOf } from '../util/jws.js';
import { discover, discoveryUrl } from './discovery.js';

/** An endpoint that was found is looked for again after this. */
const KEEP_MS = 60 * 60_000;

/** After none was found, nobody looks for so long. */
const PAUSE_MS = 1000;

const NO_BYTES = new Uint8Array();
const decoder = new TextDecoder();

/** @typedef {import('../origin/origin-call.js').OriginReply} OriginReply */

/**
 * How the document is asked for.
 * @typedef {object} Question
 * @property {(headers: Headers) => Promise<{ url: string, init: RequestInit & { headers: Headers } } | null>} put with the
 *   request's headers; null: nobody can be asked now
 * @property {(reply: OriginReply) => (OriginReply & { endsAtMs?: number, isRefusal?: boolean }) | null} read what an answer says; null: it is none
 */

/**
 * The question that the options ask for.
 * @param {import('../host.js').Host} host
 * @param {import('../options/options.js').ParsedOptions} options
 * @returns {Question | null} null: the back end's own path
 */
export function questionOf(host, { introspection, userinfo }) {
  if (introspection !== null) return new Introspection(introspection);
  return userinfo === null ? null : new Userinfo(host, userinfo);
}

/** @implements {Question} */
class Introspection {
  #url;
  #authorization;

  /** @param {import('../options/types.js').IntrospectionOptions} options */
  constructor({ url, clientId, clientSecret }) {
    this.#url = url;
    // RFC 6749 section 2.3.1: each is encoded as a form is, before they are joined.
    const [id, secret] = [clientId, clientSecret].map((text) =>
      new URLSearchParams({ x: text }).toString().slice(2),
    );
    this.#authorization = `Basic ${btoa(`${id}:${secret}`)}`;
  }

  /** @type {Question['put']} */
  async put(headers) {
    const token = (headers.get('authorization') ?? '').split(' ').at(-1) ?? '';
    if (token === '') return null;
    const own = new Headers({
      accept: 'application/json',
      authorization: this.#authorization,
      'content-type': 'application/x-www-form-urlencoded',
    });
    const body = new URLSearchParams({ token, token_type_hint: 'access_token' }).toString();
    return { url: this.#url, init: { method: 'POST', headers: own, body } };
  }

  /** @type {Question['read']} */
  read({ status, body }) {
    const said = status === 200 && body !== null ? jsonOf(decoder.decode(body)) : null;
    // Whatever else it answers is about Sesame, or a failure (section 2.3).
    if (!isRecord(said) || typeof said.active !== 'boolean') return null;
    if (!said.active) {
      return { status: 401, ok: false, headers: new Headers(), body: NO_BYTES, isRefusal: true };
    }
    const { exp } = said;
    const endsAtMs = typeof exp === 'number' ? exp * 1000 : 0;
    const headers = new Headers({ 'content-type': 'application/json' });
    return { status, ok: true, headers, body, endsAtMs };
  }
}

/** @implements {Question} */
class Userinfo {
  #host;
  #issuer;
  /** @type {string | null} */
  #endpoint = null;
  #lookAt = Number.NEGATIVE_INFINITY;

  /** @param {import('../host.js').Host} host @param {string} issuer */
  constructor(host, issuer) {
    this.#host = host;
    this.#issuer = issuer;
  }

  /** @type {Question['put']} */
  async put(headers) {
    if (this.#host.now() >= this.#lookAt) await this.#look();
    const authorization = headers.get('authorization');
    if (this.#endpoint === null || authorization === null) return null;
    const own = new Headers({ accept: 'application/json', authorization });
    return { url: this.#endpoint, init: { headers: own } };
  }

  async #look() {
    const urls = [discoveryUrl(this.#issuer)];
    const found = await discover(this.#host, this.#issuer, urls, 'userinfo_endpoint');
    this.#endpoint = found ?? this.#endpoint;
    this.#lookAt = this.#host.now() + (found === null ? PAUSE_MS : KEEP_MS);
  }

  /** @type {Question['read']} */
  read(reply) {
    return reply;
  }
}
