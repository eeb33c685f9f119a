// The command `sesame-edge top`: what a running server does, live in the terminal. It must not know how the server counts.
// Invariant: escape sequences go to terminals alone; elsewhere each frame is plain text.
// Exit codes: 0 shown, 1 no server, or it has ended, 2 wrong usage.
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ask } from '../../edge_worker/serve/control-socket.js';
import { chooseServer } from '../choose-server.js';
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

/** Why nothing can be shown, and how the command ends. */
class TopError extends Error {
  /** @param {string} message @param {1 | 2} exitCode */
  constructor(message, exitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * @param {string[]} argv without the program's name and the command's
 * @returns {Promise<number>} the exit code
 */
export async function main(argv) {
  try {
    const values = readArguments(argv);
    if (values.help) process.stdout.write(HELP);
    else await top(values);
    return 0;
  } catch (error) {
    if (!(error instanceof TopError)) throw error;
    process.stderr.write(`sesame-edge: ${error.message}\n`);
    return error.exitCode;
  }
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
    throw new TopError(`${fault} (see sesame-edge top --help)`, 2);
  }
}

/** @param {ReturnType<typeof readArguments>} values */
async function top({ port, socket, everyMs, once }) {
  const chosen =
    socket === undefined ? await chooseServer(port) : { url: socket, socketPath: socket };
  if (typeof chosen === 'string') throw new TopError(chosen, 1);
  const { stdout } = process;
  /** @type {import('./frame.js').Sample | null} */
  let before = null;
  for (;;) {
    const now = { time: Date.now(), stats: await statsOf(chosen.socketPath) };
    const frame = frameOf(chosen.url, now, before);
    stdout.write(stdout.isTTY && !once ? HOME + frame : frame);
    if (once) return;
    before = now;
    await wait(everyMs);
  }
}

/** @param {string} socketPath */
async function statsOf(socketPath) {
  try {
    return await ask(socketPath, '/stats');
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new TopError(`the server at ${socketPath} does not answer (${code ?? message})`, 1);
  }
}
