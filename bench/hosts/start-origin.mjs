// Starts the back end of all servers, on the client's core.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ON_CLIENT_CORE } from './wrk.mjs';

/**
 * @param {number} sessions
 * @param {{ onStop(end: () => unknown): void }} programs ends it
 * @returns {Promise<string>} its URL
 */
export async function startOrigin(sessions, programs) {
  const script = fileURLToPath(new URL('origin-child.mjs', import.meta.url));
  const words = [...ON_CLIENT_CORE, process.execPath, script, String(sessions)];
  const child = spawn(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  programs.onStop(() => child.kill());
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit').then(() => [''])]);
  if (line === '') throw new Error('the origin has ended');
  return `http://127.0.0.1:${JSON.parse(line).port}`;
}
