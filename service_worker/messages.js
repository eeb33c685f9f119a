// What a worker and its pages say to each other over their channel. It holds no code.

/**
 * Who is signed in, as far as this page knows.
 * @typedef {object} ClientSession
 * @property {any} user the document, parsed
 * @property {string | null} expiresAt the absolute end of the session, ISO 8601; null if it is not known
 * @property {boolean} stale the origin could not be asked, or is being asked right now (SPEC R63)
 */

/**
 * - `session`: this is the session now; with `clear`, tabs answer with `cleared` once they have forgotten
 *   the last one
 * - `changed`: somebody else may be signed in: ask
 * @typedef {{ type: 'session', session: ClientSession | null,
 *     clear?: string }
 *   | { type: 'changed' } | { type: 'cleared', clear: string }} Message
 */

export {};
