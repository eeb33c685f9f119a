// The servers that are compared over HTTP: each answers `GET /api/v1/users/me` with the document of its session's user.
// What is not Sesame's is what a careful engineer writes: it knows the sessions from the start, and never looks whether one
// has ended.
import { getRequestListener } from '@hono/node-server';
import { parseCookie } from 'cookie';
import express from 'express';
import { Hono } from 'hono';
import { LRUCache } from 'lru-cache';
import { sesame as forExpress } from '../../adapters/express.js';
import { sesame as forHono } from '../../adapters/hono.js';
import { toNodeHandler } from '../../adapters/node.js';
import { SessionCache } from '../../js_bindings/index.node.js';

export const DOCUMENT_PATH = '/api/v1/users/me';

/**
 * What a server is made of.
 * @typedef {object} Given
 * @property {string} origin a URL
 * @property {Map<string, string>} documents by the session's token
 */

/** @typedef {(given: Given) => import('node:http').RequestListener} MakeListener */

const JSON_TYPE = { 'content-type': 'application/json' };
const PRIVATE = { ...JSON_TYPE, 'cache-control': 'private, no-store' };

/** The parsed documents of users, as they are held by hand. @param {Given} given */
function lruOf({ documents }) {
  const cache = new LRUCache({ max: documents.size });
  for (const [token, text] of documents) cache.set(token, JSON.parse(text));
  return (/** @type {string | undefined} */ cookie) =>
    cache.get(parseCookie(cookie ?? '').session ?? '');
}

/** @param {Given} given */
const firstOf = ({ documents }) => [...documents.values()][0];

/** @param {Given} given */
function expressApp({ origin }) {
  const app = express().disable('x-powered-by');
  return { app, sessions: new SessionCache({ origin }) };
}

/** @type {Record<string, { make: MakeListener }>} */
export const servers = {
  constant: {
    make: (given) => {
      const body = firstOf(given);
      const fields = { ...PRIVATE, 'content-length': Buffer.byteLength(body) };
      return (_request, response) => {
        response.writeHead(200, fields);
        response.end(body);
      };
    },
  },
  lru: {
    make: (given) => {
      const find = lruOf(given);
      return (request, response) => {
        const user = request.url === DOCUMENT_PATH ? find(request.headers.cookie) : undefined;
        if (user === undefined) return void response.writeHead(401).end();
        const body = JSON.stringify(user);
        response.writeHead(200, { ...PRIVATE, 'content-length': Buffer.byteLength(body) });
        response.end(body);
      };
    },
  },
  sesame: {
    make: ({ origin }) => toNodeHandler(new SessionCache({ origin })),
  },
  'express-lru': {
    make: (given) => {
      const find = lruOf(given);
      const { app } = expressApp(given);
      app.get(DOCUMENT_PATH, (request, response) => {
        const user = find(request.headers.cookie);
        if (user === undefined) return void response.sendStatus(401);
        response.set('cache-control', 'private, no-store');
        response.json(user);
      });
      return app;
    },
  },
  'express-sesame': {
    make: (given) => {
      const { app, sessions } = expressApp(given);
      app.get(DOCUMENT_PATH, forExpress(sessions), (request, response) => {
        response.set('cache-control', 'private, no-store');
        response.json(/** @type {any} */ (request).sesame.user);
      });
      return app;
    },
  },
  'express-handler': {
    make: (given) => {
      const { app, sessions } = expressApp(given);
      app.all('/api/{*path}', toNodeHandler(sessions));
      return app;
    },
  },
  'hono-constant': {
    make: (given) => {
      const body = firstOf(given);
      const app = new Hono();
      app.get(DOCUMENT_PATH, (c) => c.body(body, 200, PRIVATE));
      return getRequestListener(app.fetch);
    },
  },
  'hono-lru': {
    make: (given) => {
      const find = lruOf(given);
      const app = new Hono();
      app.get(DOCUMENT_PATH, (c) => {
        const user = find(c.req.header('cookie'));
        if (user === undefined) return c.body(null, 401);
        return c.json(user, 200, PRIVATE);
      });
      return getRequestListener(app.fetch);
    },
  },
  'hono-sesame': {
    make: ({ origin }) => {
      const sessions = new SessionCache({ origin });
      const app = new Hono();
      app.get(DOCUMENT_PATH, forHono(sessions), (c) => c.json(c.get('sesame').user, 200, PRIVATE));
      return getRequestListener(app.fetch);
    },
  },
};
