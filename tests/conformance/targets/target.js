// What an adapter is, which is all that the suite knows of a session cache. README.md says how to write one.

/**
 * @typedef {object} Adapter
 * @property {string} name the column's in the table
 * @property {Partial<Record<import('../suite.js').Feature, string>>} [lacks] what it cannot do, and why
 * @property {string[]} [refuses] why `start` throws `NotApplicable`, where it may
 * @property {Dialect} dialect
 * @property {number} [soonMs] how long, on the wall, what should happen at once may take; default 5000
 * @property {() => Promise<OpenTarget>} open
 */

/**
 * What the rules leave to each implementation.
 * @typedef {object} Dialect
 * @property {string} timing the metric in `Server-Timing` that says where an answer came from (R43)
 * @property {string} privateHeader a request header that is dropped on its way in (R41)
 * @property {(message: { secret: string, body: string, timeMs: number }) =>
 *   { path: string, headers: Record<string, string> }} signWebhook (R23)
 */

/**
 * @typedef {object} OpenTarget
 * @property {(setup: { origin: string, options: Record<string, any> }) => Promise<Running>} start a new,
 *   empty cache in front of an origin; several may run at once. Throws `NotApplicable` if it cannot do what
 *   the options ask for
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {object} Running
 * @property {string} url where clients see it
 * @property {(path: string, init?: import('../../support/client.js').ClientInit) => Promise<Response>} fetch
 *   one HTTP request, header by header as given; rejects when `init.signal` is aborted
 * @property {{ url: string, headers: Record<string, string> }} [socket] where a WebSocket is opened
 * @property {number} [pid] the process that it runs in, if that is not this one
 * @property {() => number} now the cache's clock, in milliseconds
 * @property {(milliseconds: number) => Promise<void>} advance moves it on, and wakes what was waiting for it
 * @property {(how: import('../../support/disturbed-store.js').Disturbance) => Promise<void>} [link] disturbs the way to the
 *   store from now on
 * @property {Partial<Api>} [api]
 * @property {() => Promise<Record<string, any>>} [statistics]
 * @property {() => Promise<string>} [prometheus]
 * @property {() => Promise<unknown[]>} [logs]
 * @property {() => Promise<unknown>} [idle] resolves when nothing goes on behind answers any more
 * @property {Browser} [browser] where it is in one
 * @property {() => Promise<void>} close
 */

/**
 * The browser that the cache is in, as one person has it on one device.
 * @typedef {object} Browser
 * @property {Tab} tab one that is open from the start
 * @property {() => Promise<Tab>} openTab another
 * @property {() => Promise<void>} restart ends the worker as the browser does: once it has nothing to do. The
 *   next request starts it
 * @property {() => Promise<void>} goOffline no request reaches the origin
 * @property {() => Promise<void>} goOnline
 * @property {() => Promise<Stored>} stored what is stored now
 */

/**
 * What a browser has of a site beside what is in memory, its cookies and its scripts.
 * @typedef {object} Stored
 * @property {string} text everything in it that scripts of the site can read, as text
 * @property {{ extractable: boolean, exported: boolean }[]} keys cryptographic keys in it; `exported`: a script
 *   got at the key's own bytes
 * @property {Buffer[]} files the files that the browser keeps it in
 */

/**
 * A tab, with a page of the site that sees its session through what the cache offers pages. It sends the
 * device's cookies with what it asks.
 * @typedef {object} Tab
 * @property {Running['fetch']} fetch
 * @property {(options?: { fresh?: boolean }) => Promise<{ user: any, stale: boolean } | null>} getSession
 *   rejects if it cannot be known
 * @property {(changes: unknown) => Promise<unknown>} updateUser `PATCH` on the document's path
 * @property {() => Promise<void>} logout `POST /api/v1/auth/logout`
 * @property {() => Promise<unknown>} refresh `POST /api/auth/refresh`
 * @property {() => Promise<({ user: any } | null)[]>} heard what the page was told of changes since it was
 *   loaded, in their order
 * @property {() => Promise<void>} reload
 * @property {() => Promise<void>} close
 */

/**
 * The JavaScript API. Headers are a request's.
 * @typedef {object} Api
 * @property {(headers: Record<string, string>, options?: { fresh?: boolean }) =>
 *   Promise<{ user: any, expiresAt: string | null } | null>} getSession rejects if it cannot be known
 * @property {(headers: Record<string, string>, changes: unknown) =>
 *   Promise<{ user: any } | null>} updateUser rejects if the origin does not accept it
 * @property {(id: string | number) => Promise<void>} invalidateUser
 * @property {(id: string | number) => Promise<void>} revokeUser
 * @property {(headers: Record<string, string>) => Promise<void>} revoke ends this session
 */

export {};
