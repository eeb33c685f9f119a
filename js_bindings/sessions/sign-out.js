// A sign-out of Sesame's own: ends every session that a request names, here and on the other nodes, and where Sesame keeps
// its tokens at the origin as well (rules R1, R8, R25). It must not know how that is answered.
// Invariant: the origin is told of it whatever the other nodes could be told.

/**
 * What came of a sign-out.
 * @typedef {object} SignedOut
 * @property {unknown} error why the other nodes do not know of it yet, or why it has to be repeated; null: nothing is wrong
 * @property {Promise<string[]>} atOrigin the fields `Set-Cookie` of the origin's answers; it never rejects
 */

/**
 * @param {Pick<import('./parts.js').Parts, 'changes' | 'core' | 'managed'>} parts
 * @param {import('./document-request.js').DocumentRequest} request
 * @returns {Promise<SignedOut>}
 */
export async function signOut({ changes, core, managed }, request) {
  const tokens = [];
  if (managed !== null) {
    // What proves them at the origin is not held any more once they have ended.
    for (const named of core.namedHeads(request.head)) {
      tokens.push(await managed.lastTokensOf(named));
    }
  }
  const error = await changes.end(request).then(
    () => null,
    (reason) => reason,
  );
  const ended = managed ? tokens.map((each) => managed.endAtOrigin(each)) : [];
  const atOrigin = Promise.all(ended).then((lines) => lines.flat());
  request.waitUntil(atOrigin);
  return { error, atOrigin };
}
