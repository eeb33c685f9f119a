// What a project runs on, as far as its files say.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { isRecord } from '../../js_bindings/util/is-record.js';

export const HOSTS = /** @type {const} */ (['cloudflare', 'next', 'node']);

/** @typedef {typeof HOSTS[number]} HostName */

/**
 * @typedef {object} Project
 * @property {HostName | null} host null: there is no project
 * @property {string | null} wrangler the name of wrangler's configuration
 * @property {'express' | 'hono' | 'fastify' | null} framework
 * @property {boolean} isModule whether its `.js` files are ES modules
 * @property {string} base `src/` where Next.js has its `app` there
 */

const WRANGLER_FILES = ['wrangler.jsonc', 'wrangler.json', 'wrangler.toml'];
const FRAMEWORKS = /** @type {const} */ (['express', 'hono', 'fastify']);

/** @param {string} directory @returns {Promise<Project>} */
export async function detectHost(directory) {
  const has = (/** @type {string} */ name) => existsSync(path.join(directory, name));
  const wrangler = WRANGLER_FILES.find(has) ?? null;
  const manifest = await readManifest(path.join(directory, 'package.json'));
  const installed = { ...manifest?.devDependencies, ...manifest?.dependencies };
  const framework = FRAMEWORKS.find((name) => Object.hasOwn(installed, name)) ?? null;
  const isNext = Object.hasOwn(installed, 'next');
  return {
    host: wrangler ? 'cloudflare' : isNext ? 'next' : manifest ? 'node' : null,
    wrangler,
    framework,
    isModule: manifest?.type === 'module',
    base: has('src/app') && !has('app') ? 'src/' : '',
  };
}

/** @param {string} file @returns {Promise<Record<string, any> | null>} null: there is none that can be read */
async function readManifest(file) {
  try {
    const value = JSON.parse(await readFile(file, 'utf8'));
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}
