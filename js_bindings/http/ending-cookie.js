// The session cookie of managed sessions on the wire, and the one that takes its place while a logout waits to be repeated
// (rule R25). It must not know what a session is.
// Invariant: the cookie that has been moved is sent to the logout's path alone, and names no session anywhere else.

export const COOKIE_ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';
const ENDING_ATTRIBUTES = 'Path=/api/auth/logout; Secure; HttpOnly; SameSite=Lax';

export class EndingCookie {
  #name;
  #ending;

  /** @param {string} name of the session cookie */
  constructor(name) {
    this.#name = name;
    this.#ending = `__Secure-${name.replace(/^__(Host|Secure)-/, '')}-ending`;
  }

  /**
   * The headers of a logout, with the session that an earlier one could not end named as any other.
   * @param {Headers} original
   * @returns {{ headers: Headers, moved: string }} `moved`: the value of the cookie that was moved; empty: there is none
   */
  read(original) {
    const pairs = pairsOf(original);
    const moved = pairs.find(([name]) => name === this.#ending)?.[1] ?? '';
    if (moved === '') return { headers: original, moved };
    const headers = new Headers(original);
    const others = pairs.filter(([name]) => name !== this.#ending);
    const all = [...others, [this.#name, moved]].map((pair) => pair.join('='));
    headers.set('cookie', all.join('; '));
    return { headers, moved };
  }

  /**
   * `Set-Cookie` fields that move the session's cookie to the logout's path.
   * @param {Headers} headers of the logout, as read
   * @param {number} expiresIn milliseconds
   */
  move(headers, expiresIn) {
    const value = pairsOf(headers).find(([name]) => name === this.#name)?.[1] ?? '';
    if (value === '') return [];
    const seconds = Math.floor(expiresIn / 1000);
    return [
      ...this.clear(''),
      `${this.#ending}=${value}; ${ENDING_ATTRIBUTES}; Max-Age=${seconds}`,
    ];
  }

  /** `Set-Cookie` fields that end both. @param {string} moved what was moved before */
  clear(moved) {
    const lines = [`${this.#name}=; ${COOKIE_ATTRIBUTES}; Max-Age=0`];
    if (moved !== '') lines.push(`${this.#ending}=; ${ENDING_ATTRIBUTES}; Max-Age=0`);
    return lines;
  }
}

/** Names and values of a request's cookies. @param {Headers} headers */
function pairsOf(headers) {
  const pairs = (headers.get('cookie') ?? '').split(';').filter((pair) => pair.includes('='));
  return pairs.map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  });
}
