// Real programs in front of Sesame and behind it, on ports of their own, and clients that send bytes as they are. It must
// not know what is tested. Invariant: nothing that it has started outlives `stop`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SessionCache } from 'sesame-edge';
import { toNodeHandler } from 'sesame-edge/node';
import { serve } from 'sesame-edge/serve';
import { comparePaths } from './compare-paths.js';
import { freePort } from './free-port.js';
import { createOrigin } from './origin.js';
import { until } from './wait.js';

/** Where `npm run setup` unpacks what would start a service, unless the machine has it. */
const unpackedAt = (/** @type {string} */ name) =>
  fileURLToPath(new URL(`../../build/${name}`, import.meta.url));
const UNPACKED = /** @type {Record<string, string>} */ ({
  nginx: unpackedAt('nginx'),
  haproxy: unpackedAt('haproxy'),
  varnishd: unpackedAt('varnish'),
  wrk: unpackedAt('wrk'),
});
/** Debian's directory of libraries for this machine. */
const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map((triplet) => `usr/lib/${triplet}`);
const ADMIN_PATHS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Answers of more time than that never come. */
const MAX_ANSWER_MS = 20_000;

/** @param {number} port @returns {Promise<boolean>} */
const isListening = (port) =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(true));
    socket.on('connect', () => socket.destroy()).on('error', () => resolve(false));
  });

/**
 * Where a program is, and in which environment it runs.
 * @param {string} name
 * @returns {{ file: string, env: NodeJS.ProcessEnv }}
 */
export function programAt(name) {
  const env = { ...process.env, PATH: `${process.env.PATH}:${ADMIN_PATHS}` };
  const root = UNPACKED[name] ?? '';
  const files = ['usr/sbin', 'usr/bin'].map((directory) => path.join(root, directory, name));
  const file = root === '' ? undefined : files.find((each) => existsSync(each));
  if (file === undefined) return { file: name, env };
  const libraries = LIBRARIES.map((each) => path.join(root, each)).join(':');
  return { file, env: { ...env, LD_LIBRARY_PATH: libraries } };
}

/**
 * What a test has started, and a directory for it.
 */
export function createPrograms() {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'sesame-programs-'));
  /** @type {(() => unknown)[]} the last first */
  const endings = [];

  const programs = {
    directory,

    /** @param {() => unknown} end */
    onStop: (end) => void endings.push(end),

    /** @param {string} name @param {string} text @returns {string} where it is */
    write(name, text) {
      const file = path.join(directory, name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, text);
      return file;
    },

    /**
     * Starts a program, and waits until it listens.
     * @param {string} program
     * @param {string[]} args
     * @param {number} port
     * @param {string[]} [under] words of a command that starts it, such as `taskset -c 0`
     * @returns {Promise<number>} its process
     */
    async start(program, args, port, under = []) {
      const { file, env } = programAt(program);
      const [command, ...words] = [...under, file, ...args];
      const child = spawn(command, words, {
        ...{ cwd: directory, env, detached: true },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let said = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (part) => {
          said += part;
        });
      }
      child.on('error', (error) => {
        said += error.message;
      });
      const exited = once(child, 'close').catch(() => {});
      const end = () => {
        try {
          process.kill(-Number(child.pid), 'SIGKILL'); // its workers, too
        } catch {
          // it has ended by itself
        }
      };
      process.on('exit', end);
      endings.push(async () => {
        process.off('exit', end);
        end();
        await exited;
      });
      await until(async () => {
        if (child.exitCode !== null || child.pid === undefined) {
          throw new Error(`${program} ended: ${said}`);
        }
        return isListening(port);
      }, `${program} listens`);
      return Number(child.pid);
    },

    /**
     * nginx with what stands in its `http { … }`; `PORT` in it is its own.
     * @param {string} site
     */
    async nginx(site) {
      const port = await freePort();
      const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
      const temporary = kinds.map((kind) => `${kind}_temp_path ${directory}/${kind}-${port};`);
      const main = [
        `daemon off; master_process off; pid ${directory}/nginx-${port}.pid; events {}`,
        `http { access_log off; ${temporary.join(' ')}`,
        `${site.replaceAll('PORT', String(port))} }`,
      ];
      const config = programs.write(`nginx-${port}.conf`, main.join('\n'));
      await programs.start('nginx', ['-p', directory, '-c', config, '-e', 'stderr'], port);
      return port;
    },

    /** Ends everything, the last first. */
    async stop() {
      for (const end of endings.reverse()) await end();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return programs;
}

/** What `serve` runs on, by the name of the host. @type {Record<string, object>} */
const SERVED = { workerd: { runtime: 'workerd' }, 'two workers': { workers: 2 } };

/**
 * Sesame over HTTP in Node's own server, in workerd, and in two processes of `serve`, each before an origin of its own.
 * @param {ReturnType<typeof createPrograms>} programs
 * @param {object} options
 * @param {string} [origin] one for all, instead
 */
export async function startHosts(programs, options, origin) {
  const hosts = [];
  for (const name of ['Node', ...Object.keys(SERVED)]) {
    const own = await createOrigin();
    programs.onStop(() => own.stop());
    const url = origin ?? own.url;
    if (name in SERVED) {
      const server = await serve({
        ...SERVED[name],
        origin: url,
        options: /** @type {any} */ (options),
      });
      programs.onStop(() => server.close(0));
      hosts.push({ name, origin: own, port: Number(new URL(server.url).port) });
      continue;
    }
    const sessions = new SessionCache({ origin: url, ...options });
    const paths = comparePaths(sessions);
    const server = http.createServer(toNodeHandler(sessions));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    programs.onStop(async () => {
      server.close().closeAllConnections();
      sessions.dispose();
      await paths.settled();
    });
    const { port } = /** @type {net.AddressInfo} */ (server.address());
    hosts.push({ name, origin: own, port });
  }
  return hosts;
}

/**
 * Sends bytes as they are, and gives all that comes back until the connection ends.
 * @param {number} port
 * @param {string} bytes of which each character is one
 * @returns {Promise<string>}
 */
export function sendRaw(port, bytes) {
  return new Promise((resolve) => {
    let answer = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')));
    socket.setTimeout(MAX_ANSWER_MS, () => socket.destroy());
    socket.on('data', (part) => {
      answer += part.toString('latin1');
    });
    socket.on('error', () => {}).on('close', () => resolve(answer));
  });
}

/**
 * A request as bytes, whose connection ends with its answer.
 * @param {string} method
 * @param {string} target as it stands on the wire
 * @param {Record<string, string>} [headers]
 * @param {string} [body]
 */
export function rawRequest(method, target, headers = {}, body = '') {
  const isWrite = !['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method);
  const all = {
    host: 'site.test',
    connection: 'close',
    ...(isWrite && { 'content-length': String(body.length) }),
    ...headers,
  };
  const fields = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\n${fields.join('')}\r\n${body}`;
}

/** @param {string} answer */
export const statusOf = (answer) => Number(/^HTTP\/1\.[01] (\d+)/.exec(answer)?.[1] ?? 0);

/**
 * A request to a port, whatever its answer.
 * @param {number} port
 * @param {string} method
 * @param {string} target
 * @param {Record<string, string>} [headers]
 * @param {string} [body]
 */
export const ask = (port, method, target, headers, body) =>
  sendRaw(port, rawRequest(method, target, headers, body));
