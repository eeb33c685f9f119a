// nginx and HAProxy, told to keep some paths inside: whatever a client writes, what they let through is not read as one of
// those paths (R41).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freePort } from '../support/free-port.js';
import { createPrograms, rawRequest, sendRaw, startHosts, statusOf } from '../support/programs.js';

const LOGIN = '/api/v1/auth/login';
const options = {
  verify: { headers: { 'x-user-id': '/id' } },
  metricsPath: '/metrics',
  managed: {},
};
const programs = createPrograms();
/** @type {{ name: string, port: number }[]} */
const fronts = [];

before(async () => {
  for (const { name, port, origin } of await startHosts(programs, options)) {
    origin.on(`POST ${LOGIN}`, { body: { access_token: 'the-access-token', refresh_token: 'r' } });
    const nginx = await programs.nginx(`server {
      listen 127.0.0.1:PORT;
      location /metrics { return 404; }
      location = ${LOGIN} { return 404; }
      location /api/auth/verify { return 404; }
      location / { proxy_set_header Host $host; proxy_pass http://127.0.0.1:${port}; }
    }`);
    fronts.push({ name: `nginx, ${name}`, port: nginx });
    const haproxy = await freePort();
    const config = programs.write(
      `haproxy-${haproxy}.cfg`,
      `defaults
  mode http
  timeout client 10s
  timeout server 10s
  timeout connect 5s
frontend front
  bind 127.0.0.1:${haproxy}
  http-request deny deny_status 404 if { path_beg /metrics } or { path ${LOGIN} } or { path_beg /api/auth/verify }
  default_backend sesame
backend sesame
  server one 127.0.0.1:${port}
`,
    );
    await programs.start('haproxy', ['-f', config, '-db'], haproxy);
    fronts.push({ name: `HAProxy, ${name}`, port: haproxy });
  }
});
after(() => programs.stop());

/** Ways to write a path so that some parser reads another. @param {string} path @returns {string[]} */
const spellingsOf = (path) => {
  const [first, ...others] = path.slice(1).split('/');
  const rest = others.length > 0 ? `/${others.join('/')}` : '';
  return [
    path,
    `/./${path.slice(1)}`,
    `/x/..${path}`,
    `/x/%2e%2e${path}`,
    `/x/.%2E${path}`,
    `/x\\..${path}`,
    `/\\${path.slice(1)}`,
    `/${first}${rest.replaceAll('/', '\\')}`,
    `//site.test${path}`,
    `/${path}`,
    `/x/..\\${path.slice(1)}`,
    `/%2e${path}`,
  ];
};

const CLOSED = [
  { what: 'metrics', method: 'GET', path: '/metrics', shows: /sesame_checks_total/ },
  { what: 'tokens', method: 'POST', path: LOGIN, shows: /the-access-token/ },
  { what: 'verify', method: 'GET', path: '/api/auth/verify', shows: /x-user-id: id-ada/i },
];

test('R41: what the proxy in front keeps inside is reached by no spelling of its path', async () => {
  const headers = { authorization: 'Bearer ada' };
  const through = [];
  let tries = 0;
  for (const { name, port } of fronts) {
    for (const { what, method, path, shows } of CLOSED) {
      const requests = [
        ...spellingsOf(path).map((target) => rawRequest(method, target, headers)),
        rawRequest(method, '/x', { ...headers, host: `site.test${path}?` }),
        rawRequest(method, `http://site.test/x/..${path}`, headers),
      ];
      for (const bytes of requests) {
        tries += 1;
        const answer = await sendRaw(port, bytes);
        assert.notEqual(statusOf(answer), 0, `${name}: no answer to ${bytes}`);
        if (shows.test(answer)) through.push(`${name}: ${what}: ${bytes.split('\r\n')[0]}`);
      }
    }
  }
  assert.deepEqual(through, [], `${through.length} of ${tries}`);
});

test('R41: and what it lets through is answered', async () => {
  for (const { name, port } of fronts) {
    const answer = await sendRaw(
      port,
      rawRequest('GET', '/api/v1/users/me', { authorization: 'Bearer ada' }),
    );
    assert.ok(answer.includes('id-ada'), `${name}: ${answer}`);
  }
});
