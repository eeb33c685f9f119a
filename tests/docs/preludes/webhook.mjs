// What a fragment takes for granted: Sesame at https://edge.example.com, which shares `secret` with the back end and
// holds a session of the user id-ada. At the end that session has to be gone.
import assert from 'node:assert/strict';
import { SessionCache } from 'sesame-edge';

const secret = 'thirty-two characters, or more of them';
const answers = [200, 401];
const sessions = new SessionCache(
  { origin: 'https://api.example.com', webhookSecret: secret },
  { fetch: async () => Response.json({ id: 'id-ada' }, { status: answers.shift() }) },
);
globalThis.fetch = (url, init) => sessions.handle(new Request(url, init));
const ada = { headers: { cookie: 'session=ada' } };
assert.equal((await sessions.getSession(ada))?.user.id, 'id-ada');
process.on('exit', (code) => code === 0 && assert.equal(sessions.has('session=ada'), false));
