// What a fragment takes for granted: a cache that is about to be replaced by another process's.
import { existsSync } from 'node:fs';
import { SessionCache } from 'sesame-edge';

Object.assign(globalThis, { SessionCache, origin: 'https://api.example.com' });
process.env.SESAME_SECRET = '0123456789abcdef0123456789abcdef';
process.on('exit', (code) => {
  if (code === 0 && !existsSync('sessions.snapshot')) process.exitCode = 1;
});
