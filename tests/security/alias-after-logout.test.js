// A real PHP with its own sessions, which decodes cookies as it reads them: another spelling of a cookie is the same
// session to it, so it has to be the same to Sesame, before a sign-out and after it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freePort } from '../support/free-port.js';
import { ask, createPrograms, startHosts, statusOf } from '../support/programs.js';

const DOCUMENT = '/api/v1/users/me';

const programs = createPrograms();
/** @type {Awaited<ReturnType<typeof startHosts>>} */
let hosts;
/** @type {number} */
let php;

before(async () => {
  php = await freePort();
  const sessions = `${programs.directory}/sessions`;
  programs.write('sessions/.keep', '');
  const script = programs.write(
    'index.php',
    `<?php
session_save_path('${sessions}');
session_name('session');
session_start();
header('Content-Type: application/json');
header('Cache-Control: max-age=3600');
header_remove('Pragma');
header_remove('Expires');
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/login') { session_regenerate_id(true); $_SESSION['id'] = 'ada'; echo '{}'; exit; }
if ($path === '/logout') { $_SESSION = []; session_destroy(); setcookie('session', '', 1, '/'); echo '{}'; exit; }
if (!isset($_SESSION['id'])) { http_response_code(401); echo '{}'; exit; }
echo json_encode(['id' => $_SESSION['id']]);
`,
  );
  await programs.start('php', ['-S', `127.0.0.1:${php}`, script], php);
  const options = { verify: { headers: { 'x-user-id': '/id' } } };
  hosts = await startHosts(programs, options, `http://127.0.0.1:${php}`);
});
after(() => programs.stop());

/** Spellings of a cookie that PHP reads as the same. @type {((id: string) => string)[]} */
const SPELLINGS = [
  (id) => `session=%${id.charCodeAt(0).toString(16)}${id.slice(1)}`,
  (id) =>
    `session=${id.slice(0, -1)}%${id
      .charCodeAt(id.length - 1)
      .toString(16)
      .toUpperCase()}`,
  (id) => ` session=${id}`,
];

test('R3, R10: a session that was logged out is served under no other spelling of its cookie, nor lets a proxy through', async () => {
  for (const { name, port } of hosts) {
    const login = await ask(port, 'POST', '/login');
    const id = /set-cookie: session=(\w+)/gi;
    const value = [...login.matchAll(id)].at(-1)?.[1] ?? '';
    assert.match(value, /^\w{20,}$/, login);
    for (const spell of SPELLINGS) {
      const direct = await ask(php, 'GET', DOCUMENT, { cookie: spell(value) });
      assert.equal(statusOf(direct), 200, `PHP reads ${spell(value)}`);
      assert.equal(statusOf(await ask(port, 'GET', DOCUMENT, { cookie: spell(value) })), 200, name);
    }
    const logout = await ask(port, 'POST', '/logout', { cookie: `session=${value}` });
    assert.equal(statusOf(logout), 200);
    for (const spell of SPELLINGS) {
      const cookie = spell(value);
      for (const path of [DOCUMENT, '/api/auth/verify']) {
        const answer = await ask(port, 'GET', path, { cookie });
        assert.equal(statusOf(answer), 401, `${name}: ${path} with ${cookie}`);
      }
    }
  }
});
