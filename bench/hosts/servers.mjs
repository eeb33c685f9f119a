// The servers in Node that are compared over HTTP: each answers `GET /api/v1/users/me` with the document of its session's user.
// What is not Sesame's is what a careful engineer writes: it knows the sessions from the start, and never asks anybody
// whether one has ended elsewhere.
import { getRequestListener } from '@hono/node-server';
import { RedisStore } from 'connect-redis';
import { parseCookie } from 'cookie';
import express from 'express';
import expressSession from 'express-session';
import { Hono } from 'hono';
import { LRUCache } from 'lru-cache';
import { createClient } from 'redis';
import { endSession as endInExpress, sesame as forExpress } from '../../adapters/express.js';
import { endSession as endInHono, sesame as forHono } from '../../adapters/hono.js';
import { toNodeHandler } from '../../adapters/node.js';
import { SessionCache } from '../../js_bindings/index.node.js';
import { DOCUMENT_PATH, documentOf, LOGOUT_PATH, SESSION_SECRET, tokenOf } from './sessions.mjs';

/**
 * What a server is made of.
 * @typedef {object} Given
 * @property {string} origin a URL
 * @property {number} sessions how many there are
 * @property {string} [redis] a URL
 */

/** @typedef {(given: Given) => import('node:http').RequestListener | Promise<import('node:http').RequestListener>} MakeListener */

const JSON_TYPE = { 'content-type': 'application/json' };
const PRIVATE = { ...JSON_TYPE, 'cache-control': 'private, no-store' };
const REDIS_AT_ONCE = 1000;

/** The parsed documents of users, as they are held by hand. @param {Given} given */
function lruOf({ sessions }) {
  const cache = new LRUCache({ max: sessions });
  for (let index = 0; index < sessions; index += 1) {
    cache.set(tokenOf(index), JSON.parse(documentOf(index)));
  }
  const tokenIn = (/** @type {string | undefined} */ cookie) =>
    parseCookie(cookie ?? '').session ?? '';
  return {
    find: (/** @type {string | undefined} */ cookie) => cache.get(tokenIn(cookie)),
    end: (/** @type {string | undefined} */ cookie) => void cache.delete(tokenIn(cookie)),
  };
}

/** @param {Given} given */
function expressApp({ origin }) {
  const app = express().disable('x-powered-by');
  return { app, sessions: new SessionCache({ origin }) };
}

/** Puts sessions where express-session looks for them. @param {any} client @param {Given} given */
async function fillRedis(client, { sessions }) {
  const cookie = { originalMaxAge: null, expires: null, httpOnly: true, path: '/' };
  for (let from = 0; from < sessions; from += REDIS_AT_ONCE) {
    const count = Math.min(REDIS_AT_ONCE, sessions - from);
    const values = Array.from({ length: count }, (_, at) => {
      const user = JSON.parse(documentOf(from + at));
      return client.set(`sess:${tokenOf(from + at)}`, JSON.stringify({ cookie, user }));
    });
    await Promise.all(values);
  }
}

/** @type {Record<string, { make: MakeListener }>} */
export const servers = {
  constant: {
    make: () => {
      const body = documentOf(0);
      const fields = { ...PRIVATE, 'content-length': Buffer.byteLength(body) };
      return (_request, response) => {
        response.writeHead(200, fields);
        response.end(body);
      };
    },
  },
  lru: {
    make: (given) => {
      const { find, end } = lruOf(given);
      return (request, response) => {
        const { cookie } = request.headers;
        if (request.url === LOGOUT_PATH && request.method === 'POST') {
          end(cookie);
          return void response.writeHead(204).end();
        }
        const user = request.url === DOCUMENT_PATH ? find(cookie) : undefined;
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
  'express-constant': {
    make: (given) => {
      const { app } = expressApp(given);
      const user = JSON.parse(documentOf(0));
      app.get(DOCUMENT_PATH, (_request, response) => {
        response.set('cache-control', 'private, no-store');
        response.json(user);
      });
      return app;
    },
  },
  'express-lru': {
    make: (given) => {
      const { find, end } = lruOf(given);
      const { app } = expressApp(given);
      app.post(LOGOUT_PATH, (request, response) => {
        end(request.headers.cookie);
        response.sendStatus(204);
      });
      app.get(DOCUMENT_PATH, (request, response) => {
        const user = find(request.headers.cookie);
        if (user === undefined) return void response.sendStatus(401);
        response.set('cache-control', 'private, no-store');
        response.json(user);
      });
      return app;
    },
  },
  'express-redis': {
    make: async (given) => {
      const { app } = expressApp(given);
      const client = await createClient({ url: given.redis }).connect();
      await fillRedis(client, given);
      const store = new RedisStore({ client });
      const common = { resave: false, saveUninitialized: false, name: 'session' };
      app.use(expressSession({ store, secret: SESSION_SECRET, ...common }));
      app.post(LOGOUT_PATH, (request, response) => {
        /** @type {any} */ (request).session.destroy(() => response.sendStatus(204));
      });
      app.get(DOCUMENT_PATH, (request, response) => {
        const { user } = /** @type {any} */ (request).session;
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
      app.post(LOGOUT_PATH, async (request, response) => {
        await endInExpress(sessions, request, response);
        response.sendStatus(204);
      });
      app.get(DOCUMENT_PATH, forExpress(sessions, { required: true }), (request, response) => {
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
    make: () => {
      const body = documentOf(0);
      const app = new Hono();
      app.get(DOCUMENT_PATH, (c) => c.body(body, 200, PRIVATE));
      return getRequestListener(app.fetch);
    },
  },
  'hono-floor': {
    make: () => {
      const text = documentOf(0);
      const app = new Hono();
      app.get(
        DOCUMENT_PATH,
        async (c, next) => {
          c.set(/** @type {never} */ ('user'), /** @type {never} */ (JSON.parse(text)));
          c.header('vary', 'Cookie, Authorization', { append: true });
          await next();
        },
        (c) => c.json(c.get(/** @type {never} */ ('user')), 200, PRIVATE),
      );
      return getRequestListener(app.fetch);
    },
  },
  'hono-lru': {
    make: (given) => {
      const { find, end } = lruOf(given);
      const app = new Hono();
      app.post(LOGOUT_PATH, (c) => {
        end(c.req.header('cookie'));
        return c.body(null, 204);
      });
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
      app.post(LOGOUT_PATH, async (c) => {
        await endInHono(sessions, c);
        return c.body(null, 204);
      });
      app.get(DOCUMENT_PATH, forHono(sessions, { required: true }), (c) =>
        c.json(c.get('sesame').user, 200, PRIVATE),
      );
      return getRequestListener(app.fetch);
    },
  },
};
