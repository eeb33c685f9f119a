// Starts the site of this directory with PHP's own server, with sessions and users in a directory of its own. It knows
// nothing of Sesame.
import { readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ownDirectory, startProgram, systemProgram } from '../lib/program.js';

const cwd = fileURLToPath(new URL('.', import.meta.url));

/** `session.gc_maxlifetime`: on Debian a timer clears away what is older. */
const MAX_LIFETIME_MS = 1440_000;

export async function startPhp() {
  const { directory, remove } = ownDirectory();
  const running = await startProgram((port) => ({
    ...{ program: systemProgram('php'), cwd },
    args: ['-d', `session.save_path=${directory}`, '-S', `127.0.0.1:${port}`],
    env: { SITE_DATA: directory, PHP_CLI_SERVER_WORKERS: '4' },
  }));
  return {
    ...running,
    /** A session is as old as its file. @param {number} milliseconds */
    advance(milliseconds) {
      for (const name of readdirSync(directory).filter((each) => each.startsWith('sess_'))) {
        const file = path.join(directory, name);
        const { atimeMs, mtimeMs } = statSync(file);
        const usedAt = mtimeMs - milliseconds;
        if (usedAt < Date.now() - MAX_LIFETIME_MS) rmSync(file);
        else utimesSync(file, (atimeMs - milliseconds) / 1000, usedAt / 1000);
      }
    },
    async close() {
      await running.close();
      remove();
    },
  };
}
