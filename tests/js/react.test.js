// `sesame-edge/react` where there is no browser: React renders on the server, and no client is made.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { dehydrate, QueryClient, QueryObserver } from '@tanstack/react-query';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { createClient, SesameError } from 'sesame-edge/client';
import {
  SessionProvider,
  sessionQueryOptions,
  useLogout,
  useSession,
  useUpdateUser,
} from 'sesame-edge/react';

const MINUTE = 60_000;
const LAYLA = { user: { id: '1', name: 'Layla' }, expiresAt: null, stale: false };

const { BroadcastChannel, fetch } = globalThis;
/** What only browsers have a use for. @type {string[]} */
let used;
beforeEach(() => {
  used = [];
  globalThis.BroadcastChannel = class extends BroadcastChannel {
    /** @param {string} name */
    constructor(name) {
      used.push(`channel ${name}`);
      super(name);
    }
  };
  globalThis.fetch = (input) => {
    used.push(`fetch ${input}`);
    return Promise.reject(new TypeError('no server asks by itself'));
  };
});
afterEach(() => Object.assign(globalThis, { BroadcastChannel, fetch }));

function Greeting() {
  const { status, user, stale, error } = useSession();
  const { isPending } = useUpdateUser();
  const logout = useLogout();
  const said = [status, user?.name, stale, error, isPending, logout.isPending];
  return createElement('p', null, said.map(String).join(' '));
}

/** @param {import('sesame-edge/react').SessionProviderProps} [how] */
const render = (how) =>
  renderToString(createElement(SessionProvider, how, createElement(Greeting)));

test('on a server nobody is asked, and no channel opened', () => {
  assert.equal(render(), '<p>loading undefined false null false false</p>');
  assert.deepEqual(used, []);
});

test('on a server it renders what the server knows', () => {
  const known = render({ initialSession: LAYLA });
  assert.equal(known, '<p>authenticated Layla false null false false</p>');
  const nobody = render({ initialSession: null, queryClient: new QueryClient() });
  assert.equal(nobody, '<p>unauthenticated undefined false null false false</p>');
  assert.deepEqual(used, []);
});

test('hooks without a provider say what is missing', () => {
  assert.throws(() => renderToString(createElement(Greeting)), /no <SessionProvider> above/);
});

test('the query is fresh for 30 minutes, kept for 60, and asked for by nothing else', () => {
  const options = sessionQueryOptions();
  assert.deepEqual(
    [options.staleTime, options.gcTime, options.refetchOnReconnect, options.refetchOnWindowFocus],
    [30 * MINUTE, 60 * MINUTE, false, false],
  );
  assert.deepEqual(used, []);
});

test('R13: only "nobody can say" is tried again, three times, when the origin wants it', () => {
  const { retry, retryDelay } = sessionQueryOptions();
  const down = Object.assign(new SesameError('ERR_SESAME_ORIGIN_UNAVAILABLE', ''), {
    retryAfterMs: 7000,
  });
  assert.deepEqual(
    [0, 1, 2, 3].map((failures) => retry(failures, down)),
    [true, true, true, false],
  );
  assert.equal(retry(0, new Error('a fault of the program')), false);
  assert.deepEqual(
    [0, 1, 2, 3, 9].map((failures) => retryDelay(failures, down)),
    [7000, 7000, 7000, 8000, 30_000],
  );
});

test('a server prefetches the query with what it knows itself, and an observer has it at once', async () => {
  const queryClient = new QueryClient();
  const queryFn = async () => LAYLA;
  await queryClient.prefetchQuery({ ...sessionQueryOptions(), queryFn });
  const [query] = dehydrate(queryClient).queries;
  assert.deepEqual(query.queryKey, ['sesame', 'session']);
  const observer = new QueryObserver(queryClient, sessionQueryOptions());
  assert.equal(observer.getCurrentResult().data, LAYLA);
  assert.equal(observer.getCurrentResult().isStale, false);
  queryClient.clear();
  assert.deepEqual(used, []);
});

test('the query asks the client that it is given', async () => {
  const client = createClient({ documentPath: '/api/me', channel: 'own' });
  const { queryFn } = sessionQueryOptions({ client });
  await assert.rejects(queryFn(), { code: 'ERR_SESAME_ORIGIN_UNAVAILABLE' });
  assert.deepEqual(used, ['channel own', 'fetch /api/me']);
  client.close();
});
