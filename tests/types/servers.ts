// The adapters of servers: each says the user type of the cache that it was given.
import http from 'node:http';
import express from 'express';
import { Hono } from 'hono';
import { type Session, SessionCache } from 'sesame-edge';
import { SesameStore } from 'sesame-edge/durable-object';
import { endSession, sesame as forExpress, type IdentifiedMessage } from 'sesame-edge/express';
import { type Env, endSession as endInHono, sesame as forHono } from 'sesame-edge/hono';
import { createSesame } from 'sesame-edge/next';
import { letInspect, toNodeHandler, toUpgradeHandler } from 'sesame-edge/node';
import { serve } from 'sesame-edge/serve';
import { createWorker } from 'sesame-edge/worker';
import { holds, type Same, type User } from './is.js';

const origin = 'https://api.example.com';
const sessions = new SessionCache<User>({ origin });

export function inNode() {
  const server = http.createServer(toNodeHandler(sessions));
  server.on('upgrade', toUpgradeHandler(sessions));
  return letInspect(sessions, 'http://localhost:8080');
}

export function inExpress() {
  const app = express();
  app.use(forExpress(sessions));
  app.get('/', (request, response) => {
    const { sesame } = request as IdentifiedMessage<User>;
    response.send(sesame?.user?.name);
  });
  app.post('/leave', (request, response) => endSession(sessions, request, response));
  const middleware = forExpress(sessions);
  type Message = Parameters<typeof middleware>[0];
  holds<Same<NonNullable<Message['sesame']>['user'], User | null>>();
}

export function inHono() {
  const app = new Hono<Env<User>>();
  app.use(forHono(sessions));
  app.post('/leave', (c) => endInHono(sessions, c).then(() => c.body(null)));
  return app.get('/', (c) => {
    const { user } = c.get('sesame');
    holds<Same<typeof user, User | null>>();
    return c.text(user?.name ?? 'you');
  });
}

export function inHonoWithoutItsTypes() {
  return new Hono().use(forHono(sessions)).get('/', (c) => c.text(`${c.get('sesame').user?.name}`));
}

export async function inNext() {
  const { getServerSession, updateCurrentUser, handlers } = createSesame<User>({ origin });
  const session = await getServerSession();
  holds<Same<typeof session, Session<User> | null>>();
  const changed = await updateCurrentUser({ name: 'Ingrid Dahl' });
  holds<Same<typeof changed, Session<User> | null>>();
  const ofCache = await createSesame(sessions).getServerSession();
  holds<Same<typeof ofCache, Session<User> | null>>();
  return handlers.GET(new Request(origin));
}

interface Bindings {
  ORIGIN: string;
}

export function inWorker() {
  const context = { waitUntil() {} };
  const worker = createWorker((env: Bindings) => ({ origin: env.ORIGIN, freshFor: '10m' }));
  const fetch: (request: Request, env: Bindings, ctx: typeof context) => Promise<Response> =
    worker.fetch;
  // @ts-expect-error no such binding
  createWorker((env: Bindings) => ({ origin: env.SECRET }));
  return [fetch, SesameStore, createWorker({ origin })];
}

export async function inAProcess() {
  const server = await serve({ origin, port: 0, runtime: 'node' });
  await server.close();
}
