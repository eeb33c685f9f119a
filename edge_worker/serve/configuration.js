// The cache's options as a command is given them: the file of `--config`, and what is wrong with them.
//
// It must not know the commands. Invariant: no fault repeats a piece of the file, which has secrets in it.
import { readFile } from 'node:fs/promises';
import { ConfigError } from '../../js_bindings/errors.js';
import { checkOptions } from './check-options.js';

/** A refusal of the configuration, a line for each fault. */
export class UsageError extends Error {
  /** @param {string[]} faults */
  constructor(faults) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

/**
 * @param {Record<string, unknown>} options
 * @param {boolean} hasStore whether sessions are shared through a store
 * @returns {Promise<string>} the origin, once all is judged to be right
 */
export async function originOf(options, hasStore) {
  if (options.origin === undefined) {
    throw new UsageError(['no origin: give --origin URL, or "origin" in the file of --config']);
  }
  try {
    await checkOptions(options, hasStore);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(error.faults.map(({ option, reason }) => `option ${option} ${reason}`));
  }
  return String(options.origin);
}

/** @param {string} file @returns {Promise<Record<string, unknown>>} */
export async function readConfig(file) {
  let text;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new UsageError([`cannot read the configuration ${file} (${code})`]);
  }
  let value;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    // What the parser says repeats a piece of the file, which has secrets in it: the place is enough.
    const { message } = /** @type {Error} */ (error);
    const place = /position \d+( \(line \d+ column \d+\))?/.exec(message)?.[0];
    throw new UsageError([`the configuration ${file} is not JSON${place ? ` (at ${place})` : ''}`]);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError([`the configuration ${file} is not a JSON object`]);
  }
  return value;
}
