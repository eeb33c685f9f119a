// The proxies that keep what a back end says of a session: each for a time, by the cookie alone, as careful an operator writes
// it. Sign-outs pass through them. They must not know what is measured.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../tests/support/free-port.js';
import { DOCUMENT_PATH, documentOf } from './sessions.mjs';
import { ON_SERVER_CORE } from './wrk.mjs';

/** @typedef {import('./catalog.mjs').Given} Given */
/** @typedef {import('./catalog.mjs').Started} Started */

const MEMORY_MB = 256;

/**
 * nginx with what stands in its `http { … }`.
 * @param {Given} given
 * @param {(directory: string) => string} site of the directory for its cache; `PORT` in it is its own
 * @returns {Promise<Started>}
 */
async function nginx({ programs }, site) {
  const port = await freePort();
  const directory = path.join(programs.directory, `nginx-${port}`);
  mkdirSync(directory);
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const config = programs.write(
    `nginx-${port}.conf`,
    `daemon off; master_process off; pid ${directory}/pid; events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush on;
  keepalive_requests 1000000000;
  ${kinds.map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(' ')}
  proxy_cache_path ${directory}/cache levels=1:2 keys_zone=sessions:32m max_size=1g inactive=1h;
  ${site(directory).replaceAll('PORT', String(port))}
}`,
  );
  const words = ['-p', directory, '-c', config, '-e', 'stderr'];
  const pid = await programs.start('nginx', words, port, [...ON_SERVER_CORE]);
  return { port, pids: [pid], directory: path.join(directory, 'cache') };
}

/** @param {string} origin @param {string} name */
const upstream = (origin, name) =>
  `upstream ${name} { server ${new URL(origin).host}; keepalive 64; }`;
const KEPT_ALIVE = 'proxy_http_version 1.1; proxy_set_header Connection "";';

/**
 * The document kept by the session's cookie.
 * @param {Given} given
 */
export function nginxKeeping(given) {
  return nginx(
    given,
    () => `${upstream(given.origin, 'origin')}
  server {
    listen 127.0.0.1:PORT backlog=4096;
    ${KEPT_ALIVE}
    location / { proxy_pass http://origin; }
    location = ${DOCUMENT_PATH} {
      proxy_pass http://origin;
      proxy_cache sessions;
      proxy_cache_key $cookie_session;
      proxy_cache_valid 200 ${given.keptSeconds}s;
      proxy_cache_lock on;
    }
  }`,
  );
}

/**
 * A file for whoever is signed in: who that is, is asked about each request.
 * @param {Given} given
 * @param {{ check: string, checkPath: string, seconds: number }} how the server that is asked, its path, and for how long its
 *   answer is kept here: 0 asks each time
 */
export function nginxAsking(given, { check, checkPath, seconds }) {
  const { programs, origin } = given;
  const page = programs.write('page/me.json', documentOf(0));
  const kept = `proxy_cache sessions; proxy_cache_key $cookie_session; proxy_cache_valid 200 ${seconds}s;
      proxy_cache_lock on;`;
  return nginx(
    given,
    () => `${upstream(check, 'check')} ${upstream(origin, 'origin')}
  server {
    listen 127.0.0.1:PORT backlog=4096;
    ${KEPT_ALIVE}
    location / { proxy_pass http://${check === origin ? 'origin' : 'check'}; }
    location = ${DOCUMENT_PATH} {
      auth_request /_check;
      default_type application/json;
      alias ${page};
    }
    location = /_check {
      internal;
      proxy_pass http://check${checkPath};
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      ${KEPT_ALIVE}
      ${seconds > 0 ? kept : ''}
    }
  }`,
  );
}

/**
 * HAProxy's cache knows URLs only: the cookie becomes part of it, and is taken away again for the back end.
 * @param {Given} given
 * @returns {Promise<Started>}
 */
export async function haproxy({ programs, origin, keptSeconds: seconds }) {
  const port = await freePort();
  const config = programs.write(
    'haproxy.cfg',
    `global
  nbthread 1
  maxconn 5000
cache sessions
  total-max-size ${MEMORY_MB}
  max-object-size 4096
  max-age ${seconds}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend site
  bind 127.0.0.1:${port} backlog 4096
  acl is_document path ${DOCUMENT_PATH}
  http-request set-var(txn.kept) bool(true) if is_document METH_GET
  http-request set-query s=%[req.cook(session)] if { var(txn.kept) -m bool }
  http-request cache-use sessions if { var(txn.kept) -m bool }
  http-request set-uri ${DOCUMENT_PATH} if { var(txn.kept) -m bool }
  http-response set-header Cache-Control max-age=${seconds} if { var(txn.kept) -m bool } { status 200 }
  http-response cache-store sessions if { var(txn.kept) -m bool }
  default_backend origin
backend origin
  http-reuse always
  server origin ${new URL(origin).host}
`,
  );
  const pid = await programs.start('haproxy', ['-db', '-f', config], port, [...ON_SERVER_CORE]);
  return { port, pids: [pid] };
}

/**
 * @param {Given} given
 * @returns {Promise<Started>}
 */
export async function varnish({ programs, origin, keptSeconds: seconds }) {
  const port = await freePort();
  const { hostname, port: behind } = new URL(origin);
  const vcl = programs.write(
    'sessions.vcl',
    `vcl 4.1;
backend origin { .host = "${hostname}"; .port = "${behind}"; }
sub vcl_recv {
  if (req.method == "GET" && req.url == "${DOCUMENT_PATH}") { return (hash); }
  return (pass);
}
sub vcl_hash {
  hash_data(req.url);
  hash_data(regsub(req.http.Cookie, "^.*session=([^;]*).*$", "\\1"));
  return (lookup);
}
sub vcl_backend_response {
  if (beresp.status == 200) { set beresp.ttl = ${seconds}s; set beresp.grace = 0s; unset beresp.http.Set-Cookie; }
}
`,
  );
  const store = ['-s', `malloc,${MEMORY_MB}m`, '-n', `${programs.directory}/varnish`, '-T', 'none'];
  const words = ['-j', 'none', '-F', '-a', `127.0.0.1:${port}`, '-f', vcl, ...store];
  const pid = await programs.start('varnishd', words, port, [...ON_SERVER_CORE]);
  return { port, pids: [pid] };
}
