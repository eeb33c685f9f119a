// Managed sessions of several nodes when the way to their store fails (R23 to R25, R30 to R33): a fault signs no user out,
// and a session that has ended stays ended. Each case is one kind of fault; docs/several-nodes.md has the table.
// What a pause of a process, a clock or a full vault does is tested where those can be had: tests/stores, tests/history.
import assert from 'node:assert/strict';
import { READ } from '../../support/origin.js';
import { createGate } from '../../support/wait.js';
import { bearer, MARGIN, SECOND } from '../context.js';
import {
  cookieOf,
  EXPIRED_MS,
  JSON_TYPE,
  LOGIN,
  LOGOUT,
  LOGOUTS,
  MANAGED,
  PASSWORD,
  post,
  REDEMPTIONS,
  REFRESH,
  signUsersIn,
  THINGS,
} from '../identity.js';
import { rule } from '../suite.js';

/** Longer than `revocationBound`. */
const BOUND_MS = 5 * SECOND + MARGIN;
const SECRET = 'a secret of at least thirty-two characters';

/** @param {string} shared @param {object} [more] @returns {import('../suite.js').Needs} */
const nodes = (shared, more) => ({
  options: { shared, managed: MANAGED, ...more },
  needs: ['nodes', 'link', 'managed', 'api', 'revoke'],
});

/** @typedef {import('../context.js').Cache} Cache */

/** @param {Cache} t @param {Record<string, string>} headers */
const things = async (t, headers) => (await t.fetch(THINGS, { headers })).status;

/** @param {Cache} t */
function redeemed(t) {
  const tokens = t.origin
    .calls(REDEMPTIONS)
    .map(({ body }) => JSON.parse(body.toString()).refresh_token);
  return { times: tokens.length, tokens: new Set(tokens).size };
}

/** A login on a node that the origin's script does not belong to. @param {Cache} t @param {string} name */
async function logIn(t, name) {
  const body = JSON.stringify({ name, password: PASSWORD });
  const response = await t.fetch(LOGIN, { method: 'POST', headers: JSON_TYPE, body });
  if (response.status !== 200) return { status: response.status, response, headers: null };
  const cookie = cookieOf(response);
  return { status: 200, response, headers: { cookie: `${cookie.name}=${cookie.value}` } };
}

/**
 * The status of a request, once it is one of these: 503 says to come again. The clock goes on meanwhile, as where nobody
 * works between requests the log is read by those that come.
 * @param {Cache} t @param {Record<string, string>} headers @param {number} status
 */
async function becomes(t, headers, status) {
  for (let tries = 0; tries < 20; tries += 1) {
    const found = await things(t, headers);
    if (found === status) return;
    await t.advance(SECOND);
    await t.turn();
  }
  assert.equal(await things(t, headers), status);
}

/** @param {number} status */
const isLater = (status) => assert.ok([200, 503].includes(status), `${status}`);
/** @param {number} status */
const isOver = (status) => assert.ok([401, 503].includes(status), `${status}`);

/** Two nodes that hold a session; and the origin behind them. @param {import('../context.js').Context} t */
async function twoNodes(t) {
  const idp = signUsersIn(t);
  const name = t.user();
  const { headers } = await idp.login(name);
  const other = await t.node();
  assert.equal(await things(other, headers), 200);
  return { idp, name, headers, other };
}

export const trouble = [
  rule(
    'R13, R33',
    'a session that a node has not seen yet is served while that node publishes a change of its user',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      const other = await t.node();
      await other.link({ userEventMs: 500 });
      const change = other.api.invalidateUser(`id-${name}`);
      assert.equal(await things(other, headers), 200);
      await change;
    },
    nodes('trouble-publishing'),
  ),

  rule(
    'R24',
    'a node that publishes a change of the user finds the tokens that another has exchanged',
    async (t) => {
      const { name, headers, other } = await twoNodes(t);
      await Promise.all([t.advance(EXPIRED_MS), other.advance(EXPIRED_MS)]);
      assert.equal((await post(t, REFRESH, headers)).status, 200);
      await other.link({ userEventMs: 500 });
      const change = other.api.invalidateUser(`id-${name}`);
      assert.equal(await things(other, headers), 200);
      await change;
      assert.deepEqual(redeemed(t), { times: 1, tokens: 1 });
    },
    nodes('trouble-exchanged'),
  ),

  rule(
    'R24, R33',
    'exchanged tokens that could not be saved at once reach the other nodes, and none is redeemed twice',
    async (t) => {
      const { headers, other } = await twoNodes(t);
      await Promise.all([t.advance(EXPIRED_MS), other.advance(EXPIRED_MS)]);
      await t.link({ failsPutAfter: 1 }); // the intent is announced, the new tokens are not saved
      assert.equal(await things(t, headers), 200);
      await t.advance(BOUND_MS);
      assert.equal(await things(t, headers), 200);
      await t.idle();
      await becomes(other, headers, 200);
      const { times, tokens } = redeemed(t);
      assert.equal(times, tokens);
    },
    nodes('trouble-unsaved'),
  ),

  rule(
    'R31, R33, R34',
    'a store that comes back empty signs nobody out, and nobody in again who has signed out',
    async (t) => {
      const { idp, headers, other } = await twoNodes(t);
      const gone = await idp.login(t.user());
      assert.equal(await things(other, gone.headers), 200);
      assert.equal((await post(t, LOGOUT, gone.headers)).status, 200);
      await other.advance(BOUND_MS);
      isOver(await things(other, gone.headers));
      for (const node of [t, other]) await node.link({ emptied: 1 });
      const cold = await t.node();
      await cold.link({ emptied: 1 });
      isLater(await things(cold, headers));
      for (const node of [t, other]) {
        await node.advance(BOUND_MS);
        await becomes(node, headers, 200);
      }
      await becomes(cold, headers, 200);
      for (const node of [t, other, cold]) isOver(await things(node, gone.headers));
    },
    nodes('trouble-emptied'),
  ),

  rule(
    'R30, R33',
    'a login while the store is away is refused for now, or shared when the store is back',
    async (t) => {
      const { name, headers, other } = await twoNodes(t);
      await t.link({ isCut: true });
      await t.advance(70 * SECOND);
      const login = await logIn(t, name);
      if (login.headers === null) assert.equal(login.status, 503);
      else isLater(await things(other, login.headers));
      await t.link({});
      await t.advance(BOUND_MS);
      await becomes(t, headers, 200);
      const { headers: mine } = login.headers === null ? await logIn(t, name) : login;
      assert.ok(mine !== null);
      await becomes(t, mine, 200);
      await becomes(other, mine, 200);
    },
    nodes('trouble-login'),
  ),

  rule(
    'R23, R33',
    'a revocation whose answer was lost ends no session that began after it, and all from before',
    async (t) => {
      const { name, headers, other } = await twoNodes(t);
      await t.link({ losesAnswers: true });
      await assert.rejects(t.api.revokeUser(`id-${name}`));
      await t.link({ isCut: true });
      await other.advance(BOUND_MS);
      const { headers: after } = await logIn(other, name);
      assert.ok(after !== null);
      await Promise.all([t.advance(BOUND_MS), other.advance(BOUND_MS)]);
      await t.link({});
      for (const node of [t, other, await t.node()]) {
        await becomes(node, after, 200);
        await becomes(node, headers, 401);
      }
    },
    nodes('trouble-told-again'),
  ),

  rule(
    'R23',
    'a webhook message whose change could not be published is 503, and good once more when the store is back',
    async (t) => {
      const { name, headers, other } = await twoNodes(t);
      const body = JSON.stringify({ action: 'revoke', user: `id-${name}` });
      const message = t.dialect.signWebhook({ secret: SECRET, body, timeMs: t.now() });
      const send = () => post(t, message.path, message.headers, body);
      await t.link({ isCut: true });
      assert.equal((await send()).status, 503);
      await t.link({});
      await t.advance(3 * SECOND);
      assert.equal((await send()).status, 204);
      await other.advance(BOUND_MS);
      await becomes(other, headers, 401);
    },
    { ...nodes('trouble-webhook', { webhookSecret: SECRET }) },
  ),

  rule(
    'R10, R31',
    'a node that has missed a piece of the log serves no session that was signed out meanwhile, and every other one',
    async (t) => {
      const { idp, headers, other } = await twoNodes(t);
      const stays = await idp.login(t.user());
      assert.equal(await things(other, stays.headers), 200);
      await other.link({ isCut: true });
      assert.equal((await post(t, LOGOUT, headers)).status, 200);
      await other.advance(BOUND_MS);
      await other.link({ missesLog: true });
      await other.advance(BOUND_MS);
      await becomes(other, headers, 401);
      await becomes(other, stays.headers, 200);
    },
    nodes('trouble-missed'),
  ),

  rule(
    'R32',
    'a node that is cut off answers 503 past the bound, and knows who has signed out when it is back',
    async (t) => {
      const { idp, headers, other } = await twoNodes(t);
      const stays = await idp.login(t.user());
      assert.equal(await things(other, stays.headers), 200);
      await other.link({ isCut: true });
      assert.equal((await post(t, LOGOUT, headers)).status, 200);
      await other.advance(BOUND_MS);
      for (const each of [headers, stays.headers]) assert.equal(await things(other, each), 503);
      await other.link({});
      await other.advance(3 * SECOND);
      await becomes(other, headers, 401);
      await becomes(other, stays.headers, 200);
    },
    nodes('trouble-cut'),
  ),

  rule(
    'R25, R33',
    'a logout that a store refuses to take says so; sessions are served meanwhile, and the logout holds when it is back',
    async (t) => {
      const { idp, headers, other } = await twoNodes(t);
      const stays = await idp.login(t.user());
      await t.link({ refusesWrites: true });
      const { status, response } = await post(t, LOGOUT, headers);
      assert.ok(status === 202 || status === 503, `${status}`);
      if (status === 202) assert.equal(response.headers.get('sesame-pending'), '1');
      else assert.ok(response.headers.has('retry-after'));
      await t.advance(BOUND_MS);
      assert.equal(await things(t, stays.headers), 200);
      isOver(await things(t, headers));
      await t.link({});
      await t.advance(BOUND_MS);
      if (status === 503) assert.equal((await post(t, LOGOUT, headers)).status, 200);
      await becomes(t, stays.headers, 200);
      await t.idle();
      await other.advance(BOUND_MS);
      await becomes(other, headers, 401);
      await becomes(other, stays.headers, 200);
    },
    nodes('trouble-refused'),
  ),

  rule(
    'R10, R31',
    'an answer that the origin began before a revocation is not served after the bound by a node that is cut off',
    async (t) => {
      const [credential, gate] = [bearer(t.user()), createGate()];
      const other = await t.node();
      assert.equal((await t.ask(credential))[0], 200);
      await t.idle();
      t.origin.on(READ, { body: '{"id":"ann"}', after: gate.opened }, { status: 401 });
      const asking = other.api.getSession(credential, { fresh: true }).catch(() => null);
      await t.origin.called(READ, 2);
      await other.link({ isCut: true });
      await t.api.revoke(credential);
      await other.advance(BOUND_MS);
      gate.open();
      assert.equal(await t.soon(asking), null);
    },
    nodes('trouble-late-answer'),
  ),

  rule(
    'R25',
    'a logout on a node with older tokens than another ends the newest ones at the origin',
    async (t) => {
      const { idp, headers, other } = await twoNodes(t);
      await Promise.all([t.advance(EXPIRED_MS), other.advance(EXPIRED_MS)]);
      assert.equal((await post(t, REFRESH, headers)).status, 200);
      const newest = idp.secrets.at(-2);
      assert.equal((await post(other, LOGOUT, headers)).status, 200);
      await other.idle();
      await t.until(() => t.origin.count(LOGOUTS) > 0);
      const [{ headers: sent }] = t.origin.calls(LOGOUTS);
      assert.equal(sent.authorization, `Bearer ${newest}`);
      assert.deepEqual(redeemed(t), { times: 1, tokens: 1 });
    },
    nodes('trouble-older-tokens'),
  ),
];
