// Starts the Next.js application of next-auth-site with next-auth 4 in it. It knows nothing of Sesame.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../lib/program.js';

const cwd = fileURLToPath(new URL('next-auth-site', import.meta.url));
const next = createRequire(import.meta.url).resolve('next/dist/bin/next');

/** @param {string} publicUrl what browsers take for the site */
export async function startNextAuth(publicUrl) {
  const running = await startProgram((port) => ({
    ...{ program: process.execPath, args: [next, 'dev', '-H', '127.0.0.1', '-p', `${port}`], cwd },
    env: { NEXTAUTH_URL: publicUrl, NEXT_TELEMETRY_DISABLED: '1' },
  }));
  await fetch(`${running.url}/api/auth/session`); // it compiles what is asked for first
  return running;
}
