// nginx and Varnish in front of Sesame, both told to look at nothing but the URL; the origin tells caches to keep all of
// it, in every way there is. Nobody sees what is another's (R40).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freePort } from '../support/free-port.js';
import { documentOf } from '../support/origin.js';
import { ask, createPrograms, startHosts } from '../support/programs.js';

const DOCUMENT = '/api/v1/users/me';
/** What some cache obeys. */
const KEEP = {
  'cache-control': 'public, max-age=600, s-maxage=600',
  expires: 'Thu, 01 Jan 2099 00:00:00 GMT',
  'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT',
  'x-accel-expires': '600',
  'surrogate-control': 'max-age=600',
  'cdn-cache-control': 'max-age=600',
  'cloudflare-cdn-cache-control': 'max-age=600',
  'edge-control': 'max-age=600',
};
const options = { verify: { headers: { 'x-user-id': '/id' } } };
const programs = createPrograms();
/** @type {{ name: string, port: number }[]} */
const fronts = [];

/** @param {import('node:http').IncomingHttpHeaders} headers */
const nameIn = ({ cookie = '', authorization = '' }) =>
  /(?:session=|Bearer )(ada|mia)/.exec(`${cookie} ${authorization}`)?.[1];

before(async () => {
  for (const { name, port, origin } of await startHosts(programs, options)) {
    origin.on(`GET ${DOCUMENT}`, ({ headers }) => {
      const who = nameIn(headers);
      if (!who) return { status: 401, headers: KEEP, body: {} };
      return { headers: { ...KEEP, 'content-type': 'application/json' }, body: documentOf(who) };
    });
    origin.on('GET /page', ({ headers }) => {
      const who = nameIn(headers) ?? 'nobody';
      return { headers: { ...KEEP, 'set-cookie': `session=${who}-again` }, body: 'page' };
    });
    origin.on('GET /logo', { headers: KEEP, body: 'logo' });
    const nginx = await programs.nginx(`
      proxy_cache_path ${programs.directory}/cache-${port} keys_zone=shared:1m;
      server {
        listen 127.0.0.1:PORT;
        location / {
          proxy_cache shared;
          proxy_cache_key $request_uri;
          proxy_cache_valid any 5m;
          proxy_set_header Host $host;
          proxy_pass http://127.0.0.1:${port};
          add_header X-Cache $upstream_cache_status always;
        }
      }`);
    fronts.push({ name: `nginx, ${name}`, port: nginx });
    const varnish = await freePort();
    const vcl = programs.write(
      `${port}.vcl`,
      `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${port}"; }
sub vcl_recv { return (hash); }
sub vcl_hash { hash_data(req.url); return (lookup); }
sub vcl_deliver { set resp.http.X-Cache = "MISS"; if (obj.hits > 0) { set resp.http.X-Cache = "HIT"; } }
`,
    );
    const words = ['-j', 'none', '-F', '-a', `127.0.0.1:${varnish}`, '-f', vcl];
    const own = ['-n', `${programs.directory}/varnish-${port}`, '-s', 'malloc,20m', '-T', 'none'];
    await programs.start('varnishd', [...words, ...own], varnish);
    fronts.push({ name: `Varnish, ${name}`, port: varnish });
  }
});
after(() => programs.stop());

const PATHS = [DOCUMENT, '/api/auth/session', '/api/auth/verify', '/page', `${DOCUMENT}?x=1`];
const CREDENTIALS = /** @type {((who: string) => Record<string, string>)[]} */ ([
  (who) => ({ cookie: `session=${who}` }),
  (who) => ({ authorization: `Bearer ${who}` }),
]);

test('R40: a cache in front that looks at the URL alone gives nobody what is another’s', async () => {
  for (const { name, port } of fronts) {
    for (const path of PATHS) {
      for (const credential of CREDENTIALS) {
        for (const who of ['ada', 'mia', 'ada', 'mia', null]) {
          const answer = await ask(port, 'GET', path, who ? credential(who) : {});
          const others = who === null ? /id-\w+|(ada|mia)-again/ : who === 'ada' ? /mia/ : /ada/;
          assert.doesNotMatch(answer, others, `${name}: ${path} as ${who}`);
          assert.doesNotMatch(answer, /x-cache: HIT/i, `${name}: ${path} as ${who}`);
        }
      }
    }
  }
});

test('R41: and it keeps what is for everybody, as the origin says', async () => {
  for (const { name, port } of fronts) {
    await ask(port, 'GET', '/logo');
    assert.match(await ask(port, 'GET', '/logo'), /x-cache: HIT/i, name);
  }
});
