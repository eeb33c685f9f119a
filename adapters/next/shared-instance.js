// One cache for a process. Next.js loads an application's modules anew for each of its bundles (pages, route
// handlers, the proxy), and in development after each change; they have `globalThis` in common.
//
// Invariant: in one process a name stands for one cache.
import { AsyncResource } from 'node:async_hooks';
import { SessionCache } from 'sesame-edge';
import { ConfigError, SesameError } from '../../js_bindings/errors.js';
import { forward } from '../../js_bindings/origin/forward.node.js';

/** @import { SessionCacheBase, UserDocument } from '../../js_bindings/session-cache.js' */
/** @import { Options } from '../../js_bindings/options/types.js' */

/**
 * Where an application's cache comes from: its options, a cache, or a function that gives either when it is first needed.
 * @template [User=UserDocument]
 * @typedef {Options<User> | SessionCacheBase<User> | (() => Options<User> | SessionCacheBase<User>)} Source
 */

const KEY = Symbol.for('sesame-edge/next');

/**
 * The cache of that name: made if there is none yet.
 * @template User
 * @param {Source<User>} source
 * @param {string} name
 * @returns {SessionCacheBase<User>}
 * @throws {ConfigError} the options are wrong, or another cache has the name
 * @throws {SesameError} `ERR_SESAME_MODULE` in the edge runtime, which has neither files nor the same process
 */
export function sharedInstance(source, name) {
  if (process.env.NEXT_RUNTIME === 'edge') {
    const where = 'use proxy.js instead of middleware.js, and no runtime = "edge"';
    throw new SesameError(
      'ERR_SESAME_MODULE',
      `sesame-edge/next needs the Node.js runtime: ${where}`,
    );
  }
  if (isCache(source)) return source;
  const scope = /** @type {any} */ (globalThis);
  scope[KEY] ??= new Map();
  /** @type {Map<string, { sessions: SessionCacheBase<User>, print: string }>} */
  const instances = scope[KEY];
  const held = instances.get(name);
  // What a function would give is not asked for again: it may open connections.
  const print = typeof source === 'function' ? '' : printOf(source);
  if (held !== undefined && (held.print === print || typeof source === 'function')) {
    return held.sessions;
  }
  // In development the options may have been edited; the cache they were for is left to the collector.
  if (held !== undefined && process.env.NODE_ENV !== 'development') {
    throw new ConfigError([
      {
        option: 'name',
        reason: `'${name}' is that of a cache with other options: give each its own`,
      },
    ]);
  }
  const given = typeof source === 'function' ? source() : source;
  const sessions = isCache(given) ? given : newCache(given);
  instances.set(name, { sessions, print });
  return sessions;
}

/** @template User @param {Options<User>} options @returns {SessionCacheBase<User>} */
function newCache(options) {
  // Had by its name, so that the host decides which it is, it may be another class to the compiler.
  return /** @type {any} */ (new SessionCache(options, { fetch: fetchUncached, forward }));
}

/**
 * By what it does: each bundle has a class of its own.
 * @template User
 * @param {Source<User>} value
 * @returns {value is SessionCacheBase<User>}
 */
function isCache(value) {
  return typeof (/** @type {any} */ (value)?.identify) === 'function';
}

/**
 * What tells options apart; of a store and a schema, which have no text, only that there is one.
 * @template User
 * @param {Options<User>} options
 */
function printOf(options) {
  return (
    JSON.stringify(options, (key, value) =>
      key === 'store' || key === 'schema' ? typeof value : value,
    ) ?? ''
  );
}

/** Where no page is rendered: this is read before one is. */
const outside = new AsyncResource('SESAME');

/**
 * Next.js' `fetch` keeps answers for a page that asks for that (`fetchCache`), and React's gives two parts of a page
 * the same. Who somebody is neither may keep (SPEC R2, R8); outside of renders both leave a call alone.
 * @param {string | Request} input
 * @param {RequestInit} [init]
 */
function fetchUncached(input, init) {
  return outside.runInAsyncScope(() => globalThis.fetch(input, init));
}
