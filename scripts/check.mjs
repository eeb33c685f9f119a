// Everything that can be proven of what is built without running the tests. Runs all checks, then fails if one did.
import { build } from './build.mjs';
import { checkAbi } from './check-abi.mjs';
import { checkBundles } from './check-bundles.mjs';
import { checkClaims } from './check-claims.mjs';
import { checkCore } from './check-core.mjs';
import { checkErrors } from './check-errors.mjs';
import { checkInstallFiles } from './check-install-files.mjs';
import { checkPackage } from './check-package.mjs';
import { checkShell } from './check-shell.mjs';
import { generateAbi } from './generate-abi.mjs';
import { generateOptions } from './generate-options.mjs';
import { isMain, main, runAll } from './lib/run.mjs';
import { checkMutants } from './mutants.mjs';
import { reference } from './reference.mjs';
import { types } from './types.mjs';

export async function check() {
  await runAll('check', [
    checkInstallFiles,
    () => generateAbi({ check: true }),
    () => generateOptions({ check: true }),
    checkBundles,
    checkClaims,
    checkCore,
    checkShell,
    checkAbi,
    checkErrors,
    checkPackage,
    checkMutants,
    () => reference({ check: true }),
  ]);
}

if (isMain(import.meta)) {
  main(async () => {
    await build();
    types();
    await check();
  });
}
