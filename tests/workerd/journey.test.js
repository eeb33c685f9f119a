// `npm start`: the table it prints, what it refuses to print, and how it ends.
import assert from 'node:assert/strict';
import http from 'node:http';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { takeJourney } from '../../examples/journey/journey.mjs';
import { createOrigin } from '../../examples/origin/server.mjs';
import { PASSWORD } from '../../examples/origin/users.mjs';
import { runCli, startCli } from '../support/cli.js';

const program = fileURLToPath(new URL('../../examples/journey/start.mjs', import.meta.url));
const args = ['--delay', '20'];

/** The two figures of each row with this label, phase by phase. @param {string[]} lines */
function rows(lines, label = 'origin calls') {
  return lines
    .filter((line) => line.startsWith(`  ${label}`))
    .map((line) => line.trim().split(/ {2,}/).slice(1).map(Number));
}

describe('npm start', { concurrency: true }, () => {
  test('--once prints one call for 17 checks, none after a profile change, and ends', async () => {
    const { code, stdout, stderr } = await runCli([...args, '--once'], { program });
    assert.deepEqual(stderr, []);
    assert.equal(code, 0);
    assert.deepEqual(rows(stdout), [
      [17, 1],
      [5, 0],
      [5, 1],
      [27, 2],
    ]);
    assert.ok(stdout.some((line) => line.startsWith('94 % fewer origin calls')));
    for (const line of stdout) assert.ok(line.length <= 90, line);
  });

  test('keeps serving what it says one can try, until Ctrl-C', async () => {
    const cli = startCli(args, { program, detached: true });
    const [, url] = await cli.line('stdout', /^ {2}SESAME=(http:\S+)$/);
    await cli.line('stdout', /^Ctrl-C ends/);
    for (const line of cli.stdout) assert.ok(line.length <= 90, line);

    const body = JSON.stringify({ email: 'omar@example.com', password: PASSWORD });
    const login = await fetch(`${url}/api/v1/auth/login?mode=cookie`, { method: 'POST', body });
    const headers = { cookie: login.headers.getSetCookie()[0].split(';')[0] };
    const sources = [];
    for (let checks = 0; checks < 2; checks += 1) {
      const answer = await fetch(`${url}/api/v1/users/me`, { headers });
      assert.equal((await answer.json()).email, 'omar@example.com');
      sources.push(answer.headers.get('server-timing'));
    }
    assert.deepEqual(sources, ['sesame;desc=origin', 'sesame;desc=fresh']);
    const init = { method: 'PATCH', headers, body: '{"name":"Omar F."}' };
    assert.equal((await fetch(`${url}/api/v1/users/me`, init)).status, 200);
    const session = await fetch(`${url}/api/auth/session`, { headers });
    assert.equal((await session.json()).user.name, 'Omar F.');
    await cli.line('stdout', /^\d\d:\d\d:\d\d checks \d+ hits \d+ origin calls \d+$/);

    process.kill(-cli.pid, 'SIGINT');
    assert.deepEqual(await cli.closed, { code: 0, signal: null });
    assert.deepEqual(cli.stderr, []);
  });

  test('the journey notices an answer that is not what the origin holds', async () => {
    const origin = createOrigin({ delayMs: 1 });
    const originUrl = await origin.listen();
    // A cache that forgets to notice a profile change.
    /** @type {string | undefined} */
    let kept;
    const cache = http.createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const isRead = request.method === 'GET' && request.url === '/api/v1/users/me';
      if (isRead && kept) return void response.end(kept);
      const { method, headers } = request;
      const authorization = headers.authorization ?? '';
      const body = chunks.length > 0 ? Buffer.concat(chunks) : undefined;
      const answer = await fetch(originUrl + request.url, {
        method,
        headers: { authorization },
        body,
      });
      const text = await answer.text();
      if (isRead) kept = text;
      response.writeHead(answer.status).end(text);
    });
    await new Promise((resolve) => cache.listen(0, '127.0.0.1', () => resolve(undefined)));
    const { port } = /** @type {import('node:net').AddressInfo} */ (cache.address());
    const url = `http://127.0.0.1:${port}`;
    const to = { url, origin, password: PASSWORD, hasSessionPath: false };
    const { faults } = await takeJourney(to);
    // Five checks after the change, and all five of the third part, expired token included.
    assert.deepEqual(
      faults.map((fault) => fault.split(':')[0]),
      [...Array(5).fill('after a profile change'), ...Array(5).fill('token expiry and refresh')],
    );
    cache.close();
    cache.closeAllConnections();
    await origin.close();
  });
});
