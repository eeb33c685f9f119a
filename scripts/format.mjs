// Lays out every file as `npm run lint` wants it.
import { fixInstallFiles } from './check-install-files.mjs';
import { generateAbi } from './generate-abi.mjs';
import { main, run } from './lib/run.mjs';
import { biome, cppFiles, isJudge } from './lint.mjs';

main(() => {
  fixInstallFiles();
  run(process.execPath, [biome, 'check', '--write']);
  if (isJudge('clang-format')) run('clang-format', ['-i', ...cppFiles()]);
  generateAbi();
});
