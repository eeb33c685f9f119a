// A real nginx with one of the examples' configurations, on a socket of its own and without a port.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './wait.js';

/** Where `npm run setup` puts it, unless the machine has one. */
const unpacked = fileURLToPath(new URL('../../build/nginx/usr/sbin/nginx', import.meta.url));
const program = existsSync(unpacked) ? unpacked : 'nginx';

/**
 * @param {URL} site the configuration, as it is
 * @param {Record<string, string>} addresses what stands in it, and what to put there instead
 */
export async function startNginx(site, addresses) {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'sesame-nginx-'));
  const socketPath = path.join(directory, 'nginx.sock');
  let text = readFileSync(site, 'utf8');
  const replaced = { ...addresses, 'listen 127.0.0.1:8080;': `listen unix:${socketPath};` };
  for (const [from, to] of Object.entries(replaced)) {
    if (text.split(from).length !== 2) throw new Error(`${from} is not there once`);
    text = text.replace(from, () => to);
  }
  writeFileSync(path.join(directory, 'site.conf'), text);
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const main = [
    `daemon off; master_process off; pid ${directory}/pid; events {}`,
    `http { access_log off; ${kinds.map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(' ')}`,
    `include ${directory}/site.conf; }`,
  ];
  const config = path.join(directory, 'nginx.conf');
  writeFileSync(config, main.join('\n'));
  const server = spawn(program, ['-p', directory, '-c', config, '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  server.stderr.setEncoding('utf8').on('data', (part) => {
    said += part;
  });
  const end = () => server.kill('SIGKILL');
  process.on('exit', end);
  await until(() => {
    if (server.exitCode !== null) throw new Error(`nginx ended: ${said}`);
    return existsSync(socketPath);
  }, 'nginx listens');
  const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });

  return {
    /**
     * @param {string} url
     * @param {{ method?: string, headers?: Record<string, string> }} [init]
     * @returns {Promise<{ status: number, headers: http.IncomingHttpHeaders, body: string }>}
     */
    fetch: (url, { method = 'GET', headers = {} } = {}) =>
      new Promise((resolve, reject) => {
        const request = http.request({ socketPath, agent, path: url, method, headers });
        request.on('error', reject).on('response', async (response) => {
          let body = '';
          for await (const part of response.setEncoding('utf8')) body += part;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
        request.end();
      }),
    /**
     * An answer that stays open.
     * @param {string} url
     * @param {Record<string, string>} headers
     * @returns {Promise<http.IncomingMessage>} from its first bytes on
     */
    open: (url, headers) =>
      new Promise((resolve, reject) => {
        http.get({ socketPath, agent: false, path: url, headers }, resolve).on('error', reject);
      }),
    async stop() {
      process.off('exit', end);
      agent.destroy();
      const ended = once(server, 'exit');
      if (server.exitCode === null && server.kill('SIGKILL')) await ended;
      rmSync(directory, { recursive: true });
    },
  };
}
