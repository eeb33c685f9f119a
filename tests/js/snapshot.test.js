// R52: a snapshot restores to the same answers, or is refused whole.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SessionCache } from 'sesame-edge';

const NOW = Date.UTC(2026, 0, 1);
const SECRET = '000102030405060708090a0b0c0d0e0f';

/** @param {object} [options] */
function makeCache(options = {}) {
  const state = { now: NOW, calls: 0 };
  const cache = new SessionCache(
    { origin: 'http://origin.test', secret: SECRET, ...options },
    {
      now: () => state.now,
      fetch: async (_, init) => {
        state.calls += 1;
        const credential = new Headers(init?.headers).get('authorization') ?? '';
        const name = credential.replace(/^Bearer (.*\.)?/, '');
        return name.startsWith('no')
          ? new Response('{"error":"no"}', { status: 401 })
          : new Response(JSON.stringify({ id: name, name: `${name} أدا`, calls: state.calls }));
      },
    },
  );
  return { cache, state };
}

/** @param {string} name */
const request = (name) => ({ headers: { authorization: `Bearer ${name}` } });

/** @param {AsyncIterable<Uint8Array>} stream */
async function bytesOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** @param {number} count */
async function filled(count) {
  const made = makeCache();
  for (let user = 0; user < count; user += 1) await made.cache.getSession(request(`user-${user}`));
  return made;
}

const isSnapshotError = { code: 'ERR_SESAME_SNAPSHOT' };

describe('snapshots', () => {
  test('R52: it restores to the same answers, without the origin', async () => {
    const before = await filled(3000);
    await before.cache.getSession(request('no-one'));
    before.cache.revoke(request('user-7'));
    const snapshot = await bytesOf(before.cache.snapshot());

    const after = makeCache();
    assert.equal(await after.cache.restore(snapshot), before.cache.statistics().entries);
    for (let user = 0; user < 3000; user += 1) {
      const asked = request(`user-${user}`);
      assert.deepEqual(await after.cache.getSession(asked), await before.cache.getSession(asked));
    }
    assert.equal(await after.cache.getSession(request('user-7')), null, 'R8: revoked');
    assert.equal(await after.cache.getSession(request('no-one')), null);
    assert.equal(after.state.calls, 0);
    before.state.now = after.state.now = NOW + 31 * 60_000;
    await after.cache.getSession(request('user-1'));
    assert.equal(after.cache.statistics().stale, 1, 'as old as it was');
  });

  test('R52: bytes, buffers, streams and iterables, cut anywhere', async () => {
    const { cache } = await filled(200);
    const bytes = new Uint8Array(await bytesOf(cache.snapshot()));
    const pieces = async function* () {
      for (let start = 0; start < bytes.length; start += 7) yield bytes.subarray(start, start + 7);
    };
    const stream = new Blob([bytes]).stream();
    for (const source of [bytes, bytes.buffer, stream, pieces()]) {
      const { cache: other } = makeCache();
      assert.equal(await other.restore(source), 200);
    }
  });

  test('R52: cut off, altered, lengthened, or of another secret or configuration: refused whole', async () => {
    const { cache } = await filled(100);
    cache.revoke(request('user-3'));
    const bytes = await bytesOf(cache.snapshot());
    const altered = (/** @type {number} */ at) => {
      const copy = Buffer.from(bytes);
      copy[at] ^= 1;
      return copy;
    };
    const cut = [0, 1, 19, 20, bytes.length - 1];
    const places = [0, 4, 20, 40, bytes.length >> 1, bytes.length - 1];
    /** @type {[Buffer, object?][]} */
    const wrong = [
      ...cut.map((length) => /** @type {[Buffer]} */ ([bytes.subarray(0, length)])),
      ...places.map((at) => /** @type {[Buffer]} */ ([altered(at)])),
      [Buffer.concat([bytes, Buffer.from([0])])],
      [Buffer.concat([bytes, bytes])],
      [bytes, { secret: SECRET.replace('0f', '10') }],
      [bytes, { origin: 'http://elsewhere.test' }],
      [bytes, { fields: ['id'] }],
    ];
    for (const [source, options] of wrong) {
      const { cache: other, state } = makeCache(options);
      await assert.rejects(other.restore(source), isSnapshotError);
      assert.equal(other.statistics().entries, 0);
      const session = await other.getSession(request('user-3'));
      assert.equal(session?.user.id, 'user-3', 'not even a revocation is left of it');
      assert.equal(state.calls, 1);
      await other.getSession(request('user-3'));
      assert.ok(state.calls <= 2, 'and the cache works');
    }
  });

  test('R52: a cache in which something has happened is not restored over', async () => {
    const { cache } = await filled(3);
    const bytes = await bytesOf(cache.snapshot());
    const used = await filled(1);
    await assert.rejects(used.cache.restore(bytes), isSnapshotError);
    const revoked = makeCache();
    revoked.cache.revokeUser('user-1');
    await assert.rejects(revoked.cache.restore(bytes), isSnapshotError);
    assert.equal((await revoked.cache.getSession(request('user-1')))?.user.id, 'user-1');
  });

  test('R10, R52: what changes while it is written is left out of it', async () => {
    const { cache } = await filled(5000);
    const stream = cache.snapshot();
    const reader = stream.getReader();
    const chunks = [(await reader.read()).value ?? assert.fail('a snapshot has a beginning')];
    cache.revoke(request('user-10'));
    cache.revokeUser('user-20');
    cache.invalidateUser('user-30');
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
    }
    assert.ok(chunks.length > 3, 'in several steps');
    const after = makeCache();
    await after.cache.restore(Buffer.concat(chunks));
    assert.equal(await after.cache.getSession(request('user-10')), null);
    assert.equal(after.state.calls, 0);
    await after.cache.getSession(request('user-20'));
    await after.cache.getSession(request('user-30'));
    assert.equal(after.state.calls, 2, 'the origin decides');
    assert.ok(after.cache.statistics().entries > 4900);
  });

  test('R23, R52: events after a restore reach what was restored', async () => {
    const { cache } = await filled(10);
    for (let i = 0; i < 50; i += 1) cache.invalidateUser(`somebody-${i}`);
    await cache.getSession({ headers: { authorization: 'Bearer late' } });
    const after = makeCache();
    await after.cache.restore(await bytesOf(cache.snapshot()));
    after.cache.revokeUser('late');
    after.cache.revokeUser('user-1');
    assert.equal(await after.cache.getSession(request('late')), null);
    assert.equal(await after.cache.getSession(request('user-1')), null);
    assert.equal(after.state.calls, 0);
  });

  test('a source that fails leaves an empty cache that can be written and restored', async () => {
    const { cache } = await filled(2000);
    const bytes = await bytesOf(cache.snapshot());
    const failing = async function* (/** @type {number} */ length) {
      yield bytes.subarray(0, length);
      throw new Error('no such file');
    };
    for (const length of [0, bytes.length >> 1]) {
      const { cache: other, state } = makeCache();
      await assert.rejects(other.restore(failing(length)), { message: 'no such file' });
      assert.equal(other.statistics().entries, 0);
      for (let call = 0; call < 300; call += 1) await other.getSession(request('user-1'));
      assert.ok(state.calls < 200, 'it holds sessions again after a while');
      const again = makeCache();
      assert.equal(await again.cache.restore(await bytesOf(other.snapshot())), 1);
    }
  });

  test('R2: no credential is in it', async () => {
    const { cache } = makeCache();
    await cache.getSession(request('a-secret-token.ada'));
    const bytes = await bytesOf(cache.snapshot());
    assert.ok(bytes.includes('ada'));
    assert.equal(bytes.includes('secret-token'), false);
    assert.equal(bytes.includes(Buffer.from(SECRET, 'hex')), false);
  });

  test('two at once, no secret, managed sessions: each its own error', async () => {
    const { cache } = await filled(10);
    const first = cache.snapshot();
    assert.throws(() => cache.snapshot(), { code: 'ERR_SESAME_SNAPSHOT_BUSY' });
    await assert.rejects(cache.restore(new Uint8Array()), { code: 'ERR_SESAME_SNAPSHOT_BUSY' });
    await first.cancel();
    assert.ok((await bytesOf(cache.snapshot())).length > 0, 'a cancelled one makes way');
    const { cache: keyless } = makeCache({ secret: undefined });
    assert.throws(() => keyless.snapshot(), { code: 'ERR_SESAME_CONFIG' });
    const { cache: managed } = makeCache({
      managed: { loginPath: '/login', refreshPath: '/refresh' },
    });
    assert.throws(() => managed.snapshot(), isSnapshotError);
    for (const secret of ['', 'x'.repeat(32), '00'.repeat(15), new Uint8Array(15), 7]) {
      assert.throws(() => makeCache({ secret }), { code: 'ERR_SESAME_CONFIG' });
    }
  });
});
