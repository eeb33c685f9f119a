// What the verify endpoint and `verify()` tell of a token that is verified (rule R16), beside what the document says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionCache } from 'sesame-edge';
import { ORIGIN, startNodesHearing } from '../support/hearing-nodes.js';
import { bearer } from '../support/http-case.js';
import { CLIENT_ID } from '../support/identity-provider.js';

const headers = { 'x-user-id': '/id', 'x-scope': 'claim:scope', 'x-rank': 'claim:acr' };
const options = { tokens: { issuer: 'https://id.test', audience: CLIENT_ID }, verify: { headers } };
const answer = () => Response.json({ id: 'ada', scope: 'of the document' });

const start = async () => {
  const world = await startNodesHearing({ options, answer });
  const exp = Math.floor(world.clock.now() / 1000) + 60;
  const sign = (/** @type {object} */ claims) =>
    world.provider.sign({ sub: 'ada', sid: 's1', exp, ...claims });
  return { ...world, sign };
};

test('R16: the verify endpoint tells claims of the token beside members of the document, on a hit too', async () => {
  const { sign, first, finish, origin } = await start();
  const token = await sign({ scope: 'read  write', acr: ['list'] });
  for (let time = 0; time < 2; time += 1) {
    const url = 'https://shop.test/api/auth/verify';
    const response = await finish(first.handle(new Request(url, { headers: bearer(token) })));
    assert.equal(response.status, 200);
    const told = ['x-user-id', 'x-scope', 'x-rank'].map((name) => response.headers.get(name));
    assert.deepEqual(told, ['ada', 'read  write', null], 'a list is no header');
  }
  assert.equal(origin.calls.length, 1);
  assert.equal(origin.calls[0].headers.get('x-scope'), null);
});

test('R16: verify() gives the user of a token with those headers, or null', async () => {
  const { sign, first, finish } = await start();
  const session = await finish(first.verify(await sign({ scope: 'read' })));
  assert.equal(session?.user.id, 'ada');
  assert.deepEqual(
    [...(session?.headers ?? [])],
    [
      ['x-scope', 'read'],
      ['x-user-id', 'ada'],
    ],
  );
  const other = await sign({ aud: 'other', scope: 'all' });
  const unverified = await finish(first.verify(other));
  assert.deepEqual([...(unverified?.headers ?? [])], [['x-user-id', 'ada']], 'nothing unverified');
  for (const token of ['', 'a b', 'a\r\nb']) assert.equal(await finish(first.verify(token)), null);
  await finish(first.revokeUser('ada'));
  assert.equal(await finish(first.verify(await sign({ auth_time: 1 }))), null);
});

test('R16: a claim is told of tokens that are verified, and of no others', () => {
  const without = { origin: ORIGIN, verify: { headers } };
  assert.throws(() => new SessionCache(without), /verify\.headers/);
});
