// The option `schema`: a document is held against a validator before it is kept (rule R13).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type } from 'arktype';
import { ConfigError, SessionCache } from 'sesame-edge';
import * as v from 'valibot';
import { z } from 'zod';

const ORIGIN = 'http://origin.test';
const PATH = '/api/v1/users/me';
const request = { headers: { cookie: 'session=ada' } };

/**
 * A cache in front of an origin that answers what it is told, on a clock of its own.
 * @param {any} schema
 * @param {string} text the document
 */
function start(schema, text) {
  const world = { text, now: 1_750_000_000_000, calls: 0 };
  /** @type {any[]} */
  const lines = [];
  /** @type {string[]} */
  const warnings = [];
  const sessions = new SessionCache(
    { origin: ORIGIN, schema },
    {
      now: () => world.now,
      monotonic: () => world.now,
      log: (entry) => void lines.push(entry),
      warn: (line) => void warnings.push(line),
      fetch: async () => {
        world.calls += 1;
        return new Response(world.text, { headers: { 'content-type': 'application/json' } });
      },
    },
  );
  return { sessions, world, lines, warnings };
}

const SCHEMAS = {
  zod: z.object({ id: z.string(), role: z.string().default('member') }),
  valibot: v.object({ id: v.string(), role: v.optional(v.string(), 'member') }),
  ArkType: type({ id: 'string', role: 'string = "member"', '+': 'delete' }),
};

for (const [library, schema] of Object.entries(SCHEMAS)) {
  describe(`the option schema with ${library}`, () => {
    test('R13: what the validator gives is kept and served', async () => {
      const { sessions, world } = start(schema, '{"id":"1","hidden":"x"}');
      assert.deepEqual((await sessions.getSession(request))?.user, { id: '1', role: 'member' });
      assert.equal(sessions.checkText('session=ada'), '{"id":"1","role":"member"}');
      const response = await sessions.handle(new Request(ORIGIN + PATH, request));
      assert.equal(await response.text(), '{"id":"1","role":"member"}');
      assert.equal(world.calls, 1);
    });

    test('R13: what does not fit is a failure, is counted and told, and signs nobody out', async () => {
      const { sessions, world, lines, warnings } = start(schema, '{"id":1,"role":"secret-role"}');
      await assert.rejects(sessions.getSession(request), {
        code: 'ERR_SESAME_ORIGIN_UNAVAILABLE',
      });
      assert.equal(sessions.statistics().documentsMisfit, 1);
      assert.match(sessions.prometheusText(), /^sesame_documents_misfit_total 1$/m);
      assert.deepEqual(
        lines.filter(({ event }) => event === 'origin').map(({ failure }) => failure),
        ['does not fit the schema'],
      );
      assert.deepEqual(warnings, [
        "sesame-edge: the origin's document does not fit the option schema at /id, which counts as a failure of the origin: change the schema, or what the origin answers",
      ]);
      assert.ok(!JSON.stringify(lines).includes('secret-role'));
      world.text = '{"id":"1"}';
      world.now += 60_000;
      assert.equal((await sessions.getSession(request))?.user.id, '1');
    });
  });
}

test('R7: where the validator changes nothing, the origin’s bytes are served as they are', async () => {
  const text = '{ "id": "1",  "role":"admin" }';
  const { sessions } = start(SCHEMAS.zod, text);
  await sessions.getSession(request);
  assert.equal(sessions.checkText('session=ada'), text);
});

test('R13: a held document is served while what the origin answers does not fit', async () => {
  const { sessions, world } = start(SCHEMAS.zod, '{"id":"1"}');
  await sessions.getSession(request);
  world.text = '{"id":2}';
  world.now += 61 * 60_000; // past keepFor, within staleIfError
  const { user, source } = await sessions.identify(request);
  assert.deepEqual([user?.id, source], ['1', 'stale']);
});

test('R13: validators may answer later; one that throws or rejects fits nothing', async () => {
  const later = z.object({ id: z.string() }).transform(async ({ id }) => ({ id: `user-${id}` }));
  const { sessions } = start(later, '{"id":"1"}');
  assert.equal((await sessions.getSession(request))?.user.id, 'user-1');
  const failing = {
    throws: () => {
      throw new Error('broken');
    },
    rejects: async () => Promise.reject(new Error('broken')),
    'gives no object': () => ({ value: 'text' }),
  };
  for (const [how, validate] of Object.entries(failing)) {
    const broken = start({ '~standard': { version: 1, vendor: 'test', validate } }, '{"id":"1"}');
    await assert.rejects(
      broken.sessions.getSession(request),
      { code: 'ERR_SESAME_ORIGIN_UNAVAILABLE' },
      how,
    );
    assert.equal(broken.sessions.statistics().documentsMisfit, 1, how);
  }
});

test('R22: an update’s answer is held against the schema as well', async () => {
  const { sessions, world } = start(SCHEMAS.zod, '{"id":"1","role":"admin"}');
  await sessions.getSession(request);
  world.text = '{"id":"1","role":"owner","hidden":"x"}';
  const session = await sessions.updateUser(request, { role: 'owner' });
  assert.deepEqual(session?.user, { id: '1', role: 'owner' });
  assert.equal(world.calls, 2);
  world.text = '{"id":"1","role":7}';
  await assert.rejects(sessions.updateUser(request, { role: 7 }), {
    code: 'ERR_SESAME_ORIGIN_UNAVAILABLE',
  });
  assert.equal(sessions.checkText('session=ada'), null, 'neither the old one nor the misfit');
});

test('R12: a no of the origin is not held against the schema', async () => {
  const { sessions } = start(SCHEMAS.zod, 'null');
  assert.equal(await sessions.getSession(request), null);
  assert.equal(sessions.statistics().documentsMisfit, 0);
});

test('what is no validator is refused', () => {
  for (const schema of [{}, 'zod', { '~standard': {} }, () => true]) {
    assert.throws(
      () => start(schema, '{}'),
      (error) =>
        error instanceof ConfigError &&
        error.faults.map(({ option }) => option).join() === 'schema',
    );
  }
});
