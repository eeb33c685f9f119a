#!/usr/bin/env node
// A Hono application that knows who makes each request, and asks the origin once a session. Here in Node; the
// application itself runs in every host that Hono has.
//
//   npm install sesame-edge hono
//   node examples/hono/server.mjs --origin http://127.0.0.1:4000 --port 8080
import { once } from 'node:events';
import http from 'node:http';
import { parseArgs } from 'node:util';
import { Hono } from 'hono';
import { SessionCache } from 'sesame-edge';
import { sesame } from 'sesame-edge/hono';
import { toNodeHandler } from 'sesame-edge/node';

const { origin, port } = parseArgs({
  options: {
    origin: { type: 'string', default: 'http://127.0.0.1:4000' },
    port: { type: 'string', default: '8080' },
  },
}).values;

const sessions = new SessionCache({ origin });
const app = new Hono()
  .get('/', sesame(sessions), (c) => c.text(`Hello ${c.get('sesame').user?.name ?? 'you'}`))
  .get('/account', sesame(sessions, { required: true }), (c) =>
    c.text('Only for those who are signed in'),
  );
const handler = { handle: async (/** @type {Request} */ request) => app.fetch(request) };
const server = http.createServer(toNodeHandler(handler, { onError: console.error }));
await once(server.listen(Number(port), '127.0.0.1'), 'listening');
console.log(
  `on http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`,
);
