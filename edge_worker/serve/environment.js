// The secrets that `sesame-edge serve` takes from its environment, or from files that it names there: a command line is
// for every user of the machine to read (rule R35).
//
// It must not print. Invariant: no fault repeats a value.
import { readFile } from 'node:fs/promises';
import { isRedis } from './arguments.js';

/**
 * @typedef {object} Secrets
 * @property {string} [store] the store's URL
 * @property {string | string[]} [secret]
 * @property {string[]} faults what is wrong, a line each
 */

/**
 * @param {Record<string, string | undefined>} environment
 * @returns {Promise<Secrets>}
 */
export async function readEnvironment(environment) {
  /** @type {string[]} */
  const faults = [];
  const read = (/** @type {string} */ name) => secretOf(environment, name, faults);
  const store = await read('SESAME_STORE');
  if (store !== undefined && !isRedis(store)) {
    faults.push('SESAME_STORE must be a redis:// or rediss:// URL');
  }
  const secrets = (await read('SESAME_SECRET'))?.split(',').map((each) => each.trim());
  return { store, secret: secrets?.length === 1 ? secrets[0] : secrets, faults };
}

/**
 * A secret by the name of its variable, or out of the file that `NAME_FILE` names.
 * @param {Record<string, string | undefined>} environment
 * @param {string} name
 * @param {string[]} faults added to
 */
export async function secretOf(environment, name, faults) {
  const file = environment[`${name}_FILE`];
  const value = environment[name];
  if (!file) return value || undefined;
  if (value) faults.push(`${name} and ${name}_FILE are both given; one is enough`);
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    faults.push(`cannot read the file of ${name}_FILE (${code})`);
    return undefined;
  }
}
