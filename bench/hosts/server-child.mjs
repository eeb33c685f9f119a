// One server, in a process of its own: `node server-child.mjs NAME SESSIONS ORIGIN`. Asks for every session once, says its
// port, and serves until it is ended.
import { once } from 'node:events';
import http from 'node:http';
import { documentsOf } from '../generator/documents.mjs';
import { headerOf, tokenOf } from '../generator/headers.mjs';
import { DOCUMENT_PATH, servers } from './servers.mjs';

const [name, count, origin] = process.argv.slice(2);
const document = documentsOf('reference');
const documents = new Map(
  Array.from({ length: Number(count) }, (_, index) => [tokenOf(index), document(index)]),
);
const server = http.createServer(servers[name].make({ origin, documents }));
await once(server.listen(0, '127.0.0.1', 4096), 'listening');
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
for (let index = 0; index < documents.size; ++index) {
  const headers = { cookie: headerOf(index) };
  const response = await fetch(`http://127.0.0.1:${port}${DOCUMENT_PATH}`, { headers });
  const body = await response.text();
  if (name.includes('constant') || body === document(index)) continue;
  throw new Error(`${name} answered ${response.status} for session ${index}: ${body}`);
}
console.log(port);
