// Sesame in React: who is signed in, told to components as it changes. Works with TanStack Query and without.
// What is for the browser alone is marked `use client`, file by file; nothing is imported but React and the
// page's client.

/**
 * Sesame in React: who is signed in, told to components as it changes, in every tab. Works with TanStack Query and
 * without. Needs `react` installed beside the package. The components go below a `SessionProvider`; both are for the
 * browser, and their files say `use client`.
 *
 * In the examples, the page is one of a user who is signed in, Ingrid; it has an element `#root`, and the worker's file
 * is at `/sesame-service-worker.js`.
 * @module
 */

export { SesameError, UpdateError } from '../../js_bindings/errors.js';
export { useDevices, useLogout, useSession, useUpdateUser } from './hooks.js';
export { SessionProvider } from './session-provider.js';
export { sessionQueryOptions } from './session-query.js';

/** @import { UserDocument } from '../../js_bindings/identity.js' */
/**
 * @template [User=UserDocument]
 * @typedef {import('../../service_worker/client/index.js').ClientSession<User>} ClientSession
 */
/** @typedef {import('../../service_worker/client/index.js').Device} Device */
/** @typedef {import('./session-provider.js').SessionProviderProps} SessionProviderProps */
/** @typedef {import('./session-store.js').QueryClientLike} QueryClientLike */
/**
 * @template [User=UserDocument]
 * @typedef {import('./session-store.js').Refetch<User>} Refetch
 */
/**
 * @template [User=UserDocument]
 * @typedef {import('./session-store.js').Session<User>} Session
 */
