// Proves that the files which install things name no host: registries and mirrors are each machine's
// own choice. With --fix, npm's lock files are relieved of those they name.
import { listFiles, read, writeIfChanged } from './lib/files.mjs';
import { Failure, isMain, main } from './lib/run.mjs';

const projects = ['', 'bench/', 'scripts/reference/', 'tests/frameworks/npm/'];
const packages = projects.map((project) => `${project}package.json`);
const locks = projects.map((project) => `${project}package-lock.json`);
const installers = [...packages, ...locks, '.npmrc', 'CMakePresets.json', '.ci/run'];

/** A lock file without addresses: of tarballs, and of where to send money. @param {string} lock */
function cleanLock(lock) {
  return `${JSON.stringify(
    JSON.parse(read(lock), (key, value) =>
      key === 'funding' || (key === 'resolved' && /^https?:/.test(value)) ? undefined : value,
    ),
    null,
    2,
  )}\n`;
}

export function fixInstallFiles() {
  for (const lock of locks) writeIfChanged(lock, cleanLock(lock));
}

export function checkInstallFiles() {
  const faults = [...installers, ...listFiles('scripts')].flatMap((file) =>
    (read(file).match(/\w+:\/\/[\w.-]+\.\w+/g) ?? []).map((found) => `${file} names ${found}`),
  );
  if (faults.length > 0) {
    const advice = '\nnpm run format removes them from the lock files';
    throw new Failure(faults.map((fault) => `check-install-files: ${fault}`).join('\n') + advice);
  }
  console.log('check-install-files: no host is named');
}

if (isMain(import.meta)) main(process.argv.includes('--fix') ? fixInstallFiles : checkInstallFiles);
