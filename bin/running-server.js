// What the commands that ask a running server have in common: how one fails, and which server it is about. It must not know
// what is asked.
import { ask, findServers } from '../edge_worker/serve/control-socket.js';

/** Why a command cannot do what it should, and how it ends. */
export class CommandError extends Error {
  /** @param {string} message @param {1 | 2} exitCode */
  constructor(message, exitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * @param {() => Promise<unknown>} command
 * @returns {Promise<number>} the exit code
 */
export async function exitCodeOf(command) {
  try {
    await command();
    return 0;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    process.stderr.write(`sesame-edge: ${error.message}\n`);
    return error.exitCode;
  }
}

/**
 * @param {string | undefined} port where it listens, if several run
 * @returns {Promise<{ url: string, socketPath: string }>}
 * @throws {CommandError} there is none, or more than one
 */
export async function chooseServer(port) {
  const servers = await findServers();
  const fitting = servers.filter(({ url }) => port === undefined || new URL(url).port === port);
  if (fitting.length === 1) return fitting[0];
  const urls = fitting.map(({ url }) => url).join(', ');
  const why =
    fitting.length > 1
      ? `several servers run (${urls}): choose one with --port`
      : `no server of this user runs${port === undefined ? '' : ` on port ${port}`}`;
  throw new CommandError(why, 1);
}

/**
 * @param {string} socketPath
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>} the server's answer
 * @throws {CommandError} it does not answer
 */
export async function askServer(socketPath, path, body) {
  try {
    return await ask(socketPath, path, body);
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new CommandError(`the server at ${socketPath} does not answer (${code ?? message})`, 1);
  }
}
