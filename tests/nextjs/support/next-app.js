// The example for Next.js as its users run it: installed, built and started, with the example origin behind it.
// Every call of the origin is counted, and it can be made unreachable. What is started here ends with this
// process, however that ends.
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createOrigin } from '../../../examples/origin/server.mjs';
import { PASSWORD } from '../../../examples/origin/users.mjs';
import { installExample } from '../../support/installed-example.js';

const withParent = fileURLToPath(new URL('with-parent.js', import.meta.url));
const next = fileURLToPath(new URL('../../../node_modules/next/dist/bin/next', import.meta.url));
const WEBHOOK_SECRET = 'of the example and its origin, 1';

/**
 * @param {string} directory
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
function startNext(directory, args, env = {}) {
  const child = spawn(process.execPath, [withParent, next, ...args], {
    cwd: directory,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production', ...env },
    stdio: 'pipe',
  });
  /** @type {string[]} */
  const lines = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  return { child, lines, closed: once(child, 'close') };
}

/** Pages that no application should have. @type {Record<string, string>} */
const MORE_PAGES = {
  // Next.js is told to keep whatever is fetched.
  'app/kept/page.jsx': `
import { getServerSession } from '../../lib/sesame.js';
export const fetchCache = 'force-cache';
export default async () => <p>kept: {(await getServerSession())?.user.name ?? 'nobody'}</p>;
`,
  // It is protected by the proxy alone.
  'app/account/careless/page.jsx': `
export const dynamic = 'force-static';
export default () => <p>for those who are signed in</p>;
`,
};

/** Installs and builds it, with some pages more. @returns {Promise<string>} where it is */
export async function buildExample() {
  const directory = await installExample('nextjs');
  for (const [name, text] of Object.entries(MORE_PAGES)) {
    await mkdir(path.join(directory, path.dirname(name)));
    await writeFile(path.join(directory, name), text);
  }
  const { lines, closed } = startNext(directory, ['build']);
  const [code] = await closed;
  if (code !== 0) throw new Error(`next build failed (${code})\n${lines.join('\n')}`);
  return directory;
}

/** @param {string} directory where it has been built */
export async function startApp(directory) {
  const origin = createOrigin({ delayMs: 0 });
  /** @type {{ route: string, headers: http.IncomingHttpHeaders }[]} */
  const seen = [];
  let isDown = false;
  /** @type {string[]} */
  let setCookies = [];
  const front = http.createServer((request, response) => {
    if (isDown) return void request.socket.destroy();
    seen.push({ route: `${request.method} ${request.url}`, headers: request.headers });
    for (const line of setCookies) response.appendHeader('set-cookie', line);
    origin.server.emit('request', request, response);
  });
  await once(front.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (front.address());
  const originUrl = `http://127.0.0.1:${port}`;
  const { child, lines, closed } = startNext(directory, ['start', '-p', '0', '-H', '127.0.0.1'], {
    ORIGIN: originUrl,
    WEBHOOK_SECRET,
    METRICS_PATH: '/api/auth/metrics',
  });
  const url = await new Promise((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = lines.map((line) => /Local: +(http:\S+)/.exec(line)).find(Boolean);
      if (found && lines.some((line) => line.includes('Ready'))) resolve(found[1]);
    });
    closed.then(() => reject(new Error(`next start ended\n${lines.join('\n')}`)));
  });

  /** @param {string} where @param {RequestInit & { cookie?: string }} [init] */
  const get = async (where, { cookie, ...init } = {}) => {
    const headers = { ...(cookie && { cookie }), ...init.headers };
    const response = await fetch(url + where, { redirect: 'manual', ...init, headers });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  let stamp = 0;

  return {
    url,
    origin,
    originUrl,
    seen,
    lines,
    get,
    /** How often the origin was asked something. @param {string} route */
    calls: (route = 'GET /api/v1/users/me') => origin.calls.get(route) ?? 0,
    /** How often the cache was. */
    checks: async () =>
      Number(
        /^sesame_checks_total(?:{.*})? (\d+)/m.exec((await get('/api/auth/metrics')).text)?.[1],
      ),
    /** @param {boolean} down */
    setDown: (down) => {
      isDown = down;
    },
    /** What the origin sets with every answer from now on. @param {string[]} lines */
    setCookies: (...lines) => {
      setCookies = lines;
    },
    /** Signs in without a browser. @param {string} email @returns {Promise<string>} the `Cookie` field */
    async login(email) {
      const body = JSON.stringify({ email, password: PASSWORD });
      const headers = { 'content-type': 'application/json' };
      const answer = await get('/api/auth/login', { method: 'POST', headers, body });
      if (answer.status !== 200) throw new Error(`login: ${answer.status} ${answer.text}`);
      return answer.headers.getSetCookie()[0].split(';')[0];
    },
    /** What the origin tells by the signed webhook. @param {string} action @param {string | undefined} user */
    async tell(action, user) {
      stamp += 1;
      const body = JSON.stringify({ action, user, stamp }); // each is another message, so has another signature
      const seconds = Math.floor(Date.now() / 1000);
      const mac = createHmac('sha256', WEBHOOK_SECRET).update(`${seconds}.${body}`).digest('hex');
      const headers = { 'sesame-signature': `t=${seconds},v1=${mac}` };
      return (await get('/api/auth/revoke', { method: 'POST', headers, body })).status;
    },
    async stop() {
      child.kill('SIGKILL');
      await closed;
      front.close().closeAllConnections();
      await once(front, 'close');
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof startApp>>} App */
