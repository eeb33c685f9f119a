// `sesame-edge estimate` on HAR files as each browser writes them, and as tools leave them that take out secrets.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { estimate } from '../../bin/estimate/estimate.js';

const START = Date.UTC(2026, 8, 5, 8);
const COUNT = 10;

/** @type {string} */
let directory;
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sesame-estimate-har-test-'));
});
after(() => rm(directory, { recursive: true }));

/**
 * Checks of one session, ten seconds apart.
 * @param {(i: number) => Record<string, any>[]} more for each check: what its entries have beside what all have
 * @param {Record<string, unknown>} [policy]
 */
async function judged(more, policy = {}) {
  const entries = Array.from({ length: COUNT }, (_, i) => more(i).map((each) => entry(i, each)));
  const file = path.join(directory, 'a.har');
  await writeFile(file, JSON.stringify({ log: { version: '1.2', entries: entries.flat() } }));
  return estimate({ file, policy, latencyMs: 100, sessions: 1 });
}

/** @param {number} i @param {Record<string, any>} more */
function entry(i, { request, response, ...more }) {
  return {
    startedDateTime: new Date(START + i * 10_000).toISOString(),
    time: 120,
    request: {
      method: 'GET',
      url: 'https://a.example/api/v1/users/me',
      headers: [{ name: 'Cookie', value: 'session=abc' }],
      cookies: [],
      ...request,
    },
    response: {
      status: 200,
      headers: [{ name: 'Content-Type', value: 'application/json' }],
      content: { size: 8, text: '{"id":1}' },
      ...response,
    },
    cache: {},
    ...more,
  };
}

describe('HAR files', () => {
  for (const [
    name,
    more,
    total,
    local,
  ] of /** @type {[string, (i: number) => any[], number, number][]} */ ([
    ["Chrome's cache", (i) => [i > 0 ? { _fromCache: 'disk' } : {}], 1, 9],
    ["Safari's disk cache", (i) => [{ _fetchType: i ? 'Disk Cache' : 'Network Load' }], 1, 9],
    ["Safari's memory cache", (i) => [{ _fetchType: i ? 'Memory Cache' : 'Network Load' }], 1, 9],
    [
      "Firefox's cache, which has neither time nor bytes",
      (i) => [i ? { time: 0, response: { bodySize: 0 } } : { response: { bodySize: 300 } }],
      ...[1, 9],
    ],
    [
      "Firefox's cache, with its entry",
      (i) => [i ? { cache: { afterRequest: { fetchCount: i } } } : {}],
      ...[1, 9],
    ],
    [
      'a server that says 304',
      () => [{ cache: { afterRequest: {} }, response: { status: 304 } }],
      ...[10, 0],
    ],
    [
      "Chrome's pairs of a service worker",
      () => [{ response: { _fetchedViaServiceWorker: true } }, {}],
      ...[10, 10],
    ],
    [
      "Chrome's pairs, said of the entry",
      () => [{ _fetchedViaServiceWorker: true }, {}],
      ...[10, 10],
    ],
    ["Safari's service worker", () => [{ _fetchType: 'Service Worker' }], 0, 10],
  ])) {
    test(`${name}: what never left the browser is no check, and is told`, async () => {
      const { checks } = await judged(more);
      assert.deepEqual([checks.total, checks.local], [total, local]);
    });
  }

  test('a time that is not there, or none, is assumed', async () => {
    for (const time of [null, undefined, -1, 0, 'redacted']) {
      const { wait } = await judged(() => [{ time }]);
      assert.deepEqual([wait.checksAssumed, wait.todayMs], [COUNT, COUNT * 100], `${time}`);
    }
  });

  for (const [name, more] of /** @type {[string, any][]} */ ([
    ['no headers', { request: { headers: null, cookies: null } }],
    ['no credentials', { request: { headers: [], cookies: [] } }],
    ['a cookie header', { request: { headers: [{ name: 'cookie', value: '[REDACTED]' }] } }],
    ['a cookie', { request: { headers: [{ name: 'cookie', value: 'session=[REDACTED]' }] } }],
    ['cookies', { request: { headers: [], cookies: [{ name: 'session', value: null }] } }],
    [
      'a bearer',
      { request: { headers: [{ name: 'authorization', value: 'Bearer ***redacted***' }] } },
    ],
    ['the content', { response: { content: null } }],
    ['the content’s size and text', { response: { content: { size: null, text: null } } }],
  ])) {
    test(`taken out of the file: ${name}. It is one browser's still`, async () => {
      const { checks, sessions } = await judged(() => [more]);
      assert.deepEqual([checks.total, checks.answered, sessions.count], [COUNT, COUNT - 1, 1]);
    });
  }

  test('an entry that is not one is counted, and costs nothing else', async () => {
    const { checks, lines } = await judged((i) => [i === 5 ? { startedDateTime: null } : {}]);
    assert.deepEqual([checks.total, lines.bad], [COUNT - 1, 1]);
  });

  test('R80, R84: headers by which a preset tells answers apart count', async () => {
    const page = (/** @type {string} */ value) => ({
      request: {
        headers: [
          { name: 'cookie', value: '_session_id=abc' },
          ...(value ? [{ name: 'X-Requested-With', value }] : []),
        ],
      },
    });
    const apart = await judged((i) => [page(i % 2 ? 'XMLHttpRequest' : '')], { backend: 'rails' });
    assert.deepEqual([apart.checks.total, apart.checks.answered], [COUNT, COUNT - 2]);
    const toSignIn = {
      request: {
        url: 'https://a.example/api/me',
        headers: [{ name: 'cookie', value: 'JSESSIONID=1' }],
      },
      response: { status: 302, headers: [{ name: 'Location', value: 'https://a.example/login' }] },
    };
    const { checks } = await judged(() => [toSignIn], { backend: 'spring' });
    assert.ok(checks.negative > 0, 'a redirect to where one signs in is a "no"');
  });
});
