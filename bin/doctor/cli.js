// The command `sesame-edge doctor`: what goes in and out of it. It must not know how anything is found out.
// Invariants: a credential comes from the environment or standard input alone, where no other user of the machine can
// read it, and is in no line. Exit codes: 0 nothing is wrong, 1 something has been found, 2 wrong usage.
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { isRedis } from '../../edge_worker/serve/arguments.js';
import { originOf, readConfig, UsageError } from '../../edge_worker/serve/configuration.js';
import { readEnvironment, secretOf } from '../../edge_worker/serve/environment.js';
import { PRESETS } from '../../js_bindings/dialects/presets/preset.js';
import { credentialOf } from './credential.js';
import { examine } from './examine.js';
import { reportOf } from './report.js';

const HELP = `Usage: sesame-edge doctor --origin URL [--cookie NAME] [--config FILE] [--backend NAME]
                          [--credential -] [--through URL] [--sign-out 'METHOD PATH'] [--json]

Asks a back end a few times, as browsers would through Sesame, and says in plain words what is wired wrongly, and how to
mend it. It only reads. What needs a user who is signed in is asked with a credential, if there is one:

  SESAME_CREDENTIAL, SESAME_CREDENTIAL_FILE
                   the credential, or a file that has it: lines such as 'Cookie: sid=…', 'Set-Cookie: sid=…; Max-Age=600'
                   or 'Authorization: Bearer …', as a browser's tools show them
  --credential -   reads it from standard input. It never stands in an argument: every user of this machine can read those

  --origin URL     the back end, such as http://localhost:4000
  --cookie NAME    the session cookie, as in the option cookie
  --config FILE    a JSON file with Sesame's options; flags win over it
  --backend NAME   what it is made with: ${Object.keys(PRESETS).join(', ')}
  --through URL    where a Sesame in front of it answers: with the credential of a user who has just signed out, says
                   whether the sign-out has gone round it
  --sign-out TEXT  what a sign-out of your application asks for, such as 'POST /logout' or 'POST https://id.example.com/end'
  --json           prints JSON

SESAME_STORE or SESAME_STORE_FILE: the store's URL, which is asked too.

Exit codes: 0 nothing is wrong, 1 something has been found, 2 wrong usage.
`;

const FLAGS = /** @type {const} */ ({
  origin: { type: 'string' },
  cookie: { type: 'string', multiple: true },
  config: { type: 'string' },
  backend: { type: 'string' },
  credential: { type: 'string' },
  through: { type: 'string' },
  'sign-out': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
});

/**
 * @param {string[]} argv without the program's name and the command's
 * @returns {Promise<number>} the exit code
 */
export async function main(argv) {
  try {
    const values = readArguments(argv);
    if (values.help) {
      process.stdout.write(HELP);
      return 0;
    }
    const examination = await examine(await subjectOf(values));
    process.stdout.write(
      values.json ? `${JSON.stringify(examination, null, 2)}\n` : reportOf(examination),
    );
    return examination.findings.length > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    for (const fault of error.faults) process.stderr.write(`sesame-edge: ${fault}\n`);
    return 2;
  }
}

/** @param {string[]} args */
function readArguments(args) {
  try {
    return parseArgs({ args, options: FLAGS }).values;
  } catch (error) {
    // The first sentence names the argument: it is not repeated where it may be a credential.
    const [fault] = /** @type {Error} */ (error).message.split(/\. |\n| '/);
    throw usage(fault);
  }
}

/** @param {string} fault */
const usage = (fault) => new UsageError([`${fault} (see sesame-edge doctor --help)`]);

/**
 * @param {ReturnType<typeof readArguments>} values
 * @returns {Promise<import('./examine.js').Subject>}
 */
async function subjectOf({ origin, cookie, config, backend, through, ...values }) {
  if (values.credential !== undefined && values.credential !== '-') {
    throw usage('--credential takes - alone: every user of this machine can read an argument');
  }
  if (through !== undefined && !URL.canParse(through)) throw usage('--through must be a URL');
  const { store: storeUrl, secret, faults } = await readEnvironment(process.env);
  const ofEnvironment = await secretOf(process.env, 'SESAME_CREDENTIAL', faults);
  if (faults.length > 0) throw new UsageError(faults);
  const { workers: _, store, ...fromFile } = config === undefined ? {} : await readConfig(config);
  /** @type {Record<string, unknown>} */
  const options = { ...fromFile };
  if (origin !== undefined) options.origin = origin;
  if (cookie !== undefined) options.cookie = cookie;
  if (backend !== undefined) options.backend = backend;
  if (secret !== undefined) options.secret = secret;
  await originOf(options, false);
  const given = values.credential === '-' ? await text(process.stdin) : ofEnvironment;
  const [name] = [options.cookie ?? []].flat();
  const credential = given?.trim() ? credentialOf(given, /** @type {string} */ (name)) : null;
  if (given?.trim() && credential === null) {
    throw usage("the credential must be like 'Cookie: session=…' or 'Authorization: Bearer …'");
  }
  const inFile = typeof store === 'string' && isRedis(store) ? store : undefined;
  return {
    ...{ options, credential, storeUrl: storeUrl ?? inFile, through },
    signOut: values['sign-out'] === undefined ? undefined : signOutOf(values['sign-out']),
  };
}

/** @param {string} given @returns {{ method: string, url: string }} */
function signOutOf(given) {
  const [, method = 'POST', url] = /^(?:([A-Za-z]+)\s+)?((?:\/|https?:\/\/)\S*)$/.exec(given) ?? [];
  if (url === undefined || !URL.canParse(url, 'http://localhost')) {
    throw usage("--sign-out must be like 'POST /logout'");
  }
  return { method: method.toUpperCase(), url };
}
