// How tests ask a cache over HTTP, and what every answer with session data must look like.
// It must not know which host the cache runs in.
import assert from 'node:assert/strict';
import { DOCUMENT } from './origin.js';

/** Whatever answers HTTP. @typedef {Pick<import('./targets.js').Target, 'fetch'>} Target */

/** @param {string} name */
export const bearer = (name) => ({ authorization: `Bearer ${name}` });

/** @param {string} name */
export const cookie = (name) => ({ cookie: `session=${name}` });

/**
 * Where an answer came from (R43).
 * @param {Response} response
 * @param {string} [metric] the cache's own in `Server-Timing`
 */
export function sourceOf({ headers }, metric = 'sesame') {
  const source = new RegExp(`(?:^|, )${metric};desc="?(\\w+)"?(?:,|$)`);
  return source.exec(headers.get('server-timing') ?? '')?.[1];
}

/**
 * Asks for the document, which must be answered.
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
 * Sends a request, for the document unless `path` says otherwise.
 * @param {Target} target
 * @param {Record<string, string>} headers
 * @param {import('./client.js').ClientInit & { path?: string }} [init]
 * @returns {Promise<[number, string]>} status and body
 */
export async function attempt(target, headers, { path = DOCUMENT, ...init } = {}) {
  const response = await target.fetch(path, { headers, ...init });
  return [response.status, await response.text()];
}

/** No shared cache may keep it (R40). @param {Response} response */
export function assertPrivate({ headers }) {
  assert.equal(headers.get('cache-control'), 'private, no-store');
  const vary = (headers.get('vary') ?? '').toLowerCase().split(/\s*,\s*/);
  assert.ok(vary.includes('cookie') && vary.includes('authorization'), vary.join());
}
