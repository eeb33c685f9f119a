#!/usr/bin/env node
// An Express application that knows who makes each request, and asks the origin once a session.
//
//   npm install sesame-edge express
//   node examples/express/server.mjs --origin http://127.0.0.1:4000 --port 8080
import { parseArgs } from 'node:util';
import express from 'express';
import { SessionCache } from 'sesame-edge';
import { sesame } from 'sesame-edge/express';

const { origin, port } = parseArgs({
  options: {
    origin: { type: 'string', default: 'http://127.0.0.1:4000' },
    port: { type: 'string', default: '8080' },
  },
}).values;

const sessions = new SessionCache({ origin });
const app = express();
app.get('/', sesame(sessions), (request, response) => {
  const { sesame: identity } = /** @type {import('sesame-edge/express').IdentifiedMessage} */ (
    request
  );
  response.type('text').send(`Hello ${identity?.user?.name ?? 'you'}`);
});
app.get('/account', sesame(sessions, { required: true }), (_request, response) => {
  response.type('text').send('Only for those who are signed in');
});
const server = app.listen(Number(port), '127.0.0.1', () => {
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`on http://127.0.0.1:${address.port}`);
});
