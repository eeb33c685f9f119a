// The token in a credential, as the core names that. It must not know whether it is one.

/**
 * @param {string | undefined} credential in ASCII, with what stands before the token in a header or a cookie
 * @returns {string} what may be a token; empty: nothing
 */
export function tokenIn(credential = '') {
  return credential.split(/[ %]/).at(-1) ?? '';
}
