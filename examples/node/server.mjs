#!/usr/bin/env node
// Node's own server, with Sesame in front of everything: the document and the session are answered from what is
// held, all else is the origin's.
//
//   npm install sesame-edge
//   node examples/node/server.mjs --origin http://127.0.0.1:4000 --port 8080
import { once } from 'node:events';
import http from 'node:http';
import { parseArgs } from 'node:util';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';

const { origin, port } = parseArgs({
  options: {
    origin: { type: 'string', default: 'http://127.0.0.1:4000' },
    port: { type: 'string', default: '8080' },
  },
}).values;

const sessions = new SessionCache({ origin });
const server = http.createServer(toNodeHandler(sessions, { onError: console.error }));
await once(server.listen(Number(port), '127.0.0.1'), 'listening');
console.log(
  `on http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`,
);
