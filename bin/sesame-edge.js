#!/usr/bin/env node
// Each command is loaded only when it is asked for. What is none of these is `serve`'s to understand or refuse.
const COMMANDS =
  /** @type {Record<string, () => Promise<{ main(argv: string[]): Promise<number> }>>} */ ({
    estimate: () => import('./estimate/cli.js'),
    init: () => import('./init/cli.js'),
    inspect: () => import('./inspect/cli.js'),
  });

const [name = '', ...rest] = process.argv.slice(2);
if (Object.hasOwn(COMMANDS, name)) {
  process.exitCode = await (await COMMANDS[name]()).main(rest);
} else {
  const { main } = await import('../edge_worker/serve/cli.js');
  process.exitCode = await main(process.argv.slice(2));
}
