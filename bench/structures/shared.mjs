// What more than one structure needs.

export const COOKIE = 'session';

/** One object for all responses: a literal one costs more than some of the checks. */
export const responseInit = {
  headers: new Headers({
    'content-type': 'application/json',
    'cache-control': 'private, no-store',
    vary: 'Cookie, Authorization',
  }),
};

export const encoder = new TextEncoder();

/**
 * An instance whose sessions are values in something like a Map.
 * @param {object} parts
 * @param {(token: string, text: string) => void} parts.put
 * @param {(header: string) => any} parts.find the value, or undefined
 * @param {(value: any) => string} parts.text the document of a value
 * @param {(text: string) => Uint8Array} [parts.bytes]
 * @param {(index: number) => string} tokenOf
 * @returns {import('./index.mjs').Instance}
 */
export function mapLike({ put, find, text, bytes = (string) => encoder.encode(string) }, tokenOf) {
  return {
    add: (index, document) => put(tokenOf(index), document),
    lookup: find,
    body(header) {
      const value = find(header);
      return value === undefined ? null : bytes(text(value));
    },
    response(header) {
      const value = find(header);
      return value === undefined ? null : new Response(text(value), responseInit);
    },
  };
}
