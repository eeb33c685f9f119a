// Tokens that the origin issues, exchanges and revokes while Sesame looks on: the access token of a renewal goes on with
// the session that its refresh token was issued for (rules R24, R85), and what a sign-out revokes by its token is dropped
// (R82). It must not know what is held of a session.
// Invariant: nothing that merely accompanies a request proves anything; the refresh token does, if the origin was seen to
// issue it.
import { applies } from '../dialects/effects.js';
import { readAnswer } from '../origin/bodies.js';
import { cookieOf } from '../origin/headers.js';
import { sessionCookies } from '../origin/session-cookies.js';
import { TokenChanges } from '../sessions/token-changes.js';
import { MAX_TOKEN_BYTES } from '../sessions/token-endpoint.js';
import { fieldsOf } from './body-fields.js';

/**
 * What an answer has to do with tokens.
 * @typedef {object} Tokens
 * @property {boolean} areOwn the request's own session goes on, with another credential
 * @property {boolean} isPending other nodes do not know yet what was dropped
 * @property {() => void} remember notes what the answer has issued
 */

/** @type {Tokens} */
const NONE = Object.freeze({ areOwn: false, isPending: false, remember() {} });

/** @typedef {import('../core/abi.js').RequestHead} RequestHead */
/** What a body says at a JSON pointer. @typedef {ReturnType<typeof fieldsOf>} Fields */

/**
 * A request that may have to do with tokens.
 * @typedef {object} Passed
 * @property {RequestHead} head
 * @property {Headers} headers
 * @property {string} url
 * @property {import('../dialects/effects.js').Candidate[]} candidates what it may do
 */

export class Renewals {
  #parts;
  #changes;

  /** @param {import('../sessions/parts.js').Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#changes = new TokenChanges(parts);
  }

  /**
   * Whether an answer to such a request may bring tokens.
   * @param {Pick<Passed, 'candidates'>} passed
   */
  mayIssue({ candidates }) {
    const isLooked = this.#parts.managed === null && this.#parts.options.refreshToken.length > 0;
    return isLooked && candidates.some(({ effect }) => effect === 'begins' || effect === 'renews');
  }

  /**
   * Drops what a sign-out has revoked, remembers the refresh token of an answer, or lets the session that was renewed go
   * on.
   * @param {Passed} passed
   * @param {Response} response
   * @param {Uint8Array | null} sent the request's body
   * @param {import('../dialects/effects.js').EffectAnswer} said the response, as effects judge it
   * @returns {Promise<Tokens>}
   */
  async observe(passed, response, sent, said) {
    if (passed.candidates.some(({ effect }) => effect === 'ends')) {
      return { ...NONE, isPending: await this.#dropNamed(passed, sent, said) };
    }
    if (!response.ok || !this.mayIssue(passed)) return NONE;
    const { core } = this.#parts;
    const asked = fieldsOf(passed.headers, sent);
    const answer = await answerOf(this.#parts.host, response);
    const issued = this.#refreshTokenIn(answer) || this.#cookieIn(response.headers.getSetCookie());
    const heads = this.#newHeads(passed, response, answer);
    // Some have it in the query.
    const grant = asked('/grant_type') ?? new URL(passed.url).searchParams.get('grant_type');
    const isRenewal =
      grant === 'refresh_token' || passed.candidates.some(({ effect }) => effect === 'renews');
    const used = isRenewal ? this.#refreshTokenIn(asked) || this.#cookieOf(passed.headers) : '';
    let areOwn = false;
    /** @type {RequestHead[]} */
    const begun = [];
    for (const head of heads) {
      const isKnown = used !== '' && (await this.#changes.renew(head, { used, issued }));
      if (!isKnown && issued !== '') begun.push(head);
      if (isKnown) areOwn ||= this.#areOne(passed.head, head, core);
    }
    const remember = () => {
      for (const head of begun) this.#changes.noteRefreshToken(head, issued);
    };
    return { areOwn, isPending: false, remember };
  }

  /**
   * A sign-out may say in its body which token ends (RFC 7009), or in the cookie of the refresh token: no `Authorization`
   * does then. Whoever has the token is its user.
   * @param {Passed} passed
   * @param {Uint8Array | null} sent
   * @param {import('../dialects/effects.js').EffectAnswer} said
   * @returns {Promise<boolean>} whether other nodes do not know yet
   */
  async #dropNamed({ head, headers, candidates }, sent, said) {
    const isEnd = candidates.some((each) => each.effect === 'ends' && applies(each, said) !== null);
    if (!isEnd || this.#parts.managed !== null) return false;
    const { options } = this.#parts;
    const asked = fieldsOf(headers, sent);
    const named = [
      ...[...options.accessToken, ...options.refreshToken].map(asked),
      this.#cookieOf(headers),
    ];
    const tokens = new Set(named.filter((each) => typeof each === 'string' && each !== ''));
    let isPending = false;
    for (const token of tokens) {
      for (const tenant of new Set([head.tenant, ''])) {
        const authorization = `${options.authorizationSchemes[0]} ${token}`;
        await this.#changes.drop({ tenant, cookie: '', authorization }, `${token}`).catch(() => {
          isPending = true;
        });
      }
    }
    return isPending;
  }

  /**
   * The requests that the answer's new access token makes, under this tenant and for all of them (R4).
   * @param {Passed} passed
   * @param {Response} response
   * @param {Fields} answer
   * @returns {RequestHead[]}
   */
  #newHeads({ head, headers }, response, answer) {
    const { options, host } = this.#parts;
    const { set } = sessionCookies(headers, response.headers, options.cookie, host.now());
    const token = textAt(answer, options.accessToken);
    const named = String(answer('/token_type') ?? '').toLowerCase();
    const schemes = options.authorizationSchemes;
    const scheme = schemes.find((each) => each.toLowerCase() === named) ?? schemes[0];
    const found = [];
    if (token !== '') found.push({ cookie: '', authorization: `${scheme} ${token}` });
    if (set.length > 0) found.push({ cookie: set.join('; '), authorization: '' });
    const tenants = [...new Set([head.tenant, ''])];
    return found.flatMap((each) => tenants.map((tenant) => ({ tenant, ...each })));
  }

  /**
   * Whether two credentials are one session.
   * @param {RequestHead} one
   * @param {RequestHead} other
   * @param {import('../core/abi.js').Core} core
   */
  #areOne(one, other, core) {
    const key = core.sessionKey(one)?.key;
    return core.relatives(other).some((relative) => relative.key === key);
  }

  /** @param {Fields} fields */
  #refreshTokenIn(fields) {
    return textAt(fields, this.#parts.options.refreshToken);
  }

  /** The refresh token that a request has in its cookie. @param {Headers} headers */
  #cookieOf(headers) {
    return this.#cookieIn((headers.get('cookie') ?? '').split(';').map((pair) => pair.trim()));
  }

  /**
   * The value of the cookie that holds a refresh token, or an empty one.
   * @param {string[]} lines `name=value`, and what follows
   */
  #cookieIn(lines) {
    for (const line of lines) {
      const { name, value } = cookieOf(line);
      if (this.#parts.options.refreshCookie.includes(name)) return value;
    }
    return '';
  }
}

/**
 * @param {Fields} fields
 * @param {readonly string[]} pointers
 */
function textAt(fields, pointers) {
  const found = pointers.map(fields);
  return String(found.find((each) => typeof each === 'string' && each !== '') ?? '');
}

/**
 * A copy is read, so that the client gets the original.
 * @param {import('../host.js').Host} host
 * @param {Response} response
 * @returns {Promise<Fields>}
 */
async function answerOf(host, response) {
  const { headers } = response;
  if (!/\bjson\b/i.test(headers.get('content-type') ?? '')) return fieldsOf(headers, null);
  const body = await readAnswer(host, response.clone(), MAX_TOKEN_BYTES).catch(() => null);
  return fieldsOf(headers, body);
}
