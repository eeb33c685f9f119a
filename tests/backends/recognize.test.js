// R84: each real back end is recognised by what it answers to anybody, and `init` and `serve` propose its preset.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { recognizeBackend } from '../../edge_worker/serve/recognize-backend.js';
import { createOrigin } from '../../examples/origin/server.mjs';
import { runCli, startCli } from '../support/cli.js';
import { freePort } from '../support/free-port.js';
import { startDjango } from './django-site/start.js';
import { startFastApi } from './fastapi-site/start.js';
import { startFlask } from './flask-site/start.js';
import { startAuthJs } from './npm/auth-js-server.js';
import { startBetterAuth } from './npm/better-auth-server.js';
import { startExpressSession } from './npm/express-session-server.js';
import { startFastifySession } from './npm/fastify-session-server.js';
import { startIronSession } from './npm/iron-session-server.js';
import { startOidcProvider } from './npm/oidc-provider-server.js';
import { startPhp } from './php-site/start.js';
import { startRails } from './rails-site/start.js';
import { startAspNet } from './stand-ins/aspnet.js';
import { startKeycloak } from './stand-ins/keycloak.js';
import { startKratos } from './stand-ins/kratos.js';
import { startLaravel } from './stand-ins/laravel.js';
import { startSpring } from './stand-ins/spring.js';
import { startSupabase } from './stand-ins/supabase.js';

/** @type {{ backend: string, start: () => Promise<{ url: string, close(): Promise<void> }>, options: object }[]} */
const BACK_ENDS = [
  {
    backend: 'better-auth',
    start: () => startBetterAuth({ publicUrl: 'http://localhost' }),
    options: {},
  },
  {
    backend: 'auth.js',
    start: () => startAuthJs({ strategy: 'jwt' }),
    options: { documentPath: '/auth/session' },
  },
  { backend: 'django', start: () => startDjango(), options: {} },
  { backend: 'rails', start: startRails, options: { cookie: '_site_session' } },
  { backend: 'express-session', start: () => startExpressSession(), options: {} },
  { backend: '@fastify/session', start: () => startFastifySession(), options: {} },
  {
    backend: 'oidc-provider',
    start: () => startOidcProvider({ publicUrl: 'http://localhost' }),
    options: {},
  },
];

/** The same, with names and paths of the application's own. @type {typeof BACK_ENDS} */
const VARIANTS = [
  {
    backend: 'express-session',
    start: () => startExpressSession({ name: 'sid' }),
    options: { cookie: 'sid' },
  },
  {
    backend: 'oidc-provider',
    start: () => startOidcProvider({ publicUrl: 'http://localhost', mountedAt: '/oidc' }),
    options: { documentPath: '/oidc/me' },
  },
  { backend: 'fastapi', start: () => startFastApi(), options: {} },
  { backend: 'php', start: startPhp, options: {} },
  { backend: 'flask-login', start: () => startFlask({ SITE_PERMANENT: '1' }), options: {} },
  { backend: 'laravel', start: startLaravel, options: {} },
  { backend: 'supabase', start: startSupabase, options: {} },
  { backend: 'kratos', start: startKratos, options: {} },
  { backend: 'keycloak', start: startKeycloak, options: {} },
  { backend: 'aspnet', start: () => startAspNet(), options: {} },
  { backend: 'spring', start: () => startSpring(), options: {} },
];

for (const { backend, start, options } of BACK_ENDS) {
  describe(`R84: a real ${backend}`, () => {
    /** @type {Awaited<ReturnType<typeof start>>} */
    let running;
    /** @type {string} */
    let directory;
    before(async () => {
      running = await start();
      directory = await mkdtemp(path.join(tmpdir(), 'sesame-recognize-'));
      await writeFile(path.join(directory, 'package.json'), '{}');
    });
    after(async () => {
      await running?.close();
      await rm(directory, { recursive: true });
    });

    test('is recognised without a credential', async () => {
      const found = await recognizeBackend(running.url);
      assert.equal(found?.backend, backend);
      assert.deepEqual(found?.options, options);
    });

    test('has its preset written by init', async () => {
      const { code, stdout } = await runCli(['init', '--origin', running.url, '--dry-run'], {
        cwd: directory,
      });
      assert.equal(code, 0);
      assert.match(stdout[1], RegExp(`^back end: ${backend} \\(.+\\)$`));
      const text = stdout.join('\n');
      for (const [name, value] of Object.entries({ backend, ...options })) {
        assert.ok(text.includes(`${name}: '${value}',`), `${name} in ${text}`);
      }
    });

    test('has its preset proposed by serve, which says nothing where one is given', async () => {
      const args = ['serve', '--origin', running.url, '--port', '0'];
      const cli = startCli(args);
      await cli.line('stdout', RegExp(`^the back end looks like ${backend}: .+`));
      const [, proposed] = await cli.line('stdout', /--config: (.+)$/);
      assert.deepEqual(JSON.parse(`{${proposed}}`), { backend, ...options });
      cli.child.kill('SIGTERM');
      await cli.closed;

      const given = startCli([...args, '--backend', backend]);
      await given.line('stdout', /^listening on/);
      given.child.kill('SIGTERM');
      assert.equal((await given.closed).code, 0);
      assert.equal(given.stdout.filter((line) => line.includes('looks like')).length, 0);
    });
  });
}

for (const { backend, start, options } of VARIANTS) {
  test(`R84: ${backend} is recognised with ${JSON.stringify(options)}`, async () => {
    const running = await start();
    try {
      const found = await recognizeBackend(running.url);
      assert.equal(found?.backend, backend);
      assert.deepEqual(found?.options, options);
    } finally {
      await running.close();
    }
  });
}

test('R84: iron-session tells nothing of itself to whoever is not signed in', async () => {
  const running = await startIronSession();
  try {
    assert.equal(await recognizeBackend(running.url), null);
  } finally {
    await running.close();
  }
});

test('R84: a back end that is none of them, or away, is not taken for one', async () => {
  const origin = createOrigin({ delayMs: 0 });
  const url = await origin.listen();
  try {
    assert.equal(await recognizeBackend(url), null);
  } finally {
    await origin.close();
  }
  assert.equal(await recognizeBackend(`http://127.0.0.1:${await freePort()}`), null);
});
