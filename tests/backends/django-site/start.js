// Starts the site of this directory, with a database of its own. It knows nothing of Sesame.
import { fileURLToPath } from 'node:url';
import { ownDirectory, runProgram, startProgram, systemProgram } from '../lib/program.js';

const cwd = fileURLToPath(new URL('.', import.meta.url));

/** @param {Record<string, string>} [settings] of its environment */
export async function startDjango(settings = {}) {
  const { directory, remove } = ownDirectory();
  const program = systemProgram('python3');
  const env = {
    ...{ SITE_DATABASE: `${directory}/site.sqlite`, PYTHONDONTWRITEBYTECODE: '1' },
    ...settings,
  };
  await runProgram(program, ['manage.py', 'migrate', '--verbosity', '0'], {
    ...{ cwd, env: { ...process.env, ...env } },
  });
  const running = await startProgram((port) => ({
    ...{ program, cwd, env },
    args: ['manage.py', 'runserver', '--noreload', `127.0.0.1:${port}`],
  }));
  const close = async () => {
    await running.close();
    remove();
  };
  return { ...running, close };
}
