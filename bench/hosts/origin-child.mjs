// The back end behind all servers, in a process of its own: `node origin-child.mjs SESSIONS`. It knows the sessions of as many
// indices, and ends one on a `POST` of the path for sign-outs. Says its port, and serves until it is ended.
import { once } from 'node:events';
import http from 'node:http';
import { documentOf, headerOf, LOGOUT_PATH } from './sessions.mjs';

const count = Number(process.argv[2]);
const indices = new Map(Array.from({ length: count }, (_, index) => [headerOf(index), index]));

const server = http.createServer((request, response) => {
  const { cookie = '' } = request.headers;
  if (request.method === 'POST' && request.url === LOGOUT_PATH) indices.delete(cookie);
  const index = indices.get(cookie);
  if (index === undefined) {
    response.writeHead(request.method === 'POST' ? 204 : 401, { 'cache-control': 'no-store' });
    return void response.end();
  }
  response.setHeader('content-type', 'application/json');
  response.end(documentOf(index));
});
await once(server.listen(0, '127.0.0.1', 4096), 'listening');
console.log(JSON.stringify(server.address()));
