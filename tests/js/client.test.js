// The page's client without a worker: what the answers to its plain requests mean.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { createClient, OriginUnavailableError } from 'sesame-edge/client';

const { fetch } = globalThis;
/** @type {import('sesame-edge/client').SessionClient | null} */
let client = null;
afterEach(() => {
  globalThis.fetch = fetch;
  client?.close();
});

/** @param {() => Response} answer */
function ask(answer) {
  globalThis.fetch = async (_, init) => {
    const response = answer();
    // As a browser does.
    if (init?.redirect === 'error' && response.status === 302) throw new TypeError('a redirect');
    return response;
  };
  client?.close();
  client = createClient();
  return client.getSession();
}

test('R12, R80: a refusal, and a success that says no, is null', async () => {
  const answers = [
    ...[401, 403].map((status) => () => new Response('no', { status })),
    ...['null', '{"user":null}', '{"user":null,"id":null}'].map((body) => () => new Response(body)),
  ];
  for (const answer of answers) assert.equal(await ask(answer), null);
});

test('R80: a document that names its user is one', async () => {
  for (const body of ['{"id":0,"user":null}', '{"sub":"7","user":null}', '{"user":{}}']) {
    assert.deepEqual((await ask(() => new Response(body)))?.user, JSON.parse(body));
  }
});

test('R13: what is no answer is an error, never null', async () => {
  const answers = [
    ...[302, 400, 404, 405, 410, 429, 500, 503].map(
      (status) => () => new Response('{}', { status }),
    ),
    () => new Response('<html>'),
    () => new Response(null, { status: 204 }),
  ];
  for (const answer of answers) await assert.rejects(ask(answer), OriginUnavailableError);
});
