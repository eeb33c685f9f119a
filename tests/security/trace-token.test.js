// A real Apache httpd, whose TRACE is on as it comes: it sends back the request as it got it, the token that Sesame has
// lent to it among it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { freePort } from '../support/free-port.js';
import { createOrigin } from '../support/origin.js';
import { ask, createPrograms, startHosts, statusOf } from '../support/programs.js';

const MODULES = '/usr/lib/apache2/modules';
const TOKEN = 'the-access-token';
const programs = createPrograms();
/** @type {Awaited<ReturnType<typeof startHosts>>} */
let hosts;
/** @type {number} */
let apache;

before(async () => {
  const origin = await createOrigin();
  programs.onStop(() => origin.stop());
  origin.on('POST /api/v1/auth/login', {
    body: { access_token: TOKEN, refresh_token: 'r', expires_in: 3600 },
  });
  apache = await freePort();
  const loaded = ['mpm_event', 'authz_core', 'proxy', 'proxy_http']
    .filter((name) => existsSync(`${MODULES}/mod_${name}.so`))
    .map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`);
  const config = programs.write(
    'apache.conf',
    `ServerRoot ${programs.directory}
PidFile ${programs.directory}/apache.pid
ErrorLog ${programs.directory}/apache.log
ServerName localhost
Listen 127.0.0.1:${apache}
${loaded.join('\n')}
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
ProxyPass /api/v1/auth ${origin.url}/api/v1/auth
ProxyPass /api/v1/users ${origin.url}/api/v1/users
`,
  );
  await programs.start('apache2', ['-X', '-f', config], apache);
  hosts = await startHosts(programs, { managed: {} }, `http://127.0.0.1:${apache}`);
});
after(() => programs.stop());

test('R41: TRACE gives nobody the access token of a managed session', async () => {
  const direct = await ask(apache, 'TRACE', '/api/v1/files/', { authorization: 'Bearer mine' });
  assert.match(direct, /Bearer mine/, 'Apache sends back what it is sent');
  for (const { name, port } of hosts) {
    const login = await ask(port, 'POST', '/api/auth/login', {}, '{}');
    const cookie = /set-cookie: (__Host-session=[^;]+)/i.exec(login)?.[1];
    assert.ok(cookie, `${name}: ${login}`);
    for (const method of ['TRACE', 'trace', 'CONNECT', 'TRACK']) {
      const answer = await ask(port, method, '/api/v1/files/', { cookie });
      assert.ok(!answer.includes(TOKEN), `${name}: ${method}`);
      if (method !== 'TRACK') assert.ok(statusOf(answer) >= 400 || statusOf(answer) === 0, answer);
    }
  }
});
