// Starts the application of this directory as its documentation says, with uvicorn. It knows nothing of Sesame.
import { fileURLToPath } from 'node:url';
import { startProgram, systemProgram } from '../lib/program.js';

const cwd = fileURLToPath(new URL('.', import.meta.url));

/** @param {Record<string, string>} [settings] of its environment */
export function startFastApi(settings = {}) {
  return startProgram((port) => ({
    ...{ program: systemProgram('python3'), cwd },
    args: ['-m', 'uvicorn', 'main:app', '--port', `${port}`, '--log-level', 'warning'],
    env: { PYTHONDONTWRITEBYTECODE: '1', ...settings },
  }));
}
