// The example application as somebody has it who installed and built it, and what its users do in it: everything
// here is done by clicking.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { PASSWORD } from '../../../examples/origin/users.mjs';
import { installExample } from '../../support/installed-example.js';
import { until } from '../../support/wait.js';

const run = promisify(execFile);

/** Which build: `strict` is the one with Sesame, with React's checks for development. */
/** @typedef {'plain' | 'sesame' | 'strict'} Build */

/** Installs the example and builds it. @returns {Promise<string>} the folder of its builds */
export async function buildSpa() {
  const directory = await installExample('spa');
  await run('npm', ['run', 'build'], { cwd: directory });
  const strict = ['exec', '--', 'vite', 'build', '--mode', 'sesame', '--outDir', 'dist/strict'];
  const env = { ...process.env, NODE_ENV: 'development' };
  await run('npm', strict, { cwd: directory, env });
  return path.join(directory, 'dist');
}

/**
 * By the installed example's own server, which finds the installed package.
 * @param {string} builds
 * @param {Build} build
 */
export async function serveSpa(builds, build) {
  /** @type {typeof import('../../../examples/spa/server.mjs')} */
  const { startSpa } = await import(pathToFileURL(path.join(builds, '../server.mjs')).href);
  return startSpa({ dist: path.join(builds, build), hasSesame: build !== 'plain', delayMs: 5 });
}

/** It is open for as long as somebody is signed in, in one tab of a device. */
const EVENTS = '/api/auth/events';

/**
 * What a tab has under way, and what it has asked for.
 * @type {WeakMap<object, { open: Set<unknown>, all: string[] }>}
 */
const traffic = new WeakMap();

/**
 * @param {import('playwright-core').BrowserContext} context
 * @param {string} url
 */
export async function openTab(context, url) {
  const tab = await context.newPage();
  const requests = { open: new Set(), all: /** @type {string[]} */ ([]) };
  traffic.set(tab, requests);
  tab.on('request', (request) => {
    const { pathname } = new URL(request.url());
    if (pathname === EVENTS) return;
    requests.open.add(request);
    requests.all.push(`${request.method()} ${pathname}`);
  });
  const end = (/** @type {unknown} */ request) => void requests.open.delete(request);
  tab.on('requestfinished', end);
  tab.on('requestfailed', end);
  await tab.goto(url);
  await settled(tab);
  return tab;
}

/** Requests of a tab so far. @param {import('playwright-core').Page} tab */
export const requestsOf = (tab) => traffic.get(tab)?.all ?? [];

/** Until the tab has asked for all it wants, and shows it. @param {import('playwright-core').Page} tab */
export async function settled(tab) {
  await tab.waitForSelector('h1');
  // What a click has led to is asked for by now.
  await tab.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  await until(() => traffic.get(tab)?.open.size === 0);
  await tab.waitForSelector('h1');
}

/** @param {import('playwright-core').Page} tab @param {string} email */
export async function logIn(tab, email) {
  await tab.bringToFront(); // behind another the browser draws it once a second, and clicks wait for that
  await tab.getByLabel('E-mail').fill(email);
  await tab.getByLabel('Password').fill(PASSWORD);
  await tab.getByRole('button', { name: 'Log in' }).click();
  await tab.getByRole('heading', { name: 'Welcome' }).waitFor();
  await settled(tab);
}

/** @param {import('playwright-core').Page} tab @param {'Home' | 'News' | 'Account' | 'Profile' | 'Devices'} page */
export async function go(tab, page) {
  await tab.bringToFront();
  await tab.getByRole('navigation').getByRole('link', { name: page }).click();
  await tab.getByRole('heading', { level: 1, name: page === 'Home' ? 'Welcome' : page }).waitFor();
  await settled(tab);
}

/** @param {import('playwright-core').Page} tab */
export async function reload(tab) {
  await tab.reload();
  await settled(tab);
}

/** On the profile's page. @param {import('playwright-core').Page} tab @param {string} name */
export async function rename(tab, name) {
  await tab.bringToFront();
  await tab.getByLabel('Name').fill(name);
  await tab.getByRole('button', { name: 'Save' }).click();
}

/** @param {import('playwright-core').Page} tab */
export async function logOut(tab) {
  await tab.bringToFront();
  await tab.getByRole('button', { name: 'Log out' }).click();
}

/** Who the header says is signed in; null: nobody. @param {import('playwright-core').Page} tab */
export async function shownUser(tab) {
  const name = tab.locator('.user-name');
  return (await name.count()) > 0 ? name.textContent() : null;
}
