#!/usr/bin/env node
// Each command is loaded only when it is asked for. What is none of these is `serve`'s to understand or refuse.
const COMMANDS =
  /** @type {Record<string, () => Promise<{ main(argv: string[]): Promise<number> }>>} */ ({
    doctor: () => import('./doctor/cli.js'),
    estimate: () => import('./estimate/cli.js'),
    init: () => import('./init/cli.js'),
    inspect: () => import('./inspect/cli.js'),
    top: () => import('./top/cli.js'),
  });

/** Time for the last lines to get out. */
const EXIT_AFTER_MS = 100;

const [name = '', ...rest] = process.argv.slice(2);
if (Object.hasOwn(COMMANDS, name)) {
  process.exitCode = await (await COMMANDS[name]()).main(rest);
  if (name === 'doctor') setTimeout(() => process.exit(), EXIT_AFTER_MS).unref(); // connections that are kept open
} else {
  const { main } = await import('../edge_worker/serve/cli.js');
  process.exitCode = await main(process.argv.slice(2));
  // A back end that does not answer is not waited for: its requests have ended.
  setTimeout(() => process.exit(), EXIT_AFTER_MS).unref();
}
