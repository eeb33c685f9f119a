// `sesame-edge` and its stores: one user type, from the cache to what it answers; units that are checked as they are typed.

import { type } from 'arktype';
import {
  ConfigError,
  type Duration,
  type Identity,
  type Options,
  type Session,
  SessionCache,
  type Size,
  type Statistics,
  type UserDocument,
  type VerifiedSession,
} from 'sesame-edge';
import { clusterStore } from 'sesame-edge/cluster';
import { redis } from 'sesame-edge/redis';
import { durableObject, kv, MemoryStore, type SharedStore } from 'sesame-edge/stores';
import * as v from 'valibot';
import { z } from 'zod';
import { holds, type Same, type User } from './is.js';

const origin = 'https://api.example.com';
const request = new Request(origin);

export async function ofOneUserType() {
  const sessions = new SessionCache<User>({ origin });
  const session = await sessions.getSession(request);
  holds<Same<typeof session, Session<User> | null>>();
  const identity = await sessions.identify(request);
  holds<Same<typeof identity, Identity<User>>>();
  const changed = await sessions.updateUser(request, { name: 'Ingrid Dahl' });
  holds<Same<typeof changed, Session<User> | null>>();
  const verified = await sessions.verify('token');
  holds<Same<typeof verified, VerifiedSession<User> | null>>();
  const held = sessions.checkJson('session=1');
  holds<Same<typeof held, User | null>>();
  const statistics = sessions.statistics();
  holds<Same<typeof statistics, Statistics>>();
  // @ts-expect-error nobody may be signed in
  session.user;
  // @ts-expect-error a user has no such member
  session?.user.surname;
  return session?.user.roles.includes('admin');
}

export async function ofNoUserType() {
  const sessions = new SessionCache({ origin });
  const session = await sessions.getSession(request);
  holds<Same<typeof session, Session<UserDocument> | null>>();
  const name = session?.user.name;
  holds<Same<typeof name, unknown>>();
  // @ts-expect-error it is not known what it is
  name?.length;
}

export function ofUnits() {
  const durations: Duration[] = [1000, '30m', '30 m', '1.5h', '250ms', '30d'];
  const sizes: Size[] = [65_536, '64MB', '64 MB', '256kB', '512B', '1GB'];
  // @ts-expect-error no such unit
  const minutes: Duration = '30 minutes';
  // @ts-expect-error a number alone has no unit
  const bare: Duration = '30';
  // @ts-expect-error no such unit
  const mega: Size = '32 megabytes';
  // @ts-expect-error a length of time is no size
  const long: Size = '30m';
  const options: Options = { origin, freshFor: '10m', memory: '32MB' };
  // @ts-expect-error no such option
  const unknown: Options = { origin, freshfor: '10m' };
  return [durations, sizes, minutes, bare, mega, long, options, unknown];
}

interface Namespace {
  idFromName(name: string): { toString(): string };
  get(id: { toString(): string }): object;
}
interface Kv {
  getWithMetadata(key: string, type: 'arrayBuffer'): Promise<{ value: ArrayBuffer | null }>;
  put(key: string, value: ArrayBuffer, options: { expirationTtl: number }): Promise<void>;
  list(options: { prefix: string }): Promise<{ keys: { name: string }[] }>;
}

export function ofStores(env: { OBJECTS: Namespace; KEYS: Kv }) {
  const truth = durableObject(env.OBJECTS);
  const stores: SharedStore[] = [truth, kv(env.KEYS, { truth }), redis('redis://localhost')];
  // @ts-expect-error a binding of KV is none of Durable Objects
  durableObject(env.KEYS);
  return [...stores, new MemoryStore(), clusterStore()].map((store) => typeof store);
}

export function ofErrors(error: unknown) {
  if (!(error instanceof ConfigError)) throw error;
  return error.faults.map(({ option, reason }) => `${option} ${reason}`);
}

export async function ofASchema() {
  const inZod = z.object({ id: z.string(), roles: z.array(z.string()).default([]) });
  const session = await new SessionCache({ origin, schema: inZod }).getSession(request);
  holds<Same<NonNullable<typeof session>['user'], { id: string; roles: string[] }>>();
  const inValibot = v.object({ id: v.string() });
  const other = await new SessionCache({ origin, schema: inValibot }).getSession(request);
  holds<Same<NonNullable<typeof other>['user'], { id: string }>>();
  const inArkType = type({ id: 'string' });
  const third = await new SessionCache({ origin, schema: inArkType }).getSession(request);
  holds<Same<NonNullable<typeof third>['user'], { id: string }>>();
}
