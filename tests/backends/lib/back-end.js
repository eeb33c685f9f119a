// What the journeys know of a back end. Types only.

/** @typedef {import('./device.js').Device} Device */

/**
 * @typedef {object} RunningBackEnd
 * @property {string} url where it listens itself
 * @property {() => Promise<void>} close
 * @property {(milliseconds: number) => void} [advance] moves its clock, where it has one that can be moved
 */

/**
 * Two devices of one user, both signed in, and both asked who they are.
 * @typedef {object} Pair
 * @property {Device} a
 * @property {Device} b
 * @property {string} user
 * @property {(user: string) => Promise<Device>} signUp another user's device
 * @property {(device: Device) => Device} copy a device with the cookies that another has
 * @property {string} url what browsers take for the site
 */

/**
 * A way to end sessions that the back end has.
 * @typedef {object} Ending
 * @property {string} name as its documentation calls it
 * @property {(pair: Pair) => Promise<unknown>} act device A does it
 * @property {string[]} out which of the devices `a` and `b` are signed out by it, or would be with the cookies of before
 *   (`old a`)
 * @property {string[]} [stays] which are not
 * @property {boolean} [isEnd] it ends a bearer for good, and no later request brings it back (rule R8)
 * @property {(pair: Pair) => Promise<Device>} [second] the second device, where it is no second sign-in
 */

/**
 * A change that a document shows.
 * @typedef {object} Change
 * @property {string} name
 * @property {(pair: Pair) => Promise<unknown>} act device A does it
 * @property {(document: any) => unknown} shows
 * @property {('a' | 'b')[]} on the devices that see it
 */

/**
 * @typedef {object} BackEnd
 * @property {string} name
 * @property {Record<string, unknown>} options the lines that an operator writes
 * @property {string} documentPath
 * @property {string} page another that a user who is signed in reads
 * @property {(publicUrl: string) => Promise<RunningBackEnd>} start
 * @property {(device: Device, user: string) => Promise<unknown>} signUp the user is signed in on that device then
 * @property {(device: Device, user: string) => Promise<unknown>} signIn
 * @property {(document: any) => string | null} who the user's name, or null: it is nobody's
 * @property {Ending[]} endings
 * @property {(device: Device) => Promise<unknown>} [renew] a client of this back end exchanges its tokens for new ones
 * @property {number} [endsIdleAfterMs] it ends a session that it has not seen for so long, by its own clock, or by this
 *   process's `Date`
 * @property {Change[]} changes
 */

export {};
