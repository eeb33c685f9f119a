// More than one document of a user (R17, option `documents`).
import assert from 'node:assert/strict';
import { DOCUMENT } from '../../support/origin.js';
import { bearer, cookie } from '../context.js';
import { rule } from '../suite.js';

const PERMISSIONS = '/api/v1/users/me/permissions';
const WITH_TEAM = `${DOCUMENT}?include=team`;
const options = { documents: [PERMISSIONS, WITH_TEAM] };
const headers = { 'content-type': 'application/json' };

/**
 * An origin whose documents differ from each other, and from version to version.
 * @param {import('../context.js').Context} t
 */
function describe(t) {
  const told = { version: 1 };
  t.origin.on(`GET ${DOCUMENT}`, ({ url }) => {
    const team = url === WITH_TEAM ? { team: 'red' } : {};
    return { headers, body: JSON.stringify({ id: 'ada', ...team, version: told.version }) };
  });
  t.origin.on(`GET ${PERMISSIONS}`, () => ({ headers, body: ` [ "read", ${told.version} ]\n` }));
  return told;
}

/** @param {number} version @returns {[path: string, body: string][]} */
const documentsOf = (version) => [
  [DOCUMENT, `{"id":"ada","version":${version}}`],
  [PERMISSIONS, ` [ "read", ${version} ]\n`],
  [WITH_TEAM, `{"id":"ada","team":"red","version":${version}}`],
];

export const furtherDocuments = [
  rule(
    'R17',
    'each of a user’s documents costs one call, and is answered byte for byte',
    async (t) => {
      describe(t);
      for (const credential of [cookie(t.user()), bearer(t.user())]) {
        const before = t.origin.calls().length;
        for (let time = 0; time < 3; time += 1) {
          for (const [path, body] of documentsOf(1)) {
            const from = time === 0 ? 'origin' : 'fresh';
            assert.deepEqual(await t.ask(credential, path, from), [200, body]);
          }
        }
        assert.equal(t.origin.calls().length - before, 3);
      }
    },
    { options },
  ),

  rule(
    'R17, R26',
    'a write below the document’s path drops all documents of its user',
    async (t) => {
      const told = describe(t);
      const credential = bearer(t.user());
      for (const [path, body] of documentsOf(1)) {
        assert.deepEqual(await t.ask(credential, path), [200, body]);
      }
      told.version = 2;
      t.origin.on(`PUT ${PERMISSIONS}`, { status: 204 });
      assert.equal((await t.write(credential, 'PUT', PERMISSIONS))[0], 204);
      for (const [path, body] of documentsOf(2)) {
        assert.deepEqual(await t.ask(credential, path), [200, body]);
      }
    },
    { options },
  ),

  rule(
    'R17',
    'after a sign-in with the same credential no document of before is answered',
    async (t) => {
      const told = describe(t);
      const credential = cookie(t.user());
      for (const [path, body] of documentsOf(1)) {
        assert.deepEqual(await t.ask(credential, path), [200, body]);
      }
      told.version = 2;
      t.origin.on('POST /login', { status: 204 });
      assert.equal((await t.fetch('/login', { method: 'POST', headers: credential })).status, 204);
      for (const [path, body] of documentsOf(2)) {
        assert.deepEqual(await t.ask(credential, path), [200, body]);
      }
    },
    { options },
  ),

  rule(
    'R17, R31',
    'what ends a session on one node ends all its documents on the others',
    async (t) => {
      describe(t);
      const other = await t.node();
      const credential = cookie(t.user());
      for (const node of [t, other]) {
        for (const [path, body] of documentsOf(1)) {
          assert.deepEqual(await node.ask(credential, path), [200, body]);
        }
      }
      await t.api.revoke(credential);
      await other.advance(5100);
      for (const node of [t, other, await t.node()]) {
        for (const [path] of documentsOf(1)) {
          assert.equal((await node.ask(credential, path))[0], 401);
        }
      }
    },
    { options: { ...options, shared: 'r17' }, needs: ['nodes', 'api'] },
  ),
];
