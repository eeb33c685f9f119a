// An HTTP case: written once, run against every target.
import assert from 'node:assert/strict';
import { DOCUMENT } from './origin.js';

/** @typedef {import('./targets.js').Target} Target */
/** @typedef {Target & { clock: import('./clock.js').Clock }} NodeTarget */

/**
 * @typedef {object} HttpCase
 * @property {string} name
 * @property {object} options the cache's, beside its origin
 * @property {'node' | 'workerd' | null} only where it runs if not everywhere
 * @property {(target: any) => Promise<void>} run
 */

/**
 * @param {string} name begins with the rules that it checks
 * @param {(target: Target) => Promise<void>} run
 * @param {object} [options] the cache's
 * @returns {HttpCase}
 */
export const httpCase = (name, run, options = {}) => ({ name, run, options, only: null });

/**
 * A case that moves the clock, which only a cache in this process lets it do.
 * @param {string} name
 * @param {(target: NodeTarget) => Promise<void>} run
 * @param {object} [options]
 * @returns {HttpCase}
 */
export const clockCase = (name, run, options = {}) => ({ name, run, options, only: 'node' });

/**
 * A case about the host itself.
 * @param {string} name
 * @param {(target: Target) => Promise<void>} run
 * @param {object} [options]
 * @returns {HttpCase}
 */
export const workerdCase = (name, run, options = {}) => ({ name, run, options, only: 'workerd' });

/** @param {string} name */
export const bearer = (name) => ({ authorization: `Bearer ${name}` });

/** @param {string} name */
export const cookie = (name) => ({ cookie: `session=${name}` });

/** Where an answer came from (SPEC R43). @param {Response} response */
export function sourceOf(response) {
  return /(?:^|, )sesame;desc=(\w+)$/.exec(response.headers.get('server-timing') ?? '')?.[1];
}

/**
 * Asks who it is.
 * @param {Target} target
 * @param {Record<string, string>} headers
 * @returns {Promise<[string | undefined, string]>} where the document came from, and the document
 */
export async function ask(target, headers) {
  const response = await target.fetch(DOCUMENT, { headers });
  const body = await response.text();
  assert.equal(response.status, 200, body);
  return [sourceOf(response), body];
}

/**
 * Asks, and says how it went.
 * @param {Target} target
 * @param {Record<string, string>} headers
 * @param {import('./client.js').ClientInit & { path?: string }} [init]
 * @returns {Promise<[number, string]>} status and body
 */
export async function attempt(target, headers, { path = DOCUMENT, ...init } = {}) {
  const response = await target.fetch(path, { headers, ...init });
  return [response.status, await response.text()];
}

/** SPEC R40: no shared cache keeps it. @param {Response} response */
export function assertPrivate({ headers }) {
  assert.equal(headers.get('cache-control'), 'private, no-store');
  const vary = (headers.get('vary') ?? '').toLowerCase().split(/\s*,\s*/);
  assert.ok(vary.includes('cookie') && vary.includes('authorization'), vary.join());
}
