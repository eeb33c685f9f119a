// The command `sesame-edge top`: what a running server does, live in the terminal. It must not know how the server counts.
// Invariant: escape sequences go to terminals alone; elsewhere each frame is plain text.
// Exit codes: 0 shown, 1 no server, or it has ended, 2 wrong usage.
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { askServer, CommandError, chooseServer, exitCodeOf } from '../running-server.js';
import { frameOf } from './frame.js';

const HELP = `Usage: sesame-edge top [--port N] [--socket PATH] [--every SECONDS] [--once]

Shows what a running server of this user does, until Ctrl-C: checks, hits, origin calls and evictions with their rates,
what is held, open connections and the store.

  --once           prints one frame, for scripts
  --every SECONDS  between two frames; default 1
  --port N         the server that listens there, if several run
  --socket PATH    the socket of a server of your own (docs/operating.md)

Exit codes: 0 shown, 1 there is no such server, 2 wrong usage.
`;

const FLAGS = /** @type {const} */ ({
  port: { type: 'string' },
  socket: { type: 'string' },
  every: { type: 'string', default: '1' },
  once: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
});

/** To the top left, and what is below is erased: nothing flickers. */
const HOME = '\x1b[H\x1b[J';

/**
 * @param {string[]} argv without the program's name and the command's
 * @returns {Promise<number>} the exit code
 */
export function main(argv) {
  return exitCodeOf(async () => {
    const values = readArguments(argv);
    if (values.help) process.stdout.write(HELP);
    else await top(values);
  });
}

/** @param {string[]} args */
function readArguments(args) {
  try {
    const { values } = parseArgs({ args, options: FLAGS });
    const everyMs = Number(values.every) * 1000;
    if (!(everyMs >= 100 && everyMs <= 3_600_000)) {
      throw new Error('--every must be 0.1 to 3600 seconds');
    }
    return { ...values, everyMs };
  } catch (error) {
    const [fault] = /** @type {Error} */ (error).message.split(/\. |\n/);
    throw new CommandError(`${fault} (see sesame-edge top --help)`, 2);
  }
}

/** @param {ReturnType<typeof readArguments>} values */
async function top({ port, socket, everyMs, once }) {
  const chosen =
    socket === undefined ? await chooseServer(port) : { url: socket, socketPath: socket };
  const { stdout } = process;
  /** @type {import('./frame.js').Sample | null} */
  let before = null;
  for (;;) {
    const now = { time: Date.now(), stats: await askServer(chosen.socketPath, '/stats') };
    const frame = frameOf(chosen.url, now, before);
    stdout.write(stdout.isTTY && !once ? HOME + frame : frame);
    if (once) return;
    before = now;
    await wait(everyMs);
  }
}
