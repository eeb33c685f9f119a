// The command `sesame-edge inspect`: asks a running server why it answers a request as it does (rule R72), or what is
// wired wrongly (R73). It must not know how that is found out. Exit codes: 0 answered, 1 no server, 2 wrong usage.
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { askServer, CommandError, chooseServer, exitCodeOf } from '../running-server.js';
import { explanationLines, noticeLines } from './report.js';

const HELP = `Usage: sesame-edge inspect [--port N] [--socket PATH] [--header 'NAME: VALUE']... [--headers FILE] [--json]

Asks a running server of this user why it answers a request as it does: which credential counts, whether it is held,
how old it is, what dropped or ended it, and which option would change that. It shows no credential and no document.
Without headers it says what the server has found to be wired wrongly, and what it has counted.

  --header TEXT   a header of the request, such as 'Cookie: session=…'
  --headers FILE  a file with headers, a line each, as a browser's tools show them; - for standard input, where no
                  other user of the machine can read them
  --url URL       of the request, where the option varyOn looks at the host
  --port N        the server that listens there, if several run
  --socket PATH   the socket of a server of your own (docs/operating.md)
  --json          prints JSON

Exit codes: 0 answered, 1 there is no such server, 2 wrong usage.
`;

const FLAGS = /** @type {const} */ ({
  port: { type: 'string' },
  socket: { type: 'string' },
  header: { type: 'string', multiple: true },
  headers: { type: 'string' },
  url: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
});

/**
 * @param {string[]} argv without the program's name and the command's
 * @returns {Promise<number>} the exit code
 */
export function main(argv) {
  return exitCodeOf(async () => {
    const values = readArguments(argv);
    process.stdout.write(values.help ? HELP : await inspect(values));
  });
}

/** @param {string[]} args */
function readArguments(args) {
  try {
    return parseArgs({ args, options: FLAGS }).values;
  } catch (error) {
    const [fault] = /** @type {Error} */ (error).message.split(/\. |\n/);
    throw new CommandError(`${fault} (see sesame-edge inspect --help)`, 2);
  }
}

/**
 * @param {ReturnType<typeof readArguments>} values
 * @returns {Promise<string>} what to print
 */
async function inspect({ port, socket, header = [], headers, url, json }) {
  const lines = [...header, ...(headers === undefined ? [] : await linesOf(headers))];
  const request = { headers: lines.map(headerOf), url };
  const socketPath = socket ?? (await chooseServer(port)).socketPath;
  /** @param {string} path @param {unknown} [body] */
  const asked = (path, body) => askServer(socketPath, path, body);
  if (lines.length > 0) {
    const explanation = await asked('/explain', request);
    return json ? printed(explanation) : explanationLines(explanation);
  }
  const [notices, stats] = [await asked('/notices'), await asked('/stats')];
  return json ? printed({ notices, stats }) : noticeLines(notices, stats);
}

/** @param {unknown} value */
const printed = (value) => `${JSON.stringify(value, null, 2)}\n`;

/** @param {string} file @returns {Promise<string[]>} */
async function linesOf(file) {
  try {
    const all = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
    // A browser's tools copy the request line too.
    return all.split(/\r?\n/).filter((line) => /^[^\s:]+:/.test(line));
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new CommandError(`cannot read ${file} (${code ?? message})`, 2);
  }
}

/** @param {string} line @returns {[name: string, value: string]} */
function headerOf(line) {
  const at = line.indexOf(':');
  const [name, value] = [line.slice(0, at).trim(), line.slice(at + 1).trim()];
  if (at < 1 || !/^[\w!#$%&'*+.^`|~-]+$/.test(name)) {
    throw new CommandError("--header must be like 'Cookie: session=…'", 2);
  }
  return [name, value];
}
