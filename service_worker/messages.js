// What a worker and its pages say to each other over their channel. It holds no code.

/**
 * Who is signed in, as far as this page knows.
 * @template [User=import('../js_bindings/identity.js').UserDocument]
 * @typedef {object} ClientSession
 * @property {User} user the document, parsed
 * @property {string | null} expiresAt the absolute end of the session, ISO 8601; null if it is not known
 * @property {boolean} stale the origin could not be asked, or is being asked right now (SPEC R63)
 */

/**
 * `about` is the name of the credential that it is about (`credential-name.js`; default: the device's cookies). Pages
 * that use another ignore it.
 * - `session`: this is the session now; with `clear`, all tabs answer with `cleared` once those that it is about have
 *   forgotten the last one
 * - `changed`: another user may be signed in: ask
 * @template [User=import('../js_bindings/identity.js').UserDocument]
 * @typedef {{ type: 'session', about?: string, session: ClientSession<User> | null, clear?: string }
 *   | { type: 'changed', about?: string } | { type: 'cleared', clear: string }} Message
 */

export {};
