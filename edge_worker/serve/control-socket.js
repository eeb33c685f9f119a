// Finds the running servers of this user, and asks one over its socket. It must not know what is asked.
// Invariant: a socket that another user has made is not spoken to: he would read what is asked with.
import { lstat, readdir, readFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { json } from 'node:stream/consumers';

const WITHIN_MS = 5000;

/** What a server leaves in a directory of its own, which no other user can enter. */
export const DIRECTORY_PREFIX = 'sesame-edge-';
export const SOCKET = 'control.sock';
export const ADDRESS = 'address';

/** @returns {Promise<{ url: string, socketPath: string }[]>} those that can be spoken to */
export async function findServers() {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(DIRECTORY_PREFIX));
  const found = await Promise.all(names.map((name) => serverIn(path.join(tmpdir(), name))));
  return found.filter((server) => server !== null);
}

/** @param {string} directory */
async function serverIn(directory) {
  try {
    const { uid, mode } = await lstat(directory);
    if (uid !== process.getuid?.() || (mode & 0o077) !== 0) return null;
    const url = (await readFile(path.join(directory, ADDRESS), 'utf8')).trim();
    const socketPath = path.join(directory, SOCKET);
    await ask(socketPath, '/stats');
    return { url, socketPath };
  } catch {
    return null; // what a server that was killed has left
  }
}

/**
 * @param {string} socketPath
 * @param {string} where
 * @param {unknown} [body] sent as JSON with `POST`
 * @returns {Promise<any>} what was answered
 */
export async function ask(socketPath, where, body) {
  const method = body === undefined ? 'GET' : 'POST';
  const response = await new Promise((resolve, reject) => {
    const request = http.request({ socketPath, path: where, method, timeout: WITHIN_MS }, resolve);
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
  return json(response);
}
