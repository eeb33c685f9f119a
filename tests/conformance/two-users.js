// Two users, one with two sessions and one with one: an event of the first must reach both and not the third.
import assert from 'node:assert/strict';
import { READ } from '../support/origin.js';
import { bearer, cookie } from './context.js';

/**
 * Two sessions of one user and one of another, all of them held; from then on the origin has `changed`.
 * @param {import('./context.js').Cache} t
 * @param {string | number} [id]
 */
export async function signIn(t, id = 'ann-1') {
  const sessions = {
    laptop: cookie(t.user()),
    phone: bearer(t.user()),
    stranger: bearer(t.user()),
  };
  const held = JSON.stringify({ id, plan: 'free' });
  const changed = JSON.stringify({ id, plan: 'paid' });
  const other = JSON.stringify({ id: 'bob', plan: 'free' });
  const isStranger = (/** @type {any} */ { headers }) =>
    headers.authorization === sessions.stranger.authorization;
  t.origin.on(READ, (call) => ({ body: isStranger(call) ? other : held }));
  for (const headers of Object.values(sessions)) await t.ask(headers);
  t.origin.on(READ, (call) => ({ body: isStranger(call) ? other : changed }));
  assert.equal(t.origin.count(), 3);
  return { ...sessions, held, changed, other };
}
