// `sesame-edge init`, in real projects: what it writes is there, parses, and works.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  access,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { NextRequest } from 'next/server.js';
import { createOrigin } from '../../examples/origin/server.mjs';
import { PASSWORD } from '../../examples/origin/users.mjs';
import { runCli } from '../support/cli.js';

const TOP = fileURLToPath(new URL('../../', import.meta.url));
const ME = '/api/v1/users/me';

/** @type {string} */
let directory;
const origin = createOrigin({ delayMs: 0 });
/** @type {string} */
let originUrl;
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sesame-init-test-'));
  originUrl = await origin.listen();
});
after(async () => {
  await origin.close();
  await rm(directory, { recursive: true });
});

/**
 * A project in which the package is installed.
 * @param {string} name
 * @param {Record<string, string | object>} files
 */
async function project(name, files) {
  const where = path.join(directory, name);
  await mkdir(path.join(where, 'node_modules'), { recursive: true });
  await symlink(TOP, path.join(where, 'node_modules', 'sesame-edge'));
  for (const [file, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(where, file)), { recursive: true });
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    await writeFile(path.join(where, file), text);
  }
  return where;
}

/** @param {string} cwd @param {string[]} args */
const init = (cwd, ...args) => runCli(['init', ...args], { cwd });

/** Everything in a project but what is installed. @param {string} where @param {RegExp} [wanted] */
async function filesIn(where, wanted = /./) {
  const all = await readdir(where, { recursive: true });
  return all.filter((file) => !file.startsWith('node_modules') && wanted.test(file)).sort();
}

/** @param {string} where @param {string} file */
const load = (where, file) => import(pathToFileURL(path.join(where, file)).href);

async function logIn() {
  const body = JSON.stringify({ email: 'omar@example.com', password: PASSWORD });
  const answer = await fetch(`${originUrl}/api/v1/auth/login`, { method: 'POST', body });
  const { access_token } = /** @type {any} */ (await answer.json());
  return { authorization: `Bearer ${access_token}` };
}

const calls = () => origin.calls.get(`GET ${ME}`) ?? 0;

describe('sesame-edge init', () => {
  for (const [framework, isModule] of /** @type {[string | null, boolean][]} */ ([
    [null, true],
    [null, false],
    ['express', true],
    ['hono', true],
    ['fastify', false],
  ])) {
    const title = `${framework ?? 'none'}, ${isModule ? 'a module' : 'CommonJS'}`;
    test(`Node (${title}): a session check is answered from cache`, async () => {
      const dependencies = framework ? { [framework]: '*' } : {};
      const where = await project(`node-${framework}-${isModule}`, {
        'package.json': { dependencies, ...(isModule && { type: 'module' }) },
      });
      const { code, stdout, stderr } = await init(where, '--origin', originUrl);
      assert.deepEqual([code, stderr, stdout[0]], [0, [], 'host: node']);
      const file = isModule ? 'sesame.config.js' : 'sesame.config.mjs';
      assert.deepEqual(await filesIn(where), ['package.json', file].sort());
      const text = await readFile(path.join(where, file), 'utf8');
      assert.match(
        text.toLowerCase(),
        framework ? RegExp(`= (new )?${framework}\\(`) : /createserver\(/,
      );

      const { answerSessionChecks, sessions } = await load(where, file);
      const server = http.createServer((request, response) =>
        answerSessionChecks(request, response, () => response.end(`page ${request.url}`)),
      );
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      const url = `http://127.0.0.1:${port}`;
      try {
        const headers = await logIn();
        const before = calls();
        for (let i = 0; i < 3; ++i) {
          const answer = await fetch(url + ME, { headers });
          assert.deepEqual(await answer.json(), origin.user('omar@example.com'));
        }
        assert.equal(calls() - before, 1);
        const body = JSON.stringify({ name: `Omar ${framework}` });
        const patched = await fetch(url + ME, { method: 'PATCH', headers, body });
        assert.equal(patched.status, 200);
        const session = await (await fetch(`${url}/api/auth/session`, { headers })).json();
        assert.equal(/** @type {any} */ (session).user.name, `Omar ${framework}`);
        assert.equal(calls() - before, 1);
        assert.equal(await (await fetch(`${url}/inbox`)).text(), 'page /inbox');
      } finally {
        server.close();
        server.closeAllConnections();
        sessions.dispose();
      }
    });
  }

  for (const [wrangler, content, said] of /** @type {[string, string, RegExp][]} */ ([
    ['wrangler.toml', 'name = "app"\n', /wrangler.toml: main = "sesame\/worker.js"/],
    ['wrangler.jsonc', '{ /* ours */ }', /wrangler.jsonc: "main": "sesame\/worker.js"/],
    ['wrangler.json', '{}', /wrangler.json: "main": "sesame\/worker.js"/],
  ])) {
    test(`Cloudflare (${wrangler}): the worker answers from cache`, async () => {
      const where = await project(wrangler, {
        [wrangler]: content,
        'package.json': { type: 'module', dependencies: { next: '*' } },
      });
      const { code, stdout } = await init(where, '--origin', originUrl);
      assert.deepEqual([code, stdout[0]], [0, 'host: cloudflare']);
      assert.match(stdout.join('\n'), said);
      assert.equal(await readFile(path.join(where, wrangler), 'utf8'), content);
      const { default: worker } = await load(where, 'sesame/worker.js');
      const headers = await logIn();
      const before = calls();
      for (let i = 0; i < 2; ++i) {
        const request = new Request(`https://app.example.com${ME}`, { headers });
        const answer = await worker.fetch(request, {}, { waitUntil() {} });
        assert.deepEqual(await answer.json(), origin.user('omar@example.com'));
      }
      assert.equal(calls() - before, 1);
    });
  }

  for (const [name, page, base] of [
    ['next', 'app/page.jsx', ''],
    ['next-src', 'src/app/page.jsx', 'src/'],
  ]) {
    test(`Next.js (${page}): the handlers answer from cache, the proxy turns away`, async () => {
      const where = await project(name, {
        'package.json': { type: 'module', dependencies: { next: '*' } },
        [page]: 'export default () => null;',
      });
      const dry = await init(where, '--dry-run');
      const todo = dry.stdout.join('\n');
      assert.match(todo, /Put the URL of your back end where it says api.example.com/);
      const { code, stdout } = await init(where, '--origin', originUrl);
      assert.deepEqual([code, stdout[0]], [0, 'host: next']);
      const route = path.join(base, 'app/api/auth/[...sesame]/route.js');
      const written = [path.join(base, 'lib/sesame.js'), route];
      assert.deepEqual(await filesIn(where, /\.js$/), written.sort());

      const { GET, POST, ...others } = await load(where, route);
      assert.deepEqual([typeof POST, others], ['function', {}]);
      const headers = await logIn();
      const before = calls();
      for (let i = 0; i < 3; ++i) {
        const answer = await GET(new Request('http://app/api/auth/session', { headers }));
        assert.equal((await answer.json()).user.email, 'omar@example.com');
      }
      assert.equal(calls() - before, 1);

      // What it says is left to do, done.
      const at = stdout.findIndex((line) => line.includes(`in ${base}proxy.js:`));
      const text = stdout.slice(at + 1, at + 4).join('\n');
      await writeFile(path.join(where, base, 'proxy.js'), text);
      const { proxy, config } = await load(where, path.join(base, 'proxy.js'));
      assert.deepEqual(config.matcher, ['/account/:path*']);
      const event = { waitUntil() {} };
      const visit = async (/** @type {HeadersInit} */ sent) =>
        (await proxy(new NextRequest('http://app/account', { headers: sent }), event)).status;
      assert.deepEqual([await visit({}), await visit(headers)], [307, 200]);
      assert.equal(calls() - before, 1);
    });
  }

  test('never overwrites: with one file there, nothing is written', async () => {
    const route = 'app/api/auth/[...sesame]/route.js';
    const where = await project('taken', {
      'package.json': { dependencies: { next: '*' } },
      [route]: '// mine',
    });
    const before = await filesIn(where);
    const { code, stdout, stderr } = await init(where);
    assert.deepEqual([code, stdout], [1, []]);
    const said = `sesame-edge: ${route} is there already; nothing was written (ERR_SESAME_INIT_EXISTS)`;
    assert.deepEqual(stderr, [said]);
    assert.deepEqual(await filesIn(where), before);
    assert.equal(await readFile(path.join(where, route), 'utf8'), '// mine');
  });

  test('what cannot be written takes back what was', async () => {
    const where = await project('half', {
      'package.json': { dependencies: { next: '*' } },
      app: '',
    });
    const { code, stderr } = await init(where); // app is a file: nothing can be below it
    assert.equal(code, 1);
    assert.match(stderr[0], /\(ERR_SESAME_WRITE\)$/);
    await assert.rejects(access(path.join(where, 'lib/sesame.js')));
  });

  test('--dry-run prints and writes nothing; --host and --dir override', async () => {
    const where = await project('dry', { 'package.json': {} });
    const args = ['--dry-run', '--host', 'cloudflare', '--dir', where, '--origin', originUrl];
    const { code, stdout } = await init(directory, ...args);
    assert.equal(code, 0);
    assert.ok(stdout.includes('--- sesame/worker.js'));
    assert.ok(stdout.includes(`  origin: '${originUrl}',`));
    assert.deepEqual(await filesIn(where), ['package.json']);
  });

  test('refuses what it does not understand', async () => {
    const empty = await project('empty', {});
    const { code, stderr } = await init(empty);
    assert.equal(code, 1);
    assert.match(stderr[0], /say --host \(ERR_SESAME_INIT_NO_PROJECT\)$/);
    for (const [args, said] of /** @type {[string[], RegExp][]} */ ([
      [['--host', 'deno'], /--host must be cloudflare, next, node, not 'deno'/],
      [['--origin', "https://a/'"], /--origin must be/],
      [['--force'], /Unknown option '--force'/],
      [['here'], /Unexpected argument 'here'/],
    ])) {
      const refused = await init(empty, ...args);
      assert.deepEqual([refused.code, refused.stdout], [2, []]);
      assert.match(refused.stderr[0], said);
    }
    assert.deepEqual(await filesIn(empty), []);
  });
});
