// The documentation's own nginx configuration for forward authentication: nobody says by himself who he is, and no
// request gets past the question who makes it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { createPrograms, rawRequest, sendRaw, startHosts, statusOf } from '../support/programs.js';

const SITE = new URL('../../examples/forward-auth/nginx.conf', import.meta.url);
const options = { verify: { headers: { 'x-user-id': '/id', 'x-user-email': '/email' } } };
const programs = createPrograms();
/** What the application was told. @type {{ url: string, rawHeaders: string[], headers: http.IncomingHttpHeaders }[]} */
const told = [];
/** @type {{ name: string, port: number }[]} */
const fronts = [];

const DOCUMENTS = /** @type {Record<string, object>} */ ({
  ada: { id: '1', email: 'ada@example.com' },
  nulled: { id: null, email: '' },
  evil: { id: '2\r\nX-User-Id: 7', email: 'a,b "c"\u0000é' },
});

before(async () => {
  const application = http.createServer((request, response) => {
    const { url = '', rawHeaders, headers } = request;
    told.push({ url, rawHeaders, headers });
    request.resume().on('end', () => response.end(`let in as ${headers['x-user-id']}`));
  });
  await once(application.listen(0, '127.0.0.1'), 'listening');
  programs.onStop(() => application.close().closeAllConnections());
  const { port } = /** @type {import('node:net').AddressInfo} */ (application.address());
  for (const host of await startHosts(programs, options)) {
    host.origin.on('GET /api/v1/users/me', ({ headers }) => {
      const who = /session=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? '';
      return DOCUMENTS[who] ? { body: DOCUMENTS[who] } : { status: 401, body: {} };
    });
    const site = readFileSync(SITE, 'utf8')
      .replace('127.0.0.1:8787', `127.0.0.1:${host.port}`)
      .replace('127.0.0.1:3000', `127.0.0.1:${port}`)
      .replace('127.0.0.1:8080', '127.0.0.1:PORT');
    fronts.push({ name: host.name, port: await programs.nginx(site) });
  }
});
after(() => programs.stop());

/** Fields with which a client says who it is, or where it wants to go. */
const CLAIMS = [
  'X-User-Id',
  'X_User_Id',
  'X-User_Id',
  'x-user-id',
  'X-User-Id ',
  'Connection: X-User-Id\r\nX-User-Id',
  'X-User-Id: \r\nX-User-Id',
  'X-Original-URL: /api/auth/verify\r\nX-User-Id',
  'X-Accel-Redirect: /_sesame\r\nX-User-Id',
  'X\tUser-Id',
];
const TARGETS = ['/', '/_sesame', '/%5fsesame', '//_sesame', '/api/../', '/@unavailable'];

test('R41: nobody tells the application by himself who he is, however he writes it', async () => {
  for (const { name, port } of fronts) {
    for (const who of ['ada', 'nulled', 'evil', null]) {
      for (const claim of CLAIMS) {
        for (const target of TARGETS) {
          const before = told.length;
          const cookie = who ? `Cookie: session=${who}\r\n` : '';
          const head = `GET ${target} HTTP/1.1\r\nHost: h\r\n${cookie}${claim}: 7\r\n`;
          const answer = await sendRaw(port, `${head}Connection: close\r\n\r\n`);
          const what = `${name}: ${who} with ${JSON.stringify(claim)} at ${target}`;
          assert.notEqual(statusOf(answer), 0, what);
          if (who === null) assert.doesNotMatch(answer, /let in/, what);
          for (const { headers, rawHeaders } of told.slice(before)) {
            assert.notEqual(headers['x-user-id'], '7', what);
            if (who === 'ada') assert.equal(headers['x-user-id'], '1', what);
            if (who === 'nulled') assert.equal(headers['x-user-id'], undefined, what);
            const names = rawHeaders.filter((_, at) => at % 2 === 0);
            const claims = names.filter((each) => /^x[-_]user[-_]id$/i.test(each));
            assert.ok(claims.length <= 1, what);
          }
        }
      }
    }
  }
});

test('R41: a body that looks like a request is no request, behind the question who makes it', async () => {
  const inner = rawRequest('GET', '/smuggled', { cookie: 'session=ada', 'x-user-id': '7' });
  const chunked = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;
  const framings = [
    `Content-Length: ${inner.length}\r\n\r\n${inner}`,
    `Transfer-Encoding: chunked\r\n\r\n${chunked}`,
  ];
  for (const { name, port } of fronts) {
    for (const method of ['POST', 'GET', 'DELETE']) {
      for (const who of ['ada', null]) {
        for (const framing of framings) {
          const before = told.length;
          const cookie = who ? `Cookie: session=${who}\r\n` : '';
          const head = `${method} /form HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${cookie}`;
          const answer = await sendRaw(port, head + framing);
          const what = `${name}: ${method} of ${who}, ${framing.slice(0, 20)}`;
          assert.equal(answer.match(/HTTP\/1\.1 \d+/g)?.length, 1, what);
          const paths = told.slice(before).map(({ url }) => url);
          assert.deepEqual(paths, who ? ['/form'] : [], what);
        }
      }
    }
  }
});
