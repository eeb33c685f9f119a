// A request for the document, as a type: what is asked, for whom, and how the origin is asked for it. Nothing runs here.

/**
 * A further document, as it is asked for.
 * @typedef {object} Further
 * @property {DocumentRequest} main the request as it would ask for the main document
 * @property {string} path with its query
 * @property {Uint8Array} start of the object that it is kept in: it says whose it is
 */

/**
 * A request for the document.
 * @typedef {object} DocumentRequest
 * @property {import('../core/abi.js').RequestHead} head
 * @property {Headers} headers what the origin is asked with
 * @property {Further} [further] which document is asked for, if not the main one
 * @property {import('./token-verifier.js').KnownToken} [token] its credential, where that has been verified (rule R16)
 * @property {boolean} [fresh] what is held does not count (SPEC R11)
 * @property {AbortSignal} [signal] the client has gone
 * @property {boolean} [isEnding] the session is to be ended, if there is one: this is no check of a client's
 * @property {boolean} [dropsCookies] who asks cannot set cookies: what the origin sets is kept for the next answer (R87)
 * @property {boolean} [isHeard] the origin has accepted the credential before, whatever is held now: a doubtful "no" is asked for twice
 * @property {boolean} [isHeld] a document is held, and has just been served
 * @property {boolean} [isUnauthorized] the origin cannot be asked: the session's tokens cannot be exchanged
 * @property {() => Promise<import('./document-calls.js').OriginAccess>} [renew] how to ask after the origin has refused these headers
 * @property {string | null} [site] the other site whose page is to read the answer; null: none is
 * @property {() => Promise<'found' | 'none' | 'unavailable'>} [find] looks for a managed session on other nodes
 * @property {() => Promise<import('./document-calls.js').OriginAccess>} [access] how to ask at all, where that takes finding out
 * @property {(work: Promise<unknown>) => void} waitUntil keeps the host alive for work behind the answer
 */

export {};
