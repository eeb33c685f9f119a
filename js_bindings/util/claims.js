// Where what a proxy is told stands: in the document, or in a claim of the token. It must not know what either says.

/** What stands before the name of a claim, where others point into the document. */
const CLAIM = 'claim:';

/** @param {string} source of what a header says @returns {string | null} null: it is in the document */
export function claimIn(source) {
  return source.startsWith(CLAIM) ? source.slice(CLAIM.length) : null;
}

/**
 * Which claims of tokens are told.
 * @param {{ headers: readonly (readonly [name: string, source: string])[] }} verify
 */
export function claimsIn({ headers }) {
  return headers.flatMap(([, source]) => claimIn(source) ?? []);
}
