// The command `sesame-edge init`: finds out what the project runs on and writes a commented configuration for it.
// Invariants: no file is ever overwritten, and either all files are written or none. Exit codes: 0 done, 1 could
// not, 2 wrong usage.
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { recognizeBackend } from '../../edge_worker/serve/recognize-backend.js';
import { PRESETS } from '../../js_bindings/dialects/presets/preset.js';
import { detectHost, HOSTS } from './detect-host.js';
import { filesFor } from './templates.js';

const BACKENDS = Object.keys(PRESETS);

const HELP = `Usage: sesame-edge init [--host NAME] [--origin URL] [--backend NAME] [--dir DIRECTORY] [--dry-run]

Writes a commented configuration of Sesame for the project in this directory. It never overwrites a file.
A back end that can be reached is asked a few pages without credentials, to tell what it is made with.

  --host NAME      ${HOSTS.join(', ')}; found out unless given
  --origin URL     the back end, such as https://api.example.com
  --backend NAME   what it is made with: ${BACKENDS.join(', ')}; found out unless given
  --dir DIRECTORY  the project (this directory)
  --dry-run        prints what it would write

Exit codes: 0 done, 1 could not, 2 wrong usage.
`;

const FLAGS = /** @type {const} */ ({
  host: { type: 'string' },
  origin: { type: 'string' },
  backend: { type: 'string' },
  dir: { type: 'string' },
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
});

/** @typedef {import('./detect-host.js').HostName} HostName */

/** Why nothing was written: one line for people, a stable `code` for programs. */
class InitError extends Error {
  /**
   * @param {'ERR_SESAME_USAGE' | 'ERR_SESAME_INIT_EXISTS' | 'ERR_SESAME_INIT_NO_PROJECT' |
   *   'ERR_SESAME_WRITE'} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.code = code;
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
    else await init(values);
    return 0;
  } catch (error) {
    if (!(error instanceof InitError)) throw error;
    const isUsage = error.code === 'ERR_SESAME_USAGE';
    const code = isUsage ? 'see sesame-edge init --help' : error.code;
    process.stderr.write(`sesame-edge: ${error.message} (${code})\n`);
    return isUsage ? 2 : 1;
  }
}

/** @param {string[]} argv */
function readArguments(argv) {
  let values;
  try {
    ({ values } = parseArgs({ args: argv, options: FLAGS }));
  } catch (error) {
    const { message } = /** @type {Error} */ (error);
    throw new InitError('ERR_SESAME_USAGE', message.split(/\. |\n/)[0] ?? message);
  }
  const { host, origin, backend } = values;
  if (host !== undefined && !HOSTS.includes(/** @type {HostName} */ (host))) {
    const message = `--host must be ${HOSTS.join(', ')}, not '${host}'`;
    throw new InitError('ERR_SESAME_USAGE', message);
  }
  if (backend !== undefined && !BACKENDS.includes(backend)) {
    const message = `--backend must be ${BACKENDS.join(', ')}, not '${backend}'`;
    throw new InitError('ERR_SESAME_USAGE', message);
  }
  if (origin !== undefined && !isOrigin(origin)) {
    const message = '--origin must be an http: or https: URL without path, query or user';
    throw new InitError('ERR_SESAME_USAGE', message);
  }
  return values;
}

/** @param {string} text */
function isOrigin(text) {
  if (!URL.canParse(text)) return false;
  const { protocol, pathname, search, hash, username, password } = new URL(text);
  const isBare = pathname === '/' && search + hash + username + password === '';
  return isBare && /^https?:$/.test(protocol);
}

/** @param {ReturnType<typeof readArguments>} values */
async function init(values) {
  const directory = path.resolve(values.dir ?? '.');
  const project = await detectHost(directory);
  const host = /** @type {HostName | undefined} */ (values.host) ?? project.host;
  if (host === null) {
    const message = 'there is no package.json and no wrangler configuration here; say --host';
    throw new InitError('ERR_SESAME_INIT_NO_PROJECT', message);
  }
  const origin = values.origin && new URL(values.origin).origin;
  const backEnd = await backEndOf(values.backend, origin);
  const { files, next } = filesFor(host, {
    ...{ ...project, backEnd },
    origin: origin ?? 'https://api.example.com',
  });
  const taken = Object.keys(files).filter((name) => existsSync(path.join(directory, name)));
  if (taken.length > 0) {
    const message = `${taken.join(' and ')} ${taken.length > 1 ? 'are' : 'is'} there already; nothing was written`;
    throw new InitError('ERR_SESAME_INIT_EXISTS', message);
  }
  const isDry = values['dry-run'] ?? false;
  if (!isDry) await writeAll(directory, files);
  const lines = Object.entries(files).flatMap(([name, text]) =>
    isDry ? [`--- ${name}`, text] : [`wrote ${name}`],
  );
  const todo = origin
    ? next
    : ['Put the URL of your back end where it says api.example.com.', ...next];
  const found = backEnd ? [`back end: ${backEnd.backend} (${backEnd.because})`] : [];
  process.stdout.write(
    `${[`host: ${host}`, ...found, ...lines, '', 'Next:', ...todo].join('\n')}\n`,
  );
}

/**
 * What the back end is made with, as far as that is given or can be found out.
 * @param {string | undefined} backend
 * @param {string | undefined} origin
 * @returns {Promise<import('./templates.js').BackEnd | null>}
 */
async function backEndOf(backend, origin) {
  const recognized = origin === undefined ? null : await recognizeBackend(origin);
  if (backend === undefined || recognized?.backend === backend) return recognized;
  return { backend, options: {}, because: 'as --backend says' };
}

/**
 * @param {string} directory
 * @param {Record<string, string>} files
 */
async function writeAll(directory, files) {
  /** @type {string[]} */
  const written = [];
  for (const [name, text] of Object.entries(files)) {
    const where = path.join(directory, name);
    try {
      await mkdir(path.dirname(where), { recursive: true });
      await writeFile(where, text, { flag: 'wx' }); // also if it has come just now
      written.push(where);
    } catch (error) {
      for (const each of written) await rm(each, { force: true });
      const { code } = /** @type {NodeJS.ErrnoException} */ (error);
      if (code === 'EEXIST') {
        const message = `${name} is there already; nothing was written`;
        throw new InitError('ERR_SESAME_INIT_EXISTS', message);
      }
      throw new InitError(
        'ERR_SESAME_WRITE',
        `cannot write ${name} (${code}); nothing was written`,
      );
    }
  }
}
