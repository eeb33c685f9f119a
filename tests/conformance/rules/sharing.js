// Several nodes on one store (R30, R31, and what R22 to R25 say of other nodes). Faults of the link between a node and
// the store are tested where links can be cut: tests/stores.
import assert from 'node:assert/strict';
import { READ } from '../../support/origin.js';
import { bearer, MARGIN, MINUTE, SECOND } from '../context.js';
import {
  EXPIRED_MS,
  LOGOUT,
  MANAGED,
  post,
  REDEMPTIONS,
  REFRESH,
  signUsersIn,
  THINGS,
} from '../identity.js';
import { rule } from '../suite.js';
import { signIn } from '../two-users.js';

/** Longer than `revocationBound`. */
const BOUND_MS = 5 * SECOND + 100;

/** @param {string} shared @param {object} [more] @returns {import('../suite.js').Needs} */
const nodes = (shared, more) => ({ options: { shared, ...more }, needs: ['nodes', 'api'] });

/** @param {string} shared @returns {import('../suite.js').Needs} */
const managedNodes = (shared) => ({
  options: { shared, managed: MANAGED },
  needs: ['nodes', 'managed', 'api'],
});

export const sharing = [
  rule(
    'R30',
    'a node that starts cold finds a live session without an origin call, with the age that it has',
    async (t) => {
      const credential = bearer(t.user());
      const held = await t.ask(credential);
      await t.idle();
      await t.advance(10 * MINUTE);
      const other = await t.node();
      await other.advance(10 * MINUTE);
      assert.deepEqual(await other.ask(credential), held);
      assert.equal(t.origin.count(), 1);
      await other.advance(20 * MINUTE + MARGIN);
      assert.deepEqual(await other.ask(credential), held);
      await t.until(() => t.origin.count() === 2);
    },
    nodes('r30-cold'),
  ),

  rule(
    'R30',
    'of ten nodes that are asked at the same time one asks the origin',
    async (t) => {
      const others = await Promise.all(Array.from({ length: 9 }, () => t.node()));
      const nodes = [t, ...others];
      // All have heard of the store: one that has not, for a second, asks the origin.
      for (const node of [...nodes, ...nodes]) {
        await node.ask(bearer(t.user()));
        await node.advance(3 * SECOND);
      }
      const before = t.origin.count();
      const credential = bearer(t.user());
      const answers = await Promise.all(nodes.map((node) => node.ask(credential)));
      assert.equal(new Set(answers.map(([status, body]) => status + body)).size, 1);
      assert.equal(t.origin.count() - before, 1);
    },
    nodes('r30-at-once'),
  ),

  rule(
    'R30',
    'a node that starts cold finds a managed session and its tokens',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const { headers } = await idp.login(name);
      const other = await t.node();
      assert.deepEqual(await other.ask(headers), [200, idp.documentOf(name)]);
      assert.equal((await other.fetch(THINGS, { headers })).status, 200);
      assert.deepEqual([t.origin.count(), t.origin.count(REDEMPTIONS)], [1, 0]);
    },
    managedNodes('r30-managed'),
  ),

  rule(
    'R31',
    'no node serves a revoked session after revocationBound, or asks the origin for it',
    async (t) => {
      const credential = bearer(t.user());
      const other = await t.node();
      for (const node of [t, other]) assert.equal((await node.ask(credential))[0], 200);
      await t.api.revoke(credential);
      assert.equal((await t.ask(credential))[0], 401);
      await other.advance(BOUND_MS);
      assert.equal((await other.ask(credential))[0], 401);
      const late = await t.node();
      assert.equal((await late.ask(credential))[0], 401); // the store says that it has ended
      assert.equal(t.origin.count(), 1);
    },
    nodes('r31-revoke'),
  ),

  rule(
    'R31',
    'an event of a user reaches the user’s sessions on every node, and no other user’s',
    async (t) => {
      const { phone, laptop, stranger, changed, other } = await signIn(t);
      const node = await t.node();
      for (const headers of [phone, laptop, stranger]) await node.ask(headers);
      await t.api.invalidateUser('ann-1');
      await node.advance(BOUND_MS);
      assert.deepEqual(await node.ask(phone), [200, changed]);
      assert.deepEqual(await node.ask(stranger), [200, other]);
      await node.api.revokeUser('ann-1');
      await t.advance(BOUND_MS);
      for (const each of [t, node]) {
        for (const headers of [phone, laptop]) assert.equal((await each.ask(headers))[0], 401);
        assert.deepEqual(await each.ask(stranger), [200, other]);
      }
    },
    nodes('r31-users'),
  ),

  rule(
    'R23',
    'a user who logs in after a sign-out on another node stays signed in when this node learns of it',
    async (t) => {
      const idp = signUsersIn(t);
      const name = t.user();
      const before = await idp.login(name);
      const other = await t.node();
      await other.api.revokeUser(`id-${name}`);
      const after = await idp.login(name);
      await t.advance(BOUND_MS);
      for (const node of [t, other]) {
        assert.equal((await node.ask(before.headers))[0], 401);
        assert.deepEqual(await node.ask(after.headers), [200, idp.documentOf(name)]);
      }
    },
    managedNodes('r23-again'),
  ),

  rule(
    'R22',
    'an update on one node is the document on every node, without another origin call',
    async (t) => {
      const credential = bearer(t.user());
      const before = '{"id":"ann","plan":"free"}';
      const after = '{"id":"ann","plan":"paid"}';
      t.origin.on(READ, { body: before });
      const other = await t.node();
      for (const node of [t, other]) assert.deepEqual(await node.ask(credential), [200, before]);
      t.origin.on('PATCH /api/v1/users/me', { body: after });
      t.origin.on(READ, { body: after });
      assert.deepEqual(await t.write(credential), [200, after]);
      await other.advance(BOUND_MS);
      assert.deepEqual(await other.ask(credential), [200, after]);
      assert.equal(t.origin.count(), 1);
    },
    nodes('r22-update'),
  ),

  rule(
    'R24',
    'two nodes redeem each refresh token once between them',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      const other = await t.node();
      for (let round = 1; round <= 3; round += 1) {
        await Promise.all([t.advance(EXPIRED_MS), other.advance(EXPIRED_MS)]);
        const answers = await Promise.all(
          [t, other, other, t].map((node) => post(node, REFRESH, headers)),
        );
        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
      }
      const redeemed = t.origin
        .calls(REDEMPTIONS)
        .map(({ body }) => JSON.parse(body.toString()).refresh_token);
      assert.ok(redeemed.length >= 3);
      assert.equal(new Set(redeemed).size, redeemed.length);
    },
    managedNodes('r24-once'),
  ),

  rule(
    'R25',
    'a logout on one node ends the session on every node',
    async (t) => {
      const idp = signUsersIn(t);
      const { headers } = await idp.login(t.user());
      const other = await t.node();
      assert.equal((await other.ask(headers))[0], 200);
      assert.equal((await post(other, LOGOUT, headers)).status, 200);
      await t.advance(BOUND_MS);
      for (const node of [t, other, await t.node()]) {
        assert.equal((await node.ask(headers))[0], 401);
      }
      assert.equal(t.origin.count(), 1);
    },
    managedNodes('r25-everywhere'),
  ),
];
