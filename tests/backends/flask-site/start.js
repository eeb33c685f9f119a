// Starts the application of this directory with Flask's own server. It knows nothing of Sesame.
import { fileURLToPath } from 'node:url';
import { startProgram, systemProgram } from '../lib/program.js';

const cwd = fileURLToPath(new URL('.', import.meta.url));

/** @param {Record<string, string>} [settings] of its environment */
export function startFlask(settings = {}) {
  return startProgram((port) => ({
    ...{ program: systemProgram('python3'), cwd },
    args: ['-m', 'flask', '--app', 'app', 'run', '--port', `${port}`],
    env: { PYTHONDONTWRITEBYTECODE: '1', ...settings },
  }));
}
