// Starts the site of this directory, with a database of its own. It knows nothing of Sesame.
import { fileURLToPath } from 'node:url';
import { ownDirectory, startProgram, systemProgram } from '../lib/program.js';

const cwd = fileURLToPath(new URL('.', import.meta.url));

export async function startRails() {
  const { directory, remove } = ownDirectory();
  const running = await startProgram((port) => ({
    ...{ program: systemProgram('ruby'), args: ['site.rb'], cwd },
    env: { DATABASE_URL: `sqlite3:${directory}/site.sqlite`, SITE_PORT: `${port}` },
  }));
  const close = async () => {
    await running.close();
    remove();
  };
  return { ...running, close };
}
