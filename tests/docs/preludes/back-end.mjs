// What a fragment takes for granted: a back end at https://api.example.com, which knows Ada, and a request of hers.
// At the end it must have been asked once, however often the fragment wants to know.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';

let calls = 0;
const backEnd = http.createServer((request, response) => {
  if (request.url === '/api/v1/users/me') calls += 1;
  response.setHeader('connection', 'close').setHeader('content-type', 'application/json');
  response.end('{"id":"id-ada","name":"Ada"}');
});
await once(backEnd.listen(0, '127.0.0.1').unref(), 'listening');
const fetchForReal = globalThis.fetch;
const { port } = /** @type {import('node:net').AddressInfo} */ (backEnd.address());
globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  assert.equal(url.origin, 'https://api.example.com');
  const here = `http://127.0.0.1:${port}${url.pathname}${url.search}`;
  return fetchForReal(input instanceof Request ? new Request(here, input) : here, init);
};
const request = new Request('https://app.example.com/api/v1/users/me', {
  headers: { cookie: 'session=ada' },
});
Object.assign(globalThis, { request });
process.on('exit', (code) => code === 0 && assert.equal(calls, 1));
